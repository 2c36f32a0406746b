#!/bin/sh
# The project in this folder for aarch64-unknown-linux-gnu, on an x86-64 Debian or Ubuntu: a sealed build with Debian's cross toolchain, checked for
# reproducibility, each program's smoke test run by qemu. Arguments go to both calls of cargo repro.
#
#   apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
#   rustup target add aarch64-unknown-linux-gnu
set -eu

target=aarch64-unknown-linux-gnu
for program in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v "$program" >/dev/null || {
        echo "cross-aarch64.sh: $program is missing: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user" >&2
        exit 101
    }
done

config=$(mktemp)
trap 'rm -f "$config"' EXIT INT TERM
cat >"$config" <<END
[repro.target.$target]
linker = "aarch64-linux-gnu-gcc"
runner = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
END

cargo repro check --target "$target" --config "$config" "$@"
cargo repro build --target "$target" --config "$config" "$@"
