//! Documents made from an inventory: the same bytes for the same commit, on any machine.

pub mod cyclonedx;
pub mod notices;
pub mod osv;
pub mod spdx;
mod tag_value;
pub mod vex;

use release_gate::git::CommitId;
use uuid::Uuid;

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

/// A name-based UUID (RFC 9562, version 5) of a document's content: the same content, the same
/// number.
fn uuid_of(content: &[u8]) -> Uuid {
    // The namespace is itself derived from a name, once and for all.
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://release-gates.invalid/sbom");
    Uuid::new_v5(&namespace, content)
}
