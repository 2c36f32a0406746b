//! CycloneDX, JSON; XML through `cyclonedx-bom`, which writes it as JSON.

use std::collections::{BTreeMap, BTreeSet};

use cyclonedx_bom::models::bom::Bom;
use serde_json::Value;

use super::{list, text};
use crate::model::sbom::{Entry, Sbom, Standard};

/// Versions of the specification whose components look alike.
const VERSIONS: &[&str] = &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// How deep components may nest.
const MAX_DEPTH: usize = 32;

pub(super) fn from_xml(bytes: &[u8]) -> Result<Sbom, String> {
    let said = tags(bytes)?;
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).into_owned();
    let wrong = |error: cyclonedx_bom::errors::XmlReadError| error.to_string();
    let mut json = Vec::new();
    let written = if head.contains("http://cyclonedx.org/schema/bom/1.3") {
        Bom::parse_from_xml_v1_3(bytes)
            .map_err(wrong)?
            .output_as_json_v1_3(&mut json)
    } else if head.contains("http://cyclonedx.org/schema/bom/1.4") {
        Bom::parse_from_xml_v1_4(bytes)
            .map_err(wrong)?
            .output_as_json_v1_4(&mut json)
    } else if head.contains("http://cyclonedx.org/schema/bom/1.5") {
        Bom::parse_from_xml_v1_5(bytes)
            .map_err(wrong)?
            .output_as_json_v1_5(&mut json)
    } else {
        return Err("its XML namespace is not that of CycloneDX 1.3, 1.4 or 1.5".to_owned());
    };
    written.map_err(|error| error.to_string())?;
    let sbom = from_json(serde_json::from_slice(&json).map_err(|error| error.to_string())?)?;
    // The library keeps the last of what should be there once.
    let read = sbom.components.len() + usize::from(sbom.main.is_some());
    if read != said {
        return Err(format!(
            "it has {said} components, of which {read} can be read"
        ));
    }
    Ok(sbom)
}

/// How many components an XML document opens. Elements that nest deeper than any document needs are
/// refused before a parser recurses into them.
fn tags(bytes: &[u8]) -> Result<usize, String> {
    let text = String::from_utf8_lossy(bytes);
    let (mut depth, mut components) = (0_usize, 0);
    let mut rest: &str = &text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(data) = rest.strip_prefix("![CDATA[") {
            rest = data.split_once("]]>").map_or("", |(_, after)| after);
        } else if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let tag = rest.split('>').next().unwrap_or_default();
            let name = tag
                .split([' ', '\t', '\n', '\r', '/'])
                .next()
                .unwrap_or_default();
            if name.rsplit(':').next() == Some("component") {
                components += 1;
            }
            if !tag.ends_with('/') {
                depth += 1;
            }
            if depth > MAX_DEPTH * 3 {
                return Err("its elements nest too deeply".to_owned());
            }
        }
    }
    Ok(components)
}

pub(super) fn from_json(mut value: Value) -> Result<Sbom, String> {
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
        let (reference, main_entry) = entry(main)?;
        for reference in reference.into_iter().chain([main_entry.key()]) {
            keys.insert(reference, String::new());
        }
        sbom.main = Some(main_entry);
        add(&mut sbom, &main["components"], &mut keys, 1)?;
    }
    add(&mut sbom, &value["components"], &mut keys, 1)?;
    for dependency in list(&value["dependencies"], "dependencies")? {
        let reference = text(&dependency["ref"]).ok_or("a dependency has no `ref`")?;
        let mut needs = BTreeSet::new();
        for need in list(&dependency["dependsOn"], "dependsOn")? {
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

fn add(
    sbom: &mut Sbom,
    components: &Value,
    keys: &mut BTreeMap<String, String>,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("components are nested more than {MAX_DEPTH} deep"));
    }
    for component in list(components, "components")? {
        let (reference, entry) = entry(component)?;
        let key = sbom.insert(entry);
        if let Some(reference) = reference {
            keys.insert(reference, key.clone());
        }
        keys.entry(key.clone()).or_insert(key);
        add(sbom, &component["components"], keys, depth + 1)?;
    }
    Ok(())
}

fn entry(component: &Value) -> Result<(Option<String>, Entry), String> {
    let name = text(&component["name"])
        .filter(|name| !name.is_empty())
        .ok_or("a component has no name")?;
    let licenses = list(&component["licenses"], "licenses")?;
    let license: Vec<String> = licenses
        .iter()
        .filter_map(|choice| {
            text(&choice["expression"])
                .or_else(|| text(&choice["license"]["id"]))
                .or_else(|| text(&choice["license"]["name"]))
        })
        .collect();
    let sha256 = list(&component["hashes"], "hashes")?
        .iter()
        .find(|hash| hash["alg"] == "SHA-256")
        .and_then(|hash| text(&hash["content"]))
        .map(|digest| digest.to_ascii_lowercase());
    let features = list(&component["properties"], "properties")?
        .iter()
        .find(|property| property["name"] == "release-gates:sbom:features")
        .and_then(|property| text(&property["value"]));
    if !component["purl"].is_null() && !component["purl"].is_string() {
        return Err(format!("the package URL of `{name}` is no text"));
    }
    let entry = Entry {
        name,
        version: text(&component["version"]).unwrap_or_default(),
        purl: text(&component["purl"]),
        kind: text(&component["type"]),
        license: (!license.is_empty()).then(|| license.join(" AND ")),
        sha256,
        scope: text(&component["scope"]),
        features,
        needs: BTreeSet::new(),
    };
    Ok((text(&component["bom-ref"]), entry))
}
