//! From CycloneDX's XML to the shape of its JSON, whatever prefix its namespace has.

use serde_json::{Map, Value, json};
use xml::name::OwnedName;
use xml::reader::{EventReader, ParserConfig, XmlEvent};

use super::read::MAX_DEPTH;

/// What the namespaces of all versions begin with.
const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// Elements that hold a list in JSON; each is the list itself, of one kind of element.
const LISTS: &[&str] = &[
    "components",
    "hashes",
    "properties",
    "externalReferences",
    "compositions",
    "formulation",
    "ancestors",
    "descendants",
    "variants",
    "methods",
    "assemblies",
    "affects",
    "vulnerabilities",
    "annotations",
    "subjects",
];

/// Elements that may stand once only, and that decide what a document says.
const SINGLE: &[&str] = &[
    "component",
    "components",
    "compositions",
    "dependencies",
    "evidence",
    "externalReferences",
    "formulation",
    "group",
    "hashes",
    "licenses",
    "metadata",
    "name",
    "pedigree",
    "purl",
    "scope",
    "version",
];

/// An element.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

/// What the namespaces of CycloneDX's own extensions begin with.
const EXTENSIONS: &str = "http://cyclonedx.org/schema/ext/";

/// The namespace of references to other files (XInclude).
const INCLUDE: &str = "http://www.w3.org/2001/XInclude";

/// The document as JSON, and the texts of elements of other namespaces.
pub(in crate::format) fn xml_to_json(bytes: &[u8]) -> Result<(Value, Vec<String>), String> {
    let Tree {
        root,
        version,
        foreign_texts,
    } = parse_tree(bytes)?;
    if root.name != "bom" {
        return Err(format!("its root element is `{}`, not `bom`", root.name));
    }
    let mut bom = object_of(&root)?;
    bom.insert("bomFormat".to_owned(), "CycloneDX".into());
    bom.insert("specVersion".to_owned(), version.into());
    // In XML it is the attribute of that name that JSON calls `version`.
    Ok((bom.into(), foreign_texts))
}

/// What an XML document holds.
struct Tree {
    root: Element,
    version: String,
    /// Texts and attributes of elements that are not CycloneDX's.
    foreign_texts: Vec<String>,
}

/// The elements of CycloneDX's own namespace, and its version. Elements of others are extensions;
/// one that is called like an element that decides what the document says is read by some readers
/// as that element.
fn parse_tree(bytes: &[u8]) -> Result<Tree, String> {
    let config = ParserConfig::new()
        .trim_whitespace(true)
        .cdata_to_characters(true)
        .ignore_comments(true);

    let mut version: Option<String> = None;
    let mut open: Vec<Element> = Vec::new();

    // How many elements of other namespaces are open: nothing inside them is read.
    let mut foreign = 0_usize;
    let mut foreign_texts = Vec::new();
    let mut root: Option<Element> = None;
    for event in EventReader::new_with_config(bytes, config) {
        match event.map_err(|error| error.to_string())? {
            XmlEvent::StartElement {
                name, attributes, ..
            } => {
                if root.is_some() {
                    return Err("it has two root elements".to_owned());
                }
                let own = name
                    .namespace
                    .as_deref()
                    .and_then(|namespace| namespace.strip_prefix(NAMESPACE));
                let Some(own) = own.filter(|_| foreign == 0) else {
                    if open.is_empty() {
                        return Err("its XML namespace is not that of CycloneDX".to_owned());
                    }
                    check_foreign(&name, foreign)?;
                    foreign += 1;
                    foreign_texts.extend(attributes.into_iter().map(|attribute| attribute.value));
                    continue;
                };
                if open.len() > MAX_DEPTH * 3 {
                    return Err("its elements nest too deeply".to_owned());
                }
                version.get_or_insert_with(|| own.to_owned());
                open.push(Element {
                    name: name.local_name,
                    attributes: attributes
                        .into_iter()
                        .map(|attribute| (attribute.name.local_name, attribute.value))
                        .collect(),
                    children: Vec::new(),
                    text: String::new(),
                });
            }
            XmlEvent::EndElement { .. } if foreign > 0 => foreign -= 1,
            XmlEvent::EndElement { .. } => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    // What follows is read to the end: it may be no document at all.
                    None => root = Some(done),
                }
            }
            XmlEvent::Characters(text) if foreign == 0 => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            XmlEvent::Characters(text) => foreign_texts.push(text),
            _ => {}
        }
    }

    Ok(Tree {
        root: root.ok_or("it ends in the middle")?,
        version: version.unwrap_or_default(),
        foreign_texts,
    })
}

/// Whether an element of another namespace leaves the document what it is. `depth` is how many such
/// elements are around it.
fn check_foreign(name: &OwnedName, depth: usize) -> Result<(), String> {
    let namespace = name.namespace.as_deref().unwrap_or_default();
    if namespace == INCLUDE {
        return Err("a part of it is in another file".to_owned());
    }
    let is_decisive = SINGLE.contains(&name.local_name.as_str());
    if depth == 0 && is_decisive && !namespace.starts_with(EXTENSIONS) {
        return Err(format!(
            "`{}` is in a namespace that is not CycloneDX's",
            name.local_name
        ));
    }
    Ok(())
}

/// An element as a JSON object: attributes and children by name. What JSON has once, and the
/// document twice, is an error: readers differ in which one they take.
fn object_of(element: &Element) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    for (name, value) in &element.attributes {
        object.insert(name.clone(), value.clone().into());
    }
    for child in &element.children {
        let (key, value) = member_of(element, child)?;
        let Some(before) = object.get_mut(&key) else {
            object.insert(key, value);
            continue;
        };
        if SINGLE.contains(&key.as_str()) {
            return Err(format!("`{}` has `{key}` twice", element.name));
        }
        let mut list = match before.take() {
            Value::Array(list) => list,
            one => vec![one],
        };
        match value {
            Value::Array(more) => list.extend(more),
            one => list.push(one),
        }
        object.insert(key, list.into());
    }

    Ok(object)
}

/// The key and value of a child.
fn member_of(parent: &Element, child: &Element) -> Result<(String, Value), String> {
    let name = child.name.as_str();
    let value = match (parent.name.as_str(), name) {
        (_, "dependencies") if parent.name == "bom" => {
            return Ok((name.to_owned(), dependencies_of(child)?));
        }
        ("composition", "dependencies") => items_of(child)?,
        (_, "licenses") => licenses_of(child)?,
        ("evidence", "identity") => Value::Array(vec![object_of(child)?.into()]),
        (_, "tools") => tools_of(child)?,
        (_, list) if LISTS.contains(&list) => items_of(child)?,
        _ => value_of(child)?,
    };
    Ok((name.to_owned(), value))
}

fn value_of(element: &Element) -> Result<Value, String> {
    if element.children.is_empty() && element.attributes.is_empty() {
        return Ok(element.text.clone().into());
    }
    let mut object = object_of(element)?;
    if !element.text.is_empty() {
        object.insert("content".to_owned(), element.text.clone().into());
    }
    Ok(object.into())
}

/// The children of a list, each as an object. A hash and a property hold their value as text.
fn items_of(list: &Element) -> Result<Value, String> {
    let mut items = Vec::new();
    for child in &list.children {
        let mut object = object_of(child)?;
        if !child.text.is_empty() {
            let key = if child.name == "property" {
                "value"
            } else {
                "content"
            };
            object.insert(key.to_owned(), child.text.clone().into());
        }
        items.push(Value::Object(object));
    }
    Ok(items.into())
}

fn licenses_of(list: &Element) -> Result<Value, String> {
    let mut choices = Vec::new();
    for child in &list.children {
        choices.push(match child.name.as_str() {
            "expression" => json!({ "expression": child.text }),
            _ => json!({ "license": object_of(child)? }),
        });
    }
    Ok(choices.into())
}

/// Tools are a list up to 1.4, and lists of components and services from 1.5 on.
fn tools_of(tools: &Element) -> Result<Value, String> {
    if tools.children.iter().any(|child| child.name == "tool") {
        items_of(tools)
    } else {
        Ok(object_of(tools)?.into())
    }
}

/// `<dependency ref="a"><dependency ref="b"/></dependency>`.
fn dependencies_of(list: &Element) -> Result<Value, String> {
    let mut dependencies = Vec::new();
    for dependency in &list.children {
        let mut depends_on = Vec::new();
        let mut provides = Vec::new();
        for child in &dependency.children {
            let list = if child.name == "provides" {
                &mut provides
            } else {
                &mut depends_on
            };
            list.push(Value::from(reference_of(child)?));
        }
        dependencies.push(json!({
            "ref": reference_of(dependency)?,
            "dependsOn": depends_on,
            "provides": provides,
        }));
    }
    Ok(dependencies.into())
}

fn reference_of(element: &Element) -> Result<String, String> {
    element
        .attributes
        .iter()
        .find(|(name, _)| name == "ref")
        .map(|(_, value)| value.clone())
        .ok_or_else(|| "a dependency has no `ref`".to_owned())
}
