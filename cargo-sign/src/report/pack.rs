//! `pack.json`'s data.

use release_gate::digest::Sha256Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `pack.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Fingerprint of the key, as `ssh-keygen -lf` shows it.
    pub key: String,
    /// Archives that were written.
    pub archives: Vec<Packed>,
}

/// One archive.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Packed {
    /// File name.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}
