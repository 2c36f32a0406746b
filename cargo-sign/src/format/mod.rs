//! Formats: pure codecs over bytes, strict on reading, canonical on writing.

pub mod bundle;
pub mod checksums;
pub mod dsse;
pub mod git_object;
pub mod gpg_status;
pub mod keyring;
pub mod minisign;
pub mod public_key;
pub mod raw;
#[cfg(test)]
mod separation;
pub mod signify;
pub mod sshsig;
