//! From CycloneDX's JSON to the model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::format::values::{list_of, text_field, text_of};
use crate::model::sbom::{Entry, Sbom, Standard};

/// Versions of the specification whose components look alike.
const VERSIONS: &[&str] = &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// How deep components may nest.
pub(in crate::format) const MAX_DEPTH: usize = 32;

/// Reference to key; the main component has the empty key.
type Keys = BTreeMap<String, String>;

pub(in crate::format) fn from_json(mut value: Value) -> Result<Sbom, String> {
    match value["specVersion"].as_str() {
        Some(version) if VERSIONS.contains(&version) => {}
        Some(version) => return Err(format!("CycloneDX {version} is not known")),
        None => return Err("it has no `specVersion`".to_owned()),
    }
    let mut sbom = Sbom::of_standard(Standard::CycloneDx);
    let mut reader = Reader {
        sbom: &mut sbom,
        keys: Keys::new(),
        references: BTreeSet::new(),
    };
    reader.read_components(&value)?;
    reader.read_dependencies(&value)?;
    reader.read_compositions(&value)?;
    reader.read_references(&value, "the document")?;

    if let Some(object) = value.as_object_mut() {
        for key in ["components", "dependencies", "serialNumber"] {
            object.remove(key);
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("component");
        }
    }
    sbom.rest = value;
    Ok(sbom)
}

struct Reader<'a> {
    sbom: &'a mut Sbom,
    keys: Keys,
    /// Every `bom-ref` of a component.
    references: BTreeSet<String>,
}

impl Reader<'_> {
    fn read_components(&mut self, value: &Value) -> Result<(), String> {
        let main = &value["metadata"]["component"];
        if !main.is_null() {
            let (reference, entry) = entry_of(main)?;
            for reference in reference.iter().cloned().chain([entry.key()]) {
                self.keys.insert(reference, String::new());
            }
            self.references.extend(reference);
            self.sbom.main = Some(entry);
            self.read_references(main, "what is described")?;
            self.add_components(&main["components"], 1)?;
        }
        self.add_components(&value["components"], 1)?;
        // What a document lists as used by the build is no less in the document.
        for formula in list_of(&value["formulation"], "formulation")? {
            self.add_components(&formula["components"], 1)?;
        }
        Ok(())
    }

    fn add_components(&mut self, components: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("components are nested more than {MAX_DEPTH} deep"));
        }
        for component in list_of(components, "components")? {
            let (reference, entry) = entry_of(component)?;
            let name = entry.name.clone();
            let key = self.sbom.insert(entry);
            if let Some(reference) = reference {
                if !self.references.insert(reference.clone()) {
                    return Err(format!("two components have the reference `{reference}`"));
                }
                self.keys.insert(reference, key.clone());
            }
            self.keys.entry(key.clone()).or_insert(key);
            self.read_references(component, &name)?;
            self.add_components(&component["components"], depth + 1)?;
        }
        Ok(())
    }

    fn read_dependencies(&mut self, value: &Value) -> Result<(), String> {
        for dependency in list_of(&value["dependencies"], "dependencies")? {
            let reference = text_of(&dependency["ref"]).ok_or("a dependency has no `ref`")?;
            let mut needs = BTreeSet::new();
            let mut count = 0;
            for list in ["dependsOn", "provides"] {
                for need in list_of(&dependency[list], list)? {
                    let need = need
                        .as_str()
                        .ok_or(format!("`{list}` lists something that is no reference"))?;
                    count += 1;
                    match self.keys.get(need) {
                        Some(key) if key.is_empty() => {}
                        Some(key) => drop(needs.insert(key.clone())),
                        None => self.add_dangling(need),
                    }
                }
            }
            match self.keys.get(&reference).map(String::as_str) {
                Some("") => {
                    self.sbom.is_leaf |= count == 0;
                    if let Some(main) = &mut self.sbom.main {
                        main.needs.append(&mut needs);
                    }
                }
                Some(key) => {
                    if let Some(entry) = self.sbom.components.get_mut(key) {
                        entry.needs.append(&mut needs);
                    }
                }
                None => self.add_dangling(&reference),
            }
        }
        Ok(())
    }

    /// A reference that leads into another document (BOM-Link) is said as such.
    fn add_dangling(&mut self, reference: &str) {
        if reference.starts_with("urn:cdx:") {
            self.sbom
                .note_elsewhere(reference, "it is in another document");
        } else {
            self.sbom.dangling.insert(reference.to_owned());
        }
    }

    /// What the document says of its own completeness.
    fn read_compositions(&mut self, value: &Value) -> Result<(), String> {
        for composition in list_of(&value["compositions"], "compositions")? {
            let aggregate = composition["aggregate"].as_str().unwrap_or_default();
            if aggregate.starts_with("incomplete") {
                self.sbom.note_elsewhere(
                    "a part of what is described",
                    format!("the document says that it is `{aggregate}`"),
                );
            }
        }
        Ok(())
    }

    /// References to further SBOMs.
    fn read_references(&mut self, object: &Value, name: &str) -> Result<(), String> {
        for reference in list_of(&object["externalReferences"], "externalReferences")? {
            let url = reference["url"].as_str().unwrap_or_default();
            if reference["type"] == "bom" || url.starts_with("urn:cdx:") {
                self.sbom.note_elsewhere(
                    format!("a part of {name}"),
                    "the document refers to another SBOM for it",
                );
            }
        }
        Ok(())
    }
}

fn entry_of(component: &Value) -> Result<(Option<String>, Entry), String> {
    let name = text_of(&component["name"])
        .filter(|name| !name.is_empty())
        .ok_or("a component has no name")?;
    let licenses = list_of(&component["licenses"], "licenses")?;
    let license: Vec<String> = licenses
        .iter()
        .filter_map(|choice| {
            text_of(&choice["expression"])
                .or_else(|| text_of(&choice["license"]["id"]))
                .or_else(|| text_of(&choice["license"]["name"]))
        })
        .collect();
    let sha256 = list_of(&component["hashes"], "hashes")?
        .iter()
        .find(|hash| hash["alg"] == "SHA-256")
        .and_then(|hash| text_of(&hash["content"]))
        .map(|digest| digest.to_ascii_lowercase());
    let features = list_of(&component["properties"], "properties")?
        .iter()
        .find(|property| property["name"] == "release-gates:sbom:features")
        .and_then(|property| text_of(&property["value"]));
    let purl = text_field(component, "purl")
        .map_err(|_| format!("the package URL of `{name}` is no text"))?;
    let version = text_field(component, "version")
        .map_err(|_| format!("the version of `{name}` is no text"))?;

    let mut more_purls = identities_of(&component["evidence"]);
    more_purls.retain(|other| Some(other) != purl.as_ref());
    let entry = Entry {
        more_purls,
        derived_from: pedigree_of(&component["pedigree"])?,
        version: version.unwrap_or_default(),
        purl,
        kind: text_of(&component["type"]),
        license: (!license.is_empty()).then(|| license.join(" AND ")),
        sha256,
        scope: text_of(&component["scope"]),
        features,
        needs: BTreeSet::new(),
        name,
    };
    Ok((text_of(&component["bom-ref"]), entry))
}

/// Package URLs by which evidence identifies a component: an object up to 1.5, a list from 1.6 on.
fn identities_of(evidence: &Value) -> Vec<String> {
    let identities = match &evidence["identity"] {
        Value::Array(list) => list.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    let mut purls = Vec::new();
    for identity in identities {
        let values = [&identity["concludedValue"], &identity["purl"]];
        let methods = identity["methods"].as_array().into_iter().flatten();
        purls.extend(
            values
                .into_iter()
                .chain(methods.map(|method| &method["value"]))
                .filter_map(Value::as_str)
                .filter(|value| value.starts_with("pkg:"))
                .map(str::to_owned),
        );
    }
    purls
}

/// Package URLs of what a component was made from; one without a URL is named by its name.
fn pedigree_of(pedigree: &Value) -> Result<Vec<String>, String> {
    let mut purls = Vec::new();
    for relatives in ["ancestors", "descendants", "variants"] {
        for relative in list_of(&pedigree[relatives], relatives)? {
            let purl = text_of(&relative["purl"]).or_else(|| {
                let name = relative["name"].as_str()?;
                let version = relative["version"].as_str().unwrap_or_default();
                Some(format!("pkg:cargo/{name}@{version}"))
            });
            purls.extend(purl);
        }
    }
    Ok(purls)
}
