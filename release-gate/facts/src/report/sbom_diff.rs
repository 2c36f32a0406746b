//! `sbom-diff.json`: what differs between two SBOMs.

use serde::{Deserialize, Serialize};

use crate::Sha256Digest;

/// The data of `sbom-diff.json`, which is printed and not kept.
///
/// ```
/// use release_gate_facts::report::sbom_diff::{ChangeKind, SbomDiffData};
///
/// let data: SbomDiffData = serde_json::from_str(
///     r#"{"documents": [], "changes": [{"kind": "new-dependency", "component": "demo 1.0.0", "before": null, "after": "1.0.0"}]}"#,
/// )?;
/// assert_eq!(data.changes[0].kind, ChangeKind::NewDependency);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SbomDiffData {
    /// The two documents, the one that is compared with first.
    pub documents: Vec<ComparedDocument>,
    /// What differs, sorted by component.
    pub changes: Vec<SbomChange>,
}

crate::report_data!(SbomDiffData = "sbom-diff");

/// One of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedDocument {
    /// The name of its file.
    pub name: String,
    /// Digest of its bytes.
    pub sha256: Sha256Digest,
    /// How many components it lists, what it describes left out.
    pub components: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SbomChange {
    /// What changed.
    pub kind: ChangeKind,
    /// Name and version of the component; `null` for what lies outside of all.
    #[serde(deserialize_with = "crate::nullable")]
    pub component: Option<String>,
    /// What the first document says; `null` where it says nothing.
    #[serde(deserialize_with = "crate::nullable")]
    pub before: Option<String>,
    /// What the second document says; `null` where it says nothing.
    #[serde(deserialize_with = "crate::nullable")]
    pub after: Option<String>,
}

/// What can change. The words are those of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Only the second document has it.
    NewDependency,
    /// Only the first document has it.
    RemovedDependency,
    /// It has another version.
    VersionChanged,
    /// It has another licence.
    LicenseChanged,
    /// It is built with other features.
    FeaturesChanged,
    /// It has other bytes.
    HashChanged,
    /// It comes from elsewhere.
    SourceChanged,
    /// It moved between artifact and build time, or needs something else.
    RelationChanged,
    /// The documents differ outside their components.
    DocumentChanged,
}
