//! From an inventory to an SPDX 2.3 document, whatever its spelling.

use release_gate::json::to_canonical_vec;
use release_gate::text::collapse_white_space;
use release_gate::{Error, Result, time};
use serde::Serialize;

use crate::TOOL;
use crate::format::serial::uuid_of;
use crate::model::config::Maker;
use crate::model::foreign::{Foreign, foreign};
use crate::model::inventory::{Component, Inventory, Role, Supplier};
use crate::model::license::License;
use crate::model::provenance::{Artifact, Provenance};
use crate::model::source::Source;

/// An SPDX document.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::format) struct Document {
    pub(in crate::format) spdx_version: &'static str,
    pub(in crate::format) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(in crate::format) spdx_id: &'static str,
    pub(in crate::format) name: String,
    pub(in crate::format) document_namespace: String,
    pub(in crate::format) creation_info: CreationInfo,
    pub(in crate::format) packages: Vec<Package>,
    pub(in crate::format) relationships: Vec<Relationship>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::format) has_extracted_licensing_infos: Vec<Extracted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) comment: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(in crate::format) struct CreationInfo {
    pub(in crate::format) created: String,
    pub(in crate::format) creators: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::format) struct Package {
    #[serde(rename = "SPDXID")]
    pub(in crate::format) spdx_id: String,
    pub(in crate::format) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) version_info: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) package_file_name: Option<String>,
    pub(in crate::format) download_location: String,
    pub(in crate::format) files_analyzed: bool,
    pub(in crate::format) license_concluded: String,
    pub(in crate::format) license_declared: String,
    pub(in crate::format) copyright_text: &'static str,
    pub(in crate::format) supplier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) originator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) summary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) homepage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::format) comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::format) checksums: Vec<Checksum>,
    pub(in crate::format) external_refs: Vec<ExternalRef>,
    pub(in crate::format) primary_package_purpose: &'static str,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::format) struct Checksum {
    pub(in crate::format) algorithm: &'static str,
    pub(in crate::format) checksum_value: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::format) struct ExternalRef {
    pub(in crate::format) reference_category: &'static str,
    pub(in crate::format) reference_type: &'static str,
    pub(in crate::format) reference_locator: String,
}

#[derive(Debug, Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub(in crate::format) struct Relationship {
    pub(in crate::format) spdx_element_id: String,
    pub(in crate::format) relationship_type: &'static str,
    pub(in crate::format) related_spdx_element: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::format) struct Extracted {
    pub(in crate::format) license_id: String,
    pub(in crate::format) extracted_text: String,
    pub(in crate::format) name: String,
}

/// The document for an inventory.
pub(in crate::format) fn document_of(
    inventory: &Inventory,
    provenance: &Provenance,
) -> Result<Document> {
    let main = &inventory.main;
    let others = foreign(inventory, provenance);
    let mut extracted = Vec::new();
    let purpose = if main.has_program {
        "APPLICATION"
    } else {
        "LIBRARY"
    };
    let mut product = package_of(main, purpose, &mut extracted);
    if let [artifact] = &provenance.artifacts[..] {
        product.checksums = artifact_checksums(artifact);
        product.package_file_name = Some(artifact.file_name().to_owned());
    }
    if let Some(supplier) = &provenance.maker.supplier {
        product.supplier = format!("Organization: {}", collapse_white_space(supplier));
    }
    if let Some(manufacturer) = &provenance.maker.manufacturer {
        product.originator = Some(format!(
            "Organization: {}",
            collapse_white_space(manufacturer)
        ));
    }
    let mut packages = vec![product];
    for component in inventory.components.values() {
        packages.push(package_of(component, "LIBRARY", &mut extracted));
    }
    packages.extend(others.iter().map(foreign_package));
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
            creators: creators_of(&provenance.maker),
        },
        packages,
        relationships: relationships_of(inventory, &others),
        has_extracted_licensing_infos: extracted,
        comment: comment_of(inventory, provenance),
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

fn relationships_of(inventory: &Inventory, others: &[Foreign]) -> Vec<Relationship> {
    let mut relationships = Vec::new();
    for component in inventory.all() {
        let this = id_of(component);
        for need in &component.needs {
            if let Some(needed) = inventory.components.get(need) {
                relationships.push(dependency(&this, &id_of(needed), needed.role));
            }
        }
        let purl = component.purl();
        for other in others {
            if other.needed_by.contains(&purl) {
                relationships.push(dependency(&this, &foreign_id(other), other.role));
            }
        }
    }
    relationships.sort();
    relationships.dedup();
    relationships.insert(
        0,
        relation("SPDXRef-DOCUMENT", "DESCRIBES", &id_of(&inventory.main)),
    );
    relationships
}

/// A build dependency is said the other way round: it is one of the package that needs it.
fn dependency(who: &str, what: &str, role: Role) -> Relationship {
    match role {
        Role::Shipped => relation(who, "DEPENDS_ON", what),
        Role::BuildTime => relation(what, "BUILD_DEPENDENCY_OF", who),
    }
}

fn comment_of(inventory: &Inventory, provenance: &Provenance) -> Option<String> {
    let mut comment = Vec::new();
    if let Some(commit) = &provenance.commit {
        let state = if provenance.dirty {
            " with uncommitted changes"
        } else {
            ""
        };
        comment.push(format!("commit {commit}{state}"));
    }
    if let Some(digest) = &provenance.lock_sha256 {
        comment.push(format!("Cargo.lock SHA256 {digest}"));
    }
    if inventory.approximate {
        comment.push("approximation by the dependency graph: cargo gave no unit graph".to_owned());
    }
    (!comment.is_empty()).then(|| comment.join("; "))
}

fn relation(from: &str, kind: &'static str, to: &str) -> Relationship {
    Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind,
        related_spdx_element: to.to_owned(),
    }
}

/// `SPDXRef-` and letters, digits, `.` and `-` only; unique for the package URL.
fn id_of(component: &Component) -> String {
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

fn foreign_package(other: &Foreign) -> Package {
    Package {
        spdx_id: foreign_id(other),
        name: other.name.clone(),
        version_info: other.version.clone(),
        package_file_name: None,
        download_location: "NOASSERTION".to_owned(),
        files_analyzed: false,
        license_concluded: "NOASSERTION".to_owned(),
        license_declared: other.license.as_deref().unwrap_or("NOASSERTION").to_owned(),
        copyright_text: "NOASSERTION",
        supplier: match &other.supplier {
            Some(name) => format!("Organization: {}", collapse_white_space(name)),
            None => "NOASSERTION".to_owned(),
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

fn package_of(
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

    Package {
        spdx_id: id_of(component),
        name: component.name.clone(),
        version_info: Some(component.version.clone()),
        package_file_name: None,
        download_location,
        files_analyzed: false,
        license_concluded: "NOASSERTION".to_owned(),
        license_declared: declared,
        copyright_text: "NOASSERTION",
        supplier: match component.supplier() {
            Some(Supplier::Organization(name)) => {
                format!("Organization: {}", collapse_white_space(&name))
            }
            Some(Supplier::Person(name)) => format!("Person: {}", collapse_white_space(&name)),
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
        checksums: component
            .sha256
            .iter()
            .map(|digest| sha256_checksum(digest))
            .collect(),
        external_refs: vec![ExternalRef {
            reference_category: "PACKAGE-MANAGER",
            reference_type: "purl",
            reference_locator: component.purl(),
        }],
        primary_package_purpose: purpose,
    }
}

fn artifact_checksums(artifact: &Artifact) -> Vec<Checksum> {
    let sha512 = artifact.sha512.as_ref().map(|digest| Checksum {
        algorithm: "SHA512",
        checksum_value: digest.clone(),
    });
    std::iter::once(sha256_checksum(&artifact.sha256))
        .chain(sha512)
        .collect()
}

/// This tool, and anyone who the configuration names.
fn creators_of(maker: &Maker) -> Vec<String> {
    let contact = match &maker.contact {
        Some(contact) => format!(" ({})", collapse_white_space(contact)),
        None => String::new(),
    };
    let author = maker
        .author
        .iter()
        .map(|name| format!("Person: {}{contact}", collapse_white_space(name)));
    let manufacturer = maker
        .manufacturer
        .iter()
        .map(|name| format!("Organization: {}{contact}", collapse_white_space(name)));
    std::iter::once(format!("Tool: {}-{}", TOOL.name, TOOL.version))
        .chain(manufacturer)
        .chain(author)
        .collect()
}

fn sha256_checksum(digest: &str) -> Checksum {
    Checksum {
        algorithm: "SHA256",
        checksum_value: digest.to_owned(),
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
