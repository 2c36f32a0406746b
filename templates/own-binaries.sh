#!/bin/sh
# The programs of the workspace in this folder (default: this suite's own five) come out the same from two folders, from two CARGO_HOMEs, and from vendored
# sources as from the registry's: three sealed builds, compared by digest. With `--cross` the same for aarch64-unknown-linux-gnu with Debian's toolchain,
# each program's smoke test run by qemu. Prints a line for each program; exit code 0 if all are equal, 100 if not, 101 if a build failed.
#
#   templates/own-binaries.sh [--cross] [-p PACKAGE]…
#
# Needs git, the network for one download of the dependencies into each CARGO_HOME, and for `--cross`:
#   apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
#   rustup target add aarch64-unknown-linux-gnu
# CARGO_REPRO names the program to use; without it `cargo-repro` in PATH.
set -eu

repro=${CARGO_REPRO:-cargo-repro}
target=
packages=
while [ $# -gt 0 ]; do
    case $1 in
    --cross) target=aarch64-unknown-linux-gnu ;;
    -p) packages="$packages -p $2" && shift ;;
    *) echo "own-binaries.sh: unknown argument: $1" >&2 && exit 2 ;;
    esac
    shift
done
[ -n "$packages" ] || packages="-p cargo-repro -p cargo-sbom-lite -p cargo-sign -p cargo-compat -p cargo-relnotes"

for program in git cargo "$repro" ${target:+aarch64-linux-gnu-gcc qemu-aarch64}; do
    command -v "$program" >/dev/null || {
        echo "own-binaries.sh: $program is missing" >&2
        exit 101
    }
done
failed() {
    echo "own-binaries.sh: $1" >&2
    exit 101
}

# rustup lives in a CARGO_HOME, too: the toolchain is found before that changes.
sysroot=$(rustc --print sysroot)
PATH=$sysroot/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
commit=$(git rev-parse HEAD)
config=$work/release-gates.toml
if [ -n "$target" ]; then
    cat >"$config" <<END
[repro.target.$target]
linker = "aarch64-linux-gnu-gcc"
runner = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
END
else
    : >"$config"
fi

# NAME FOLDER: a sealed build of a clone in FOLDER, with a CARGO_HOME of its own.
build() {
    git clone -q --no-hardlinks . "$work/$2" && git -C "$work/$2" checkout -q "$commit"
    # shellcheck disable=SC2086 # packages are words
    (cd "$work/$2" && CARGO_HOME="$work/home-$1" "$repro" build -q ${target:+--target $target} --config "$config" --artifact-dir "$work/facts-$1" $packages >"$work/$1.log" 2>&1) || {
        cat "$work/$1.log" >&2
        failed "the build \`$1\` failed"
    }
}

mkdir -p "$work/home-first" "$work/home-second-with-a-longer-name" "$work/home-vendored"
build first one
build second-with-a-longer-name another/folder/of/another-length
CARGO_HOME=$work/home-first cargo vendor -q --locked --manifest-path "$work/one/Cargo.toml" "$work/vendor" >/dev/null || failed "the dependencies cannot be vendored"
cat >"$work/home-vendored/config.toml" <<END
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "$work/vendor"
END
build vendored third

code=0
for facts in "$work"/facts-first/*; do
    package=$(basename "$facts")
    for other in second-with-a-longer-name vendored; do
        if cmp -s "$facts/checksums.txt" "$work/facts-$other/$package/checksums.txt"; then
            echo "identical  $package  first and $other"
        else
            echo "DIFFERS    $package  first and $other"
            code=100
        fi
    done
    cat "$facts/checksums.txt"
    grep -o '"smoke":[^,}]*' "$facts/buildinfo.json" || true
done
exit $code
