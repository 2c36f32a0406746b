//! Verification: every refusal a finding with its reason code, in the order structure, set, digests, signature, key, meaning.

mod archive;
mod file;
mod provenance;
mod release;

use std::path::Path;

use ed25519_dalek::VerifyingKey;
use release_gate::{Error, Finding, Result};

pub use self::file::{Checked, check_file};
pub(crate) use self::provenance::LOG;
pub use self::provenance::{Expected, check_provenance};
pub use self::release::{Extent, check_archive, check_directory, check_list};
use crate::format::public_key::PublicKey;
use crate::model::comment::TrustedComment;

/// The keys a release is checked with.
#[derive(Debug, Clone)]
pub struct Keys {
    /// In the order given.
    pub keys: Vec<PublicKey>,
    /// Whether they came from somewhere else than the download.
    pub pinned: bool,
}

impl Keys {
    /// Reads key files.
    ///
    /// # Errors
    /// A file cannot be read or holds no usable key.
    pub fn read(paths: &[std::path::PathBuf], pinned: bool) -> Result<Self> {
        let keys = paths.iter().map(|path| read_key(path)).collect::<Result<_>>()?;
        Ok(Self { keys, pinned })
    }

    fn by_id(&self, id: &[u8; 8]) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.id == *id)
    }
}

fn read_key(path: &Path) -> Result<PublicKey> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::judge(format!("cannot read the public key `{name}`")).with_source(error))?;
    PublicKey::parse(&text).map_err(|error| {
        Error::judge(format!("the public key `{name}` cannot be used"))
            .with_source(error)
            .with_help("keys are read as minisign, OpenSSH, PEM or raw base64")
    })
}

/// What verification found out.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Refusals and remarks.
    pub findings: Vec<Finding>,
    /// Files that held, with the key and comment that vouch for them.
    pub held: Vec<Held>,
    /// What else people are told when everything held.
    pub remarks: Vec<String>,
}

/// A file that held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub file: String,
    /// SHA-256.
    pub sha256: release_gate::digest::Sha256Digest,
    /// Size in bytes.
    pub size: u64,
    /// Who signed it, where it is signed itself.
    pub signed: Option<(VerifyingKey, TrustedComment)>,
}

impl Verdict {
    fn refuse(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether nothing was refused.
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|finding| finding.level != release_gate::Level::Deny)
    }
}

/// Shows a name from outside safely in a message.
fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}
