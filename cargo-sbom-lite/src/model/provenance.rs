//! What documents say about how they came to be.

use release_gate::git::CommitId;

use super::config::{Maker, NativeLibrary};

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
    /// The artifacts that were built, sorted.
    pub artifacts: Vec<Artifact>,
    /// Why a record of a build that is there says nothing about them.
    pub artifact_gap: Option<String>,
    /// Who makes and supplies it.
    pub maker: Maker,
    /// What is known of native libraries.
    pub native: Vec<NativeLibrary>,
}

/// A file that was built and can be deployed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// Its path in the artifact folder.
    pub path: String,
    /// The target triple it was built for.
    pub target: String,
    /// SHA-256, as the build recorded it.
    pub sha256: String,
    /// SHA-512, where the file is there and is the one that was recorded.
    pub sha512: Option<String>,
}

impl Artifact {
    /// The name of the file.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Provenance {
    /// The bare version of the toolchain: `1.95.0` of `rustc 1.95.0 (…)`.
    pub fn rust_version(&self) -> Option<&str> {
        self.rustc.as_deref()?.split_whitespace().nth(1)
    }
}
