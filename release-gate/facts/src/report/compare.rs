//! `compare.json`: the builds of two machines laid over each other.

use serde::{Deserialize, Serialize};

use crate::commit::CommitId;
use crate::report::repro::ComparedArtifact;

/// Data of `compare.json`.
///
/// ```
/// use release_gate_facts::ReportData;
/// use release_gate_facts::report::compare::CompareData;
///
/// assert_eq!(CompareData::FILE, "compare.json");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompareData {
    /// The commit that the first was built from.
    pub commit: CommitId,
    /// What differs between the toolchains, in words; empty if they are the same.
    pub toolchain: Vec<String>,
    /// Artifacts that both built, sorted by target and name.
    pub artifacts: Vec<ComparedArtifact>,
    /// Whether inputs and artifacts are the same.
    pub verified: bool,
}

crate::report_data!(CompareData = "compare");
