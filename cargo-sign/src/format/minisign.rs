//! minisign signatures (<https://jedisct1.github.io/minisign/>): the prehashed kind, `ED`, over BLAKE2b-512 of the file.
//!
//! ```text
//! untrusted comment: <anything>
//! base64("ED" ‖ key id (8) ‖ signature (64))
//! trusted comment: <what is signed along>
//! base64(signature over signature ‖ trusted comment)
//! ```
//!
//! Only the canonical spelling is read: exact prefixes, canonical base64, LF line ends, nothing
//! after the fourth line.

use super::Signs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use release_gate::Rule;
use release_gate::public_key::{KeyId, hex, key_id};

use crate::rules;

const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";
/// Longest file read; minisign itself allows 1,024 and 8,192 bytes of comments.
pub const MAX_LEN: usize = 16 * 1024;

/// BLAKE2b-512 of a file: what a minisign signature of the prehashed kind signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prehash(pub [u8; 64]);

impl Prehash {
    /// Hashes bytes that are at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake2b_simd::blake2b(bytes).as_array())
    }

    /// As it is written in lists and reports: 128 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Why a signature cannot be read or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not the canonical form.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// The kind that signs the file itself.
    #[error("the signature is of minisign's legacy kind")]
    Legacy,
    /// Made by another key.
    #[error("the signature was made by the key {}, not {}", hex(.found), hex(.expected))]
    Key {
        /// In the signature.
        found: KeyId,
        /// Of the key it was checked with.
        expected: KeyId,
    },
    /// Does not fit the file.
    #[error("the signature does not fit the file")]
    File,
    /// Does not fit the trusted comment.
    #[error("the trusted comment was changed")]
    Comment,
}

impl SignatureError {
    /// The reason code.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::Malformed(_) => &rules::SIGNATURE_MALFORMED,
            Self::Legacy => &rules::SIGNATURE_LEGACY,
            Self::Key { .. } => &rules::KEY_MISMATCH,
            Self::File => &rules::SIGNATURE_INVALID,
            Self::Comment => &rules::COMMENT_INVALID,
        }
    }
}

/// A signature that was read, and not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinisignSignature {
    /// Which key made it.
    pub key_id: KeyId,
    signature: [u8; 64],
    /// The first line's text, which nothing protects; empty where this was made and not read.
    pub untrusted_comment: String,
    /// What the signature says beside the file.
    pub trusted_comment: String,
    global: [u8; 64],
}

impl MinisignSignature {
    /// Signs a file by its BLAKE2b-512 digest. Deterministic (RFC 8032).
    pub fn sign(key: &(impl Signs + ?Sized), prehash: &Prehash, trusted_comment: &str) -> Self {
        let signature = key.signature(&prehash.0).to_bytes();
        let global = key
            .signature(&[&signature[..], trusted_comment.as_bytes()].concat())
            .to_bytes();
        Self {
            key_id: key_id(&key.verifying_key()),
            signature,
            untrusted_comment: String::new(),
            trusted_comment: trusted_comment.to_owned(),
            global,
        }
    }

    /// Writes the four lines.
    pub fn render(&self, untrusted_comment: &str) -> String {
        let mut body = Vec::with_capacity(74);
        body.extend_from_slice(b"ED");
        body.extend_from_slice(&self.key_id);
        body.extend_from_slice(&self.signature);
        let (body, global) = (STANDARD.encode(body), STANDARD.encode(self.global));
        format!(
            "{UNTRUSTED}{untrusted_comment}\n{body}\n{TRUSTED}{}\n{global}\n",
            self.trusted_comment
        )
    }

    /// Reads the four lines.
    ///
    /// # Errors
    /// Anything but the canonical form.
    pub fn parse(bytes: &[u8]) -> Result<Self, SignatureError> {
        let malformed = SignatureError::Malformed;
        if bytes.len() > MAX_LEN {
            return Err(malformed("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return Err(malformed("it holds a control character"));
        }
        let lines: Vec<&str> = text.split('\n').collect();
        let [untrusted, body, trusted, global, ""] = lines[..] else {
            return Err(malformed(
                "it has not exactly four lines, each ended by a newline",
            ));
        };
        let untrusted = untrusted
            .strip_prefix(UNTRUSTED)
            .ok_or(malformed("the first line is not an untrusted comment"))?;
        let trusted = trusted
            .strip_prefix(TRUSTED)
            .ok_or(malformed("the third line is not a trusted comment"))?;
        let body: [u8; 74] =
            decode(body).ok_or(malformed("the second line is not base64 of 74 bytes"))?;
        let global: [u8; 64] =
            decode(global).ok_or(malformed("the fourth line is not base64 of 64 bytes"))?;
        let (kind, rest) = body.split_at(2);
        match kind {
            b"ED" => {}
            b"Ed" => return Err(SignatureError::Legacy),
            _ => return Err(malformed("the algorithm is not `ED`")),
        }
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&rest[..8]);
        let mut signature = [0; 64];
        signature.copy_from_slice(&rest[8..]);

        Ok(Self {
            key_id,
            signature,
            untrusted_comment: untrusted.to_owned(),
            trusted_comment: trusted.to_owned(),
            global,
        })
    }

    /// Checks the signature over a file's BLAKE2b-512 digest and over the trusted comment, strictly
    /// (no small-order keys, no malleable signatures).
    ///
    /// # Errors
    /// Another key made it, or one of the two does not hold.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        id: &KeyId,
        prehash: &Prehash,
    ) -> Result<(), SignatureError> {
        if self.key_id != *id {
            return Err(SignatureError::Key {
                found: self.key_id,
                expected: *id,
            });
        }
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&prehash.0, &signature)
            .map_err(|_| SignatureError::File)?;
        let signed = [&self.signature[..], self.trusted_comment.as_bytes()].concat();
        key.verify_strict(&signed, &Signature::from_bytes(&self.global))
            .map_err(|_| SignatureError::Comment)
    }
}

/// Canonical base64 of exactly `N` bytes.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = STANDARD.decode(text).ok()?;
    if STANDARD.encode(&bytes) != text {
        return None;
    }
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn prehash(bytes: &[u8]) -> Prehash {
        Prehash::of(bytes)
    }

    fn public(key: &SigningKey) -> String {
        release_gate::public_key::PublicKey::new(key.verifying_key()).minisign("test")
    }

    #[test]
    fn an_independent_verifier_accepts_it() {
        let signature =
            MinisignSignature::sign(&key(), &prehash(b"hello"), "timestamp:1\tfile:x").render("u");
        let public = minisign_verify::PublicKey::decode(&public(&key())).unwrap();
        let theirs = minisign_verify::Signature::decode(&signature).unwrap();
        public.verify(b"hello", &theirs, false).unwrap();
        assert!(public.verify(b"hellp", &theirs, false).is_err());
    }

    #[test]
    fn signing_is_deterministic_and_reads_back() {
        let make = || MinisignSignature::sign(&key(), &prehash(b"x"), "c").render("u");
        assert_eq!(make(), make());
        let read = MinisignSignature::parse(make().as_bytes()).unwrap();
        read.verify(
            &key().verifying_key(),
            &key_id(&key().verifying_key()),
            &prehash(b"x"),
        )
        .unwrap();
    }

    #[test]
    fn every_changed_bit_outside_the_untrusted_comment_is_refused() {
        let text =
            MinisignSignature::sign(&key(), &prehash(b"x"), "timestamp:1\tfile:x").render("u");
        let (verifying, id) = (key().verifying_key(), key_id(&key().verifying_key()));
        let body = text.find('\n').unwrap();
        let mut checked = 0;
        for position in body..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[position] ^= 1 << bit;
                let accepted = MinisignSignature::parse(&bytes)
                    .is_ok_and(|s| s.verify(&verifying, &id, &prehash(b"x")).is_ok());
                assert!(!accepted, "bit {bit} of byte {position}");
                checked += 1;
            }
        }
        assert!(checked > 1500);
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = MinisignSignature::sign(&key(), &prehash(b"x"), "c").render("u");
        for odd in [
            format!("{text}\n"),
            format!("{text}more\n"),
            text.trim_end().to_owned(),
            text.replace('\n', "\r\n"),
            text.replace("trusted comment: c", "trusted comment: c\r"),
            text.replacen("untrusted comment: ", "comment: ", 1),
        ] {
            assert!(
                matches!(
                    MinisignSignature::parse(odd.as_bytes()),
                    Err(SignatureError::Malformed(_))
                ),
                "{odd:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = MinisignSignature::parse(&bytes);
        }
    }
}
