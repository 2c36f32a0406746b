//! Verification: every refusal a finding with its reason code, in the order structure, set,
//! digests, signature, key, meaning.

mod archive;
#[cfg(feature = "sigstore")]
mod bundle;
mod companion;
mod file;
mod meaning;
mod provenance;
mod release;
mod trust;
mod unsigned;

use ed25519_dalek::VerifyingKey;
use release_gate::Finding;

pub(crate) use self::archive::check_structure;
pub(crate) use self::companion::stale_further;
pub use self::file::{Checked, check_file, check_unsigned};
pub(crate) use self::file::{first_signer, signature_of, small, small_named};
pub use self::provenance::{Expected, check_provenance, check_summary};
pub(crate) use self::provenance::{LOG, LOG_HEAD, read as read_provenance};
pub(crate) use self::release::is_archive;
pub use self::release::{Extent, check_archive, check_directory, check_list};
pub use self::trust::Keys;
pub(crate) use self::unsigned::{check_listed_unsigned, claimed_projects, signed_for};
use crate::model::comment::TrustedComment;
use crate::model::provenance::Build;

/// What verification found out.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Refusals and remarks.
    pub findings: Vec<Finding>,
    /// Files that held, with the key and comment that vouch for them.
    pub held: Vec<Held>,
    /// Builds that vouch for them, where provenance was judged.
    pub built: Vec<Build>,
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
        self.findings
            .iter()
            .all(|finding| finding.level != release_gate::Level::Deny)
    }
}

/// Shows a name from outside safely in a message.
fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}
