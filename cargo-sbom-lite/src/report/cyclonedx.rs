//! CycloneDX documents through `cyclonedx-bom` (ECMA-424; 1.3 to 1.5 as JSON and XML, 1.6 as JSON).
//!
//! What is written for 1.5 is valid for 1.6 too, which only adds to it; the library knows no 1.6,
//! so its number is set afterwards.

use std::str::FromStr;

use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::external_models::uri::{Purl, Uri};
use cyclonedx_bom::models::bom::{Bom, BomReference, SpecVersion, UrnUuid};
use cyclonedx_bom::models::component::{
    Classification, Component as CdxComponent, Components, Scope,
};
use cyclonedx_bom::models::composition::{AggregateType, Composition, Compositions};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::external_reference::{
    ExternalReference, ExternalReferenceType, ExternalReferences,
};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{
    License as CdxLicense, LicenseChoice, LicenseIdentifier, Licenses,
};
use cyclonedx_bom::models::lifecycle::{Lifecycle, Lifecycles, Phase};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::organization::OrganizationalEntity;
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::{Tool as CdxTool, Tools};
use cyclonedx_bom::prelude::{DateTime, SpdxExpression, Validate};
use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result, time};
use serde_json::Value;

use super::{Provenance, uuid_of};
use crate::TOOL;
use crate::model::foreign::{Foreign, foreign};
use crate::model::inventory::{Component, Inventory, Role, Supplier};
use crate::model::license::License;

/// Namespace of this tool's properties; documented in docs/sbom.md.
const NAMESPACE: &str = "release-gates:sbom";

/// Spellings of a CycloneDX version this tool writes.
pub const VERSIONS: &[&str] = &["1.3", "1.4", "1.5", "1.6"];

/// The document as JSON, keys sorted.
///
/// # Errors
/// The version is not one of [`VERSIONS`], or the document does not validate, which would be a
/// defect.
pub fn json(inventory: &Inventory, provenance: &Provenance, version: &str) -> Result<Vec<u8>> {
    let spec = spec(version)?;
    let mut value = value(&checked(bom(inventory, provenance, spec)?, spec)?, spec)?;
    value["specVersion"] = version.into();
    // The serial number is made from the document without it.
    value["serialNumber"] = uuid_of(&bytes_of(&value)?).urn().to_string().into();
    bytes_of(&value)
}

/// The document as XML.
///
/// # Errors
/// As [`json`].
pub fn xml(inventory: &Inventory, provenance: &Provenance, version: &str) -> Result<Vec<u8>> {
    if version == "1.6" {
        return Err(Error::usage("CycloneDX 1.6 is written as JSON only")
            .with_help("--spec-version 1.5 writes XML, --format cyclonedx-json writes 1.6"));
    }
    let version = spec(version)?;
    let mut bom = bom(inventory, provenance, version)?;
    // The library writes them where the XML schema does not want them; JSON has them.
    if let Some(metadata) = &mut bom.metadata {
        metadata.lifecycles = None;
    }
    let bom = checked(bom, version)?;
    let uuid = uuid_of(&bytes_of(&value(&bom, version)?)?);
    let serial = UrnUuid::new(uuid.urn().to_string()).map_err(|error| {
        Error::judge("the serial number is no UUID").with_source(format!("{error:?}"))
    })?;
    let bom = Bom {
        serial_number: Some(serial),
        ..bom
    };
    let mut bytes = Vec::new();
    let written = match version {
        SpecVersion::V1_3 => bom.output_as_xml_v1_3(&mut bytes),
        SpecVersion::V1_4 => bom.output_as_xml_v1_4(&mut bytes),
        _ => bom.output_as_xml_v1_5(&mut bytes),
    };
    written.map_err(|error| {
        Error::judge("the CycloneDX document cannot be written as XML")
            .with_source(error.to_string())
    })?;
    bytes.push(b'\n');
    // Characters that XML cannot hold, in no spelling; the library writes them as they are.
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .filter(
            |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
        )
        .collect();
    Ok(text.into_bytes())
}

fn spec(version: &str) -> Result<SpecVersion> {
    match version {
        "1.3" => Ok(SpecVersion::V1_3),
        "1.4" => Ok(SpecVersion::V1_4),
        "1.5" | "1.6" => Ok(SpecVersion::V1_5),
        other => Err(
            Error::usage(format!("CycloneDX {other} is not written by this tool"))
                .with_help(format!("--spec-version takes {}", VERSIONS.join(", "))),
        ),
    }
}

fn checked(bom: Bom, version: SpecVersion) -> Result<Bom> {
    let checked = bom.validate_version(version);
    if !checked.passed() {
        return Err(Error::judge("the CycloneDX document does not validate")
            .with_source(format!("{checked:?}")));
    }
    Ok(bom)
}

fn value(bom: &Bom, version: SpecVersion) -> Result<Value> {
    let mut bytes = Vec::new();
    let written = match version {
        SpecVersion::V1_3 => bom.clone().output_as_json_v1_3(&mut bytes),
        SpecVersion::V1_4 => bom.clone().output_as_json_v1_4(&mut bytes),
        _ => bom.clone().output_as_json_v1_5(&mut bytes),
    };
    written.map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))
}

fn bytes_of(value: &Value) -> Result<Vec<u8>> {
    to_canonical_vec(value).map_err(|error| wrong(error.to_string()))
}

fn wrong(error: String) -> Error {
    Error::judge("the CycloneDX document cannot be written as JSON").with_source(error)
}

fn bom(inventory: &Inventory, provenance: &Provenance, version: SpecVersion) -> Result<Bom> {
    let mut main = component(&inventory.main);
    main.scope = None;
    main.component_type = Classification::Application;
    if let [(_, digest)] = &provenance.artifacts[..] {
        main.hashes = Some(Hashes(vec![sha256(digest)]));
    }
    let timestamp = provenance
        .epoch
        .map(|seconds| DateTime::try_from(time::rfc3339(seconds)))
        .transpose()
        .map_err(|error| {
            Error::judge("the commit's time is no date").with_source(error.to_string())
        })?;
    let tool = CdxTool::new("release-gates", TOOL.name, TOOL.version);
    let mut properties = Vec::new();
    if let Some(commit) = &provenance.commit {
        properties.push(property("commit", commit.as_str()));
    }
    properties.push(property(
        "dirty",
        if provenance.dirty { "true" } else { "false" },
    ));
    if let Some(digest) = &provenance.lock_sha256 {
        properties.push(property("lock-sha256", digest));
    }
    if let Some(rustc) = &provenance.rustc {
        properties.push(property("rustc", rustc));
    }
    for (name, digest) in &provenance.artifacts {
        properties.push(property("artifact", &format!("{digest}  {name}")));
    }
    properties.push(property(
        "graph",
        if inventory.approximate {
            "cargo metadata (approximation)"
        } else {
            "cargo unit graph"
        },
    ));

    let others = foreign(inventory, provenance.rust_version());
    let all = || inventory.all();
    let mut dependencies: Vec<Dependency> = all()
        .map(|component| {
            let purl = component.purl();
            let native = others
                .iter()
                .filter(|other| other.needed_by.contains(&purl))
                .map(|other| &other.purl);
            let dependencies = component.needs.iter().chain(native).cloned().collect();
            Dependency {
                dependency_ref: purl,
                dependencies,
            }
        })
        .chain(others.iter().map(|other| Dependency {
            dependency_ref: other.purl.clone(),
            dependencies: Vec::new(),
        }))
        .collect();
    dependencies.sort_by(|a, b| a.dependency_ref.cmp(&b.dependency_ref));
    // What a package needs is known from the unit graph; what the standard library, the toolchain
    // and native libraries consist of is not.
    let of = |aggregate, refs: Vec<BomReference>| Composition {
        bom_ref: None,
        aggregate,
        assemblies: None,
        dependencies: Some(refs),
        vulnerabilities: None,
        signature: None,
    };
    let known = if inventory.approximate {
        AggregateType::Unknown
    } else {
        AggregateType::Complete
    };
    let mut compositions = vec![of(
        known,
        all()
            .map(|component| BomReference::new(component.purl()))
            .collect(),
    )];
    if !others.is_empty() {
        let refs = others
            .iter()
            .map(|other| BomReference::new(other.purl.clone()))
            .collect();
        compositions.push(of(AggregateType::Unknown, refs));
    }
    let mut components: Vec<CdxComponent> = inventory.components.values().map(component).collect();
    components.extend(others.iter().map(|other| foreign_component(other, version)));
    Ok(Bom {
        version: 1,
        serial_number: None,
        metadata: Some(Metadata {
            timestamp,
            tools: Some(Tools::List(vec![tool])),
            authors: None,
            component: Some(main),
            manufacture: None,
            supplier: None,
            licenses: None,
            properties: Some(Properties(properties)),
            lifecycles: (version == SpecVersion::V1_5)
                .then(|| Lifecycles(vec![Lifecycle::Phase(Phase::Build)])),
        }),
        components: Some(Components(components)),
        services: None,
        external_references: None,
        dependencies: Some(Dependencies(dependencies)),
        compositions: Some(Compositions(compositions)),
        properties: None,
        vulnerabilities: None,
        signature: None,
        annotations: None,
        formulation: None,
        spec_version: version,
    })
}

fn component(component: &Component) -> CdxComponent {
    let purl = component.purl();
    let mut out = CdxComponent::new(
        Classification::Library,
        &component.name,
        &component.version,
        Some(purl.clone()),
    );
    out.purl = Purl::from_str(&purl).ok();
    out.scope = Some(scope(component.role));
    if !component.authors.is_empty() {
        out.author = Some(NormalizedString::new(&component.authors.join(", ")));
    }
    out.supplier = component.supplier().map(|supplier| match supplier {
        Supplier::Organization(name) | Supplier::Person(name) => organization(&name),
    });
    out.description = component.description.as_deref().map(NormalizedString::new);
    out.hashes = component
        .sha256
        .as_deref()
        .map(|digest| Hashes(vec![sha256(digest)]));
    out.licenses = licenses(&component.license);
    let mut references = Vec::new();
    for (kind, url) in [
        (ExternalReferenceType::Vcs, &component.repository),
        (ExternalReferenceType::Website, &component.homepage),
    ] {
        if let Some(uri) = url.as_ref().and_then(|url| Uri::try_from(url.clone()).ok()) {
            references.push(ExternalReference::new(kind, uri));
        }
    }
    if !references.is_empty() {
        out.external_references = Some(ExternalReferences(references));
    }
    let mut properties = Vec::new();
    if !component.features.is_empty() {
        properties.push(property(
            "features",
            &component
                .features
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        ));
    }
    if let Some(links) = &component.links {
        properties.push(property("links", links));
    }
    if component
        .platforms
        .iter()
        .any(|platform| platform != "host")
    {
        properties.push(property(
            "platforms",
            &component
                .platforms
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        ));
    }
    if !properties.is_empty() {
        out.properties = Some(Properties(properties));
    }
    out
}

fn foreign_component(foreign: &Foreign, spec: SpecVersion) -> CdxComponent {
    let kind = if foreign.program {
        Classification::Application
    } else {
        Classification::Library
    };
    let version = foreign.version.as_deref().unwrap_or_default();
    let mut out = CdxComponent::new(kind, &foreign.name, version, Some(foreign.purl.clone()));
    if foreign.version.is_none() {
        // 1.3 requires a version.
        out.version = (spec == SpecVersion::V1_3).then(|| NormalizedString::new("unknown"));
    }
    out.purl = Purl::from_str(&foreign.purl).ok();
    out.scope = Some(scope(foreign.role));
    out.supplier = foreign.license.map(|_| organization("The Rust Project"));
    out.description = Some(NormalizedString::new(&foreign.description));
    out.licenses = foreign
        .license
        .map(|text| Licenses(vec![LicenseChoice::Expression(SpdxExpression::new(text))]));
    out
}

fn organization(name: &str) -> OrganizationalEntity {
    OrganizationalEntity {
        bom_ref: None,
        name: Some(NormalizedString::new(name)),
        url: None,
        contact: None,
    }
}

fn scope(role: Role) -> Scope {
    match role {
        Role::Shipped => Scope::Required,
        Role::BuildTime => Scope::Excluded,
    }
}

/// An expression where there is one; what is none is kept as a named licence, never mixed with an
/// expression.
fn licenses(license: &License) -> Option<Licenses> {
    let named = |name: &str| {
        LicenseChoice::License(CdxLicense {
            bom_ref: None,
            license_identifier: LicenseIdentifier::Name(NormalizedString::new(name)),
            text: None,
            url: None,
            licensing: None,
            properties: None,
        })
    };
    match license {
        License::Expression(text) => Some(Licenses(vec![LicenseChoice::Expression(
            SpdxExpression::new(text),
        )])),
        License::Invalid(text) => Some(Licenses(vec![named(text)])),
        License::File(path) => Some(Licenses(vec![named(&format!("see {path}"))])),
        License::Missing => None,
    }
}

fn sha256(digest: &str) -> Hash {
    Hash {
        alg: HashAlgorithm::SHA_256,
        content: HashValue(digest.to_owned()),
    }
}

fn property(name: &str, value: &str) -> Property {
    Property::new(format!("{NAMESPACE}:{name}"), value)
}
