//! What each call does.

pub(crate) mod attest;
mod audit_log;
mod extract;
mod key_args;
pub(crate) mod keygen;
pub(crate) mod keys;
pub(crate) mod pack;
mod release;
pub(crate) mod sign;
mod signing;
mod trust;
#[cfg(feature = "upload")]
pub(crate) mod upload;
pub(crate) mod verify;
pub(crate) mod verify_source;
