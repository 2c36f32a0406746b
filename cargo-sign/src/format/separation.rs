//! One key signs in several formats. A signature made in one must never be one in another, so no
//! two formats may sign the same bytes.
//!
//! | format | what is signed | begins with | 64th byte |
//! |---|---|---|---|
//! | minisign, file | BLAKE2b-512 of the file: 64 bytes | anything | its last |
//! | minisign, trusted comment | a signature, then the comment | a point of the curve | below 0x20: the highest of a scalar below 2²⁵³ |
//! | `.ed25519` | the list: 67 bytes or more | a digit | a digit |
//! | `SHA256.sig` | the list in BSD's spelling: 78 bytes or more | `SHA256 (` | a printable byte |
//! | SSHSIG | `SSHSIG`, namespace, SHA-512 | `SSHSIG` | anything |
//! | DSSE (provenance, keyring) | `DSSEv1 `, type, payload | `DSSEv1 ` | a printable byte |
//!
//! The second kind's first 32 bytes are a point nobody can choose freely: for it to spell the
//! beginning of another kind (every byte of which is fixed) somebody would have to find a nonce for
//! a point.

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;

use super::checksums::{self, List};
use super::minisign::{MinisignSignature, Prehash};
use super::{dsse, raw, signify, sshsig};
use release_gate::public_key::PublicKey;
use release_gate::public_key::key_id;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Comment,
    Raw,
    Signify,
    Ssh,
    Dsse,
}

/// Which rows of the table a message could be of.
fn kinds(message: &[u8]) -> Vec<Kind> {
    let byte = message.get(63).copied().unwrap_or(0);
    let digits = message.len() >= 67
        && message[..64]
            .iter()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));

    [
        (Kind::File, message.len() == 64),
        (
            Kind::Comment,
            message.len() > 64 && byte < 0x20 && !message.starts_with(b"SSHSIG"),
        ),
        (Kind::Raw, digits),
        (
            Kind::Signify,
            message.len() >= 78 && message.starts_with(b"SHA256 (") && byte >= 0x20,
        ),
        (
            Kind::Ssh,
            message.len() > 64 && message.starts_with(b"SSHSIG\0\0\0"),
        ),
        (
            Kind::Dsse,
            message.len() > 64 && message.starts_with(b"DSSEv1 ") && byte >= 0x20,
        ),
    ]
    .into_iter()
    .filter_map(|(kind, fits)| fits.then_some(kind))
    .collect()
}

proptest! {
    /// Whatever is signed is of one row only.
    #[test]
    fn what_is_signed_is_of_one_kind(
        seed in any::<[u8; 32]>(), prehash in any::<[u8; 64]>(), project in "[a-z][a-z0-9_-]{0,40}",
        names in proptest::collection::btree_map("[a-zA-Z0-9.+_-]{1,80}", any::<[u8; 32]>(), 1..4), payload in "[ -~]{0,80}",
    ) {
        let key = SigningKey::from_bytes(&seed);
        let list: List = names.into_iter()
            .map(|(name, digest)| (name, release_gate::digest::Sha256Digest::from_bytes(digest))).collect();
        let signature = key.sign(&prehash).to_bytes();
        let statement = format!("{{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":\"{payload}\"}}\n");
        for (kind, message) in [
            (Kind::File, prehash.to_vec()),
            (Kind::Comment, [&signature[..], format!("timestamp:1\tfile:{project}").as_bytes()].concat()),
            (Kind::Raw, checksums::render(&list).into_bytes()),
            (Kind::Signify, signify::lines(&list).unwrap().into_bytes()),
            (Kind::Ssh, sshsig::to_be_signed(&sshsig::namespace(&project), payload.as_bytes())),
            (Kind::Dsse, dsse::pae(dsse::IN_TOTO, statement.as_bytes())),
        ] {
            prop_assert_eq!(kinds(&message), vec![kind]);
        }
    }

    /// A signature taken out of one format and put into another is refused there, over the same list.
    #[test]
    fn a_signature_is_good_for_one_format(seed in any::<[u8; 32]>(), digest in any::<[u8; 32]>()) {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        let key = SigningKey::from_bytes(&seed);
        let (public, id) = (PublicKey::new(key.verifying_key()), key_id(&key.verifying_key()));
        let list = List::from([("a".to_owned(), release_gate::digest::Sha256Digest::from_bytes(digest))]);
        let text = checksums::render(&list);
        let prehash = *blake2b_simd::blake2b(text.as_bytes()).as_array();
        let lines = signify::lines(&list).unwrap();
        let signatures = [
            (Kind::File, key.sign(&prehash).to_bytes()),
            (Kind::Raw, raw::sign(&key, text.as_bytes())),
            (Kind::Signify, key.sign(lines.as_bytes()).to_bytes()),
            (Kind::Ssh, key.sign(&sshsig::to_be_signed("release@demo", text.as_bytes())).to_bytes()),
            (Kind::Dsse, key.sign(&dsse::pae(dsse::IN_TOTO, text.as_bytes())).to_bytes()),
        ];
        let (ours, body) = (sshsig::sign(&key, "release@demo", text.as_bytes()), |sig: &[u8; 64]| STANDARD.encode(sig));
        let blob: Vec<u8> = STANDARD.decode(ours.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        for (kind, sig) in signatures {
            let global = key.sign(&[&sig[..], b"c"].concat()).to_bytes();
            let minisign = STANDARD.encode([&b"ED"[..], &id, &sig].concat());
            let minisign = format!("untrusted comment: u\n{minisign}\ntrusted comment: c\n{}\n", body(&global));
            let read = MinisignSignature::parse(minisign.as_bytes()).unwrap();
            prop_assert_eq!(read.verify(&public.key, &id, &Prehash(prehash)).is_ok(), kind == Kind::File);
            prop_assert_eq!(raw::verify(&sig, &public.key, text.as_bytes()).is_ok(), kind == Kind::Raw);
            let bsd = format!("untrusted comment: c\n{}\n{lines}", STANDARD.encode([&b"Ed"[..], &id, &sig].concat()));
            prop_assert_eq!(signify::verify(bsd.as_bytes(), &public, &list, "c").is_ok(), kind == Kind::Signify);
            let armoured = sshsig::armour(&[&blob[..blob.len() - 64], &sig].concat());
            let ssh = sshsig::verify(armoured.as_bytes(), &public, "release@demo", text.as_bytes());
            prop_assert_eq!(ssh.is_ok(), kind == Kind::Ssh);
            let envelope = format!(
                "{{\"payload\":\"{}\",\"payloadType\":\"{}\",\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]}}\n",
                STANDARD.encode(&text), dsse::IN_TOTO, public.fingerprint(), body(&sig)
            );
            prop_assert_eq!(dsse::open(envelope.as_bytes(), std::slice::from_ref(&public)).is_ok(), kind == Kind::Dsse);
        }
    }
}
