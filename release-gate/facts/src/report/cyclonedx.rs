//! `sbom.cdx.json`: what the gates read of a CycloneDX document that `cargo sbom-lite` wrote.
//!
//! The whole format is described at <https://cyclonedx.org>; a document of another maker has other
//! properties and cannot be tied to a commit.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The document, as far as other gates speak of it. Every field named here has to be there.
///
/// ```
/// use release_gate_facts::report::cyclonedx::CycloneDx;
///
/// let text = r#"{"bomFormat": "CycloneDX", "components": [], "metadata": {
///     "component": {"name": "demo", "version": "1.0.0"},
///     "properties": [{"name": "release-gates:sbom-lite:commit", "value": "0123abc"}]}}"#;
/// let sbom: CycloneDx = serde_json::from_str(text)?;
/// assert_eq!(sbom.property("commit"), Some("0123abc"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CycloneDx {
    /// Which format it is.
    pub bom_format: BomFormat,
    /// What it is about.
    pub metadata: Metadata,
    /// What is built in; only their number is read.
    pub components: Vec<IgnoredAny>,
}

/// The one format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum BomFormat {
    /// CycloneDX.
    CycloneDX,
}

/// What a document is about.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    /// The package.
    pub component: MainComponent,
    /// Commit, lock file and the like, each behind a namespace.
    pub properties: Vec<Property>,
}

/// The package a document is about.
#[derive(Debug, Clone, Deserialize)]
pub struct MainComponent {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A property.
#[derive(Debug, Clone, Deserialize)]
pub struct Property {
    /// Its name, with its namespace.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl CycloneDx {
    /// The value of the property whose name without namespace is `name`.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.metadata
            .properties
            .iter()
            .find(|property| property.name.rsplit(':').next() == Some(name))
            .map(|property| property.value.as_str())
    }
}
