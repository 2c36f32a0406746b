//! VEX documents: OpenVEX 0.2.0 (<https://github.com/openvex/spec>) and CycloneDX.

use std::collections::BTreeMap;

use release_gate::{Error, Result};
use serde_json::Value;

use crate::model::json::parse_json;
use crate::model::vex::{Justification, VexStatement, VexStatus};

/// What OpenVEX has for `justification` beside what the build can refute.
const OPEN_VEX_JUSTIFICATIONS: &[&str] = &[
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

/// What CycloneDX has for it.
const CYCLONEDX_JUSTIFICATIONS: &[&str] = &[
    "code_not_reachable",
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_compiler",
    "protected_at_runtime",
    "protected_at_perimeter",
    "protected_by_mitigating_control",
];

/// Reads the statements of a document. `file` is its name; `until` the last day on which they
/// count.
///
/// # Errors
/// It is none of the formats, or a statement lacks what makes it one.
pub fn parse_vex(bytes: &[u8], file: &str, until: Option<&str>) -> Result<Vec<VexStatement>> {
    let unreadable = |why: String| {
        Error::judge(format!("`{file}` cannot be read as VEX: {why}"))
            .with_help("OpenVEX 0.2.0 and CycloneDX (JSON) with `vulnerabilities` can be read")
    };
    let value = parse_json(bytes).map_err(unreadable)?;
    let context = value["@context"].as_str().unwrap_or_default();
    let read = if context.starts_with("https://openvex.dev/ns") {
        open_vex(&value)
    } else if value["bomFormat"] == "CycloneDX" {
        cyclonedx(&value)
    } else {
        Err("it is neither OpenVEX nor CycloneDX".to_owned())
    };
    let mut statements = read.map_err(unreadable)?;
    for statement in &mut statements {
        statement.file = file.to_owned();
        statement.until = until.map(str::to_owned);
    }
    Ok(statements)
}

fn open_vex(value: &Value) -> Result<Vec<VexStatement>, String> {
    let document = Origin {
        author: author_of(&value["author"]),
        said_at: value["timestamp"].as_str(),
    };
    let statements = value["statements"]
        .as_array()
        .ok_or("`statements` is not a list")?;
    statements
        .iter()
        .map(|statement| open_vex_statement(statement, document))
        .collect()
}

/// What a document says for all of its statements.
#[derive(Debug, Clone, Copy)]
struct Origin<'a> {
    author: Option<&'a str>,
    said_at: Option<&'a str>,
}

/// Somebody's name. Tools write a word in place of one where nobody gave any.
fn author_of(value: &Value) -> Option<&str> {
    let name = value.as_str()?.trim();
    let is_nobody = name.is_empty() || name.to_ascii_lowercase().starts_with("unknown");
    (!is_nobody).then_some(name)
}

fn open_vex_statement(statement: &Value, document: Origin<'_>) -> Result<VexStatement, String> {
    let vulnerability = &statement["vulnerability"];
    let mut ids: Vec<String> = texts(&vulnerability["aliases"]);
    ids.extend(vulnerability["name"].as_str().map(str::to_owned));
    // Earlier versions have the id itself there.
    ids.extend(vulnerability.as_str().map(str::to_owned));
    if ids.is_empty() {
        return Err("a statement names no vulnerability".to_owned());
    }
    let status = match statement["status"].as_str() {
        Some("not_affected") => VexStatus::NotAffected,
        Some("fixed") => VexStatus::Fixed,
        Some("affected" | "under_investigation") => VexStatus::Other,
        Some(other) => return Err(format!("`{other}` is not a `status`")),
        None => return Err("a statement has no `status`".to_owned()),
    };
    let word = statement["justification"].as_str();
    let justification = match word {
        None => None,
        Some("component_not_present") => Some(Justification::ComponentNotPresent),
        Some("vulnerable_code_not_present") => Some(Justification::CodeNotPresent),
        Some(word) if OPEN_VEX_JUSTIFICATIONS.contains(&word) => Some(Justification::Other),
        Some(other) => return Err(format!("`{other}` is not a `justification`")),
    };

    let mut products = Vec::new();
    let mut packages = Vec::new();
    for product in statement["products"].as_array().into_iter().flatten() {
        let names = names_of(product);
        let parts = product["subcomponents"].as_array();
        match parts.filter(|parts| !parts.is_empty()) {
            Some(parts) => {
                products.extend(names);
                packages.extend(parts.iter().flat_map(names_of));
            }
            // Without parts the product itself is what is meant.
            None => packages.extend(names),
        }
    }
    Ok(VexStatement {
        ids,
        status,
        justification,
        reason: reason_of(
            word,
            statement["impact_statement"]
                .as_str()
                .or(statement["status_notes"].as_str()),
        ),
        author: author_of(&statement["author"])
            .or(document.author)
            .map(str::to_owned),
        said_at: statement["timestamp"]
            .as_str()
            .or(document.said_at)
            .map(str::to_owned),
        packages,
        products,
        file: String::new(),
        until: None,
    })
}

fn cyclonedx(value: &Value) -> Result<Vec<VexStatement>, String> {
    let vulnerabilities = value["vulnerabilities"]
        .as_array()
        .ok_or("it has no `vulnerabilities`")?;
    let purls: BTreeMap<&str, &str> = value["components"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|component| Some((component["bom-ref"].as_str()?, component["purl"].as_str()?)))
        .collect();
    let metadata = &value["metadata"];
    let author = author_of(&metadata["authors"][0]["name"])
        .or_else(|| author_of(&metadata["manufacturer"]["name"]))
        .or_else(|| author_of(&metadata["manufacture"]["name"]))
        .or_else(|| author_of(&metadata["supplier"]["name"]));
    let product = metadata["component"]["purl"].as_str();

    let mut statements = Vec::new();
    for vulnerability in vulnerabilities {
        let mut ids: Vec<String> = vulnerability["references"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|reference| reference["id"].as_str().map(str::to_owned))
            .collect();
        ids.push(
            vulnerability["id"]
                .as_str()
                .ok_or("a vulnerability has no `id`")?
                .to_owned(),
        );
        let analysis = &vulnerability["analysis"];
        let status = match analysis["state"].as_str() {
            Some("not_affected" | "false_positive") => VexStatus::NotAffected,
            Some("resolved" | "resolved_with_pedigree") => VexStatus::Fixed,
            None | Some("exploitable" | "in_triage") => VexStatus::Other,
            Some(other) => return Err(format!("`{other}` is not a `state`")),
        };
        let word = analysis["justification"].as_str();
        let justification = match word {
            None => None,
            Some("code_not_present") => Some(Justification::CodeNotPresent),
            Some(word) if CYCLONEDX_JUSTIFICATIONS.contains(&word) => Some(Justification::Other),
            Some(other) => return Err(format!("`{other}` is not a `justification`")),
        };
        let packages = vulnerability["affects"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|affected| affected["ref"].as_str())
            .map(|reference| (*purls.get(reference).unwrap_or(&reference)).to_owned())
            .collect();
        statements.push(VexStatement {
            ids,
            status,
            justification,
            reason: reason_of(word, analysis["detail"].as_str()),
            author: author.map(str::to_owned),
            said_at: analysis["lastUpdated"]
                .as_str()
                .or(vulnerability["updated"].as_str())
                .or(metadata["timestamp"].as_str())
                .map(str::to_owned),
            packages,
            products: product.into_iter().map(str::to_owned).collect(),
            file: String::new(),
            until: None,
        });
    }
    Ok(statements)
}

/// The names of an OpenVEX product: its id and its package URL.
fn names_of(product: &Value) -> Vec<String> {
    [&product["@id"], &product["identifiers"]["purl"], product]
        .into_iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn reason_of(justification: Option<&str>, words: Option<&str>) -> String {
    match (justification, words) {
        (Some(justification), Some(words)) => format!("{justification}: {words}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_says_two_things_says_nothing() {
        let document = |more: &str| {
            format!(
                "{{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"author\":\"me\",\"statements\":[{{\"vulnerability\":{{\"name\":\"CVE-1\"}},\"products\":[{{\"@id\":\"pkg:cargo/a@1.0.0\"}}],\"status\":\"not_affected\"{more}}}]}}"
            )
        };
        assert_eq!(
            parse_vex(document("").as_bytes(), "x", None).unwrap().len(),
            1
        );
        for more in [
            ",\"status\":\"affected\"",
            ",\"STATUS\":\"affected\"",
            ",\"justification\":\"because\"",
            ",\"vulnerability\":{\"name\":\"CVE-2\"}",
        ] {
            assert!(parse_vex(document(more).as_bytes(), "x", None).is_err());
        }
    }
}
