//! Which keys are believed, and what a keyring says about them.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use release_gate::public_key::PublicKey;
use release_gate::{Finding, Rule};
use semver::Version;

use super::verdict::shown;
use crate::format::keyring::{Keyring, KeyringError};
use crate::model::keyring::{Member, Standing};
use crate::rules;

/// The keys a release is checked with.
#[derive(Debug, Clone)]
pub struct Keys {
    /// In the order given, then those a keyring adds.
    pub keys: Vec<PublicKey>,
    /// Whether they came from somewhere else than the download.
    pub pinned: bool,
    /// What is wrong with the keyring; part of every verdict that is made with these keys.
    pub findings: Vec<Finding>,
    ring: Option<Keyring>,
    highest: Option<Version>,
}

impl Keys {
    /// Keys without a keyring.
    pub fn new(keys: Vec<PublicKey>, pinned: bool) -> Self {
        Self {
            keys,
            pinned,
            findings: Vec::new(),
            ring: None,
            highest: None,
        }
    }

    /// Adds what a keyring says: the one that was `found`, if it continues the one that was `seen`
    /// or is tied to one of the keys.
    #[must_use]
    pub fn with_keyring(self, found: Option<&[u8]>, seen: Option<&Keyring>) -> Self {
        self.with_ring(found, seen, true)
    }

    /// The same for a keyring that came with the download. It is published for everybody, so that
    /// one which lists the key and is not tied to it is no refusal: it is as if there were none.
    #[must_use]
    pub fn with_found_keyring(self, found: Option<&[u8]>, seen: Option<&Keyring>) -> Self {
        self.with_ring(found, seen, false)
    }

    fn with_ring(mut self, found: Option<&[u8]>, seen: Option<&Keyring>, named: bool) -> Self {
        let judged = found.map(|bytes| {
            let ring = Keyring::parse(bytes)?;
            ring.trusted(seen, &self.keys).map(|()| ring)
        });

        self.ring = match judged {
            Some(Ok(ring)) => Some(ring),
            // Nothing says that it is genuine, and nothing in it is relied on: it is as if there
            // were none. A new key is such a key until its holder signed the keyring.
            Some(Err(KeyringError::Untrusted))
                if !named && seen.is_none() && self.is_listed_in(found) =>
            {
                let text =
                    "the trusted key never signed the keyring that lists it: it was not relied on";
                let help =
                    "the holder of the new key signs the keyring with `cargo sign keys sign`";
                self.findings
                    .push(Finding::new(&rules::KEYRING_UNPROVEN, text).help(help));
                None
            }
            Some(Err(error)) => {
                let help = "get keyring.json again from where the project publishes it; do not trust the release until it holds";
                self.findings
                    .push(Finding::new(error.rule(), error.to_string()).help(help));
                seen.cloned()
            }
            None => seen.cloned(),
        };

        let members = self
            .ring
            .iter()
            .flat_map(|ring| &ring.newest().keys)
            .filter_map(Member::public);

        let more: Vec<_> = members.filter(|key| !self.keys.contains(key)).collect();
        self.keys.extend(more);

        self
    }

    /// Whether a keyring that holds in itself lists one of the keys as in use.
    fn is_listed_in(&self, found: Option<&[u8]>) -> bool {
        let ring = found.and_then(|bytes| Keyring::parse(bytes).ok());
        ring.is_some_and(|ring| ring.complete().is_ok() && ring.has_in_use(&self.keys))
    }

    /// Adds the keyring that is committed beside the key: both came with one commit, so that it is
    /// enough that the key is in use there.
    #[must_use]
    pub fn with_committed_keyring(self, found: Option<&[u8]>) -> Self {
        let ring = found.and_then(|bytes| Keyring::parse(bytes).ok());
        match ring {
            Some(ring) if ring.complete().is_ok() && ring.has_in_use(&self.keys) => {
                self.with_keyring(None, Some(&ring))
            }
            _ => self.with_keyring(found, None),
        }
    }

    /// Adds the highest release that was seen together with a keyring: what is newer is judged by
    /// what that one asks for today.
    #[must_use]
    pub fn after(mut self, highest: Option<&Version>) -> Self {
        self.highest = highest.cloned();
        self
    }

    /// The keyring that is believed.
    pub fn keyring(&self) -> Option<&Keyring> {
        self.ring.as_ref()
    }

    /// How many different keys signed that count for a release of this version, and how many have
    /// to.
    pub(crate) fn quorum(&self, version: &str, signers: &BTreeSet<[u8; 32]>) -> (usize, u32) {
        let need = self.ring.as_ref().zip(Version::parse(version).ok());
        let need = need.map_or(1, |(ring, version)| match &self.highest {
            Some(highest) => ring.quorum_after(highest, &version),
            None => ring.quorum(&version),
        });
        let Some(ring) = self.ring.as_ref().filter(|_| need > 1) else {
            return (signers.len(), need);
        };
        let members = ring
            .newest()
            .keys
            .iter()
            .filter_map(Member::public)
            .map(|key| key.key.to_bytes());
        let members: BTreeSet<_> = members.collect();
        (signers.intersection(&members).count(), need)
    }

    pub(crate) fn by_id(&self, id: &[u8; 8]) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.id == *id)
    }

    /// Why a key, although its signature holds, may not vouch for a version of a project.
    pub fn refuses(
        &self,
        key: &VerifyingKey,
        project: &str,
        version: &str,
    ) -> Option<(&'static Rule, String)> {
        let ring = self.ring.as_ref()?.newest();
        if !ring.projects.contains(project) {
            return Some((
                &rules::KEYRING_UNTRUSTED,
                format!("the keyring is not for `{}`", shown(project)),
            ));
        }

        let Ok(version) = Version::parse(version) else {
            return Some((
                &rules::COMMENT_MALFORMED,
                format!("`{}` is not a version", shown(version)),
            ));
        };

        let fingerprint = PublicKey::new(*key).fingerprint();

        match ring.standing(key, &version)? {
            Standing::Good => None,
            Standing::Retired { after } => Some((
                &rules::KEY_RETIRED,
                format!("the key {fingerprint} was retired after {after} and signed {version}"),
            )),
            Standing::Revoked(revoked) => {
                let last = revoked.last_good_version.map_or_else(
                    || "nothing it signed is good".to_owned(),
                    |last| format!("the last good version is {last}"),
                );
                let reason = shown(&revoked.reason);
                Some((
                    &rules::KEY_REVOKED,
                    format!("the key {fingerprint} was revoked ({reason}); {last}"),
                ))
            }
        }
    }
}
