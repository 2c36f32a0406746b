//! From an inventory to the document of `cyclonedx-bom` (ECMA-424, 1.3 to 1.5).

use std::collections::BTreeSet;
use std::str::FromStr;

use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::external_models::uri::{Purl, Uri};
use cyclonedx_bom::models::bom::{Bom, BomReference, SpecVersion};
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
use cyclonedx_bom::models::organization::{OrganizationalContact, OrganizationalEntity};
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::{Tool as CdxTool, Tools};
use cyclonedx_bom::prelude::{DateTime, SpdxExpression};
use release_gate::{Error, Result, time};

use crate::TOOL;
use crate::model::config::Maker;
use crate::model::foreign::{Foreign, foreign};
use crate::model::inventory::{Component, Inventory, Role, Supplier};
use crate::model::license::License;
use crate::model::provenance::{Artifact, Provenance};

/// Namespace of this tool's properties; documented in docs/sbom.md.
const NAMESPACE: &str = "release-gates:sbom";

/// The library's document for an inventory.
pub(in crate::format) fn bom_of(
    inventory: &Inventory,
    provenance: &Provenance,
    spec: SpecVersion,
) -> Result<Bom> {
    let others = foreign(inventory, provenance);
    let mut components: Vec<CdxComponent> =
        inventory.components.values().map(component_of).collect();
    components.extend(others.iter().map(|other| foreign_component(other, spec)));

    Ok(Bom {
        version: 1,
        serial_number: None,
        metadata: Some(metadata_of(inventory, provenance, spec)?),
        components: Some(Components(components)),
        services: None,
        external_references: None,
        dependencies: Some(Dependencies(dependencies_of(inventory, &others))),
        compositions: Some(Compositions(compositions_of(inventory, &others))),
        properties: None,
        vulnerabilities: None,
        signature: None,
        annotations: None,
        formulation: None,
        spec_version: spec,
    })
}

fn metadata_of(
    inventory: &Inventory,
    provenance: &Provenance,
    spec: SpecVersion,
) -> Result<Metadata> {
    let mut main = component_of(&inventory.main);
    main.scope = None;
    main.component_type = if inventory.main.has_program {
        Classification::Application
    } else {
        Classification::Library
    };
    if let [artifact] = &provenance.artifacts[..] {
        main.hashes = Some(Hashes(artifact_hashes(artifact)));
        let mut properties = main.properties.take().unwrap_or(Properties(Vec::new()));
        properties.0.extend(artifact_properties(artifact));
        main.properties = Some(properties);
    }
    let maker = &provenance.maker;
    if let Some(supplier) = &maker.supplier {
        main.supplier = Some(organization(supplier));
    }
    let timestamp = provenance
        .epoch
        .map(|seconds| DateTime::try_from(time::rfc3339(seconds)))
        .transpose()
        .map_err(|error| {
            Error::judge("the commit's time is not a date").with_source(error.to_string())
        })?;
    let tool = CdxTool::new("release-gates", TOOL.name, TOOL.version);

    Ok(Metadata {
        timestamp,
        tools: Some(Tools::List(vec![tool])),
        authors: maker
            .author
            .as_deref()
            .map(|author| vec![person(author, maker)]),
        component: Some(main),
        manufacture: maker
            .manufacturer
            .as_deref()
            .map(|name| reachable_organization(name, maker)),
        supplier: maker
            .supplier
            .as_deref()
            .map(|name| reachable_organization(name, maker)),
        licenses: None,
        properties: Some(Properties(document_properties(inventory, provenance))),
        lifecycles: (spec == SpecVersion::V1_5)
            .then(|| Lifecycles(vec![Lifecycle::Phase(Phase::Build)])),
    })
}

fn document_properties(inventory: &Inventory, provenance: &Provenance) -> Vec<Property> {
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
    for artifact in &provenance.artifacts {
        properties.push(property(
            "artifact",
            &format!("{}  {}", artifact.sha256, artifact.path),
        ));
    }

    properties.push(property(
        "graph",
        if inventory.approximate {
            "cargo metadata (approximation)"
        } else {
            "cargo unit graph"
        },
    ));

    properties
}

/// What each component needs, native libraries and the toolchain included; every reference is
/// listed once, also where it needs nothing.
fn dependencies_of(inventory: &Inventory, others: &[Foreign]) -> Vec<Dependency> {
    let packages = inventory.all().map(|component| {
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
    });
    let leaves = others.iter().map(|other| Dependency {
        dependency_ref: other.purl.clone(),
        dependencies: Vec::new(),
    });
    let mut dependencies: Vec<Dependency> = packages.chain(leaves).collect();
    dependencies.sort_by(|a, b| a.dependency_ref.cmp(&b.dependency_ref));
    dependencies
}

/// How complete the lists of dependencies are: what a package needs is known from the unit graph;
/// what the standard library, the toolchain and native libraries consist of is not.
fn compositions_of(inventory: &Inventory, others: &[Foreign]) -> Vec<Composition> {
    let known = if inventory.approximate {
        AggregateType::Unknown
    } else {
        AggregateType::Complete
    };
    let packages = inventory.all().map(|component| component.purl());
    let mut compositions = vec![composition(known, packages)];
    if !others.is_empty() {
        let natives = others.iter().map(|other| other.purl.clone());
        compositions.push(composition(AggregateType::Unknown, natives));
    }
    compositions
}

fn composition(aggregate: AggregateType, references: impl Iterator<Item = String>) -> Composition {
    Composition {
        bom_ref: None,
        aggregate,
        assemblies: None,
        dependencies: Some(references.map(BomReference::new).collect()),
        vulnerabilities: None,
        signature: None,
    }
}

fn component_of(component: &Component) -> CdxComponent {
    let purl = component.purl();
    let mut out = CdxComponent::new(
        Classification::Library,
        &component.name,
        &component.version,
        Some(purl.clone()),
    );

    out.purl = Purl::from_str(&purl).ok();
    out.scope = Some(scope_of(component.role));
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
        .map(|digest| Hashes(vec![sha256_hash(digest)]));

    out.licenses = licenses_of(&component.license);
    out.external_references = references_of(component);
    let properties = component_properties(component);
    if !properties.is_empty() {
        out.properties = Some(Properties(properties));
    }

    out
}

fn references_of(component: &Component) -> Option<ExternalReferences> {
    let urls = [
        (ExternalReferenceType::Vcs, &component.repository),
        (ExternalReferenceType::Website, &component.homepage),
    ];
    let references: Vec<ExternalReference> = urls
        .into_iter()
        .filter_map(|(kind, url)| {
            let uri = Uri::try_from(url.clone()?).ok()?;
            Some(ExternalReference::new(kind, uri))
        })
        .collect();
    (!references.is_empty()).then_some(ExternalReferences(references))
}

fn component_properties(component: &Component) -> Vec<Property> {
    let mut properties = Vec::new();
    if !component.features.is_empty() {
        properties.push(property("features", &joined(&component.features)));
    }
    if let Some(links) = &component.links {
        properties.push(property("links", links));
    }
    if component
        .platforms
        .iter()
        .any(|platform| platform != "host")
    {
        properties.push(property("platforms", &joined(&component.platforms)));
    }
    properties
}

fn joined(words: &BTreeSet<String>) -> String {
    words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
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
    out.scope = Some(scope_of(foreign.role));
    out.supplier = foreign.supplier.as_deref().map(organization);
    out.description = Some(NormalizedString::new(&foreign.description));
    out.licenses = foreign
        .license
        .as_deref()
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

fn scope_of(role: Role) -> Scope {
    match role {
        Role::Shipped => Scope::Required,
        Role::BuildTime => Scope::Excluded,
    }
}

/// An expression where there is one; what is none is kept as a named licence, never mixed with an
/// expression.
fn licenses_of(license: &License) -> Option<Licenses> {
    match license {
        License::Expression(text) => Some(Licenses(vec![LicenseChoice::Expression(
            SpdxExpression::new(text),
        )])),
        License::Invalid(text) => Some(Licenses(vec![named_license(text)])),
        License::File(path) => Some(Licenses(vec![named_license(&format!("see {path}"))])),
        License::Missing => None,
    }
}

/// An organization with the contact of the configuration.
fn reachable_organization(name: &str, maker: &Maker) -> OrganizationalEntity {
    let contact = maker.contact.as_deref().unwrap_or_default();
    let is_mail = contact.contains('@');
    let url = Uri::try_from(contact.to_owned())
        .ok()
        .filter(|_| !is_mail && !contact.is_empty());
    OrganizationalEntity {
        url: url.map(|url| vec![url]),
        contact: is_mail.then(|| vec![person(name, maker)]),
        ..organization(name)
    }
}

fn person(name: &str, maker: &Maker) -> OrganizationalContact {
    let mut contact = OrganizationalContact::new(name, None);
    contact.email = maker
        .contact
        .as_deref()
        .filter(|contact| contact.contains('@'))
        .map(NormalizedString::new);
    contact
}

fn artifact_hashes(artifact: &Artifact) -> Vec<Hash> {
    let sha512 = artifact.sha512.as_ref().map(|digest| Hash {
        alg: HashAlgorithm::SHA_512,
        content: HashValue(digest.clone()),
    });
    std::iter::once(sha256_hash(&artifact.sha256))
        .chain(sha512)
        .collect()
}

/// What BSI TR-03183-2 asks of a deployable file, by the names of its taxonomy.
fn artifact_properties(artifact: &Artifact) -> Vec<Property> {
    [
        ("filename", artifact.file_name()),
        ("executable", "executable"),
        ("archive", "no archive"),
        ("structured", "structured"),
    ]
    .into_iter()
    .map(|(name, value)| Property::new(format!("bsi:component:{name}"), value))
    .collect()
}

fn named_license(name: &str) -> LicenseChoice {
    LicenseChoice::License(CdxLicense {
        bom_ref: None,
        license_identifier: LicenseIdentifier::Name(NormalizedString::new(name)),
        text: None,
        url: None,
        licensing: None,
        properties: None,
    })
}

fn sha256_hash(digest: &str) -> Hash {
    Hash {
        alg: HashAlgorithm::SHA_256,
        content: HashValue(digest.to_owned()),
    }
}

fn property(name: &str, value: &str) -> Property {
    Property::new(format!("{NAMESPACE}:{name}"), value)
}
