#!/bin/sh
# Installs @NAME@ @VERSION@: downloads the archive for this machine, the list of digests and its signature, verifies them with a tool that this
# machine has (ssh-keygen, minisign or openssl), and only then unpacks the program.
#
#   sh install.sh [--to DIR] [--from URL|DIR] [--with ssh-keygen|minisign|openssl]
#
#   --to DIR     where the program goes (default: bin in CARGO_HOME, or ~/.cargo/bin)
#   --from URL   where the release lies (default: where this file was published), or a folder with its files
#   --with TOOL  what verifies the signature (default: the first of the three that is there)
# Exit code 0: installed. 1: not verified, or not for this machine; nothing was changed. 2: wrong usage.
set -eu

name='@NAME@'
version='@VERSION@'
from='@URL@'
ssh_key='@SSH_KEY@'
minisign_key='@MINISIGN_KEY@'
pem_key='@PEM_KEY@'

to=${CARGO_HOME:-$HOME/.cargo}/bin
with=

stop() {
    printf '%s\n' "install.sh: $1" >&2
    exit "${2:-1}"
}
has() {
    command -v "$1" >/dev/null 2>&1
}

while [ $# -gt 0 ]; do
    case $1 in
    --to | --from | --with)
        [ $# -ge 2 ] || stop "$1 needs a value" 2
        case $1 in
        --to) to=$2 ;;
        --from) from=$2 ;;
        --with) with=$2 ;;
        esac
        shift
        ;;
    -h | --help)
        sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"
        exit 0
        ;;
    *) stop "unknown argument: $1" 2 ;;
    esac
    shift
done

case $with in
"" | ssh-keygen | minisign | openssl) ;;
*) stop "$with is none of ssh-keygen, minisign and openssl" 2 ;;
esac
case $from in
https://*) ;;
*://*) stop "only https:// is downloaded, not $from" 2 ;;
esac

# uname's words for the systems and processors that have a program.
case $(uname -s)-$(uname -m) in
Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-gnu ;;
Darwin-x86_64) target=x86_64-apple-darwin ;;
Darwin-arm64 | Darwin-aarch64) target=aarch64-apple-darwin ;;
*) stop "there is no program for $(uname -s) on $(uname -m); build it with cargo install" ;;
esac
folder=$name-$version-$target
archive=$folder.tar.gz

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# FILE: fetches one file of the release.
fetch() {
    case $from in
    https://*)
        if has curl; then
            curl --proto '=https' --tlsv1.2 -fsSL -o "$work/$1" "$from/$1" || stop "cannot download $from/$1"
        elif has wget; then
            wget -q -O "$work/$1" "$from/$1" || stop "cannot download $from/$1"
        else
            stop "there is no curl and no wget; download the files yourself and name their folder with --from"
        fi
        ;;
    *) cp "$from/$1" "$work/$1" || stop "there is no $1 in $from" ;;
    esac
}

if [ -z "$with" ]; then
    for tool in ssh-keygen minisign openssl; do
        if has "$tool"; then
            with=$tool
            break
        fi
    done
fi
fetch checksums.txt
case $with in
ssh-keygen)
    fetch checksums.txt.sshsig
    printf 'maintainer namespaces="release@%s" %s\n' "$name" "$ssh_key" >"$work/allowed_signers"
    ssh-keygen -Y verify -f "$work/allowed_signers" -I maintainer -n "release@$name" -s "$work/checksums.txt.sshsig" \
        <"$work/checksums.txt" >/dev/null || stop "ssh-keygen does not accept the signature of checksums.txt (it needs OpenSSH 8.2 or newer)"
    ;;
minisign)
    fetch checksums.txt.sig
    minisign -Vq -P "$minisign_key" -m "$work/checksums.txt" -x "$work/checksums.txt.sig" ||
        stop "minisign does not accept the signature of checksums.txt"
    ;;
openssl)
    fetch checksums.txt.sig
    printf '%s\n' '-----BEGIN PUBLIC KEY-----' "$pem_key" '-----END PUBLIC KEY-----' >"$work/key.pem"
    sed -n 2p "$work/checksums.txt.sig" | base64 -d | tail -c 64 >"$work/signature"
    openssl dgst -blake2b512 -binary -out "$work/hash" "$work/checksums.txt"
    openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/hash" -sigfile "$work/signature" >/dev/null ||
        stop "openssl does not accept the signature of checksums.txt (it needs OpenSSL 3)"
    ;;
*) stop "nothing here verifies signatures: install minisign, openssl or OpenSSH" ;;
esac

fetch "$archive"
wanted=$(awk -v file="$archive" '$2 == file { print $1 }' "$work/checksums.txt")
if has sha256sum; then
    found=$(sha256sum <"$work/$archive")
elif has shasum; then
    found=$(shasum -a 256 <"$work/$archive")
else
    stop "there is no sha256sum and no shasum"
fi
[ -n "$wanted" ] || stop "the signed list does not name $archive"
[ "$wanted" = "${found%% *}" ] || stop "$archive is not the file that was signed"

tar -xzf "$work/$archive" -C "$work"
[ -f "$work/$folder/$name" ] || stop "there is no $name in $archive"
mkdir -p "$to"
# Whole or not at all: the last step is a rename in the same folder.
cp "$work/$folder/$name" "$to/.$name.new"
chmod 755 "$to/.$name.new"
mv -f "$to/.$name.new" "$to/$name"
printf 'installed %s %s as %s\n' "$name" "$version" "$to/$name"
case :$PATH: in
*":$to:"*) ;;
*) printf '%s is not on PATH\n' "$to" ;;
esac
