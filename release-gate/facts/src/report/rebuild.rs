//! `rebuild.json`: what was published, built again and compared.

use serde::{Deserialize, Serialize};

use crate::commit::CommitId;
use crate::report::repro::ComparedArtifact;

/// Data of `rebuild.json`.
///
/// ```
/// use release_gate_facts::report::rebuild::RebuildData;
/// use release_gate_facts::{Envelope, Fact};
///
/// let fact = Fact::<Envelope<RebuildData>>::read(None);
/// assert!(!fact.usable().is_some_and(|report| report.data.verified));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RebuildData {
    /// The commit that both were built from.
    pub commit: CommitId,
    /// What differs between the toolchains, in words; empty if they are the same.
    pub toolchain: Vec<String>,
    /// Published and rebuilt digests, sorted by target and name.
    pub artifacts: Vec<ComparedArtifact>,
    /// Whether every published artifact came out the same, and nothing else was found.
    pub verified: bool,
}

crate::report_data!(RebuildData = "rebuild");
