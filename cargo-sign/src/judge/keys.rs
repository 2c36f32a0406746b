//! Which keys are believed, and what a keyring says about them.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use release_gate::public_key::PublicKey;
use release_gate::{Finding, Rule};
use semver::Version;

use super::verdict::shown;
use crate::format::keyring::Keyring;
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
    pub fn with_keyring(mut self, found: Option<&[u8]>, seen: Option<&Keyring>) -> Self {
        let judged = found.map(|bytes| {
            let ring = Keyring::parse(bytes)?;
            ring.trusted(seen, &self.keys).map(|()| ring)
        });
        self.ring = match judged {
            Some(Ok(ring)) => Some(ring),
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
                format!("`{}` is no version", shown(version)),
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
