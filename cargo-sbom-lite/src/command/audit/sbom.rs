//! Somebody's SBOM.

use std::collections::BTreeSet;
use std::path::Path;

use release_gate::{Error, Finding, Result};

use super::settings::{Audit, Audited};
use crate::command::shared::{file_name, read_file};
use crate::format::parse_document;
use crate::judge::matching::{Build, find_hits};
use crate::model::locked::Locked;
use crate::model::sbom::Sbom;
use crate::model::source::Source;
use crate::rules;

/// The cargo packages that a document names.
pub(super) fn audit_sbom(audit: &Audit, path: &Path) -> Result<Audited> {
    let name = file_name(path);
    let sbom = parse_document(&read_file(path)?, &name)?;
    let (packages, not_looked_up, findings) = packages_of(&sbom, &name);
    if packages.is_empty() {
        return Err(Error::judge(format!(
            "`{name}` names no cargo package, so there is nothing to look up"
        ))
        .with_help("components need package URLs such as `pkg:cargo/serde@1.0.0`"));
    }
    let product = sbom
        .main
        .as_ref()
        .map_or_else(|| name.clone(), |main| main.key());
    Ok(Audited {
        product,
        hits: find_hits(&packages, &audit.advisories, Build::default()),
        packages,
        incomplete: !findings.is_empty(),
        findings,
        not_looked_up,
        ..Audited::default()
    })
}

/// Cargo packages to look up, what is of another kind, and findings about what cannot be looked up.
fn packages_of(sbom: &Sbom, name: &str) -> (Vec<Locked>, Vec<String>, Vec<Finding>) {
    let mut packages = Vec::new();
    let mut others = BTreeSet::new();
    let mut unjudged = Vec::new();
    let mut cannot_look_up = |what: String| {
        unjudged.push(Finding::new(&rules::SBOM_UNJUDGED, what).help(format!(
            "write `{name}` with a tool that gives each package its URL and exact version"
        )));
    };
    for (main, entry) in sbom
        .main
        .iter()
        .map(|main| (true, main))
        .chain(sbom.components.values().map(|entry| (false, entry)))
    {
        let shown = format!("{} {}", entry.name, entry.version);
        match (&entry.purl, entry.cargo()) {
            (_, Some(cargo)) => {
                let version = if cargo.version.is_empty() {
                    &entry.version
                } else {
                    &cargo.version
                };
                match semver::Version::parse(version) {
                    Ok(version) => packages.push(Locked {
                        name: cargo.name,
                        version,
                        // A path in a document is only where its maker had it; its advisories are
                        // those of crates.io's.
                        source: match cargo.source {
                            Source::Path(_) => Source::CratesIo,
                            source => source,
                        },
                        line: None,
                    }),
                    Err(_) => cannot_look_up(format!(
                        "the version of {shown} is no version of a cargo package"
                    )),
                }
            }
            (Some(purl), None) if is_cargo_url(purl) => {
                cannot_look_up(format!("the package URL `{purl}` cannot be read"));
            }
            (Some(purl), None) if purl.starts_with("pkg:") => drop(others.insert(purl.clone())),
            (Some(purl), None) => cannot_look_up(format!("`{purl}` of {shown} is no package URL")),
            // What is described need not be a package; files, systems and the parts of a package
            // have no URL of their own.
            (None, None)
                if main
                    || !matches!(entry.kind.as_deref(), None | Some("library" | "framework")) =>
            {
                others.insert(shown);
            }
            (None, None) => cannot_look_up(format!("{shown} has no package URL")),
        }
    }
    for reference in &sbom.dangling {
        cannot_look_up(format!(
            "the dependency graph names `{reference}`, which is no component"
        ));
    }
    packages.sort();
    packages.dedup();
    (packages, others.into_iter().collect(), unjudged)
}

fn is_cargo_url(purl: &str) -> bool {
    let lower = purl.to_ascii_lowercase();
    lower
        .strip_prefix("pkg:")
        .is_some_and(|rest| rest.trim_start_matches('/').starts_with("cargo/"))
}
