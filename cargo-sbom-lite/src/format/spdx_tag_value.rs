//! SPDX 2.3 as tag-value text (clause 6 and following); read by turning it into the shape of the
//! JSON.

use std::fmt::Write as _;

use release_gate::Result;
use serde_json::{Map, Value, json};

use super::entry::{Format, Input};
use super::spdx::document::{self, Document, Package};
use super::spdx::read;
use crate::model::inventory::Inventory;
use crate::model::mention::Mentions;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

pub(super) const FORMAT: Format = Format {
    name: "spdx-tag-value",
    help: "SPDX, tag-value",
    file_name: "sbom.spdx",
    versions: &["2.3"],
    default_version: "2.3",
    write: Some(write_tags),
    recognise: has_version,
    read: read_tags,
};

fn write_tags(inventory: &Inventory, provenance: &Provenance, _: &str) -> Result<Vec<u8>> {
    Ok(render_tags(&document::document_of(inventory, provenance)?).into_bytes())
}

/// Whether a line states the version: tags may stand in any order, and comments before them.
fn has_version(input: &Input<'_>) -> bool {
    !input.bytes().starts_with(b"{")
        && input
            .bytes()
            .split(|byte| *byte == b'\n')
            .any(|line| line.starts_with(b"SPDXVersion:"))
}

fn read_tags(input: Input<'_>) -> Result<Sbom, String> {
    let text = std::str::from_utf8(input.bytes()).map_err(|error| error.to_string())?;
    let text = text.replace("\r\n", "\n");
    if let Some(odd) = text.chars().find(|c| LINE_ENDS.contains(c)) {
        return Err(format!(
            "it holds the character {odd:?}, which some readers take for the end of a line"
        ));
    }
    let tags = parse_tags(&text)?;
    let mut mentions = Mentions::default();
    for (_, value) in &tags {
        mentions.add_text(value);
    }
    let value = tags_to_json(tags)?;
    mentions.extend(Mentions::of_document(&value));
    let mut sbom = read::from_json(value)?;
    sbom.mentions = mentions;
    Ok(sbom)
}

/// What ends a line for some readers, beside the one that ends it for all.
const LINE_ENDS: &[char] = &[
    '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}',
];

/// Tags that decide what a document says; in another case they are tags for some readers only.
const DECISIVE: &[&str] = &[
    "ExternalDocumentRef",
    "ExternalRef",
    "PackageName",
    "PackageVersion",
    "Relationship",
    "SPDXID",
    "SPDXVersion",
];

/// Renders a document; multi-line or suspicious values are wrapped in `<text>`.
fn render_tags(document: &Document) -> String {
    let mut out = String::new();
    add_tag(&mut out, "SPDXVersion", document.spdx_version);
    add_tag(&mut out, "DataLicense", document.data_license);
    add_tag(&mut out, "SPDXID", document.spdx_id);
    add_tag(&mut out, "DocumentName", &document.name);
    add_tag(&mut out, "DocumentNamespace", &document.document_namespace);
    for creator in &document.creation_info.creators {
        add_tag(&mut out, "Creator", creator);
    }
    add_tag(&mut out, "Created", &document.creation_info.created);
    if let Some(comment) = &document.comment {
        let _ = writeln!(out, "DocumentComment: {}", text(comment));
    }
    for package in &document.packages {
        render_package(&mut out, package);
    }
    for license in &document.has_extracted_licensing_infos {
        let _ = writeln!(out, "\nLicenseID: {}", license.license_id);
        let _ = writeln!(out, "ExtractedText: {}", text(&license.extracted_text));
        let _ = writeln!(out, "LicenseName: {}", single_line(&license.name));
    }
    out.push('\n');
    for relation in &document.relationships {
        let _ = writeln!(
            out,
            "Relationship: {} {} {}",
            relation.spdx_element_id, relation.relationship_type, relation.related_spdx_element
        );
    }
    out
}

fn render_package(out: &mut String, package: &Package) {
    out.push('\n');
    add_tag(out, "PackageName", &package.name);
    add_tag(out, "SPDXID", &package.spdx_id);
    if let Some(version) = &package.version_info {
        add_tag(out, "PackageVersion", version);
    }
    if let Some(name) = &package.package_file_name {
        add_tag(out, "PackageFileName", name);
    }
    add_tag(out, "PackageSupplier", &package.supplier);
    if let Some(originator) = &package.originator {
        add_tag(out, "PackageOriginator", originator);
    }
    add_tag(out, "PackageDownloadLocation", &package.download_location);
    add_tag(out, "FilesAnalyzed", "false");
    for checksum in &package.checksums {
        let value = format!("{}: {}", checksum.algorithm, checksum.checksum_value);
        add_tag(out, "PackageChecksum", &value);
    }
    if let Some(homepage) = &package.homepage {
        add_tag(out, "PackageHomePage", homepage);
    }
    add_tag(out, "PackageLicenseConcluded", &package.license_concluded);
    add_tag(out, "PackageLicenseDeclared", &package.license_declared);
    add_tag(out, "PackageCopyrightText", package.copyright_text);
    add_tag(
        out,
        "PrimaryPackagePurpose",
        package.primary_package_purpose,
    );
    for reference in &package.external_refs {
        let value = format!(
            "{} {} {}",
            reference.reference_category, reference.reference_type, reference.reference_locator
        );
        add_tag(out, "ExternalRef", &value);
    }
    if let Some(comment) = &package.comment {
        let _ = writeln!(out, "PackageComment: {}", text(comment));
    }
    if let Some(summary) = &package.summary {
        let _ = writeln!(out, "PackageSummary: {}", text(summary));
    }
}

fn add_tag(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name}: {}", single_line(value));
}

/// A value that may not hold a newline: anything else would start a tag of its own.
fn single_line(value: &str) -> String {
    value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A value in `<text>`; the closing mark cannot occur inside.
fn text(value: &str) -> String {
    format!(
        "<text>{}</text>",
        value.replace("</text>", "<\u{200b}/text>")
    )
}

/// Reads tags and `<text>` blocks. Tags that are not needed are skipped.
fn tags_to_json(tags: Vec<(String, String)>) -> Result<Value, String> {
    let mut document = Map::new();
    let mut packages: Vec<Value> = Vec::new();
    let mut files: Vec<Value> = Vec::new();
    let mut relationships: Vec<Value> = Vec::new();

    // Tags of files, snippets and licences follow their first tag until the next package.
    let mut elsewhere = false;
    let mut documents: Vec<Value> = Vec::new();
    for (tag, value) in tags {
        let is_misspelt = DECISIVE
            .iter()
            .any(|known| *known != tag && known.eq_ignore_ascii_case(&tag));
        if is_misspelt {
            return Err(format!("`{tag}` is a tag in another case"));
        }
        match tag.as_str() {
            "PackageName" => {
                elsewhere = false;
                packages.push(json!({ "name": value, "externalRefs": [], "checksums": [] }));
            }
            "SnippetSPDXID" => {
                elsewhere = true;
                files.push(json!({ "SPDXID": value }));
            }
            "FileName" | "LicenseID" => elsewhere = true,
            "ExternalDocumentRef" => documents.push(json!({ "externalDocumentId": value })),
            "Relationship" => relationships.push(relationship_of(&value)?),
            "SPDXID" if elsewhere => files.push(json!({ "SPDXID": value })),
            _ if elsewhere => {}
            _ => match packages.last_mut() {
                Some(package) => add_package_tag(package, &tag, value)?,
                None => add_document_tag(&mut document, tag, value)?,
            },
        }
    }

    document.insert("packages".to_owned(), packages.into());
    document.insert("files".to_owned(), files.into());
    document.insert("externalDocumentRefs".to_owned(), documents.into());
    document.insert("relationships".to_owned(), relationships.into());

    Ok(Value::Object(document))
}

fn relationship_of(value: &str) -> Result<Value, String> {
    let parts: Vec<&str> = value.split_whitespace().collect();
    let [from, kind, to] = parts.as_slice() else {
        return Err(format!("the relationship `{value}` has not three parts"));
    };
    Ok(json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to }))
}

/// A tag of the document itself. Some may stand more than once (creators, references to other
/// documents); its version and its id may not.
fn add_document_tag(
    document: &mut Map<String, Value>,
    tag: String,
    value: String,
) -> Result<(), String> {
    let key = match tag.as_str() {
        "SPDXVersion" => "spdxVersion".to_owned(),
        _ => tag,
    };
    let before = document.get(&key).and_then(Value::as_str);
    let joined = match before {
        Some(_) if key == "spdxVersion" || key == "SPDXID" => {
            return Err(format!("`{key}` is there twice"));
        }
        Some(before) => format!("{before}\n{value}"),
        None => value,
    };
    document.insert(key, joined.into());
    Ok(())
}

fn add_package_tag(package: &mut Value, tag: &str, value: String) -> Result<(), String> {
    let field = match tag {
        "SPDXID" => "SPDXID",
        "PackageVersion" => "versionInfo",
        "PackageLicenseDeclared" => "licenseDeclared",
        "PackageLicenseConcluded" => "licenseConcluded",
        "PrimaryPackagePurpose" => "primaryPackagePurpose",
        "PackageComment" => "comment",
        "PackageChecksum" => {
            let (algorithm, digest) = value
                .split_once(':')
                .ok_or(format!("the checksum `{value}` names no algorithm"))?;
            let sum = json!({ "algorithm": algorithm.trim(), "checksumValue": digest.trim() });
            package["checksums"]
                .as_array_mut()
                .into_iter()
                .for_each(|list| list.push(sum.clone()));
            return Ok(());
        }
        "ExternalRef" => {
            let mut parts = value.split_whitespace();
            let (Some(_), Some(kind), Some(locator)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(format!(
                    "the external reference `{value}` has not three parts"
                ));
            };
            let reference = json!({ "referenceType": kind, "referenceLocator": locator });
            package["externalRefs"]
                .as_array_mut()
                .into_iter()
                .for_each(|list| list.push(reference.clone()));
            return Ok(());
        }
        _ => return Ok(()),
    };
    // Readers differ in which of two they take.
    if !package[field].is_null() {
        return Err(format!("a package has the tag `{tag}` twice"));
    }
    package[field] = value.into();
    Ok(())
}

/// `Tag: value`, one a line; a value in `<text>` may span lines.
fn parse_tags(input: &str) -> Result<Vec<(String, String)>, String> {
    let mut tags = Vec::new();
    let mut lines = input.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (tag, value) = line
            .split_once(':')
            .ok_or(format!("line {} is not a tag", number + 1))?;
        let mut value = value.trim_start().to_owned();
        if let Some(rest) = value.strip_prefix("<text>") {
            let mut block = rest.to_owned();
            while !block.contains("</text>") {
                let (_, more) = lines
                    .next()
                    .ok_or(format!("the text of line {} has no end", number + 1))?;
                block.push('\n');
                block.push_str(more);
            }
            value = block.split("</text>").next().unwrap_or_default().to_owned();
        }
        tags.push((tag.trim().to_owned(), value));
    }

    Ok(tags)
}
