//! `crates.json`: the published crates that a project depends on beside their repositories.

use serde::{Deserialize, Serialize};

use crate::report::published_crate::CrateData;

/// Data of `crates.json`.
///
/// ```
/// use release_gate_facts::ReportData;
/// use release_gate_facts::report::published_crates::CratesData;
///
/// assert_eq!(CratesData::FILE, "crates.json");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CratesData {
    /// The crates that were compared with their repositories, sorted by name.
    pub crates: Vec<CrateData>,
}

crate::report_data!(CratesData = "crates");
