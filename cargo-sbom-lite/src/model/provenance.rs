//! What documents say about how they came to be.

use release_gate::git::CommitId;

/// What a document says beside its components.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The commit the inventory was made from.
    pub commit: Option<CommitId>,
    /// Whether the work tree differed from it.
    pub dirty: bool,
    /// SHA-256 of Cargo.lock.
    pub lock_sha256: Option<String>,
    /// The moment of the document: the commit's or SOURCE_DATE_EPOCH; seconds since 1970.
    pub epoch: Option<i64>,
    /// `rustc --version` of the toolchain that builds it.
    pub rustc: Option<String>,
    /// SHA-256 and name of the artifacts that were built, sorted.
    pub artifacts: Vec<(String, String)>,
}

impl Provenance {
    /// The bare version of the toolchain: `1.95.0` of `rustc 1.95.0 (…)`.
    pub fn rust_version(&self) -> Option<&str> {
        self.rustc.as_deref()?.split_whitespace().nth(1)
    }
}
