//! VEX: for each advisory found, whether the product is affected. OpenVEX 0.2.0 (<https://github.com/openvex/spec>) and CycloneDX 1.5.
//!
//! "Not affected" is only ever said with the reason the audit has for it: the package is not in the
//! artifact, or none of the functions that the advisory names is. The gate's own verdict is not
//! changed by it.

use std::path::Path;

use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result, time};
use serde_json::{Value, json};

use crate::TOOL;
use crate::format::uuid_of;
use crate::model::purl::purl;
use crate::model::source::Source;
use crate::model::vulnerability::{Hit, Linkage, Scope};

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
    pub fn of(path: &Path) -> Self {
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

/// What is said of one advisory.
struct Statement {
    open_vex: &'static str,
    cyclonedx: &'static str,
    /// `(OpenVEX, CycloneDX)`.
    justification: Option<(&'static str, &'static str)>,
    detail: String,
}

fn statement_for(hit: &Hit) -> Statement {
    let absent = "component_not_present";
    let mut statement = match (hit.scope, hit.reachability.result) {
        (Scope::NotBuilt, _) => not_affected(
            absent,
            "code_not_present",
            "the package is in no build unit of the product".to_owned(),
        ),
        (Scope::BuildTime, _) => not_affected(
            absent,
            "code_not_present",
            "the package runs at build time only and is not in the product".to_owned(),
        ),
        _ if !hit.only_on.is_empty() => not_affected(
            "vulnerable_code_not_present",
            "requires_environment",
            format!("the advisory concerns {} only", hit.only_on.join(", ")),
        ),
        (_, Linkage::NotLinked) => not_affected(
            "vulnerable_code_not_present",
            "code_not_present",
            hit.reachability.evidence.join("; "),
        ),
        (_, Linkage::Linked) => Statement {
            open_vex: "affected",
            cyclonedx: "exploitable",
            justification: None,
            detail: format!("in the product: {}", hit.reachability.evidence.join(", ")),
        },
        _ => Statement {
            open_vex: "under_investigation",
            cyclonedx: "in_triage",
            justification: None,
            detail: hit.reachability.evidence.join("; "),
        },
    };
    if let Some(reason) = &hit.ignored {
        statement
            .detail
            .push_str(&format!("; accepted by the maintainers: {reason}"));
    }
    statement
}

fn not_affected(open_vex: &'static str, cyclonedx: &'static str, detail: String) -> Statement {
    Statement {
        open_vex: "not_affected",
        cyclonedx: "not_affected",
        justification: Some((open_vex, cyclonedx)),
        detail,
    }
}

/// One document over products, each by its package URL or name, and what was found in it. `epoch`
/// is its time, in seconds since 1970.
///
/// # Errors
/// It has no canonical form, which would be a defect.
pub fn document(products: &[(String, Vec<Hit>)], format: Format, epoch: i64) -> Result<Vec<u8>> {
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

fn url_of(hit: &Hit) -> String {
    purl(&hit.package, &hit.version, &Source::CratesIo)
}

fn open_vex(products: &[(String, Vec<Hit>)], epoch: i64) -> Result<Value> {
    let mut statements = Vec::new();
    for (product, hits) in products {
        for hit in hits {
            let said = statement_for(hit);
            let mut entry = json!({
                "vulnerability": { "name": hit.id, "aliases": hit.aliases, "description": hit.title },
                "products": [{ "@id": product, "subcomponents": [{ "@id": url_of(hit) }] }],
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

fn cyclonedx(products: &[(String, Vec<Hit>)], epoch: i64) -> Result<Value> {
    let (mut vulnerabilities, mut components) = (Vec::new(), std::collections::BTreeMap::new());
    for (product, hits) in products {
        for hit in hits {
            let said = statement_for(hit);
            let reference = url_of(hit);
            components.insert(
                reference.clone(),
                json!({ "type": "library", "name": hit.package, "version": hit.version, "purl": reference, "bom-ref": reference }),
            );
            let mut analysis = json!({ "state": said.cyclonedx, "detail": said.detail });
            if let Some((_, justification)) = said.justification {
                analysis["justification"] = justification.into();
            }
            let mut entry = json!({
                "id": hit.id,
                "source": { "name": "RustSec" },
                "references": hit.aliases.iter().map(|alias| json!({ "id": alias, "source": { "name": alias.split('-').next() } })).collect::<Vec<_>>(),
                "ratings": [{ "severity": hit.severity }],
                "description": hit.title,
                "recommendation": hit.fix,
                "affects": [{ "ref": reference }],
                "analysis": analysis,
                "properties": [{ "name": "release-gates:sbom:product", "value": product }],
            });
            if let Some(url) = &hit.url {
                entry["source"]["url"] = url.clone().into();
            }
            // The same package from two sources: one entry, since entries have to be unique.
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
