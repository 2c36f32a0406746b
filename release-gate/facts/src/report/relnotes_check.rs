//! `relnotes-check.json`: whether notes agree with the release they are about.

use serde::{Deserialize, Serialize};

use crate::Sha256Digest;

/// The data of `relnotes-check.json`.
///
/// ```
/// use release_gate_facts::report::relnotes_check::RelnotesCheckData;
/// use release_gate_facts::{Envelope, Fact, Sha256Digest};
///
/// // Whether the notes about to be published are those that were checked.
/// fn is_checked(fact: &Fact<Envelope<RelnotesCheckData>>, notes: Sha256Digest) -> bool {
///     fact.usable()
///         .is_some_and(|report| report.data.notes_sha256 == notes)
/// }
/// # assert!(!is_checked(&Fact::Missing, Sha256Digest::from_bytes([0; 32])));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelnotesCheckData {
    /// Name of the file that was checked.
    pub notes: String,
    /// SHA-256 of what was checked: the file, or the section of this release.
    pub notes_sha256: Sha256Digest,
    /// Whether the notes were generated, so that they are held exactly.
    pub generated: bool,
    /// How many commits the release has.
    pub commits: u64,
}

crate::report_data!(RelnotesCheckData = "relnotes-check");
