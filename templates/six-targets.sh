#!/bin/sh
# The programs of the project in this folder for six targets, from one x86-64 Linux machine: built twice under different conditions and compared, then
# built for release, and started: natively, by qemu, by wine. Programs for macOS and for Windows on ARM are not started: nothing here runs them.
#
#   templates/six-targets.sh [-p PACKAGE]… [TARGET]…
#   templates/six-targets.sh --small [TARGET]…     a program of three lines in place of the project, to try the machine
#
# A target whose linker or standard library is missing is SKIPPED, with what installs it; REQUIRE=N fails (exit code 101) where fewer than N are left.
# Everything:
#   apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-mingw-w64-x86-64 qemu-user wine64
#   pip install ziglang cargo-zigbuild
#   rustup target add aarch64-unknown-linux-gnu x86_64-pc-windows-gnu aarch64-pc-windows-gnullvm x86_64-apple-darwin aarch64-apple-darwin
# CARGO_REPRO names the program to use; without it `cargo-repro` in PATH. Exit codes are those of cargo repro.
set -eu

all="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-pc-windows-gnu aarch64-pc-windows-gnullvm x86_64-apple-darwin aarch64-apple-darwin"
repro=${CARGO_REPRO:-cargo-repro}
packages=
wanted=
small=
while [ $# -gt 0 ]; do
    case $1 in
    --small) small=1 ;;
    -p) packages="$packages -p $2" && shift ;;
    -*) echo "six-targets.sh: unknown argument: $1" >&2 && exit 2 ;;
    *) wanted="$wanted $1" ;;
    esac
    shift
done

has() {
    command -v "$1" >/dev/null
}
skip() {
    echo "SKIPPED $1: $2"
}

# What is here, and what of that can be started.
libraries=$(rustc --print sysroot)/lib/rustlib
targets=
started=
count=0
for target in ${wanted:-$all}; do
    linker=cc package=gcc runner=true
    case $target in
    aarch64-unknown-linux-gnu) linker=aarch64-linux-gnu-gcc package="apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross" runner=qemu-aarch64 ;;
    x86_64-pc-windows-gnu) linker=x86_64-w64-mingw32-gcc package="apt-get install gcc-mingw-w64-x86-64" runner=/usr/lib/wine/wine64 ;;
    *-windows-gnullvm | *-apple-darwin) linker=cargo-zigbuild package="pip install ziglang cargo-zigbuild" runner=nothing-starts-it ;;
    esac
    if ! has "$linker"; then
        skip "$target" "$linker is missing: $package"
    elif [ ! -d "$libraries/$target/lib" ]; then
        skip "$target" "the standard library is missing: rustup target add $target"
    else
        targets="$targets --target $target"
        count=$((count + 1))
        if has "$runner"; then
            started="$started $target"
        elif [ "$runner" != nothing-starts-it ]; then
            skip "start of $target" "$runner is missing: apt-get install qemu-user wine64"
        fi
    fi
done
[ "$count" -ge "${REQUIRE:-1}" ] || {
    echo "six-targets.sh: $count targets can be built here, and ${REQUIRE:-1} are required" >&2
    exit 101
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
if [ -n "$small" ]; then
    mkdir -p "$work/small/src"
    cd "$work/small"
    printf '[package]\nname = "small"\nversion = "1.0.0"\nedition = "2024"\n' >Cargo.toml
    printf 'fn main() {\n    println!("small {}", std::env::args().count());\n}\n' >src/main.rs
    cargo generate-lockfile --offline --quiet
    git init -q
    git add .
    git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false commit -q -m x
fi

# shellcheck disable=SC2086 # targets and packages are words
"$repro" check --cross --artifact-dir "$work/facts" $packages $targets
# shellcheck disable=SC2086
"$repro" build --cross --artifact-dir "$work/facts" $packages $targets 2>&1 | tee "$work/log"
grep -q '^ *Passed' "$work/log" || exit 100

code=0
for target in $started; do
    grep "/$target/" "$work/log" | grep -v '/$' >"$work/rows" || true
    if ! [ -s "$work/rows" ] || grep -qv answered "$work/rows"; then
        echo "NOT STARTED $target"
        code=100
    fi
done
exit $code
