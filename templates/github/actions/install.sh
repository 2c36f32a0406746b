#!/bin/sh
# Installs one gate, for the actions beside this file, from the very checkout they came with: whoever pins an action by digest has pinned
# the gate's source too. What else is on PATH under that name is never used.
#
#   install.sh cargo-compat          puts it first on the job's PATH
#   install.sh --key cargo-compat    prints key=…, which changes with the source and the toolchain
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

if [ "$1" = --key ]; then
    program=$2
    cd "$root"
    files=$(find Cargo.toml Cargo.lock release-gate "$program" -type f | LC_ALL=C sort)
    # No file of the suite has a blank in its name.
    # shellcheck disable=SC2086
    key=$({
        rustc -vV
        printf '%s\n' "$files"
        cat $files
    } | sha256)
    echo "key=$key"
    exit
fi

program=$1
prefix=${RUNNER_TEMP:?}/release-gates/$program
if [ ! -x "$prefix/bin/$program" ] && [ ! -x "$prefix/bin/$program.exe" ]; then
    # Not in the project's folder, whose rust-toolchain.toml may ask for an older compiler.
    cd "$root"
    cargo install --locked --path "$program" --root "$prefix"
fi
echo "$prefix/bin" >>"${GITHUB_PATH:?}"
