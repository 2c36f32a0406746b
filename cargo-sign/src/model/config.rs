//! `[sign]` of the configuration, and where a project commits its public keys. Pure.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// Where a project commits its public key.
pub const COMMITTED_KEY: &str = "release-keys/maintainer.ed25519.pub";

/// Where a project commits its keyring.
pub const COMMITTED_KEYRING: &str = "release-keys/keyring.json";

/// `[sign]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// The public key that `verify` uses, relative to the workspace. Default:
    /// `release-keys/maintainer.ed25519.pub`.
    pub public_key: Option<PathBuf>,
    /// Further formats in which `pack` signs the checksum file.
    pub emit: Vec<Emitter>,
}

/// A further format in which the list is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Emitter {
    /// `SHA256.sig`, for signify.
    Signify,
    /// `checksums.txt.ed25519`, for openssl.
    Raw,
}
