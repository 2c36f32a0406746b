//! `pack.json`: what was packed, listed and signed.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// The data of `pack.json`.
///
/// ```
/// use release_gate_facts::report::pack::PackData;
/// use release_gate_facts::{Envelope, Fact};
///
/// // The archives a release has for one target.
/// fn archives<'a>(fact: &'a Fact<Envelope<PackData>>, target: &str) -> Vec<&'a str> {
///     let packed = fact.usable().into_iter().flat_map(|report| &report.data.archives);
///     packed
///         .filter(|archive| archive.target == target)
///         .map(|archive| archive.name.as_str())
///         .collect()
/// }
/// # assert!(archives(&Fact::Missing, "wasm32-wasip1").is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackData {
    /// Fingerprint of the key that signed, as `ssh-keygen -lf` shows it.
    pub key: String,
    /// Archives that were written, sorted as the builds name their targets.
    pub archives: Vec<PackedArchive>,
    /// Every other file that the signed list names, sorted by name: documents, the package as it is
    /// published to a registry, and what was included by name.
    pub files: Vec<ListedFile>,
}

crate::report_data!(PackData = "pack");

/// One archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackedArchive {
    /// File name in the release folder.
    pub name: String,
    /// Target triple it was built for.
    pub target: String,
    /// Digest of the archive.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A file of the signed list that is not an archive of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListedFile {
    /// File name in the release folder.
    pub name: String,
    /// Digest of the file.
    pub sha256: Sha256Digest,
}
