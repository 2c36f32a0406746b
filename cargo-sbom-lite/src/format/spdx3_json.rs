//! SPDX 3.0 as JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>), in the compact form that its
//! context gives; read only.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::entry::{Format, Input};
use super::values::{list_of, text_field, text_of};
use crate::model::purl::CargoPurl;
use crate::model::sbom::{Entry, Sbom, Standard};

pub(super) const FORMAT: Format = Format {
    name: "spdx3-json",
    help: "SPDX 3.0, JSON-LD",
    file_name: "sbom.spdx3.json",
    versions: &[],
    default_version: "",
    write: None,
    recognise: |input| {
        input
            .json()
            .is_some_and(|value| value.get("@graph").is_some())
    },
    read: read_graph,
};

/// Identifiers that name no element.
const NO_ELEMENTS: &[&str] = &["NoneElement", "NoAssertionElement"];

fn read_graph(input: Input<'_>) -> Result<Sbom, String> {
    let mut value = input.into_json()?;
    let context = value["@context"].as_str().unwrap_or_default();
    if !context.contains("spdx.org/rdf/3.") {
        return Err("its context is not that of SPDX 3".to_owned());
    }
    let graph = match value["@graph"].take() {
        Value::Array(graph) => graph,
        _ => return Err("`@graph` is no list".to_owned()),
    };
    let mut sbom = Sbom::of_standard(Standard::Spdx);
    let keys = add_packages(&mut sbom, &graph)?;
    let known: BTreeSet<&str> = graph
        .iter()
        .filter_map(|element| id_of(element))
        .chain(keys.keys().map(String::as_str))
        .collect();
    for element in &graph {
        if type_of(element).ends_with("Relationship") {
            add_relationship(&mut sbom, &keys, &known, element)?;
        }
        // Elements of other documents are listed with where those are.
        for import in list_of(&element["import"], "import")? {
            let id = import["externalSpdxId"].as_str().unwrap_or("an element");
            sbom.note_elsewhere(id, "it is in another document");
        }
    }
    sbom.rest = value;
    Ok(sbom)
}

fn type_of(element: &Value) -> &str {
    element["type"]
        .as_str()
        .or_else(|| element["@type"].as_str())
        .unwrap_or_default()
}

fn id_of(element: &Value) -> Option<&str> {
    element["spdxId"]
        .as_str()
        .or_else(|| element["@id"].as_str())
}

/// Adds every package; the first root of the document is what it describes.
fn add_packages(sbom: &mut Sbom, graph: &[Value]) -> Result<BTreeMap<String, String>, String> {
    let mut roots: BTreeSet<&str> = BTreeSet::new();
    for element in graph {
        if matches!(type_of(element), "software_Sbom" | "SpdxDocument" | "Bom") {
            roots.extend(
                list_of(&element["rootElement"], "rootElement")?
                    .iter()
                    .filter_map(Value::as_str),
            );
        }
    }
    let mut keys = BTreeMap::new();
    for element in graph {
        if !matches!(type_of(element), "software_Package" | "software_File") {
            continue;
        }
        let id = id_of(element).ok_or("a package has no `spdxId`")?;
        let entry = entry_of(element)?;
        let key = if sbom.main.is_none() && roots.contains(id) {
            sbom.main = Some(entry);
            String::new()
        } else {
            sbom.insert(entry)
        };
        if keys.insert(id.to_owned(), key).is_some() {
            return Err(format!("two packages have the id `{id}`"));
        }
    }
    Ok(keys)
}

fn entry_of(package: &Value) -> Result<Entry, String> {
    let name = text_of(&package["name"])
        .filter(|name| !name.is_empty())
        .ok_or("a package has no name")?;
    let mut urls: Vec<String> = Vec::new();
    urls.extend(
        text_field(package, "software_packageUrl")
            .map_err(|_| format!("the package URL of `{name}` is no text"))?,
    );
    for identifier in list_of(&package["externalIdentifier"], "externalIdentifier")? {
        if identifier["externalIdentifierType"] == "packageUrl" {
            urls.extend(text_of(&identifier["identifier"]));
        }
    }
    let cargo = urls.iter().position(|url| CargoPurl::parse(url).is_some());
    let purl = (!urls.is_empty()).then(|| urls.remove(cargo.unwrap_or(0)));
    urls.retain(|url| Some(url) != purl.as_ref());
    let version = text_field(package, "software_packageVersion")
        .map_err(|_| format!("the version of `{name}` is no text"))?;
    let sha256 = list_of(&package["verifiedUsing"], "verifiedUsing")?
        .iter()
        .find(|hash| hash["algorithm"] == "sha256")
        .and_then(|hash| text_of(&hash["hashValue"]))
        .map(|digest| digest.to_ascii_lowercase());
    let kind = match type_of(package) {
        "software_File" => Some("file".to_owned()),
        _ => text_of(&package["software_primaryPurpose"]),
    };
    Ok(Entry {
        name,
        version: version.unwrap_or_default(),
        purl,
        more_purls: urls,
        kind,
        sha256,
        ..Entry::default()
    })
}

fn add_relationship(
    sbom: &mut Sbom,
    keys: &BTreeMap<String, String>,
    known: &BTreeSet<&str>,
    relation: &Value,
) -> Result<(), String> {
    let kind = relation["relationshipType"].as_str().unwrap_or_default();
    let from = relation["from"].as_str().unwrap_or_default();
    if relation["completeness"] == "incomplete" {
        sbom.note_elsewhere(
            format!("what {from} {kind}"),
            "the document says that the list is incomplete",
        );
    }
    let targets = match &relation["to"] {
        Value::String(one) => vec![one.as_str()],
        list => list_of(list, "to")?
            .iter()
            .filter_map(Value::as_str)
            .collect(),
    };
    if kind != "dependsOn" && kind != "contains" {
        return Ok(());
    }
    for target in targets {
        if NO_ELEMENTS.iter().any(|none| target.ends_with(none)) {
            sbom.is_leaf |= keys.get(from).is_some_and(String::is_empty);
            continue;
        }
        if !known.contains(target) {
            sbom.dangling.insert(target.to_owned());
        }
        let (Some(who), Some(what)) = (keys.get(from), keys.get(target)) else {
            continue;
        };
        let entry = if who.is_empty() {
            sbom.main.as_mut()
        } else {
            sbom.components.get_mut(who)
        };
        if let Some(entry) = entry.filter(|_| !what.is_empty()) {
            entry.needs.insert(what.clone());
        }
    }
    Ok(())
}
