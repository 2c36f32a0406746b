//! SPDX 2.2 and 2.3, in the shape of their JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{list, text};
use crate::model::sbom::{Entry, Sbom, Standard};

pub(super) fn from_json(mut value: Value) -> Result<Sbom, String> {
    match value["spdxVersion"].as_str() {
        Some("SPDX-2.2" | "SPDX-2.3") => {}
        Some(version) => return Err(format!("{version} is not known")),
        None => return Err("`spdxVersion` is no text".to_owned()),
    }
    if value.get("packages").is_none() {
        return Err("it has no `packages`".to_owned());
    }
    let mut sbom = Sbom {
        standard: Standard::Spdx,
        ..Sbom::default()
    };
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let relations = relations(&value)?;
    let mut described: BTreeSet<&str> = relations
        .iter()
        .filter(|(from, kind, _)| kind == "DESCRIBES" && from == "SPDXRef-DOCUMENT")
        .map(|(_, _, to)| to.as_str())
        .collect();
    described.extend(
        list(&value["documentDescribes"], "documentDescribes")?
            .iter()
            .filter_map(Value::as_str),
    );
    for package in list(&value["packages"], "packages")? {
        let reference = text(&package["SPDXID"]).ok_or("a package has no `SPDXID`")?;
        let entry = entry(package)?;
        // Several packages may be described; the first is the main one, the others are components
        // like any.
        if sbom.main.is_none() && described.contains(reference.as_str()) {
            sbom.main = Some(entry);
            keys.insert(reference, String::new());
        } else {
            let key = sbom.insert(entry);
            keys.insert(reference, key);
        }
    }
    let (mut shipped, mut build_time) = (BTreeSet::new(), BTreeSet::new());
    for (from, kind, to) in &relations {
        // `(who needs, what is needed, only at build time)`
        let (who, what, build) = match kind.as_str() {
            "DEPENDS_ON" | "CONTAINS" | "STATIC_LINK" | "DYNAMIC_LINK" => (from, to, false),
            "DEPENDENCY_OF" | "CONTAINED_BY" | "RUNTIME_DEPENDENCY_OF" => (to, from, false),
            "BUILD_DEPENDENCY_OF" | "DEV_DEPENDENCY_OF" | "BUILD_TOOL_OF" => (to, from, true),
            _ => continue,
        };
        if who == "SPDXRef-DOCUMENT" || what == "SPDXRef-DOCUMENT" {
            continue;
        }
        let (Some(who_key), Some(what_key)) = (keys.get(who), keys.get(what)) else {
            // Files take part in what contains what; a dependency is a package.
            if !matches!(kind.as_str(), "CONTAINS" | "CONTAINED_BY") {
                let missing = if keys.contains_key(who) { what } else { who };
                sbom.dangling.insert(missing.clone());
            }
            continue;
        };
        if what_key.is_empty() {
            continue;
        }
        if build { &mut build_time } else { &mut shipped }.insert(what_key.clone());
        let entry = if who_key.is_empty() {
            sbom.main.as_mut()
        } else {
            sbom.components.get_mut(who_key)
        };
        if let Some(entry) = entry {
            entry.needs.insert(what_key.clone());
        }
    }
    // Build-time only where the document says so and nothing says otherwise; documents without
    // build relations say nothing.
    if !build_time.is_empty() {
        for (key, entry) in &mut sbom.components {
            let scope = match (shipped.contains(key), build_time.contains(key)) {
                (true, _) => "required",
                (false, true) => "excluded",
                (false, false) => continue,
            };
            entry.scope = Some(scope.to_owned());
        }
    }
    if let Some(object) = value.as_object_mut() {
        for key in [
            "packages",
            "relationships",
            "documentNamespace",
            "documentDescribes",
        ] {
            object.remove(key);
        }
    }
    sbom.rest = value;
    Ok(sbom)
}

fn relations(value: &Value) -> Result<Vec<(String, String, String)>, String> {
    list(&value["relationships"], "relationships")?
        .iter()
        .map(|relation| {
            let field =
                |name: &str| text(&relation[name]).ok_or(format!("a relationship has no `{name}`"));
            Ok((
                field("spdxElementId")?,
                field("relationshipType")?,
                field("relatedSpdxElement")?,
            ))
        })
        .collect()
}

fn entry(package: &Value) -> Result<Entry, String> {
    let name = text(&package["name"])
        .filter(|name| !name.is_empty())
        .ok_or("a package has no name")?;
    // Of several package URLs the cargo one is looked up; the type may be spelt as an address.
    let urls: Vec<String> = list(&package["externalRefs"], "externalRefs")?
        .iter()
        .filter(|reference| {
            reference["referenceType"]
                .as_str()
                .is_some_and(|kind| kind == "purl" || kind.ends_with("/purl"))
        })
        .filter_map(|reference| text(&reference["referenceLocator"]))
        .collect();
    let cargo = urls
        .iter()
        .find(|url| crate::model::purl::CargoPurl::parse(url).is_some());
    let purl = cargo.or(urls.first()).cloned();
    let stated = |field: &str| {
        text(&package[field])
            .filter(|license| license != "NOASSERTION" && license != "NONE" && !license.is_empty())
    };
    Ok(Entry {
        name,
        version: text(&package["versionInfo"]).unwrap_or_default(),
        purl,
        kind: text(&package["primaryPackagePurpose"]).map(|kind| kind.to_ascii_lowercase()),
        license: stated("licenseDeclared").or_else(|| stated("licenseConcluded")),
        sha256: list(&package["checksums"], "checksums")?
            .iter()
            .find(|sum| sum["algorithm"] == "SHA256")
            .and_then(|sum| text(&sum["checksumValue"]))
            .map(|digest| digest.to_ascii_lowercase()),
        scope: None,
        features: text(&package["comment"])
            .and_then(|text| text.strip_prefix("features: ").map(str::to_owned)),
        needs: BTreeSet::new(),
    })
}
