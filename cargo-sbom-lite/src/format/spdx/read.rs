//! SPDX 2.2 and 2.3, in the shape of their JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::format::values::{list_of, text_field, text_of};
use crate::model::purl::CargoPurl;
use crate::model::sbom::{Entry, Sbom, Standard};

pub(in crate::format) fn from_json(mut value: Value) -> Result<Sbom, String> {
    match value["spdxVersion"].as_str() {
        Some("SPDX-2.2" | "SPDX-2.3") => {}
        Some(version) => return Err(format!("{version} is not known")),
        None => return Err("`spdxVersion` is not text".to_owned()),
    }
    if value.get("packages").is_none() {
        return Err("it has no `packages`".to_owned());
    }
    let mut sbom = Sbom::of_standard(Standard::Spdx);
    let relations = relations_of(&value)?;
    let keys = add_packages(&mut sbom, &value, &relations)?;
    let others = other_elements(&value)?;
    add_dependencies(&mut sbom, &keys, &relations);
    add_missing(&mut sbom, &keys, &others, &relations);
    for described in list_of(&value["documentDescribes"], "documentDescribes")? {
        let described = described
            .as_str()
            .ok_or("`documentDescribes` lists something that is not an id")?;
        if !keys.contains_key(described) && !others.contains(described) {
            sbom.dangling.insert(described.to_owned());
        }
    }
    for document in list_of(&value["externalDocumentRefs"], "externalDocumentRefs")? {
        let name = document["externalDocumentId"].as_str();
        sbom.note_elsewhere(
            name.unwrap_or("another document"),
            "the document refers to it as a part",
        );
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

/// `(from, kind, to)`.
type Relation = (String, String, String);

/// SPDX id to key; the main package has the empty key.
type Keys = BTreeMap<String, String>;

/// The id of the document itself.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

fn add_packages(sbom: &mut Sbom, value: &Value, relations: &[Relation]) -> Result<Keys, String> {
    let mut keys = Keys::new();
    let mut described: BTreeSet<&str> = relations
        .iter()
        .filter(|(from, kind, _)| kind == "DESCRIBES" && from == DOCUMENT)
        .map(|(_, _, to)| to.as_str())
        .collect();

    described.extend(
        relations
            .iter()
            .filter(|(_, kind, to)| kind == "DESCRIBED_BY" && to == DOCUMENT)
            .map(|(from, _, _)| from.as_str()),
    );

    described.extend(
        list_of(&value["documentDescribes"], "documentDescribes")?
            .iter()
            .filter_map(Value::as_str),
    );

    for package in list_of(&value["packages"], "packages")? {
        let reference = text_of(&package["SPDXID"]).ok_or("a package has no `SPDXID`")?;
        let entry = entry_of(package)?;
        if keys.contains_key(&reference) {
            return Err(format!("two packages have the id `{reference}`"));
        }
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

/// Ids of files, snippets and whatever else may take part in relations and is not a package.
fn other_elements(value: &Value) -> Result<BTreeSet<String>, String> {
    let mut ids = BTreeSet::from([DOCUMENT.to_owned()]);
    for list in ["files", "snippets", "annotations"] {
        for element in list_of(&value[list], list)? {
            ids.extend(text_of(&element["SPDXID"]));
        }
    }
    Ok(ids)
}

/// Whatever a relation names and the document does not have. Each sort of relation counts: what is
/// a part of what is described may be said in many ways.
fn add_missing(sbom: &mut Sbom, keys: &Keys, others: &BTreeSet<String>, relations: &[Relation]) {
    for (from, kind, to) in relations {
        for element in [from, to] {
            let is_known = keys.contains_key(element) || others.contains(element);
            if is_known || element == "NONE" || element == "NOASSERTION" {
                continue;
            }
            if element.starts_with("DocumentRef-") {
                sbom.note_elsewhere(
                    element.as_str(),
                    format!("it is in another document ({kind})"),
                );
            } else {
                sbom.dangling.insert(element.clone());
            }
        }
    }
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
        let Some(who_key) = keys.get(who) else {
            continue;
        };
        if who_key.is_empty() && what == "NONE" {
            sbom.is_leaf = true;
        }
        let Some(what_key) = keys.get(what).filter(|key| !key.is_empty()) else {
            continue;
        };
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

fn relations_of(value: &Value) -> Result<Vec<Relation>, String> {
    list_of(&value["relationships"], "relationships")?
        .iter()
        .map(|relation| {
            Ok((
                relation_part(relation, "spdxElementId")?,
                relation_part(relation, "relationshipType")?,
                relation_part(relation, "relatedSpdxElement")?,
            ))
        })
        .collect()
}

fn relation_part(relation: &Value, name: &str) -> Result<String, String> {
    text_of(&relation[name]).ok_or(format!("a relationship has no `{name}`"))
}

fn entry_of(package: &Value) -> Result<Entry, String> {
    let name = text_of(&package["name"])
        .filter(|name| !name.is_empty())
        .ok_or("a package has no name")?;
    let mut urls: Vec<String> = Vec::new();
    for reference in list_of(&package["externalRefs"], "externalRefs")? {
        // The type may be spelt as an address.
        let is_purl = reference["referenceType"]
            .as_str()
            .map(str::to_ascii_lowercase)
            .is_some_and(|kind| kind == "purl" || kind.ends_with("/purl"));
        if is_purl {
            urls.push(
                text_of(&reference["referenceLocator"])
                    .ok_or(format!("a package URL of `{name}` is not text"))?,
            );
        }
    }
    // Of several package URLs the first cargo one names the entry, and all are looked up.
    let cargo = urls.iter().position(|url| CargoPurl::parse(url).is_some());
    let purl = (!urls.is_empty()).then(|| urls.remove(cargo.unwrap_or(0)));
    let version = text_field(package, "versionInfo")
        .map_err(|_| format!("the version of `{name}` is not text"))?;
    Ok(Entry {
        name,
        version: version
            .filter(|version| version != "NOASSERTION" && version != "NONE")
            .unwrap_or_default(),
        purl,
        more_purls: urls,
        derived_from: Vec::new(),
        objections: Vec::new(),
        kind: text_of(&package["primaryPackagePurpose"]).map(|kind| kind.to_ascii_lowercase()),
        license: stated_license(package, "licenseDeclared")
            .or_else(|| stated_license(package, "licenseConcluded")),
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

/// SPDX's words for "nobody said" state nothing.
fn stated_license(package: &Value, field: &str) -> Option<String> {
    text_of(&package[field])
        .filter(|license| license != "NOASSERTION" && license != "NONE" && !license.is_empty())
}
