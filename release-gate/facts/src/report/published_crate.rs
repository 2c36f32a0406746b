//! `crate.json`: a published `.crate` beside the one packed from the commit it names.

use serde::{Deserialize, Serialize};

/// Data of `crate.json`.
///
/// ```
/// use release_gate_facts::ReportData;
/// use release_gate_facts::report::published_crate::CrateData;
///
/// assert_eq!(CrateData::FILE, "crate.json");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CrateData {
    /// Package name and version, as the file is called.
    pub name: String,
    /// What it says of the commit it was packed from, a full id or not; `null` where it says
    /// nothing.
    #[serde(deserialize_with = "crate::nullable")]
    pub commit: Option<String>,
    /// How many files are the commit's.
    pub same: u64,
    /// Files, or parts of them, that are not.
    pub different: Vec<String>,
    /// Files that say the same in other words, since cargo writes them when it packs.
    pub normalized: Vec<String>,
}

crate::report_data!(CrateData = "crate");
