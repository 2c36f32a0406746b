//! The SBOM of a package, CycloneDX JSON, as far as the page shows it.
//!
//! Fields that CycloneDX leaves out where there is nothing to say are optional here. All others are
//! required, so that a document of another shape is not shown as one without dependencies.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The document.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sbom {
    metadata: Metadata,
    pub(crate) components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
struct Metadata {
    component: Component,
}

/// The package itself, or something it is made of.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Component {
    #[serde(rename = "bom-ref")]
    pub(crate) reference: String,
    pub(crate) name: String,
    pub(crate) version: String,
    scope: Option<Scope>,
    #[serde(default)]
    licenses: Vec<LicenseChoice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Required,
    Optional,
    Excluded,
}

#[derive(Debug, Clone, Deserialize)]
struct LicenseChoice {
    expression: Option<String>,
    license: Option<License>,
}

#[derive(Debug, Clone, Deserialize)]
struct License {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(rename = "dependsOn", default)]
    depends_on: Vec<String>,
}

impl Sbom {
    /// What the document is about.
    pub(crate) fn main(&self) -> &Component {
        &self.metadata.component
    }

    /// What each component depends on.
    pub(crate) fn needs(&self) -> BTreeMap<&str, Vec<&str>> {
        let needs = self.dependencies.iter().map(|dependency| {
            let needs = dependency.depends_on.iter().map(String::as_str).collect();
            (dependency.reference.as_str(), needs)
        });
        needs.collect()
    }
}

impl Component {
    /// Its licence in SPDX's terms or its own, where one is stated.
    pub(crate) fn license(&self) -> Option<&str> {
        self.licenses.iter().find_map(|choice| {
            let named = choice.license.as_ref();
            let of_license =
                named.and_then(|license| license.id.as_ref().or(license.name.as_ref()));
            choice
                .expression
                .as_ref()
                .or(of_license)
                .map(String::as_str)
        })
    }

    /// Whether only the build needs it.
    pub(crate) fn is_build_time(&self) -> bool {
        self.scope == Some(Scope::Excluded)
    }
}
