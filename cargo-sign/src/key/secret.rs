//! A secret key, wherever it is.

use ed25519_dalek::{SigningKey, VerifyingKey};
use release_gate::Result;
use release_gate::public_key::{KeyId, PublicKey, key_id};

use super::agent::{AgentKey, Session};
use crate::format::Signs;

/// A secret key, and the id its minisign signatures carry.
#[derive(Debug, Clone)]
pub struct Secret {
    pub(super) holder: Holder,
    pub(super) id: KeyId,
}

/// Who has the key.
#[derive(Debug, Clone)]
pub(super) enum Holder {
    /// This process.
    Here(SigningKey),
    /// An SSH agent.
    Agent(AgentKey),
}

impl Secret {
    /// A key with the id this suite assigns.
    pub fn new(key: SigningKey) -> Self {
        Self {
            id: key_id(&key.verifying_key()),
            holder: Holder::Here(key),
        }
    }

    /// Makes something that is signed.
    ///
    /// # Errors
    /// The agent that holds the key did not sign; then what was made is not given out.
    pub fn with<T>(&self, make: impl FnOnce(&dyn Signs) -> T) -> Result<T> {
        match &self.holder {
            Holder::Here(key) => Ok(make(key)),
            Holder::Agent(key) => {
                let session = Session::new(key);
                let made = make(&session);
                session.end().map(|()| made)
            }
        }
    }

    pub(super) fn verifying_key(&self) -> VerifyingKey {
        match &self.holder {
            Holder::Here(key) => key.verifying_key(),
            Holder::Agent(key) => key.key,
        }
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey {
            key: self.verifying_key(),
            id: self.id,
        }
    }

    /// Carries the id under which its public half is published, where that is one of these keys.
    #[must_use]
    pub fn published_among<'a>(mut self, keys: impl IntoIterator<Item = &'a PublicKey>) -> Self {
        let own = self.verifying_key();
        self.id = keys
            .into_iter()
            .find(|key| key.key == own)
            .map_or(self.id, |key| key.id);
        self
    }
}
