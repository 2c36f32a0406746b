//! A published buildinfo.json, whatever it says; what it claims is judged elsewhere.

use std::path::Path;

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::error::JudgeExt;
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::report::{Envelope, Subject};
use release_gate::{Error, Fact, Result};

/// A buildinfo with the digest of its file.
#[derive(Debug)]
pub(crate) struct Published {
    /// The file's name, for messages.
    pub(crate) shown: String,
    pub(crate) envelope: Envelope<BuildInfo>,
    /// Digest of the whole file.
    pub(crate) sha256: Sha256Digest,
}

impl Published {
    /// What it says.
    pub(crate) fn info(&self) -> &BuildInfo {
        &self.envelope.data
    }
}

/// What a file says it is about, whatever else it says; `None` where it does not say.
pub(crate) fn claimed_subject(path: &Path) -> Option<Subject> {
    let bytes = std::fs::read(path).ok()?;
    let envelope: Envelope = serde_json::from_slice(&bytes).ok()?;
    Some(envelope.subject)
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
    let help = "take the file that `cargo repro build` wrote";
    let error = match Fact::<Envelope<BuildInfo>>::read(Some(bytes)) {
        Fact::Usable(envelope) => {
            return Ok(Published {
                shown,
                envelope,
                sha256: sha256_bytes(bytes),
            });
        }
        Fact::Error(why) => {
            Error::judge(format!("`{shown}` is of a build that did not pass: {why}"))
        }
        other => {
            let why = other
                .gap()
                .map_or_else(String::new, |gap| format!(": {}", gap.why));
            Error::judge(format!("`{shown}` is not a buildinfo.json{why}"))
        }
    };
    Err(error.with_help(help))
}
