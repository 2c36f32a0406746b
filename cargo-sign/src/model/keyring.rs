//! What a keyring says: which keys may sign releases of which projects, and since when a key no
//! longer may. Pure.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use release_gate::digest::Sha256Digest;
use semver::Version;
use serde::{Deserialize, Serialize};

use release_gate::public_key::PublicKey;

/// One version of a keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Keys, in the order in which they were added. None is ever taken out again.
    pub keys: Vec<Member>,
    /// SHA-256 of the version before, as it was signed; `null` in the first.
    pub previous: Option<Sha256Digest>,
    /// Packages whose releases the keys may sign.
    pub projects: BTreeSet<String>,
    /// How many different keys have to sign releases; `None` where one is enough, or where it is
    /// as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub releases: Option<Quorum>,
    /// How many different keys have to sign the next version.
    pub threshold: u32,
    /// From 1, one more each time.
    pub version: u64,
}

/// How many different keys have to sign a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// The first version this is asked of; those before were made under other rules.
    pub from: Version,
    /// How many.
    pub threshold: u32,
}

impl Quorum {
    /// Whether it is asked of a version; a pre-release of the first one counts as that one.
    pub fn covers(&self, version: &Version) -> bool {
        core_of(version) >= core_of(&self.from)
    }
}

/// A version without what makes a pre-release of it.
fn core_of(version: &Version) -> (u64, u64, u64) {
    (version.major, version.minor, version.patch)
}

/// A key of a keyring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The public key: the second line of its minisign form.
    pub key: String,
    /// Who holds it.
    pub name: String,
    /// Last version it may have signed, once it is no longer in use.
    pub retired_after: Option<Version>,
    /// Set when others may have it.
    pub revoked: Option<Revoked>,
}

/// Why a key is not to be trusted any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// Last version whose signature is still believed; `null` for none.
    pub last_good_version: Option<Version>,
    /// What happened.
    pub reason: String,
}

/// Whether a key may vouch for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Good,
    /// It was replaced before.
    Retired {
        /// The last version it may have signed.
        after: Version,
    },
    /// Others may have it.
    Revoked(Revoked),
}

/// By precedence: build metadata does not make a version newer.
fn newer(version: &Version, than: &Version) -> bool {
    version.cmp_precedence(than).is_gt()
}

impl Member {
    /// A new key in use.
    pub fn new(name: impl Into<String>, key: &PublicKey) -> Self {
        Self {
            key: key.base64(),
            name: name.into(),
            retired_after: None,
            revoked: None,
        }
    }

    /// The key; `None` where the text is none.
    pub fn public(&self) -> Option<PublicKey> {
        PublicKey::parse(&self.key)
            .ok()
            .filter(|key| key.base64() == self.key)
    }

    /// Whether it is in use: it may sign releases without limit, and the keyring itself.
    pub fn active(&self) -> bool {
        self.retired_after.is_none() && self.revoked.is_none()
    }

    fn standing(&self, version: &Version) -> Standing {
        match (&self.revoked, &self.retired_after) {
            (Some(revoked), _)
                if revoked
                    .last_good_version
                    .as_ref()
                    .is_none_or(|last| newer(version, last)) =>
            {
                Standing::Revoked(revoked.clone())
            }
            (_, Some(after)) if newer(version, after) => Standing::Retired {
                after: after.clone(),
            },
            _ => Standing::Good,
        }
    }
}

impl Content {
    /// The keys in use, each once, whatever they are called.
    pub fn active(&self) -> BTreeSet<[u8; 32]> {
        let out: BTreeSet<_> = self
            .keys
            .iter()
            .filter(|member| !member.active())
            .filter_map(key_bytes)
            .collect();
        let within = self
            .keys
            .iter()
            .filter(|member| member.active())
            .filter_map(key_bytes);
        within.filter(|key| !out.contains(key)).collect()
    }

    /// Whether `key` may vouch for `version`; `None` where it is not in the keyring. Of two entries
    /// for one key the worse counts.
    pub fn standing(&self, key: &VerifyingKey, version: &Version) -> Option<Standing> {
        let entries = self
            .keys
            .iter()
            .filter(|member| member.public().is_some_and(|found| found.key == *key));
        entries
            .map(|member| member.standing(version))
            .max_by_key(|standing| match standing {
                Standing::Good => 0,
                Standing::Retired { .. } => 1,
                Standing::Revoked(_) => 2,
            })
    }

    /// Why `next` may not follow, whoever signs it.
    pub fn refuses(&self, next: &Self) -> Option<&'static str> {
        for old in &self.keys {
            let Some(new) = next
                .keys
                .iter()
                .find(|new| new.key == old.key && new.name == old.name)
            else {
                return Some("a key was taken out");
            };
            let raised = match (&old.revoked, &new.revoked) {
                (Some(_), None) => true,
                (Some(old), Some(new)) => new.last_good_version > old.last_good_version,
                _ => false,
            };
            if raised {
                return Some("a revocation was taken back");
            }
        }
        if !self.projects.is_subset(&next.projects) {
            return Some("a project was taken out");
        }
        None
    }
}

fn key_bytes(member: &Member) -> Option<[u8; 32]> {
    member.public().map(|key| key.key.to_bytes())
}
