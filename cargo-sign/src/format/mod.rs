//! Formats: pure codecs over bytes, strict on reading, canonical on writing.

pub mod agent;
pub mod bundle;
pub mod checksums;
pub mod dsse;
pub mod git_object;
pub mod gpg_status;
pub mod keyring;
pub mod minisign;
pub mod raw;
#[cfg(test)]
mod separation;
mod served;
pub mod signify;
pub mod sshsig;
pub mod unique;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Whatever makes Ed25519 signatures: a key at hand, or one that somebody else holds.
pub trait Signs {
    /// The public half.
    fn verifying_key(&self) -> VerifyingKey;

    /// Signs bytes as they are. Deterministic (RFC 8032).
    fn signature(&self, message: &[u8]) -> Signature;
}

impl Signs for SigningKey {
    fn verifying_key(&self) -> VerifyingKey {
        self.verifying_key()
    }

    fn signature(&self, message: &[u8]) -> Signature {
        self.sign(message)
    }
}
