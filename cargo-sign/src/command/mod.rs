//! What each call does.

pub(crate) mod attest;
pub(crate) mod keygen;
pub(crate) mod keys;
pub(crate) mod pack;
pub(crate) mod sign;
mod trust;
#[cfg(feature = "upload")]
pub(crate) mod upload;
pub(crate) mod verify;
pub(crate) mod verify_source;

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use release_gate::fs::write_atomic;
use release_gate::project::Project;
use release_gate::{Error, Result};
use serde::Deserialize;

use crate::format::minisign::MinisignSignature;
use crate::format::public_key::PublicKey;
use crate::model::comment::TrustedComment;

/// `[sign]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// The public key releases are checked with; relative to the workspace.
    pub(crate) public_key: Option<PathBuf>,
}

/// Where a project commits its public key.
pub(crate) const COMMITTED_KEY: &str = "release-keys/maintainer.ed25519.pub";

/// Where a project commits its keyring.
pub(crate) const COMMITTED_KEYRING: &str = "release-keys/keyring.json";

/// The committed public key of a project, if there is one.
pub(crate) fn committed_key(project: &Project, config: &Config) -> Option<PathBuf> {
    let path = project.root.join(config.public_key.as_deref().unwrap_or(Path::new(COMMITTED_KEY)));
    path.is_file().then_some(path)
}

/// What signatures of a release say, but for the file's name.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) project: String,
    pub(crate) version: String,
    pub(crate) commit: String,
    pub(crate) dirty: bool,
    pub(crate) epoch: i64,
}

impl Release {
    pub(crate) fn comment(&self, file: &str) -> TrustedComment {
        TrustedComment {
            timestamp: self.epoch,
            file: file.to_owned(),
            project: self.project.clone(),
            version: self.version.clone(),
            commit: self.commit.clone(),
            dirty: self.dirty,
        }
    }

    /// The text of a signature over bytes with this BLAKE2b-512 digest.
    pub(crate) fn signature(&self, key: &SigningKey, file: &str, prehash: &[u8; 64]) -> String {
        let comment = self.comment(file);
        MinisignSignature::sign(key, prehash, &comment.to_string()).render(&comment.untrusted())
    }
}

/// Signs a file and writes `FILE.sig` beside it.
pub(crate) fn sign_file(key: &SigningKey, release: &Release, path: &Path) -> Result<PathBuf> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::usage(format!("the name of `{}` is not UTF-8", path.display())))?;
    if let Err(error) = crate::model::path::check(name) {
        return Err(
            Error::usage(format!("`{}` cannot be signed under its name", path.display())).with_source(error)
        );
    }
    let checked = crate::judge::Checked::open(path, true)?
        .ok_or_else(|| Error::usage(format!("`{}` is not a regular file", path.display())))?;
    let mut sig = path.as_os_str().to_owned();
    sig.push(".sig");
    let sig = PathBuf::from(sig);
    write_atomic(&sig, release.signature(key, name, &checked.prehash.unwrap_or([0; 64])).as_bytes())?;
    Ok(sig)
}

/// The public half of a key.
pub(crate) fn public(key: &SigningKey) -> PublicKey {
    PublicKey::new(key.verifying_key())
}
