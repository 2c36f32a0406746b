//! From CycloneDX's JSON to the model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::format::values::{list_of, text_of};
use crate::model::sbom::{Entry, Sbom, Standard};

/// Versions of the specification whose components look alike.
const VERSIONS: &[&str] = &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// How deep components may nest.
pub(in crate::format) const MAX_DEPTH: usize = 32;

pub(in crate::format) fn from_json(mut value: Value) -> Result<Sbom, String> {
    match value["specVersion"].as_str() {
        Some(version) if VERSIONS.contains(&version) => {}
        Some(version) => return Err(format!("CycloneDX {version} is not known")),
        None => return Err("it has no `specVersion`".to_owned()),
    }
    let mut sbom = Sbom {
        standard: Standard::CycloneDx,
        ..Sbom::default()
    };
    // Reference -> key; the main component has the empty key.
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let main = &value["metadata"]["component"];
    if !main.is_null() {
        let (reference, main_entry) = entry_of(main)?;
        for reference in reference.into_iter().chain([main_entry.key()]) {
            keys.insert(reference, String::new());
        }
        sbom.main = Some(main_entry);
        add_components(&mut sbom, &main["components"], &mut keys, 1)?;
    }
    add_components(&mut sbom, &value["components"], &mut keys, 1)?;
    for dependency in list_of(&value["dependencies"], "dependencies")? {
        let reference = text_of(&dependency["ref"]).ok_or("a dependency has no `ref`")?;
        let mut needs = BTreeSet::new();
        for need in list_of(&dependency["dependsOn"], "dependsOn")? {
            let need = need
                .as_str()
                .ok_or("`dependsOn` lists something that is no reference")?;
            match keys.get(need) {
                Some(key) if key.is_empty() => {}
                Some(key) => drop(needs.insert(key.clone())),
                None => drop(sbom.dangling.insert(need.to_owned())),
            }
        }
        match keys.get(&reference).map(String::as_str) {
            Some("") => sbom
                .main
                .iter_mut()
                .for_each(|main| main.needs.append(&mut needs.clone())),
            Some(key) => {
                if let Some(entry) = sbom.components.get_mut(key) {
                    entry.needs.append(&mut needs);
                }
            }
            None => drop(sbom.dangling.insert(reference)),
        }
    }
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

fn add_components(
    sbom: &mut Sbom,
    components: &Value,
    keys: &mut BTreeMap<String, String>,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("components are nested more than {MAX_DEPTH} deep"));
    }
    for component in list_of(components, "components")? {
        let (reference, entry) = entry_of(component)?;
        let key = sbom.insert(entry);
        if let Some(reference) = reference {
            keys.insert(reference, key.clone());
        }
        keys.entry(key.clone()).or_insert(key);
        add_components(sbom, &component["components"], keys, depth + 1)?;
    }
    Ok(())
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
    if !component["purl"].is_null() && !component["purl"].is_string() {
        return Err(format!("the package URL of `{name}` is no text"));
    }
    let entry = Entry {
        name,
        version: text_of(&component["version"]).unwrap_or_default(),
        purl: text_of(&component["purl"]),
        kind: text_of(&component["type"]),
        license: (!license.is_empty()).then(|| license.join(" AND ")),
        sha256,
        scope: text_of(&component["scope"]),
        features,
        needs: BTreeSet::new(),
    };
    Ok((text_of(&component["bom-ref"]), entry))
}
