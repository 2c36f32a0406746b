#!/bin/sh
# One release, checked by tools that others wrote, and one signed by them, checked by ours: POSIX sh. Exit code 0: every tool that ran
# accepted the release and refused a changed one, and at least REQUIRE ran. 101: git, openssl, ssh-keygen, python3 or cargo-sign is missing.
#
#   SIGN=PROGRAM      cargo-sign (default: from PATH)
#   RELEASE=DIR KEY=F a release of your own and its public keys F.pub, F.pem, F.allowed_signers (default: one is made, with a new key)
#   TOOLS=DIR         where programs are looked for and, with INSTALL=1, put: Debian's minisign and signify-openbsd (unpacked, not
#                     installed), the crates rsign2 and minisign-verify, PyPI's securesystemslib, npm's @sigstore/verify
#   REQUIRE=N         how many have to run (default: 3, or 9 with INSTALL=1)
#   SIGNERS=N         how many have to have signed what we accept (default: 0, or 6 with INSTALL=1)
set -eu

SIGN=${SIGN:-cargo-sign}
TOOLS=${TOOLS:-${TMPDIR:-/tmp}/stock-verifiers}
REQUIRE=${REQUIRE:-${INSTALL:+9}}
REQUIRE=${REQUIRE:-3}
SIGNERS=${SIGNERS:-${INSTALL:+6}}
[ -z "${RELEASE:-}" ] || SIGNERS=0
SIGNERS=${SIGNERS:-0}
for needed in git openssl ssh-keygen python3 "$SIGN"; do
    command -v "$needed" >/dev/null || { echo "there is no $needed on this machine" >&2 && exit 101; }
done
case $SIGN in */*) SIGN=$(cd "$(dirname "$SIGN")" && pwd)/$(basename "$SIGN") ;; esac
mkdir -p "$TOOLS"
TOOLS=$(cd "$TOOLS" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ran=0 made=0 wrong=0 missing=

say() { printf '%-22s %s\n' "$1" "$2"; }

# ---- what the registries have

install_debian() {
    [ ! -x "$TOOLS/deb/bin/signify-openbsd" ] || return 0
    mkdir -p "$TOOLS/deb/packages"
    (cd "$TOOLS/deb/packages" && apt-get download -q minisign signify-openbsd libsodium23 libbsd0 libmd0) || return 1
    for package in "$TOOLS"/deb/packages/*.deb; do dpkg -x "$package" "$TOOLS/deb" || return 1; done
}
install_rsign2() {
    [ -x "$TOOLS/rsign/bin/rsign" ] || cargo install --quiet --root "$TOOLS/rsign" rsign2
}
install_minisign_verify() {
    [ ! -x "$TOOLS/binstall/bin/minisign-verify-file" ] || return 0
    mkdir -p "$TOOLS/binstall/src"
    cat >"$TOOLS/binstall/Cargo.toml" <<'END'
[package]
name = "minisign-verify-file"
version = "0.1.0"
edition = "2021"
[dependencies]
minisign-verify = "0.2"
[workspace]
END
    # As cargo-binstall does it: a key as one line, the signature beside the file, no legacy signatures.
    cat >"$TOOLS/binstall/src/main.rs" <<'END'
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let key = minisign_verify::PublicKey::from_base64(&args[1]).expect("a public key");
    let signature = minisign_verify::Signature::from_file(format!("{}.sig", args[2])).expect("a signature");
    let mut verifier = key.verify_stream(&signature).expect("a prehashed signature by this key");
    verifier.update(&std::fs::read(&args[2]).expect("a file"));
    verifier.finalize().expect("a signature that holds");
}
END
    cargo install --quiet --root "$TOOLS/binstall" --path "$TOOLS/binstall"
}
install_securesystemslib() {
    [ -d "$TOOLS/python" ] || { python3 -m venv "$TOOLS/python" && "$TOOLS/python/bin/pip" install -q 'securesystemslib[crypto]'; }
}
install_sigstore_js() {
    [ ! -d "$TOOLS/npm/node_modules" ] || return 0
    mkdir -p "$TOOLS/npm"
    (cd "$TOOLS/npm" && npm install --silent --ignore-scripts --no-audit --no-fund @sigstore/verify @sigstore/bundle)
}

# What cannot be installed does not run; whether enough did is asked at the end.
if [ -n "${INSTALL:-}" ]; then
    for tools in debian rsign2 minisign_verify securesystemslib sigstore_js; do
        "install_$tools" >"$work/log" 2>&1 || { say "$tools" 'cannot be installed' && sed 's/^/    /' "$work/log"; }
    done
fi

libraries=$(find "$TOOLS/deb" -type d -path '*/lib/*-linux-gnu' 2>/dev/null | tr '\n' ':')
PATH=$TOOLS/deb/usr/bin:$TOOLS/deb/bin:$TOOLS/rsign/bin:$TOOLS/binstall/bin:$PATH
with_libraries() { LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:-}" "$@"; }
python=$TOOLS/python/bin/python
[ -x "$python" ] || python=python3
signify=$(command -v signify-openbsd || command -v signify || echo signify)

# ---- a release

# Ed25519 in PKCS#8 ends with the seed, in SPKI with the public key.
demo() {
    mkdir -p "$work/demo/src" "$work/keys"
    cd "$work/demo"
    export CARGO_TARGET_DIR="$work/demo/target"
    printf '[package]\nname = "demo"\nversion = "1.0.0"\nedition = "2024"\nlicense = "MIT"\n' >Cargo.toml
    printf '//! Demo.\n' >src/lib.rs
    cargo generate-lockfile --quiet --offline
    printf '/target\n' >.gitignore
    git init -q
    git add .
    git -c user.name=demo -c user.email=demo@example.org -c commit.gpgSign=false commit -qm 'feat: first'
    dir=$work/demo/target/release-gates/demo-1.0.0
    mkdir -p "$dir/artifacts"
    head -c 100000 /dev/urandom >"$dir/artifacts/demo"
    printf '{"bomFormat": "CycloneDX"}\n' >"$dir/sbom.cdx.json"
    digest() { sha256sum "$1" | cut -d ' ' -f 1; }
    printf '{"schema":"release-gate/buildinfo/v1","tool":{"name":"cargo-repro","version":"0"},"subject":{"package":"demo","version":"1.0.0","commit":"%s","dirty":false,"lock_sha256":"%s","targets":[],"features":[]},"baseline":null,"status":"pass","findings":[],"data":{"profile":"release","artifacts":[{"name":"demo","target":"x86_64-unknown-linux-gnu","path":"artifacts/demo","sha256":"%s","size":100000}]}}' \
        "$(git rev-parse HEAD)" "$(digest Cargo.lock)" "$(digest "$dir/artifacts/demo")" >"$dir/buildinfo.json"
    openssl genpkey -algorithm ed25519 -out "$work/keys/pkcs8"
    chmod 600 "$work/keys/pkcs8"
    key=$work/keys/release.key
    "$SIGN" sign keygen -q --import "$work/keys/pkcs8" --no-passphrase --out "$key"
    # The keyring is left out: this release has one key, and its name is on the command line.
    "$SIGN" sign pack -q --key "$key" --zip --emit signify,raw >/dev/null
    "$SIGN" sign attest -q --key "$key" --source-uri https://example.org/demo >/dev/null
    dir=$dir/release
    project=demo
}

if [ -n "${RELEASE:-}" ]; then
    dir=$(cd "$RELEASE" && pwd)
    key=$(cd "$(dirname "$KEY")" && pwd)/$(basename "$KEY")
    project=$(sed -n 's/.*project:\([^	]*\).*/\1/p' "$dir/checksums.txt.sig")
else
    demo
fi
for file in "$dir"/*.zip "$dir"/*.tar.gz; do
    if [ -f "$file" ]; then archive=${file##*/}; fi
done
public=$(sed -n 2p "$key.pub")
cp -R "$dir" "$work/good"
cp -R "$dir" "$work/bad"
# A byte of an archive, the digits of the list, a letter of the statement.
printf '\001' | dd of="$work/bad/$archive" bs=1 seek=2000 conv=notrunc 2>/dev/null
tr '0123456789' '1234567890' <"$dir/checksums.txt" >"$work/bad/checksums.txt"
[ ! -f "$dir/provenance.intoto.jsonl" ] || sed 's/"payload":"eyJ/"payload":"eyK/' "$dir/provenance.intoto.jsonl" >"$work/bad/provenance.intoto.jsonl"
[ ! -f "$dir/SHA256.sig" ] || sed '3,$ y/0123456789/1234567890/' "$dir/SHA256.sig" >"$work/bad/SHA256.sig"

# ---- what each of them says; every check runs in a folder with the release

by_sha256sum() { sha256sum -c --strict --quiet checksums.txt; }
by_ssh_keygen() { ssh-keygen -Y verify -f "$key.allowed_signers" -I maintainer -n "release@$project" -s checksums.txt.sshsig <checksums.txt; }
by_openssl() {
    sed -n 2p "$archive.sig" | base64 -d | tail -c 64 >raw.sig && openssl dgst -blake2b512 -binary -out hash "$archive" &&
        openssl pkeyutl -verify -pubin -inkey "$key.pem" -rawin -in hash -sigfile raw.sig
}
by_openssl_raw() { openssl pkeyutl -verify -pubin -inkey "$key.pem" -rawin -in checksums.txt -sigfile checksums.txt.ed25519; }
by_minisign() { with_libraries minisign -V -p "$key.pub" -m "$archive" -x "$archive.sig"; }
by_rsign() { rsign verify -p "$key.pub" -x "$archive.sig" "$archive"; }
by_binstall() { minisign-verify-file "$public" "$archive"; }
by_signify() { with_libraries "$signify" -C -p "$key.pub" -x SHA256.sig; }
by_securesystemslib() {
    "$python" - "$key.pem" provenance.intoto.jsonl "$archive" <<'END'
import hashlib, json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
envelope = json.load(open(sys.argv[2]))
raw = load_pem_public_key(open(sys.argv[1], "rb").read()).public_bytes(Encoding.Raw, PublicFormat.Raw)
key = SSlibKey(envelope["signatures"][0]["keyid"], "ed25519", "ed25519", {"public": raw.hex()})
envelope = Envelope.from_dict(envelope)
envelope.verify([key], 1)
digests = {s["name"]: s["digest"]["sha256"] for s in json.loads(envelope.payload)["subject"]}
assert digests[sys.argv[3]] == hashlib.sha256(open(sys.argv[3], "rb").read()).hexdigest(), "another file"
END
}
by_sigstore_js() {
    NODE_PATH=$TOOLS/npm/node_modules node - "$key.pem" provenance.intoto.jsonl "$archive" <<'END'
const fs = require("fs"), crypto = require("crypto");
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");
const [pem, file, archive] = process.argv.slice(2);
const envelope = JSON.parse(fs.readFileSync(file));
const bundle = bundleFromJSON({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: { publicKey: { hint: envelope.signatures[0].keyid }, tlogEntries: [] },
  dsseEnvelope: envelope,
});
const trusted = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1", tlogs: [], ctlogs: [],
  certificateAuthorities: [], timestampAuthorities: [],
};
const found = () => ({ publicKey: crypto.createPublicKey(fs.readFileSync(pem)), validFor: () => true });
const verifier = new Verifier(toTrustMaterial(trusted, found), { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
verifier.verify(toSignedEntity(bundle));
const subjects = JSON.parse(Buffer.from(envelope.payload, "base64")).subject;
const digest = crypto.createHash("sha256").update(fs.readFileSync(archive)).digest("hex");
if (subjects.find((subject) => subject.name === archive).digest.sha256 !== digest) throw new Error("another file");
END
}
by_slsa_verifier() {
    slsa-verifier verify-vsa --subject-digest "sha256:$(sha256sum "$archive" | cut -d ' ' -f 1)" --attestation-path vsa.intoto.jsonl \
        --public-key-path "$key.pem" --verifier-id urn:release-gate:cargo-sign:verifier:v1 \
        --resource-uri "pkg:cargo/$project@$(sed -n 's/.*version:\([^	]*\).*/\1/p' "$dir/checksums.txt.sig")" --verified-level SLSA_BUILD_LEVEL_1
}

# check NAME PROGRAM FILE FUNCTION: FILE is what the release has to hold for it
check() {
    if ! command -v "$2" >/dev/null || [ ! -e "$dir/$3" ]; then
        missing="$missing $1"
        say "$1" "did not run: no $(command -v "$2" >/dev/null && echo "$3 in the release" || echo "$2 on this machine")"
        return
    fi
    # One tool counts once, however many of its ways are tried.
    case $1 in *,*) ;; *) ran=$((ran + 1)) ;; esac
    if ! (cd "$work/good" && "$4") >"$work/log" 2>&1; then
        wrong=$((wrong + 1))
        say "$1" "REFUSES the release"
        sed 's/^/    /' "$work/log"
    elif (cd "$work/bad" && "$4") >"$work/log" 2>&1; then
        wrong=$((wrong + 1))
        say "$1" "ACCEPTS a changed release"
    else
        say "$1" "accepts the release and refuses a changed one"
    fi
}

python_has() { "$python" -c 'import securesystemslib.signer, cryptography' 2>/dev/null && echo "$python" || echo securesystemslib; }
node_has() { [ -d "$TOOLS/npm/node_modules/@sigstore/verify" ] && echo node || echo @sigstore/verify; }

check sha256sum sha256sum checksums.txt by_sha256sum
check ssh-keygen ssh-keygen checksums.txt.sshsig by_ssh_keygen
check openssl openssl "$archive.sig" by_openssl
check 'openssl, bare' openssl checksums.txt.ed25519 by_openssl_raw
check minisign minisign "$archive.sig" by_minisign
check rsign2 rsign "$archive.sig" by_rsign
check minisign-verify minisign-verify-file "$archive.sig" by_binstall
check signify "$signify" SHA256.sig by_signify
check securesystemslib "$(python_has)" provenance.intoto.jsonl by_securesystemslib
check @sigstore/verify "$(node_has)" provenance.intoto.jsonl by_sigstore_js
check slsa-verifier slsa-verifier vsa.intoto.jsonl by_slsa_verifier

# ---- the other way round: what they sign with the same key, we accept

if [ -z "${RELEASE:-}" ]; then
    theirs=$work/theirs
    cp -R "$dir" "$theirs"
    cd "$theirs"
    rm -f checksums.txt.* SHA256.sig provenance.intoto.jsonl ./*.tar.gz.sig ./*.zip.sig
    openssl pkey -in "$work/keys/pkcs8" -outform DER | tail -c 32 >"$work/keys/seed"
    openssl pkey -in "$work/keys/pkcs8" -pubout -outform DER | tail -c 32 >"$work/keys/point"
    printf '%s' "$public" | base64 -d | tail -c 40 | head -c 8 >"$work/keys/id"
    # The same secret key as minisign, rsign2 and signify keep it, without a passphrase.
    python3 - "$work/keys" <<'END'
import base64, hashlib, sys
read = lambda name: open(f"{sys.argv[1]}/{name}", "rb").read()
key_id, pair = read("id"), read("seed") + read("point")
minisign = b"Ed\0\0B2" + bytes(48) + key_id + pair + hashlib.blake2b(b"Ed" + key_id + pair, digest_size=32).digest()
signify = b"EdBK" + bytes(4) + bytes(16) + hashlib.sha512(pair).digest()[:8] + key_id + pair
for name, body in ("minisign", minisign), ("signify.sec", signify):
    with open(f"{sys.argv[1]}/{name}", "w") as file:
        file.write(f"untrusted comment: {name} secret key\n{base64.b64encode(body).decode()}\n")
END
    comment() { printf 'timestamp:%s\tfile:%s\thashed\tproject:demo\tversion:1.0.0\tcommit:%s' "$(git -C "$work/demo" log -1 --format=%ct)" "$1" "$(git -C "$work/demo" rev-parse HEAD)"; }
    signed_by() {
        made=$((made + 1))
        say "$1" "signed $2"
    }
    if command -v minisign >/dev/null; then
        for file in checksums.txt ./*.zip; do
            with_libraries minisign -S -s "$work/keys/minisign" -c 'signature of demo 1.0.0' -t "$(comment "${file#./}")" -m "$file" -x "$file.sig" >/dev/null
        done
        signed_by minisign 'checksums.txt.sig, *.zip.sig'
    else
        cp "$dir/checksums.txt.sig" "$dir"/*.zip.sig .
    fi
    if command -v rsign >/dev/null; then
        rsign sign -W -s "$work/keys/minisign" -c 'signature of demo 1.0.0' -t "$(comment "$archive")" -x "$archive.sig" "$archive" >/dev/null
        signed_by rsign2 "$archive.sig"
    fi
    [ -f "$archive.sig" ] || cp "$dir/$archive.sig" .
    ssh-keygen -q -Y sign -f "$key" -n release@demo <checksums.txt >checksums.txt.sshsig
    signed_by ssh-keygen checksums.txt.sshsig
    openssl pkeyutl -sign -inkey "$work/keys/pkcs8" -rawin -in checksums.txt -out checksums.txt.ed25519
    signed_by openssl checksums.txt.ed25519
    if command -v "$signify" >/dev/null; then
        sed 's/^\([0-9a-f]*\)  \(.*\)$/SHA256 (\2) = \1/' checksums.txt >"$work/list"
        with_libraries "$signify" -S -e -s "$work/keys/signify.sec" -m "$work/list" -x "$work/SHA256.sig"
        # The first line is nobody's signature: signify names a file there, and we the release.
        sed '1s/.*/untrusted comment: signature of demo 1.0.0/' "$work/SHA256.sig" >SHA256.sig
        signed_by signify SHA256.sig
    fi
    if "$python" -c 'import securesystemslib.signer, cryptography' 2>/dev/null; then
        "$python" - "$work/keys/pkcs8" "$dir/provenance.intoto.jsonl" >provenance.intoto.jsonl <<'END'
import base64, json, sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey
theirs = json.load(open(sys.argv[2]))
keyid = theirs["signatures"][0]["keyid"]
private = load_pem_private_key(open(sys.argv[1], "rb").read(), None)
public = SSlibKey.from_crypto(private.public_key(), keyid)
envelope = Envelope(base64.b64decode(theirs["payload"]), theirs["payloadType"], {})
envelope.sign(CryptoSigner(private, public))
print(json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")))
END
        signed_by securesystemslib provenance.intoto.jsonl
    else
        cp "$dir/provenance.intoto.jsonl" .
    fi
    export RELEASE_GATES_STATE_DIR="$work/state"
    if "$SIGN" sign verify -q --key "$key.pub" --provenance provenance.intoto.jsonl --source-uri https://example.org/demo . >"$work/log" 2>&1; then
        say 'cargo sign verify' "accepts what these $made signed"
    else
        wrong=$((wrong + 1))
        say 'cargo sign verify' 'REFUSES what they signed'
        sed 's/^/    /' "$work/log"
    fi
fi

echo "$ran tools verified ($REQUIRE demanded), $made signed ($SIGNERS demanded), $wrong wrong${missing:+; did not run:$missing}"
[ "$wrong" = 0 ] && [ "$ran" -ge "$REQUIRE" ] && [ "$made" -ge "$SIGNERS" ]
