//! Public keys: read as minisign, OpenSSH, PEM (SPKI, RFC 8410) or raw base64; written in the first
//! three.
//!
//! The suite's one reader of public keys, behind the feature `public-key`. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};

use crate::digest::sha256_bytes;

const SSH_TYPE: &str = "ssh-ed25519";

/// First eight bytes of SHA-256 of the public key: a raw key and its minisign form lead to the same
/// id.
pub type KeyId = [u8; 8];

/// The key id of a public key, as this suite assigns it.
pub fn key_id(key: &VerifyingKey) -> KeyId {
    let digest = sha256_bytes(key.as_bytes());
    let mut id = [0; 8];
    id.copy_from_slice(&digest.as_bytes()[..8]);
    id
}

/// Upper-case hexadecimal digits of a key id, as minisign prints it (little-endian).
pub fn hex(id: &KeyId) -> String {
    id.iter().rev().map(|byte| format!("{byte:02X}")).collect()
}

/// A public key, with the id minisign knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The key.
    pub key: VerifyingKey,
    /// Its minisign id: its own where it was read from a minisign file, else the one this suite
    /// assigns.
    pub id: KeyId,
}

/// Why a public key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// In none of the forms.
    #[error("it is no Ed25519 public key in minisign, OpenSSH, PEM or base64 form")]
    Unknown,
    /// A key of another algorithm.
    #[error("it is an {0} key, and an Ed25519 key is needed")]
    Algorithm(&'static str),
    /// The bytes are no point of the curve.
    #[error("it is no point of the curve")]
    Point,
    /// A key under which anything verifies.
    #[error("it is of small order")]
    Weak,
}

impl PublicKey {
    /// A key with the id this suite assigns.
    pub fn new(key: VerifyingKey) -> Self {
        Self {
            key,
            id: key_id(&key),
        }
    }

    /// Reads a key file; the form is told from its content.
    ///
    /// # Errors
    /// It is in none of the forms, or of small order.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with("-----BEGIN PUBLIC KEY-----") {
            let key = VerifyingKey::from_public_key_pem(text).map_err(|_| other(text))?;
            return strong(Self::new(key));
        }
        let line = text.lines().map(str::trim).find(|line| {
            !line.is_empty() && !line.starts_with("untrusted comment:") && !line.starts_with('#')
        });
        let line = line.ok_or(KeyError::Unknown)?;
        if let Some(blob) = line
            .split_whitespace()
            .skip_while(|word| *word != SSH_TYPE)
            .nth(1)
        {
            let blob = STANDARD.decode(blob).map_err(|_| KeyError::Unknown)?;
            let rest = blob
                .strip_prefix(&ssh_header()[..])
                .ok_or(KeyError::Unknown)?;
            return raw(rest).map(Self::new).and_then(strong);
        }
        let bytes = STANDARD.decode(line).map_err(|_| other(text))?;
        match bytes.len() {
            32 => raw(&bytes).map(Self::new).and_then(strong),
            42 if bytes.starts_with(b"Ed") => {
                let mut id = [0; 8];
                id.copy_from_slice(&bytes[2..10]);
                strong(Self {
                    key: raw(&bytes[10..])?,
                    id,
                })
            }
            _ => Err(KeyError::Unknown),
        }
    }

    /// The two-line minisign form, which `minisign -p`, signify and cargo-binstall read.
    pub fn minisign(&self, comment: &str) -> String {
        format!("untrusted comment: {comment}\n{}\n", self.base64())
    }

    /// The second of these lines, which `minisign -P` reads.
    pub fn base64(&self) -> String {
        STANDARD.encode([&b"Ed"[..], &self.id, self.key.as_bytes()].concat())
    }

    /// A line for `ssh-keygen -Y verify -f`.
    pub fn allowed_signers(&self, principal: &str) -> String {
        format!(
            "{principal} {SSH_TYPE} {}\n",
            STANDARD.encode(self.ssh_blob())
        )
    }

    /// PEM (SPKI), which openssl reads.
    ///
    /// # Errors
    /// Only a defect of the encoder.
    pub fn pem(&self) -> Result<String, KeyError> {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::Unknown)
    }

    /// The key as SSH's wire format has it (RFC 8709).
    pub fn ssh_blob(&self) -> Vec<u8> {
        let mut blob = ssh_header();
        blob.extend_from_slice(self.key.as_bytes());
        blob
    }

    /// The fingerprint `ssh-keygen -lf` shows: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        format!(
            "SHA256:{}",
            STANDARD_NO_PAD.encode(sha256_bytes(&self.ssh_blob()).as_bytes())
        )
    }
}

/// What a key is of that is not Ed25519: people find out at once that they took the wrong one.
fn other(text: &str) -> KeyError {
    const SSH: [(&str, &str); 3] = [
        ("ecdsa-sha2-", "ECDSA"),
        ("sk-ecdsa-sha2-", "ECDSA"),
        ("ssh-rsa", "RSA"),
    ];
    // The object identifiers of RFC 5480 and RFC 8017, as they lie in the file.
    const PEM: [(&[u8], &str); 2] = [
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "ECDSA"),
        (
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
            "RSA",
        ),
    ];
    let named = text
        .split_whitespace()
        .find_map(|word| SSH.iter().find(|(kind, _)| word.starts_with(kind)));
    if let Some((_, algorithm)) = named {
        return KeyError::Algorithm(algorithm);
    }
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    let der = STANDARD.decode(body).unwrap_or_default();
    let known = PEM
        .iter()
        .find(|(id, _)| der.windows(id.len()).any(|bytes| bytes == *id));
    known.map_or(KeyError::Unknown, |(_, algorithm)| {
        KeyError::Algorithm(algorithm)
    })
}

fn strong(key: PublicKey) -> Result<PublicKey, KeyError> {
    if key.key.is_weak() {
        Err(KeyError::Weak)
    } else {
        Ok(key)
    }
}

fn raw(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Unknown)?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Point)
}

/// Everything before the 32 bytes of the key: the type and the length.
fn ssh_header() -> Vec<u8> {
    let mut header = vec![0, 0, 0, 11];
    header.extend_from_slice(SSH_TYPE.as_bytes());
    header.extend_from_slice(&[0, 0, 0, 32]);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PublicKey {
        PublicKey::new(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key())
    }

    #[test]
    fn keys_of_other_algorithms_are_called_by_their_name() {
        let ecdsa = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
        for (text, algorithm) in [
            (ecdsa, "ECDSA"),
            (
                "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= somebody",
                "ECDSA",
            ),
            ("ssh-rsa AAAAB3NzaC1yc2E= somebody", "RSA"),
        ] {
            let error = PublicKey::parse(text).unwrap_err();
            assert_eq!(error, KeyError::Algorithm(algorithm));
            assert!(
                error.to_string().contains("Ed25519 key is needed"),
                "{error}"
            );
        }
        assert_eq!(PublicKey::parse("hello"), Err(KeyError::Unknown));
    }

    #[test]
    fn every_form_leads_to_the_same_key() {
        let key = key();
        let raw = STANDARD.encode(key.key.as_bytes());
        let ssh = key.allowed_signers("maintainer");
        let ssh_pub = ssh.trim_start_matches("maintainer ").to_owned();
        for text in [
            key.minisign("c"),
            ssh,
            ssh_pub,
            key.pem().unwrap(),
            raw,
            key.minisign("c").lines().nth(1).unwrap().to_owned(),
        ] {
            assert_eq!(PublicKey::parse(&text).unwrap(), key, "{text}");
        }
    }

    #[test]
    fn small_order_and_nonsense_are_refused() {
        assert_eq!(
            PublicKey::parse(&STANDARD.encode([0; 32])),
            Err(KeyError::Weak)
        );
        for text in [
            "",
            "untrusted comment: x",
            "AAAA",
            "ssh-rsa AAAA",
            "-----BEGIN PUBLIC KEY-----",
        ] {
            assert!(PublicKey::parse(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,300}") {
            let _ = PublicKey::parse(&text);
        }
    }
}
