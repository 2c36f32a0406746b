//! SBOM documents of any tool, read as far as a comparison needs: CycloneDX JSON and SPDX 2.x JSON.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::{Error, Result};
use serde_json::Value;

/// A document as a comparison sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sbom {
    /// Components by package URL (else name and version).
    pub components: BTreeMap<String, Entry>,
    /// All that is not a component.
    pub rest: Value,
}

/// One component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Package URL.
    pub purl: Option<String>,
    /// Licence as stated.
    pub license: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
    /// `required` or `excluded`; `None` where the format does not say.
    pub scope: Option<String>,
    /// Keys of the components it needs.
    pub needs: BTreeSet<String>,
}

impl Entry {
    /// The version and, where the package URL says more than that, the source.
    pub fn version_and_source(&self) -> String {
        match self.purl.as_deref().and_then(|purl| purl.find(['?', '#']).map(|at| &purl[at..])) {
            Some(source) => format!("{} ({source})", self.version),
            None => self.version.clone(),
        }
    }

    fn key(&self) -> String {
        self.purl.clone().unwrap_or_else(|| format!("{}@{}", self.name, self.version))
    }
}

/// Reads a document; the format is told from its content.
///
/// # Errors
/// It is neither CycloneDX JSON nor SPDX 2.x JSON.
pub fn parse(bytes: &[u8], name: &str) -> Result<Sbom> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Error::judge(format!("`{name}` is no JSON document"))
            .with_source(error)
            .with_help("CycloneDX JSON and SPDX 2.x JSON can be read; convert XML and tag-value first")
    })?;
    if value["bomFormat"] == "CycloneDX" {
        return Ok(cyclonedx(value));
    }
    if value["spdxVersion"].as_str().is_some_and(|version| version.starts_with("SPDX-2.")) {
        return Ok(spdx(value));
    }
    Err(Error::judge(format!("`{name}` is neither CycloneDX nor SPDX 2.x"))
        .with_help("CycloneDX JSON and SPDX 2.x JSON can be read"))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn insert(sbom: &mut Sbom, reference: String, entry: Entry, keys: &mut BTreeMap<String, String>) {
    let key = entry.key();
    keys.insert(reference, key.clone());
    sbom.components.insert(key, entry);
}

fn cyclonedx(mut value: Value) -> Sbom {
    let mut sbom = Sbom::default();
    let mut keys = BTreeMap::new();
    for component in array(&value["components"]) {
        let license = array(&component["licenses"]).find_map(|choice| {
            text(&choice["expression"])
                .or_else(|| text(&choice["license"]["id"]))
                .or_else(|| text(&choice["license"]["name"]))
        });
        let sha256 = array(&component["hashes"])
            .find(|hash| hash["alg"] == "SHA-256")
            .and_then(|hash| text(&hash["content"]));
        let entry = Entry {
            name: text(&component["name"]).unwrap_or_default(),
            version: text(&component["version"]).unwrap_or_default(),
            purl: text(&component["purl"]),
            license,
            sha256,
            scope: text(&component["scope"]),
            needs: BTreeSet::new(),
        };
        let reference = text(&component["bom-ref"]).unwrap_or_else(|| entry.key());
        insert(&mut sbom, reference, entry, &mut keys);
    }
    for dependency in array(&value["dependencies"]) {
        let Some(entry) = text(&dependency["ref"])
            .and_then(|reference| keys.get(&reference))
            .and_then(|key| sbom.components.get_mut(key))
        else {
            continue;
        };
        entry.needs =
            array(&dependency["dependsOn"]).filter_map(|need| keys.get(need.as_str()?).cloned()).collect();
    }
    if let Some(object) = value.as_object_mut() {
        for key in ["components", "dependencies", "serialNumber"] {
            object.remove(key);
        }
    }
    sbom.rest = value;
    sbom
}

fn spdx(mut value: Value) -> Sbom {
    let mut sbom = Sbom::default();
    let mut keys = BTreeMap::new();
    let described: BTreeSet<String> = array(&value["relationships"])
        .filter(|relation| relation["relationshipType"] == "DESCRIBES")
        .filter_map(|relation| text(&relation["relatedSpdxElement"]))
        .collect();
    for package in array(&value["packages"]) {
        let reference = text(&package["SPDXID"]).unwrap_or_default();
        if described.contains(&reference) {
            continue;
        }
        let purl = array(&package["externalRefs"]).find(|reference| reference["referenceType"] == "purl");
        let entry = Entry {
            name: text(&package["name"]).unwrap_or_default(),
            version: text(&package["versionInfo"]).unwrap_or_default(),
            purl: purl.and_then(|reference| text(&reference["referenceLocator"])),
            license: text(&package["licenseDeclared"]).filter(|license| license != "NOASSERTION"),
            sha256: array(&package["checksums"])
                .find(|sum| sum["algorithm"] == "SHA256")
                .and_then(|sum| text(&sum["checksumValue"])),
            scope: None,
            needs: BTreeSet::new(),
        };
        insert(&mut sbom, reference, entry, &mut keys);
    }
    for relation in array(&value["relationships"]) {
        let (from, to) = match relation["relationshipType"].as_str() {
            Some("DEPENDS_ON") => ("spdxElementId", "relatedSpdxElement"),
            Some("BUILD_DEPENDENCY_OF" | "DEPENDENCY_OF") => ("relatedSpdxElement", "spdxElementId"),
            _ => continue,
        };
        let key = |field: &str| relation[field].as_str().and_then(|reference| keys.get(reference)).cloned();
        if let (Some(from), Some(to)) = (key(from), key(to))
            && let Some(entry) = sbom.components.get_mut(&from)
        {
            entry.needs.insert(to);
        }
    }
    if let Some(object) = value.as_object_mut() {
        for key in ["packages", "relationships", "documentNamespace"] {
            object.remove(key);
        }
    }
    sbom.rest = value;
    sbom
}
