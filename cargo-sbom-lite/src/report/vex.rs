//! VEX: for each advisory found, whether the product is affected. OpenVEX 0.2.0
//! (<https://github.com/openvex/spec>) and CycloneDX 1.5.
//!
//! "Not affected" is only ever said with the reason the audit has for it: the package is not in the
//! artifact, or none of the functions that the advisory names is. The gate's own verdict is not
//! changed by it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use release_gate::facts::report::vulns::{AdvisoryKind, Hit, Linkage, Scope};
use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result, time};
use serde_json::{Value, json};

use crate::TOOL;
use crate::format::uuid_of;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenVEX.
    OpenVex,
    /// CycloneDX.
    CycloneDx,
}

impl Format {
    /// `*.cdx.json` is CycloneDX, all else OpenVEX.
    pub fn of_file(path: &Path) -> Self {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        if name.ends_with(".cdx.json") {
            Self::CycloneDx
        } else {
            Self::OpenVex
        }
    }
}

/// What was found in one product.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its package URL, or the name of what was audited.
    pub name: String,
    /// Every advisory about a package of it.
    pub hits: Vec<Hit>,
    /// Whether its inventory was made without cargo's unit graph: then nothing is absent for
    /// certain.
    pub is_approximate: bool,
    /// Names and versions of packages that it needs for some target.
    pub built_elsewhere: BTreeSet<(String, String)>,
}

impl Product {
    /// What gets a statement: vulnerabilities. That nobody maintains a package is none.
    fn vulnerabilities(&self) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(|hit| {
            matches!(
                hit.kind,
                AdvisoryKind::Vulnerability | AdvisoryKind::Malicious | AdvisoryKind::Unknown
            )
        })
    }
}

/// What is said of one advisory.
struct Statement {
    open_vex: &'static str,
    cyclonedx: &'static str,
    /// `(OpenVEX, CycloneDX)`.
    justification: Option<(&'static str, &'static str)>,
    detail: String,
}

impl Statement {
    fn not_affected(open_vex: &'static str, detail: impl Into<String>) -> Self {
        Self {
            open_vex: "not_affected",
            cyclonedx: "not_affected",
            justification: Some((open_vex, "code_not_present")),
            detail: detail.into(),
        }
    }

    fn affected(detail: impl Into<String>) -> Self {
        Self {
            open_vex: "affected",
            cyclonedx: "exploitable",
            justification: None,
            detail: detail.into(),
        }
    }

    fn under_investigation(detail: impl Into<String>) -> Self {
        Self {
            open_vex: "under_investigation",
            cyclonedx: "in_triage",
            justification: None,
            detail: detail.into(),
        }
    }
}

/// What can be said of a hit. A product has no target in its name, so nothing that holds for some
/// targets only is a reason.
fn statement_for(product: &Product, hit: &Hit) -> Statement {
    let mut statement = match (hit.scope, hit.reachability.result) {
        (_, Linkage::Linked) => Statement::affected(format!(
            "in the product: {}",
            hit.reachability.evidence.join(", ")
        )),
        (Scope::NotBuilt | Scope::BuildTime, _) if product.is_approximate => {
            Statement::under_investigation(
                "cargo gave no unit graph, so it is not known whether the product has the package",
            )
        }
        (Scope::NotBuilt, _) if product.has_elsewhere(hit) => Statement::under_investigation(
            "the package is in no build unit of this build, and may be in one for another target",
        ),
        (Scope::NotBuilt, _) => Statement::not_affected(
            "component_not_present",
            "the package is in no build unit of the product, for any target",
        ),
        (Scope::BuildTime, _) => Statement::not_affected(
            "component_not_present",
            "the package runs at build time only and is not in the product",
        ),
        (_, Linkage::NotLinked) => Statement::not_affected(
            "vulnerable_code_not_present",
            hit.reachability.evidence.join("; "),
        ),
        _ => Statement::under_investigation(hit.reachability.evidence.join("; ")),
    };

    if !hit.only_on.is_empty() {
        statement.detail.push_str(&format!(
            "; the advisory concerns {} only",
            hit.only_on.join(", ")
        ));
    }

    if let Some(waiver) = &hit.ignored {
        statement
            .detail
            .push_str(&format!("; accepted by the maintainers: {}", waiver.reason));
    }

    statement
}

impl Product {
    fn has_elsewhere(&self, hit: &Hit) -> bool {
        self.built_elsewhere
            .contains(&(hit.package.clone(), hit.version.clone()))
    }
}

/// One document over products. `epoch` is its time, in seconds since 1970.
///
/// # Errors
/// It has no canonical form, which would be a defect.
pub fn vex_document(products: &[Product], format: Format, epoch: i64) -> Result<Vec<u8>> {
    let value = match format {
        Format::OpenVex => open_vex(products, epoch)?,
        Format::CycloneDx => cyclonedx(products, epoch)?,
    };
    to_bytes(&value)
}

fn to_bytes(value: &Value) -> Result<Vec<u8>> {
    to_canonical_vec(value)
        .map_err(|error| Error::judge("the VEX document cannot be written").with_source(error))
}

fn open_vex(products: &[Product], epoch: i64) -> Result<Value> {
    let mut statements = Vec::new();
    for product in products {
        for hit in product.vulnerabilities() {
            let said = statement_for(product, hit);
            let mut entry = json!({
                "vulnerability": { "name": hit.id, "aliases": hit.aliases, "description": hit.title },
                "products": [{ "@id": product.name, "subcomponents": [{ "@id": hit.purl }] }],
                "status": said.open_vex,
                "status_notes": said.detail,
            });
            match (said.justification, said.open_vex) {
                (Some((justification, _)), _) => entry["justification"] = justification.into(),
                (None, "affected") => entry["action_statement"] = hit.fix.clone().into(),
                _ => {}
            }
            statements.push(entry);
        }
    }
    let mut value = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": format!("{} {}", TOOL.name, TOOL.version),
        "timestamp": time::rfc3339(epoch),
        "version": 1,
        "statements": statements,
    });
    value["@id"] = format!(
        "https://release-gates.invalid/vex/{}",
        uuid_of(&to_bytes(&value)?)
    )
    .into();
    Ok(value)
}

fn cyclonedx(products: &[Product], epoch: i64) -> Result<Value> {
    let mut vulnerabilities = Vec::new();
    let mut components = BTreeMap::new();
    for product in products {
        for hit in product.vulnerabilities() {
            components.insert(
                hit.purl.clone(),
                json!({ "type": "library", "name": hit.package, "version": hit.version, "purl": hit.purl, "bom-ref": hit.purl }),
            );
            let entry = cyclonedx_entry(product, hit);
            // Entries have to be unique.
            if !vulnerabilities.contains(&entry) {
                vulnerabilities.push(entry);
            }
        }
    }
    let mut value = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time::rfc3339(epoch),
            "tools": [{ "vendor": "release-gates", "name": TOOL.name, "version": TOOL.version }],
        },
        "components": components.into_values().collect::<Vec<_>>(),
        "vulnerabilities": vulnerabilities,
    });
    value["serialNumber"] = uuid_of(&to_bytes(&value)?).urn().to_string().into();
    Ok(value)
}

fn cyclonedx_entry(product: &Product, hit: &Hit) -> Value {
    let said = statement_for(product, hit);
    let mut analysis = json!({ "state": said.cyclonedx, "detail": said.detail });
    if let Some((_, justification)) = said.justification {
        analysis["justification"] = justification.into();
    }
    let aliases: Vec<Value> = hit
        .aliases
        .iter()
        .map(|alias| json!({ "id": alias, "source": { "name": alias.split('-').next() } }))
        .collect();

    let mut entry = json!({
        "id": hit.id,
        "source": { "name": "RustSec" },
        "references": aliases,
        "ratings": [{ "severity": hit.severity }],
        "description": hit.title,
        "recommendation": hit.fix,
        "affects": [{ "ref": hit.purl }],
        "analysis": analysis,
        "properties": [{ "name": "release-gates:sbom:product", "value": product.name }],
    });

    if let Some(url) = &hit.url {
        entry["source"]["url"] = url.clone().into();
    }

    entry
}
