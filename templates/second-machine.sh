#!/bin/sh
# What an auditor does, on a machine that has never seen the project: a fresh Debian root with only stock tools. There every block of
# commands in the release's own SECURITY.md and RELEASE_NOTES.md is run as it stands, without the suite's own calls; then the commit is
# built again and compared. Exit code 0: everything held, a changed download was refused by the same commands, and the rebuild gave the
# same bytes.
#
#   PROJECT=DIR      a git repository, checked out at the release, with its keys in release-keys/
#   RELEASE=DIR      the published files (the folder `release` in the package's artifact folder, after `cargo sign pack` and `cargo relnotes docs`)
#   REPRO=PROGRAM    cargo-repro for the rebuild (default: from PATH); empty: no rebuild
#   ROOT=DIR         where the root is made, kept and used again (default: a throw-away folder)
# Needs root or user namespaces, mmdebstrap (Debian: mmdebstrap) and, for the rebuild, the Rust toolchain of this machine, which is copied.
set -eu

: "${PROJECT:?names the repository}" "${RELEASE:?names the folder with the published files}"
REPRO=${REPRO-$(command -v cargo-repro)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ROOT=${ROOT:-$work/root}

if [ ! -x "$ROOT/usr/bin/minisign" ]; then
    mmdebstrap --quiet --variant=minbase \
        --include=ca-certificates,git,gcc,libc6-dev,openssh-client,openssl,minisign bookworm "$ROOT"
fi
# Authorities of this machine, so that the registry can be reached as from here.
cp -L /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
cp -L /etc/hosts "$ROOT/etc/hosts"

# Only what is published reaches the machine: what is listed, the list, its signatures, and public keys from the repository.
fresh_download() {
    rm -rf "$ROOT/download"
    mkdir -p "$ROOT/download"
    cut -c 67- "$RELEASE/checksums.txt" | while IFS= read -r name; do cp "$RELEASE/$name" "$ROOT/download/"; done
    for signed in "$RELEASE"/checksums.txt* "$RELEASE"/*.sig; do cp "$signed" "$ROOT/download/"; done
    cp -R "$PROJECT/release-keys" "$ROOT/download/"
}

# The shell blocks of a document, each a file, without the calls of the suite.
blocks() {
    rm -rf "$work/blocks"
    mkdir "$work/blocks"
    awk -v dir="$work/blocks" '
        /^```sh$/ { on = 1; file = sprintf("%s/%03d", dir, ++count); next }
        /^```$/ { on = 0 }
        on && !/^cargo[ -]/ { print > file }
    ' "$1"
}

# Runs every block of the documents in the folder of the download; prints and counts those that end well and badly.
good=0 bad=0
run_all() {
    good=0 bad=0
    for document in SECURITY.md RELEASE_NOTES.md; do
        [ -f "$RELEASE/$document" ] || continue
        blocks "$RELEASE/$document"
        for block in "$work"/blocks/*; do
            [ -f "$block" ] || continue
            { echo "set -e"; sed "s/\<ARCHIVE\>/$archive/g" "$block"; } >"$ROOT/download/commands.sh"
            if chroot "$ROOT" sh -c 'cd /download && sh commands.sh' >"$work/out" 2>&1 </dev/null; then
                good=$((good + 1))
                result=ok
            else
                bad=$((bad + 1))
                result=refused
            fi
            [ -n "$1" ] || sed "s/^/  $result  /" "$block"
        done
    done
}

archive=$(cut -c 67- "$RELEASE/checksums.txt" | grep -E '\.(tar\.gz|zip)$' | head -n 1)
fresh_download
echo "verifying in $(sed -n 's/^PRETTY_NAME=//p' "$ROOT/etc/os-release") with $(chroot "$ROOT" ssh -V 2>&1)"
run_all ""
if [ "$good" -lt 3 ] || [ "$bad" -ne 0 ]; then
    echo "$bad of the release's own blocks failed, $good held" >&2
    exit 1
fi
total=$good

# The same commands have to notice a changed archive and a changed list.
for file in "$archive" checksums.txt; do
    fresh_download
    printf 'x' | dd of="$ROOT/download/$file" bs=1 seek=20 conv=notrunc 2>/dev/null
    run_all quiet
    echo "a changed $file: $bad of $total blocks refuse it"
    if [ "$bad" -eq 0 ]; then
        echo "nobody noticed that $file was changed" >&2
        exit 1
    fi
done
fresh_download

[ -n "$REPRO" ] || exit 0
echo "rebuilding the commit there"
rm -rf "$ROOT/project" "$ROOT/opt/rust"
git clone --quiet "$PROJECT" "$ROOT/project"
git -C "$ROOT/project" checkout --quiet "$(git -C "$PROJECT" rev-parse HEAD)"
cp -R "$(rustc --print sysroot)" "$ROOT/opt/rust"
cp "$REPRO" "$ROOT/usr/local/bin/cargo-repro"
# With /proc and /dev of its own, and as a root that is no chroot: in a chroot the rebuild could not guard itself.
# shellcheck disable=SC2016
unshare --mount sh -c '
    set -e
    mount --bind "$1" "$1"
    cd "$1"
    mount -t proc proc proc
    mount --rbind /dev dev
    mkdir -p .old
    pivot_root . .old
    umount -l /.old
    exec env -i PATH=/opt/rust/bin:/usr/local/bin:/usr/bin:/usr/sbin:/bin HOME=/root sh -c "
        cd /project && cargo repro rebuild --buildinfo /download/buildinfo.json"
' sh "$ROOT"
