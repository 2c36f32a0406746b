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
    sbom.own_link = own_link(&value);
    let mut reader = Reader {
        sbom: &mut sbom,
        keys: Keys::new(),
        references: BTreeSet::new(),
    };
    reader.read_components(&value)?;
    reader.read_dependencies(&value)?;
    reader.read_compositions(&value)?;
    reader.read_references(&value, "the document")?;
    reader.check_references(&value)?;

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
                        .ok_or(format!("`{list}` lists something that is not a reference"))?;
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

    fn add_dangling(&mut self, reference: &str) {
        // One that leads into another document is found wherever it stands.
        if !is_bom_link(reference) {
            self.sbom.dangling.insert(reference.to_owned());
        }
    }

    /// What the document says of its own completeness.
    fn read_compositions(&mut self, value: &Value) -> Result<(), String> {
        for composition in list_of(&value["compositions"], "compositions")? {
            let aggregate = composition["aggregate"].as_str().unwrap_or_default();
            // "unknown" is what honest tools say of a list that may well be complete.
            if !matches!(aggregate, "complete" | "unknown" | "not_specified") {
                self.sbom.note_elsewhere(
                    "a part of what is described",
                    format!("the document says that it is `{aggregate}`"),
                );
            }
        }
        Ok(())
    }

    /// Whatever the document says of things by their reference has to be about things that it has.
    fn check_references(&mut self, value: &Value) -> Result<(), String> {
        let mut known = BTreeSet::new();
        add_bom_references(value, &mut known);
        let mut named: Vec<&str> = Vec::new();
        for composition in list_of(&value["compositions"], "compositions")? {
            for list in ["assemblies", "dependencies", "vulnerabilities"] {
                named.extend(references_in(&composition[list], list)?);
            }
        }
        for vulnerability in list_of(&value["vulnerabilities"], "vulnerabilities")? {
            named.extend(references_in(&vulnerability["affects"], "affects")?);
        }
        for annotation in list_of(&value["annotations"], "annotations")? {
            named.extend(references_in(&annotation["subjects"], "subjects")?);
        }
        for reference in named {
            let is_own = known.contains(reference)
                || self.keys.contains_key(reference)
                || value["serialNumber"] == reference;
            if !is_own {
                self.add_dangling(reference);
            }
        }
        Ok(())
    }

    /// References to further SBOMs.
    fn read_references(&mut self, object: &Value, name: &str) -> Result<(), String> {
        for reference in list_of(&object["externalReferences"], "externalReferences")? {
            let url = reference["url"].as_str().unwrap_or_default();
            let kind = reference["type"].as_str().unwrap_or_default();
            if kind.eq_ignore_ascii_case("bom") || is_sbom_file(url) {
                self.sbom.note_elsewhere(
                    format!("a part of {name}"),
                    "the document refers to another SBOM for it",
                );
            }
        }
        Ok(())
    }
}

/// How other documents refer to this one: a BOM-Link has its number without the kind.
fn own_link(value: &Value) -> Option<String> {
    let number = value["serialNumber"].as_str()?.to_ascii_lowercase();
    Some(format!("urn:cdx:{}/", number.strip_prefix("urn:uuid:")?))
}

/// Every `bom-ref` of a document, whatever it is on.
fn add_bom_references<'a>(value: &'a Value, known: &mut BTreeSet<&'a str>) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| add_bom_references(item, known)),
        Value::Object(object) => {
            known.extend(object.get("bom-ref").and_then(Value::as_str));
            object
                .values()
                .for_each(|value| add_bom_references(value, known));
        }
        _ => {}
    }
}

/// The references of a list, bare or as objects with a `ref`.
fn references_in<'a>(value: &'a Value, what: &str) -> Result<Vec<&'a str>, String> {
    list_of(value, what)?
        .iter()
        .map(|item| {
            item.as_str()
                .or_else(|| item["ref"].as_str())
                .ok_or(format!("`{what}` lists something that is not a reference"))
        })
        .collect()
}

fn is_bom_link(reference: &str) -> bool {
    reference.to_ascii_lowercase().starts_with("urn:cdx:")
}

/// Whether an address is that of an SBOM by the names that are in use for them.
fn is_sbom_file(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let lower = path.to_ascii_lowercase();
    [
        ".cdx.json",
        ".cdx.xml",
        ".spdx.json",
        ".spdx",
        "/bom.json",
        "/bom.xml",
    ]
    .iter()
    .any(|end| lower.ends_with(end))
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
        .map_err(|_| format!("the package URL of `{name}` is not text"))?;
    let version = text_field(component, "version")
        .map_err(|_| format!("the version of `{name}` is not text"))?;

    let mut more_purls = identities_of(&component["evidence"]);
    more_purls.retain(|other| Some(other) != purl.as_ref());
    let entry = Entry {
        more_purls,
        objections: objections_of(component, &name, version.as_deref()),
        derived_from: pedigree_of(&component["pedigree"])?,
        version: version.unwrap_or_default(),
        purl,
        kind: text_of(&component["type"]).map(|kind| kind.to_ascii_lowercase()),
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
    let is_purl = |value: &str| value.to_ascii_lowercase().starts_with("pkg:");
    let mut purls = Vec::new();
    for identity in identities {
        let concluded = identity["concludedValue"]
            .as_str()
            .filter(|value| is_purl(value) || (identity["field"] == "purl" && !is_file(value)));
        let methods = identity["methods"].as_array().into_iter().flatten();
        let others = methods
            .map(|method| &method["value"])
            .chain([&identity["purl"]])
            .filter_map(Value::as_str)
            .filter(|value| is_purl(value));
        purls.extend(concluded.into_iter().chain(others).map(str::to_owned));
    }
    purls
}

/// Whether a value is the name of a file: some tools conclude from which file they know a package.
fn is_file(value: &str) -> bool {
    value.starts_with('/') || value.contains('.')
}

/// What a component says of itself that contradicts its name and version.
fn objections_of(component: &Value, name: &str, version: Option<&str>) -> Vec<String> {
    let mut objections = Vec::new();
    let identities = &component["evidence"]["identity"];
    let identities = match identities {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };

    for identity in identities {
        let Some(value) = identity["concludedValue"].as_str() else {
            continue;
        };
        let contradicts = match identity["field"].as_str() {
            Some("name") => value != name,
            Some("version") => version.is_some_and(|version| version != value),
            _ => false,
        };
        if contradicts {
            objections.push(format!("its evidence says `{value}`"));
        }
    }

    if !component["versionRange"].is_null() {
        objections.push("it names a range of versions, and not the one that is used".to_owned());
    }

    objections
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
