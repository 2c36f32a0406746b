//! `keyring.json`: every version of the keyring there ever was, each signed by enough keys of the
//! one before it.
//!
//! Because the whole chain is in one file, whoever knows any key that once signed a version can
//! follow it to the newest one, and anyone who has seen a version notices a file that lacks it. Only
//! the canonical spelling is read (sorted keys, two spaces, a newline at the end). What is signed
//! is the DSSE pre-authentication encoding of one version as a line of canonical JSON, so that no
//! signature for another purpose can be taken for it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use release_gate::Rule;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::json::{CanonicalError, to_canonical_line, to_canonical_vec};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::Signs;
use super::dsse::pae;
use crate::model::keyring::{Content, Member, Quorum};
use crate::rules;
use release_gate::public_key::PublicKey;

/// Largest keyring read, in bytes.
pub const MAX_LEN: usize = 1 << 20;
/// Its kind and format.
pub const SCHEMA: &str = "release-gate/keyring/v1";
const TYPE: &str = "application/vnd.release-gate.keyring+json";

/// A keyring whose chain and signatures hold; whose newest version may still lack signatures (see
/// [`Keyring::complete`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    schema: String,
    versions: Vec<Signed>,
}

/// One version and who signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    signatures: Vec<By>,
    signed: Content,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    /// Fingerprint of the key.
    key: String,
    /// Base64 of 64 bytes.
    sig: String,
}

/// Why a keyring is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not the canonical form.
    #[error("the keyring is malformed: {0}")]
    Malformed(&'static str),
    /// A version does not follow from the one before it.
    #[error("version {version} of the keyring does not follow: {why}")]
    Chain {
        /// Which.
        version: u64,
        /// Why.
        why: &'static str,
    },
    /// A signature does not hold.
    #[error("a signature of version {version} of the keyring does not hold")]
    Signature {
        /// Which.
        version: u64,
    },
    /// Too few different keys signed.
    #[error(
        "version {version} of the keyring is signed by {have} of the {need} different keys it needs"
    )]
    Threshold {
        /// Which.
        version: u64,
        /// How many different keys signed.
        have: usize,
        /// How many have to.
        need: u32,
    },
    /// Nothing ties it to a key that is trusted.
    #[error("none of the keys that are trusted ever signed this keyring")]
    Untrusted,
    /// Older than one that was seen.
    #[error("version {found} of the keyring is older than version {seen}, which was seen before")]
    Rollback {
        /// In the file.
        found: u64,
        /// Seen.
        seen: u64,
    },
    /// Another one than was seen.
    #[error("the keyring contradicts version {seen}, which was seen before")]
    Fork {
        /// Seen.
        seen: u64,
    },
}

impl KeyringError {
    /// The reason code.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::Malformed(_) | Self::Chain { .. } => &rules::KEYRING_MALFORMED,
            Self::Signature { .. } => &rules::KEYRING_INVALID,
            Self::Threshold { .. } => &rules::KEYRING_THRESHOLD,
            Self::Untrusted => &rules::KEYRING_UNTRUSTED,
            Self::Rollback { .. } => &rules::KEYRING_ROLLBACK,
            Self::Fork { .. } => &rules::KEYRING_FORK,
        }
    }
}

impl Signed {
    fn new(signed: Content, key: &(impl Signs + ?Sized)) -> Result<Self, CanonicalError> {
        let mut version = Self {
            signatures: Vec::new(),
            signed,
        };
        version.sign(key)?;
        Ok(version)
    }

    fn line(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical_line(&self.signed)
    }

    fn sign(&mut self, key: &(impl Signs + ?Sized)) -> Result<(), CanonicalError> {
        let fingerprint = PublicKey::new(key.verifying_key()).fingerprint();
        let sig = STANDARD.encode(key.signature(&pae(TYPE, &self.line()?)).to_bytes());
        self.signatures.retain(|by| by.key != fingerprint);
        self.signatures.push(By {
            key: fingerprint,
            sig,
        });
        self.signatures.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(())
    }
}

impl Keyring {
    /// The first version, signed by a key that is in it.
    ///
    /// # Errors
    /// It could not be read back, as when the key is not in it.
    pub fn begin(content: Content, key: &(impl Signs + ?Sized)) -> Result<Self, KeyringError> {
        let keyring = Self {
            schema: SCHEMA.to_owned(),
            versions: vec![encoded(Signed::new(content, key))?],
        };
        keyring.check()?;
        Ok(keyring)
    }

    /// A further version; `change` gets the newest one's content.
    ///
    /// # Errors
    /// It does not follow from the one before, the key may not sign it, or the newest version
    /// itself still lacks signatures.
    pub fn extend(
        &self,
        change: impl FnOnce(&mut Content),
        key: &(impl Signs + ?Sized),
    ) -> Result<Self, KeyringError> {
        self.complete()?;
        let signer = [PublicKey::new(key.verifying_key())];
        if !self.has_in_use(&signer) {
            return Err(KeyringError::Chain {
                version: self.newest().version + 1,
                why: "it is signed by a key that was not in use before",
            });
        }
        let mut content = self.newest().clone();
        content.previous = Some(self.digest()?);
        content.version += 1;
        change(&mut content);
        let mut keyring = self.clone();
        keyring.versions.push(encoded(Signed::new(content, key))?);
        keyring.check()?;
        Ok(keyring)
    }

    /// Adds a signature to the newest version.
    ///
    /// # Errors
    /// The key may not sign it.
    pub fn sign(&self, key: &(impl Signs + ?Sized)) -> Result<Self, KeyringError> {
        let mut keyring = self.clone();
        if let Some(last) = keyring.versions.last_mut() {
            encoded(last.sign(key))?;
        }
        keyring.check()?;
        Ok(keyring)
    }

    /// Reads a keyring and checks the whole chain.
    ///
    /// # Errors
    /// Anything but a chain that holds, in canonical spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        let malformed = KeyringError::Malformed;
        if bytes.len() > MAX_LEN {
            return Err(malformed("it is too long"));
        }
        let keyring: Self = serde_json::from_slice(bytes)
            .map_err(|_| malformed("it has not exactly the known fields"))?;
        if !keyring.render().is_ok_and(|canonical| canonical == bytes) {
            return Err(malformed("it is not in canonical form"));
        }
        keyring.check()?;
        Ok(keyring)
    }

    /// The file.
    ///
    /// # Errors
    /// Only a defect of the encoder.
    pub fn render(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical_vec(self)
    }

    /// Checks everything but whether enough keys signed the newest version. Needed again after a
    /// keyring came from anywhere but `parse`.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<(), KeyringError> {
        let malformed = KeyringError::Malformed;
        if self.schema != SCHEMA {
            return Err(malformed("its schema is not known"));
        }
        if self.versions.is_empty() {
            return Err(malformed("it has no version"));
        }
        let mut before: Option<&Signed> = None;
        for (number, version) in (1..).zip(&self.versions) {
            let content = &version.signed;
            if content.version != number {
                return Err(broken_chain(
                    number,
                    "its number is not one more than the one before",
                ));
            }
            let previous = before
                .map(Signed::line)
                .map(encoded)
                .transpose()?
                .map(|line| sha256_bytes(&line));
            if content.previous != previous {
                return Err(broken_chain(
                    number,
                    "it was made for another version before it",
                ));
            }
            if content
                .keys
                .iter()
                .any(|member| member.public().is_none() || !plain(&member.name))
            {
                return Err(broken_chain(number, "a key or its name cannot be read"));
            }
            if let Some(why) = before.and_then(|before| before.signed.refuses(content)) {
                return Err(broken_chain(number, why));
            }
            if content.threshold == 0 || content.active().len() < content.threshold as usize {
                return Err(broken_chain(
                    number,
                    "it leaves fewer keys in use than have to sign",
                ));
            }
            let asked = content
                .releases
                .as_ref()
                .map_or(1, |quorum| quorum.threshold);
            if asked == 0 || content.active().len() < asked as usize {
                return Err(broken_chain(
                    number,
                    "it leaves fewer keys in use than have to sign a release",
                ));
            }
            check_signatures(version, before)?;
            if number < self.versions.len() as u64 {
                threshold(version, before)?;
            }
            before = Some(version);
        }

        Ok(())
    }

    /// Whether enough different keys signed the newest version.
    ///
    /// # Errors
    /// They did not.
    pub fn complete(&self) -> Result<(), KeyringError> {
        let [before @ .., last] = &self.versions[..] else {
            return Err(KeyringError::Malformed("it is empty"));
        };
        threshold(last, before.last())
    }

    /// Judges a keyring from outside: complete, and tied to a keyring that was seen, else to one of
    /// the keys that are trusted.
    ///
    /// # Errors
    /// Why it is not to be believed.
    pub fn trusted(&self, seen: Option<&Self>, pins: &[PublicKey]) -> Result<(), KeyringError> {
        self.complete()?;
        match seen {
            Some(seen) => {
                let both = self.versions.iter().zip(&seen.versions);
                let (found, newest) = (self.newest().version, seen.newest().version);
                if both.clone().any(|(a, b)| a.signed != b.signed) {
                    return Err(KeyringError::Fork { seen: newest });
                }
                if found < newest {
                    Err(KeyringError::Rollback {
                        found,
                        seen: newest,
                    })
                } else {
                    Ok(())
                }
            }
            None => {
                let signers: BTreeSet<&str> = self
                    .versions
                    .iter()
                    .flat_map(|version| &version.signatures)
                    .map(|by| &*by.key)
                    .collect();
                let tied = pins.iter().any(|pin| signers.contains(&*pin.fingerprint()));
                if tied {
                    Ok(())
                } else {
                    Err(KeyringError::Untrusted)
                }
            }
        }
    }

    /// Whether one of these keys is in use in the newest version.
    pub fn has_in_use(&self, keys: &[PublicKey]) -> bool {
        let active = self.newest().active();
        keys.iter().any(|key| active.contains(key.key.as_bytes()))
    }

    /// What holds now.
    pub fn newest(&self) -> &Content {
        // `check` refuses a keyring without versions, and no other way leads here.
        &self.versions[self.versions.len() - 1].signed
    }

    /// How many different keys signed the newest version.
    pub fn signed_by(&self) -> usize {
        let [before @ .., last] = &self.versions[..] else {
            return 0;
        };
        signers(last, before.last()).len()
    }

    /// How many keys have to sign the newest version.
    pub fn needed(&self) -> u32 {
        let [before @ .., last] = &self.versions[..] else {
            return 0;
        };
        before.last().unwrap_or(last).signed.threshold
    }

    /// How many different keys have to sign a release of this version: what the newest version that
    /// says so asks for.
    pub fn quorum(&self, version: &Version) -> u32 {
        self.quorums()
            .find(|quorum| quorum.covers(version))
            .map_or(1, |quorum| quorum.threshold)
    }

    /// The same for anyone who knows the `highest` release there was: what is newer was made under the
    /// rules of today, whatever its number, and no version that was left out before them can be
    /// made up afterwards.
    pub fn quorum_after(&self, highest: &Version, version: &Version) -> u32 {
        let today = self
            .quorums()
            .next()
            .filter(|_| version.cmp_precedence(highest).is_gt());
        today
            .map_or(1, |quorum| quorum.threshold)
            .max(self.quorum(version))
    }

    /// What was ever asked of releases, the newest first.
    pub(crate) fn quorums(&self) -> impl Iterator<Item = &Quorum> {
        self.versions
            .iter()
            .rev()
            .filter_map(|one| one.signed.releases.as_ref())
    }

    fn digest(&self) -> Result<Sha256Digest, KeyringError> {
        let last = self
            .versions
            .last()
            .ok_or(KeyringError::Malformed("it is empty"))?;
        Ok(sha256_bytes(&encoded(last.line())?))
    }
}

fn encoded<T>(made: Result<T, CanonicalError>) -> Result<T, KeyringError> {
    made.map_err(|_| KeyringError::Malformed("it has no canonical form"))
}

/// Names are shown to people: short, and nothing that moves a cursor.
fn plain(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic() || c == ' ')
}

/// Every signature that is there has to hold, and be by a key that has a say: one in use in the
/// version before, or in the first itself.
fn check_signatures(version: &Signed, before: Option<&Signed>) -> Result<(), KeyringError> {
    let number = version.signed.version;
    let message = pae(TYPE, &encoded(version.line())?);
    let content = &before.unwrap_or(version).signed;

    // Keys that this version adds may sign it too: that counts towards no threshold, and ties the
    // keyring to anyone who trusts only the new key.
    let mut active = content.active();
    active.extend(version.signed.active());
    let keys: Vec<PublicKey> = version
        .signed
        .keys
        .iter()
        .chain(&content.keys)
        .filter_map(Member::public)
        .collect();

    for by in &version.signatures {
        let key = keys
            .iter()
            .find(|key| key.fingerprint() == by.key && active.contains(key.key.as_bytes()));
        let key = key.ok_or(KeyringError::Chain {
            version: number,
            why: "it is signed by a key that was not in use before",
        })?;
        let bytes = STANDARD
            .decode(&by.sig)
            .ok()
            .filter(|bytes| STANDARD.encode(bytes) == by.sig);
        let signature = bytes.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let holds =
            signature.is_some_and(|signature| key.key.verify_strict(&message, &signature).is_ok());
        if !holds {
            return Err(KeyringError::Signature { version: number });
        }
    }

    Ok(())
}

/// The different keys that signed, each once; [`check_signatures`] says who may.
fn signers(version: &Signed, before: Option<&Signed>) -> BTreeSet<[u8; 32]> {
    let keys = before
        .unwrap_or(version)
        .signed
        .keys
        .iter()
        .filter_map(Member::public);
    keys.filter(|key| {
        version
            .signatures
            .iter()
            .any(|by| by.key == key.fingerprint())
    })
    .map(|key| key.key.to_bytes())
    .collect()
}

fn threshold(version: &Signed, before: Option<&Signed>) -> Result<(), KeyringError> {
    let need = before.unwrap_or(version).signed.threshold;
    let have = signers(version, before).len();
    if have < need as usize {
        return Err(KeyringError::Threshold {
            version: version.signed.version,
            have,
            need,
        });
    }
    Ok(())
}

/// A version that does not follow from the one before it.
fn broken_chain(version: u64, why: &'static str) -> KeyringError {
    KeyringError::Chain { version, why }
}

#[cfg(test)]
mod tests;
