//! SPDX 2.3 documents, JSON and tag-value (ISO/IEC 5962 successor; <https://spdx.github.io/spdx-spec/v2.3/>).

use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result, time};
use serde::Serialize;

use super::{Provenance, tag_value, uuid_of};
use crate::TOOL;
use crate::model::foreign::{Foreign, foreign};
use crate::model::inventory::{Component, Inventory, Role, Source, Supplier};
use crate::model::license::License;

/// An SPDX document.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) spdx_version: &'static str,
    pub(crate) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(crate) spdx_id: &'static str,
    pub(crate) name: String,
    pub(crate) document_namespace: String,
    pub(crate) creation_info: CreationInfo,
    pub(crate) packages: Vec<Package>,
    pub(crate) relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) has_extracted_licensing_infos: Vec<Extracted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CreationInfo {
    pub(crate) created: String,
    pub(crate) creators: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Package {
    #[serde(rename = "SPDXID")]
    pub(crate) spdx_id: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version_info: Option<String>,
    pub(crate) download_location: String,
    pub(crate) files_analyzed: bool,
    pub(crate) license_concluded: String,
    pub(crate) license_declared: String,
    pub(crate) copyright_text: &'static str,
    pub(crate) supplier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) originator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) homepage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) checksums: Vec<Checksum>,
    pub(crate) external_refs: Vec<ExternalRef>,
    pub(crate) primary_package_purpose: &'static str,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checksum {
    pub(crate) algorithm: &'static str,
    pub(crate) checksum_value: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalRef {
    pub(crate) reference_category: &'static str,
    pub(crate) reference_type: &'static str,
    pub(crate) reference_locator: String,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Relationship {
    pub(crate) spdx_element_id: String,
    pub(crate) relationship_type: &'static str,
    pub(crate) related_spdx_element: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extracted {
    pub(crate) license_id: String,
    pub(crate) extracted_text: String,
    pub(crate) name: String,
}

/// The document as JSON, keys sorted.
///
/// # Errors
/// Only if it cannot be JSON, which would be a defect.
pub fn json(inventory: &Inventory, provenance: &Provenance) -> Result<Vec<u8>> {
    to_canonical_vec(&document(inventory, provenance)?)
        .map_err(|error| Error::judge("the SPDX document cannot be written").with_source(error))
}

/// The document as tag-value text.
///
/// # Errors
/// As [`json`].
pub fn tag_value(inventory: &Inventory, provenance: &Provenance) -> Result<Vec<u8>> {
    Ok(tag_value::render(&document(inventory, provenance)?).into_bytes())
}

fn document(inventory: &Inventory, provenance: &Provenance) -> Result<Document> {
    let main = &inventory.main;
    let mut extracted = Vec::new();
    let mut packages = vec![package(main, "APPLICATION", &mut extracted)];
    if let [(_, digest)] = &provenance.artifacts[..] {
        packages[0].checksums = vec![Checksum {
            algorithm: "SHA256",
            checksum_value: digest.clone(),
        }];
    }
    packages.extend(
        inventory
            .components
            .values()
            .map(|component| package(component, "LIBRARY", &mut extracted)),
    );
    let mut relationships = vec![relation("SPDXRef-DOCUMENT", "DESCRIBES", &id(main))];
    for component in std::iter::once(main).chain(inventory.components.values()) {
        for need in &component.needs {
            let Some(needed) = inventory.components.get(need) else {
                continue;
            };
            relationships.push(match needed.role {
                Role::Shipped => relation(&id(component), "DEPENDS_ON", &id(needed)),
                // The other way round: the needed package is a build dependency of the one that
                // needs it.
                Role::BuildTime => relation(&id(needed), "BUILD_DEPENDENCY_OF", &id(component)),
            });
        }
    }
    for other in foreign(inventory, provenance.rust_version()) {
        let this = foreign_id(&other);
        for (purl, component) in std::iter::once((main.purl(), main)).chain(
            inventory
                .components
                .iter()
                .map(|(purl, component)| (purl.clone(), component)),
        ) {
            if other.needed_by.contains(&purl) {
                relationships.push(match other.role {
                    Role::Shipped => relation(&id(component), "DEPENDS_ON", &this),
                    Role::BuildTime => relation(&this, "BUILD_DEPENDENCY_OF", &id(component)),
                });
            }
        }
        packages.push(foreign_package(&other, this));
    }
    relationships[1..].sort();
    relationships.dedup();
    let mut comment = Vec::new();
    if let Some(commit) = &provenance.commit {
        comment.push(format!(
            "commit {commit}{}",
            if provenance.dirty {
                " with uncommitted changes"
            } else {
                ""
            }
        ));
    }
    if let Some(digest) = &provenance.lock_sha256 {
        comment.push(format!("Cargo.lock SHA256 {digest}"));
    }
    if inventory.approximate {
        comment.push("approximation by the dependency graph: cargo gave no unit graph".to_owned());
    }
    extracted.sort_by(|a, b| a.license_id.cmp(&b.license_id));
    extracted.dedup_by(|a, b| a.license_id == b.license_id);
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        spdx_id: "SPDXRef-DOCUMENT",
        name: format!("{}-{}", main.name, main.version),
        document_namespace: String::new(),
        creation_info: CreationInfo {
            created: time::rfc3339(provenance.epoch.unwrap_or(0)),
            creators: vec![format!("Tool: {}-{}", TOOL.name, TOOL.version)],
        },
        packages,
        relationships,
        has_extracted_licensing_infos: extracted,
        comment: (!comment.is_empty()).then(|| comment.join("; ")),
    };
    let content = to_canonical_vec(&document)
        .map_err(|error| Error::judge("the SPDX document cannot be written").with_source(error))?;
    // Unique for the content, as the specification asks; not an address anybody can open.
    document.document_namespace = format!(
        "https://release-gates.invalid/spdx/{}/{}",
        document.name,
        uuid_of(&content)
    );
    Ok(document)
}

fn relation(from: &str, kind: &'static str, to: &str) -> Relationship {
    Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    }
}

/// `SPDXRef-` and letters, digits, `.` and `-` only; unique for the package URL.
fn id(component: &Component) -> String {
    let plain: String = format!("{}-{}", component.name, component.version)
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let digest = release_gate::digest::sha256_bytes(component.purl().as_bytes()).to_string();
    format!("SPDXRef-{plain}-{}", &digest[..8])
}

/// A name may hold anything; the field is one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn foreign_id(other: &Foreign) -> String {
    let plain: String = other.purl["pkg:".len()..]
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("SPDXRef-{plain}")
}

fn foreign_package(other: &Foreign, spdx_id: String) -> Package {
    Package {
        spdx_id,
        name: other.name.clone(),
        version_info: other.version.clone(),
        download_location: "NOASSERTION".to_owned(),
        files_analyzed: false,
        license_concluded: "NOASSERTION".to_owned(),
        license_declared: other.license.unwrap_or("NOASSERTION").to_owned(),
        copyright_text: "NOASSERTION",
        supplier: if other.license.is_some() {
            "Organization: The Rust Project".to_owned()
        } else {
            "NOASSERTION".to_owned()
        },
        originator: None,
        summary: Some(other.description.clone()),
        homepage: None,
        comment: None,
        checksums: Vec::new(),
        external_refs: vec![ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: other.purl.clone(),
        }],
        primary_package_purpose: if other.program {
            "APPLICATION"
        } else {
            "LIBRARY"
        },
    }
}

fn package(
    component: &Component,
    purpose: &'static str,
    extracted: &mut Vec<Extracted>,
) -> Package {
    let declared = match &component.license {
        License::Expression(text) => text.clone(),
        License::Missing => "NOASSERTION".to_owned(),
        License::Invalid(text) => license_ref(text, extracted),
        License::File(path) => license_ref(&format!("see {path}"), extracted),
    };
    let download_location = match &component.source {
        Source::CratesIo => {
            format!(
                "https://static.crates.io/crates/{0}/{0}-{1}.crate",
                component.name, component.version
            )
        }
        Source::Git { url, commit } => format!("git+{url}@{commit}"),
        Source::Registry(_) | Source::Path(_) => "NOASSERTION".to_owned(),
    };
    let checksum = |value: &String| Checksum {
        algorithm: "SHA256",
        checksum_value: value.clone(),
    };
    Package {
        spdx_id: id(component),
        name: component.name.clone(),
        version_info: Some(component.version.clone()),
        download_location,
        files_analyzed: false,
        license_concluded: "NOASSERTION".to_owned(),
        license_declared: declared,
        copyright_text: "NOASSERTION",
        supplier: match component.supplier() {
            Some(Supplier::Organization(name)) => format!("Organization: {}", one_line(&name)),
            Some(Supplier::Person(name)) => format!("Person: {}", one_line(&name)),
            None => "NOASSERTION".to_owned(),
        },
        originator: (!component.authors.is_empty())
            .then(|| format!("Person: {}", component.authors.join(", "))),
        summary: component.description.clone(),
        homepage: component
            .homepage
            .clone()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        comment: (!component.features.is_empty()).then(|| {
            let features: Vec<&str> = component.features.iter().map(String::as_str).collect();
            format!("features: {}", features.join(" "))
        }),
        checksums: component.sha256.iter().map(checksum).collect(),
        external_refs: vec![ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: component.purl(),
        }],
        primary_package_purpose: purpose,
    }
}

/// A reference for a licence text that is no expression; the text as it was stated goes into the
/// document.
fn license_ref(text: &str, extracted: &mut Vec<Extracted>) -> String {
    let digest = release_gate::digest::sha256_bytes(text.as_bytes()).to_string();
    let license_id = format!("LicenseRef-{}", &digest[..12]);
    extracted.push(Extracted {
        license_id: license_id.clone(),
        extracted_text: text.to_owned(),
        name: text.to_owned(),
    });
    license_id
}
