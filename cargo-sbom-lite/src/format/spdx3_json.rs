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
    let context = match &value["@context"] {
        Value::Array(list) => list.first().unwrap_or(&Value::Null),
        one => one,
    };

    if !context
        .as_str()
        .is_some_and(|text| text.contains("spdx.org/rdf/3."))
    {
        return Err("its context is not that of SPDX 3".to_owned());
    }
    let graph = match value["@graph"].take() {
        Value::Array(graph) => graph,
        _ => return Err("`@graph` is not a list".to_owned()),
    };

    let mut sbom = Sbom::of_standard(Standard::Spdx);
    for element in &graph {
        check_type(element)?;
    }
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
        for list in ["import", "imports"] {
            for import in list_of(&element[list], list)? {
                let id = import["externalSpdxId"].as_str().unwrap_or("an element");
                sbom.note_elsewhere(id, "it is in another document");
            }
        }
        for list in ["element", "rootElement"] {
            for id in ids_in(&element[list], list)? {
                note_unknown(&mut sbom, &known, id);
            }
        }
    }

    sbom.rest = value;

    Ok(sbom)
}

/// Beginnings of the names of classes in profiles other than the core and the software one.
const PROFILES: &[&str] = &[
    "ai_",
    "build_",
    "dataset_",
    "expandedlicensing_",
    "extension_",
    "security_",
    "simplelicensing_",
];

/// Classes of the core and the software profile (3.0.1).
const CLASSES: &[&str] = &[
    "Agent",
    "Annotation",
    "Bom",
    "Bundle",
    "CreationInfo",
    "DictionaryEntry",
    "ExternalIdentifier",
    "ExternalMap",
    "ExternalRef",
    "Hash",
    "IndividualElement",
    "LifecycleScopedRelationship",
    "NamespaceMap",
    "Organization",
    "PackageVerificationCode",
    "Person",
    "PositiveIntegerRange",
    "Relationship",
    "SoftwareAgent",
    "SpdxDocument",
    "Tool",
    "software_ContentIdentifier",
    "software_File",
    "software_Package",
    "software_Sbom",
    "software_Snippet",
];

/// Whether an element is of a class that is known: what it is called otherwise, some reader may take
/// for a package.
fn check_type(element: &Value) -> Result<(), String> {
    let class = type_of(element);
    let is_known =
        CLASSES.contains(&class) || PROFILES.iter().any(|start| class.starts_with(start));
    if is_known {
        return Ok(());
    }
    Err(format!(
        "its graph has an element of the class `{class}`, which is not known"
    ))
}

fn type_of(element: &Value) -> &str {
    element["type"]
        .as_str()
        .or_else(|| element["@type"].as_str())
        .unwrap_or_default()
}

/// The ids in a property that holds elements. An element that stands there itself, as JSON-LD would
/// have it, is not in SPDX's form.
fn ids_in<'a>(value: &'a Value, what: &str) -> Result<Vec<&'a str>, String> {
    match value {
        Value::String(one) => Ok(vec![one.as_str()]),
        list => list_of(list, what)?
            .iter()
            .map(|id| {
                id.as_str()
                    .ok_or(format!("`{what}` lists what is not an id"))
            })
            .collect(),
    }
}

/// Notes an element that the document names and does not have. Those that SPDX itself has are
/// everybody's.
fn note_unknown(sbom: &mut Sbom, known: &BTreeSet<&str>, id: &str) {
    let is_of_spdx = id.contains("spdx.org/rdf/") || id.contains("spdx.org/licenses/");
    if !known.contains(id) && !is_of_spdx {
        sbom.dangling.insert(id.to_owned());
    }
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
        let class = type_of(element);
        if !class.ends_with("Package") && class != "software_File" {
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
            .map_err(|_| format!("the package URL of `{name}` is not text"))?,
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
        .map_err(|_| format!("the version of `{name}` is not text"))?;
    let sha256 = list_of(&package["verifiedUsing"], "verifiedUsing")?
        .iter()
        .find(|hash| hash["algorithm"] == "sha256")
        .and_then(|hash| text_of(&hash["hashValue"]))
        .map(|digest| digest.to_ascii_lowercase());
    let kind = match type_of(package) {
        "software_File" => Some("file".to_owned()),
        "software_Package" => {
            text_of(&package["software_primaryPurpose"]).map(|kind| kind.to_ascii_lowercase())
        }
        _ => Some("data".to_owned()),
    };
    Ok(Entry {
        name,
        version: version
            .filter(|version| version != "NOASSERTION")
            .unwrap_or_default(),
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
    let completeness = relation["completeness"].as_str();
    if !matches!(completeness, None | Some("complete" | "noAssertion")) {
        sbom.note_elsewhere(
            format!("what {from} {kind}"),
            "the document says that the list is incomplete",
        );
    }

    let targets = ids_in(&relation["to"], "to")?;
    for id in targets.iter().copied().chain([from]) {
        let is_none = NO_ELEMENTS.iter().any(|none| id.ends_with(none));
        if !is_none && !id.is_empty() {
            note_unknown(sbom, known, id);
        }
    }

    if kind != "dependsOn" && kind != "contains" {
        return Ok(());
    }
    for target in targets {
        if NO_ELEMENTS.iter().any(|none| target.ends_with(none)) {
            sbom.is_leaf |= keys.get(from).is_some_and(String::is_empty);
            continue;
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
