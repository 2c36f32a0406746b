//! SPDX's tag-value spelling, turned into the shape of its JSON (as far as that is read).

use serde_json::{Map, Value, json};

/// Reads tags and `<text>` blocks. Tags that are not needed are skipped.
pub(super) fn to_json(input: &str) -> Result<Value, String> {
    let mut document = Map::new();
    let (mut packages, mut relationships): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    // Tags of files, snippets and licences follow their first tag until the next package.
    let mut elsewhere = false;
    for (tag, value) in tags(input)? {
        match tag.as_str() {
            "PackageName" => {
                elsewhere = false;
                packages.push(json!({ "name": value, "externalRefs": [], "checksums": [] }));
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => elsewhere = true,
            "Relationship" => {
                let mut parts = value.split_whitespace();
                let (Some(from), Some(kind), Some(to)) = (parts.next(), parts.next(), parts.next())
                else {
                    return Err(format!("the relationship `{value}` has not three parts"));
                };
                relationships.push(
                    json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to }),
                );
            }
            _ if elsewhere => {}
            _ => match packages.last_mut() {
                Some(package) => package_tag(package, &tag, value)?,
                None if tag == "SPDXVersion" => {
                    drop(document.insert("spdxVersion".to_owned(), value.into()))
                }
                None => drop(document.insert(tag, value.into())),
            },
        }
    }
    document.insert("packages".to_owned(), packages.into());
    document.insert("relationships".to_owned(), relationships.into());
    Ok(Value::Object(document))
}

fn package_tag(package: &mut Value, tag: &str, value: String) -> Result<(), String> {
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
    package[field] = value.into();
    Ok(())
}

/// `Tag: value`, one a line; a value in `<text>` may span lines.
fn tags(input: &str) -> Result<Vec<(String, String)>, String> {
    let mut tags = Vec::new();
    let mut lines = input.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (tag, value) = line
            .split_once(':')
            .ok_or(format!("line {} is no tag", number + 1))?;
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
