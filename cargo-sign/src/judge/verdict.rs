//! What verification found out.

use ed25519_dalek::VerifyingKey;
use release_gate::digest::Sha256Digest;
use release_gate::{Finding, Level};
use release_gate_facts::Coverage;

use crate::format::minisign::Prehash;
use crate::model::comment::TrustedComment;
use crate::model::provenance::Build;

/// What verification found out.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Refusals and remarks.
    pub findings: Vec<Finding>,
    /// Files that held, with the key and comment that vouch for them.
    pub verified: Vec<Verified>,
    /// Builds that vouch for them, where provenance was judged.
    pub builds: Vec<Build>,
    /// What else people are told when everything held.
    pub remarks: Vec<String>,
    /// What was not judged, and why.
    pub coverage: Coverage,
}

/// A file that held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The name it was verified under: its own, or its path in the list.
    pub file: String,
    /// Digest of all of it.
    pub digest: FileDigest,
    /// Its size in bytes.
    pub size: u64,
    /// Who signed it, where it is signed itself.
    pub signed: Option<Signed>,
}

/// The digest of a file by which it was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileDigest {
    /// Of a file that a list or provenance names, or that is unpacked.
    Sha256(Sha256Digest),
    /// Of a file that nothing but a minisign signature was asked about.
    Prehash(Prehash),
}

impl FileDigest {
    /// Its SHA-256, where that was computed.
    pub fn sha256(self) -> Option<Sha256Digest> {
        match self {
            Self::Sha256(digest) => Some(digest),
            Self::Prehash(_) => None,
        }
    }
}

impl From<Sha256Digest> for FileDigest {
    fn from(digest: Sha256Digest) -> Self {
        Self::Sha256(digest)
    }
}

/// A signature that holds: the key, and what it says about the file.
pub type Signed = (VerifyingKey, TrustedComment);

/// What one judge found, and what it found wrong on the way.
#[derive(Debug, Clone)]
pub struct Judged<T> {
    /// `None`: nothing that counts.
    pub found: Option<T>,
    /// Refusals and remarks.
    pub findings: Vec<Finding>,
}

impl<T> Judged<T> {
    /// Nothing, for one reason.
    pub(crate) fn refused(finding: Finding) -> Self {
        Self {
            found: None,
            findings: vec![finding],
        }
    }
}

impl Verdict {
    /// One that begins with what is wrong with the keys.
    pub(crate) fn with(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            ..Self::default()
        }
    }

    /// Adds a refusal or a remark.
    pub(crate) fn refuse(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Keeps what a judge found wrong, and passes on what it found.
    pub(crate) fn take<T>(&mut self, judged: Judged<T>) -> Option<T> {
        self.findings.extend(judged.findings);
        judged.found
    }

    /// Adds everything another verdict says.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.verified.extend(other.verified);
        self.builds.extend(other.builds);
        self.remarks.extend(other.remarks);
        self.coverage.extend(&other.coverage);
    }

    /// What was looked at, and what was not.
    pub(crate) fn judged(&self) -> Coverage {
        let mut coverage = Coverage::of(self.verified.len());
        coverage.extend(&self.coverage);
        coverage
    }

    /// Whether nothing was refused.
    pub fn holds(&self) -> bool {
        nothing_denied(&self.findings)
    }

    /// What the signatures say, one a signed file.
    pub(crate) fn comments(&self) -> impl Iterator<Item = &TrustedComment> {
        self.verified
            .iter()
            .filter_map(|verified| verified.signed.as_ref())
            .map(|(_, comment)| comment)
    }
}

/// Whether none of these findings denies.
pub(crate) fn nothing_denied(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Deny)
}

/// Shows a name from outside safely in a message.
pub(crate) fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}
