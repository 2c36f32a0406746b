//! SPDX 2.2 and 2.3, in the shape of their JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::format::values::{list_of, text_of};
use crate::model::sbom::{Entry, Sbom, Standard};

pub(in crate::format) fn from_json(mut value: Value) -> Result<Sbom, String> {
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
    let relations = relations_of(&value)?;
    let keys = add_packages(&mut sbom, &value, &relations)?;
    add_dependencies(&mut sbom, &keys, &relations);

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

/// `(from, kind, to)`.
type Relation = (String, String, String);

/// SPDX id to key; the main package has the empty key.
type Keys = BTreeMap<String, String>;

fn add_packages(sbom: &mut Sbom, value: &Value, relations: &[Relation]) -> Result<Keys, String> {
    let mut keys = Keys::new();
    let mut described: BTreeSet<&str> = relations
        .iter()
        .filter(|(from, kind, _)| kind == "DESCRIBES" && from == "SPDXRef-DOCUMENT")
        .map(|(_, _, to)| to.as_str())
        .collect();
    described.extend(
        list_of(&value["documentDescribes"], "documentDescribes")?
            .iter()
            .filter_map(Value::as_str),
    );
    for package in list_of(&value["packages"], "packages")? {
        let reference = text_of(&package["SPDXID"]).ok_or("a package has no `SPDXID`")?;
        let entry = entry_of(package)?;
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
    Ok(keys)
}

fn add_dependencies(sbom: &mut Sbom, keys: &Keys, relations: &[Relation]) {
    let mut shipped = BTreeSet::new();
    let mut build_time = BTreeSet::new();
    for (from, kind, to) in relations {
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
    if build_time.is_empty() {
        return;
    }
    for (key, entry) in &mut sbom.components {
        let scope = match (shipped.contains(key), build_time.contains(key)) {
            (true, _) => "required",
            (false, true) => "excluded",
            (false, false) => continue,
        };
        entry.scope = Some(scope.to_owned());
    }
}

fn relations_of(value: &Value) -> Result<Vec<(String, String, String)>, String> {
    list_of(&value["relationships"], "relationships")?
        .iter()
        .map(|relation| {
            let field = |name: &str| {
                text_of(&relation[name]).ok_or(format!("a relationship has no `{name}`"))
            };
            Ok((
                field("spdxElementId")?,
                field("relationshipType")?,
                field("relatedSpdxElement")?,
            ))
        })
        .collect()
}

fn entry_of(package: &Value) -> Result<Entry, String> {
    let name = text_of(&package["name"])
        .filter(|name| !name.is_empty())
        .ok_or("a package has no name")?;
    // Of several package URLs the cargo one is looked up; the type may be spelt as an address.
    let urls: Vec<String> = list_of(&package["externalRefs"], "externalRefs")?
        .iter()
        .filter(|reference| {
            reference["referenceType"]
                .as_str()
                .is_some_and(|kind| kind == "purl" || kind.ends_with("/purl"))
        })
        .filter_map(|reference| text_of(&reference["referenceLocator"]))
        .collect();
    let cargo = urls
        .iter()
        .find(|url| crate::model::purl::CargoPurl::parse(url).is_some());
    let purl = cargo.or(urls.first()).cloned();
    let stated = |field: &str| {
        text_of(&package[field])
            .filter(|license| license != "NOASSERTION" && license != "NONE" && !license.is_empty())
    };
    Ok(Entry {
        name,
        version: text_of(&package["versionInfo"]).unwrap_or_default(),
        purl,
        kind: text_of(&package["primaryPackagePurpose"]).map(|kind| kind.to_ascii_lowercase()),
        license: stated("licenseDeclared").or_else(|| stated("licenseConcluded")),
        sha256: list_of(&package["checksums"], "checksums")?
            .iter()
            .find(|sum| sum["algorithm"] == "SHA256")
            .and_then(|sum| text_of(&sum["checksumValue"]))
            .map(|digest| digest.to_ascii_lowercase()),
        scope: None,
        features: text_of(&package["comment"])
            .and_then(|text| text.strip_prefix("features: ").map(str::to_owned)),
        needs: BTreeSet::new(),
    })
}
