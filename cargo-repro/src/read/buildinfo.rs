//! A published buildinfo.json, whatever it says; what it claims is judged elsewhere.

use std::path::Path;

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::error::JudgeExt;
use release_gate::report::Envelope;
use release_gate::{Error, Result};

use crate::model::published::BuildInfo;

/// A buildinfo with its envelope and the digest of its file.
#[derive(Debug)]
pub(crate) struct Published {
    /// The file's name, for messages.
    pub(crate) shown: String,
    pub(crate) envelope: Envelope,
    pub(crate) info: BuildInfo,
    /// Digest of the whole file.
    pub(crate) sha256: Sha256Digest,
}

/// Reads a published buildinfo.
///
/// # Errors
/// It cannot be read, or is none.
pub(crate) fn read_file(path: &Path) -> Result<Published> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).or_judge(|| format!("cannot read `{shown}`"))?;
    read_bytes(&bytes, shown)
}

/// The text of a published buildinfo.
///
/// # Errors
/// It is none.
pub(crate) fn read_bytes(bytes: &[u8], shown: String) -> Result<Published> {
    let envelope = Envelope::read(bytes, "buildinfo")
        .map_err(|error| Error::judge(format!("`{shown}` is no buildinfo")).with_source(error))?;
    let info = serde_json::from_value(envelope.data.clone())
        .or_judge(|| format!("`{shown}` is no buildinfo"))?;

    Ok(Published {
        shown,
        envelope,
        info,
        sha256: sha256_bytes(bytes),
    })
}
