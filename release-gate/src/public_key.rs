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
    #[error("it is not an Ed25519 public key in minisign, OpenSSH, PEM or base64 form")]
    Unknown,
    /// A key of another algorithm.
    #[error("it is an {0} key, and an Ed25519 key is needed")]
    Algorithm(&'static str),
    /// The bytes are no point of the curve.
    #[error("it is not a valid curve point")]
    Point,
    /// A key under which anything verifies.
    #[error("it is of small order")]
    Weak,
    /// Something narrows the key, and is not obeyed.
    #[error("it narrows the key by `{}`, which is not obeyed: put the key alone into a file", .0.escape_debug())]
    Narrowed(String),
    /// Several keys where one is needed.
    #[error("it holds {0} keys, and one is needed")]
    Several(usize),
}

/// A key of a file, whatever its algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedKey {
    /// One that this suite judges by itself.
    Ed25519(PublicKey),
    /// An OpenSSH key of another algorithm: RSA, ECDSA or one of a security token.
    OtherSsh {
        /// `ssh-rsa`, say.
        algorithm: String,
        /// Base64 of SSH's wire format.
        blob: String,
    },
}

/// Words before a key that say what it may be used for (sshd(8), ssh-keygen(1)); those with a value
/// are told by their `=`.
const OPTIONS: [&str; 17] = [
    "agent-forwarding",
    "cert-authority",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-touch-required",
    "no-user-rc",
    "no-x11-forwarding",
    "port-forwarding",
    "pty",
    "restrict",
    "touch-required",
    "user-rc",
    "verify-required",
    "x11-forwarding",
    "valid-after",
    "valid-before",
];

impl PublicKey {
    /// A key with the id this suite assigns.
    pub fn new(key: VerifyingKey) -> Self {
        Self {
            key,
            id: key_id(&key),
        }
    }

    /// Reads a key file that holds one key; the form is told from its content.
    ///
    /// # Errors
    /// It is in none of the forms, of another algorithm, of small order, or something narrows it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys = read_keys(text)?;
        let count = keys.len();
        match keys.pop() {
            Some(ListedKey::Ed25519(key)) if count == 1 => Ok(key),
            Some(ListedKey::OtherSsh { algorithm, .. }) if count == 1 => {
                Err(KeyError::Algorithm(family(&algorithm)))
            }
            Some(_) => Err(KeyError::Several(count)),
            None => Err(KeyError::Unknown),
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

/// Reads every key of a file: minisign's, PEM blocks, and lines as OpenSSH has them in `.pub`,
/// `allowed_signers`, `authorized_keys` and `known_hosts` files. What narrows a key is refused, for
/// it would not be obeyed.
///
/// # Errors
/// There is none, or one that cannot be used as it stands.
pub fn read_keys(text: &str) -> Result<Vec<ListedKey>, KeyError> {
    let mut keys = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let is_comment = line.starts_with('#') || line.starts_with("untrusted comment:");
        if line.is_empty() || is_comment {
            continue;
        }
        if line.starts_with("-----BEGIN ") {
            let mut block = vec![line];
            for line in lines.by_ref() {
                block.push(line);
                if line.starts_with("-----END ") {
                    break;
                }
            }
            keys.push(ListedKey::Ed25519(pem_key(&block.join("\n"))?));
        } else {
            keys.push(line_key(line)?);
        }
    }

    if keys.is_empty() {
        Err(KeyError::Unknown)
    } else {
        Ok(keys)
    }
}

fn pem_key(text: &str) -> Result<PublicKey, KeyError> {
    let key = VerifyingKey::from_public_key_pem(text).map_err(|_| other_pem(text))?;
    strong(PublicKey::new(key))
}

/// A line: base64 alone, or what OpenSSH writes.
fn line_key(line: &str) -> Result<ListedKey, KeyError> {
    let words = words(line);
    let Some(at) = words.iter().position(|word| is_ssh_type(word)) else {
        return match words[..] {
            [only] => base64_key(only).map(ListedKey::Ed25519),
            _ => Err(KeyError::Unknown),
        };
    };

    check_before(&words[..at])?;
    let blob = words.get(at + 1).ok_or(KeyError::Unknown)?;
    if words[at] == SSH_TYPE {
        let bytes = STANDARD.decode(blob).map_err(|_| KeyError::Unknown)?;
        let rest = bytes
            .strip_prefix(&ssh_header()[..])
            .ok_or(KeyError::Unknown)?;
        let key = raw(rest).map(PublicKey::new).and_then(strong)?;
        return Ok(ListedKey::Ed25519(key));
    }

    if words[at].contains("-cert-") {
        return Err(KeyError::Algorithm("SSH certificate"));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    if !blob.chars().all(is_plain) {
        return Err(KeyError::Unknown);
    }

    Ok(ListedKey::OtherSsh {
        algorithm: words[at].to_owned(),
        blob: (*blob).to_owned(),
    })
}

/// What may stand before a key: nothing, or who holds it.
fn check_before(words: &[&str]) -> Result<(), KeyError> {
    let narrows = |word: &&str| {
        let is_option = |part: &str| {
            let part = part.to_ascii_lowercase();
            part.contains('=') || OPTIONS.contains(&part.as_str())
        };
        word.starts_with(['@', '!']) || word.split(',').any(is_option)
    };
    if let Some(word) = words.iter().find(|word| narrows(word)) {
        return Err(KeyError::Narrowed((*word).to_owned()));
    }
    match words {
        [] | [_] => Ok(()),
        [_, more, ..] => Err(KeyError::Narrowed((*more).to_owned())),
    }
}

/// The words of a line; what stands in quotes belongs to the word around it.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut quoted = false;
    let mut start = None;
    for (at, c) in line.char_indices() {
        if c == '"' {
            quoted = !quoted;
        }
        if c.is_whitespace() && !quoted {
            words.extend(start.take().map(|start| &line[start..at]));
        } else {
            start.get_or_insert(at);
        }
    }
    words.extend(start.map(|start| &line[start..]));
    words
}

fn is_ssh_type(word: &str) -> bool {
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "rsa-sha2-"]
        .iter()
        .any(|prefix| word.starts_with(prefix))
}

/// The second line of a minisign key, or the 32 bytes alone.
fn base64_key(line: &str) -> Result<PublicKey, KeyError> {
    let bytes = STANDARD.decode(line).map_err(|_| KeyError::Unknown)?;
    match bytes.len() {
        32 => raw(&bytes).map(PublicKey::new).and_then(strong),
        42 if bytes.starts_with(b"Ed") => {
            let mut id = [0; 8];
            id.copy_from_slice(&bytes[2..10]);
            strong(PublicKey {
                key: raw(&bytes[10..])?,
                id,
            })
        }
        _ => Err(KeyError::Unknown),
    }
}

/// What people call an algorithm of OpenSSH.
fn family(algorithm: &str) -> &'static str {
    if algorithm.starts_with("sk-") {
        "security token's"
    } else if algorithm.starts_with("ecdsa-") {
        "ECDSA"
    } else if algorithm.contains("rsa") {
        "RSA"
    } else {
        "SSH"
    }
}

/// What a PEM key is of that is not Ed25519: people find out at once that they took the wrong one.
fn other_pem(text: &str) -> KeyError {
    // The object identifiers of RFC 5480 and RFC 8017, as they lie in the file.
    const KNOWN: [(&[u8], &str); 2] = [
        (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "ECDSA"),
        (
            &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01],
            "RSA",
        ),
    ];
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    let der = STANDARD.decode(body).unwrap_or_default();
    let known = KNOWN
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

    #[test]
    fn what_narrows_a_key_is_refused_and_every_key_is_read() {
        let key = key();
        let line = key.allowed_signers("maintainer");
        let (_, bare) = line.trim().split_once(' ').unwrap();
        for narrowed in [
            "maintainer valid-before=\"20200101\"",
            "maintainer namespaces=\"git\"",
            "maintainer cert-authority",
            "cert-authority",
            "@revoked *",
            "@cert-authority *.example.org",
            "restrict,command=\"x y\"",
            "no-X11-forwarding",
            "maintainer unknown-word",
            "*,!evil",
        ] {
            let text = format!("{narrowed} {bare}");
            let read = PublicKey::parse(&text);
            if narrowed == "*,!evil" {
                assert_eq!(
                    read,
                    Ok(key.clone()),
                    "patterns of principals say who, not what for"
                );
            } else {
                assert!(
                    matches!(read, Err(KeyError::Narrowed(_))),
                    "{text}: {read:?}"
                );
            }
        }

        let second =
            PublicKey::new(ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key());
        let rsa = "somebody ssh-rsa AAAAB3NzaC1yc2E=";
        let text = format!(
            "# two signers\n{line}\n{rsa}\n{}{}",
            second.minisign("c"),
            second.pem().unwrap()
        );
        let read = read_keys(&text).unwrap();
        assert_eq!(read.len(), 4);
        assert_eq!(read[0], ListedKey::Ed25519(key));
        assert!(
            matches!(&read[1], ListedKey::OtherSsh { algorithm, .. } if algorithm == "ssh-rsa")
        );
        assert_eq!(read[2], ListedKey::Ed25519(second.clone()));
        assert_eq!(read[3], ListedKey::Ed25519(second));
        assert_eq!(PublicKey::parse(&text), Err(KeyError::Several(4)));
        assert!(
            read_keys(&format!("{line}garbage\n")).is_err(),
            "all or nothing"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,300}") {
            let _ = PublicKey::parse(&text);
            let _ = read_keys(&text);
        }
    }
}
