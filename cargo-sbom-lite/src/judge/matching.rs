//! Which advisories concern which packages of a build.

use std::collections::BTreeMap;

use rustsec::Collection;
use rustsec::advisory::{Advisory, Informational};
use rustsec::database::Query;
use rustsec::platforms::Platform;

use super::fix::{self, Requirements};
use crate::model::inventory::{Inventory, Role};
use crate::model::locked::Locked;
use crate::model::vulnerability::{AdvisoryKind, Hit, Origin, Reachability, Scope, Severity};
use crate::read::advisories::Advisories;

/// What is known about the build that the packages are part of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Build<'a> {
    /// The unit graph's inventory; `None` where only a list of packages is known.
    pub inventory: Option<&'a Inventory>,
    /// The triples that are built for; empty: not known. With an inventory its own targets count,
    /// and this is the host.
    pub targets: &'a [String],
    /// Who requires what; `None` where only a list of packages is known.
    pub requirements: Option<&'a Requirements>,
}

/// A package of the build: its role, package URL and the triples its units are compiled for.
struct Built {
    role: Role,
    purl: String,
    platforms: Vec<String>,
}

/// Packages of the build by name, version and kind of source.
type BuiltPackages<'a> = BTreeMap<(&'a str, &'a str, Origin), Built>;

/// Looks every package up.
pub fn find_hits(packages: &[Locked], advisories: &Advisories, build: Build<'_>) -> Vec<Hit> {
    let built = built_packages(build);

    let mut hits = Vec::new();
    for package in packages {
        for name in advisories.names_of(&package.name) {
            let query = Query::new()
                .collection(Collection::Crates)
                .withdrawn(false)
                .package_name(name.clone())
                .package_version(package.version.clone());
            for advisory in advisories.database.query(&query) {
                hits.push(hit_of(package, advisory, build, &built));
            }
        }
    }

    hits.sort_by(|a, b| {
        (&a.package, &a.version, &a.id, a.source.as_str()).cmp(&(
            &b.package,
            &b.version,
            &b.id,
            b.source.as_str(),
        ))
    });
    hits.dedup();
    hits
}

fn built_packages(build: Build<'_>) -> BuiltPackages<'_> {
    let host = build.targets.first().cloned().unwrap_or_default();
    let mut packages = BuiltPackages::new();
    for component in build.inventory.into_iter().flat_map(Inventory::all) {
        let key = (
            component.name.as_str(),
            component.version.as_str(),
            component.source.origin(),
        );
        // Of several packages that look alike, the one that is shipped counts.
        if packages
            .get(&key)
            .is_some_and(|known| known.role <= component.role)
        {
            continue;
        }
        let platforms = component.platforms.iter().map(|platform| {
            if platform == "host" {
                host.clone()
            } else {
                platform.clone()
            }
        });
        packages.insert(
            key,
            Built {
                role: component.role,
                purl: component.purl(),
                platforms: platforms.collect(),
            },
        );
    }
    packages
}

fn hit_of(
    package: &Locked,
    advisory: &Advisory,
    build: Build<'_>,
    packages: &BuiltPackages<'_>,
) -> Hit {
    let version = package.version.to_string();
    let origin = package.source.origin();
    let built = packages.get(&(package.name.as_str(), version.as_str(), origin));
    let scope = match (build.inventory, built.map(|built| built.role)) {
        // What a document says of itself makes nothing "not affected".
        (None, _) => Scope::Unknown,
        (Some(_), Some(Role::Shipped)) => Scope::Artifact,
        (Some(_), Some(Role::BuildTime)) => Scope::BuildTime,
        (Some(_), None) => Scope::NotBuilt,
    };
    let only_on = match (build.inventory, built) {
        // A build script's packages run on the host, whatever the product is built for.
        (Some(_), Some(built)) => other_platforms(advisory, &built.platforms),
        // In no unit of this build: nothing is known about where it would be.
        (Some(_), None) => Vec::new(),
        (None, _) => other_platforms(advisory, build.targets),
    };
    let path = match (build.inventory, built) {
        (Some(inventory), Some(built)) => inventory.path_to(&built.purl),
        _ => Vec::new(),
    };
    let nobody = Requirements::new();

    Hit {
        package: package.name.clone(),
        path,
        scope,
        source: origin,
        only_on,
        functions: affected_functions(advisory, &package.version),
        fix: fix::advice(
            &package.name,
            &package.version,
            advisory.versions.patched(),
            build.requirements.unwrap_or(&nobody),
        ),
        line: package.line,
        version,
        ..advisory_facts(advisory)
    }
}

/// What the advisory alone says; everything about the package is left empty.
fn advisory_facts(advisory: &Advisory) -> Hit {
    let meta = &advisory.metadata;
    let mut aliases: Vec<String> = meta.aliases.iter().map(ToString::to_string).collect();
    aliases.sort();

    Hit {
        id: meta.id.to_string(),
        aliases,
        title: meta.title.split_whitespace().collect::<Vec<_>>().join(" "),
        kind: kind_of(meta.informational.as_ref()),
        severity: advisory.severity().map_or(Severity::Unknown, severity_of),
        patched: advisory
            .versions
            .patched()
            .iter()
            .map(ToString::to_string)
            .collect(),
        reachability: Reachability::unknown(
            "there is no program with debug information to look into",
        ),
        published: meta.date.as_str().to_owned(),
        url: meta.id.url(),
        ..Hit::default()
    }
}

fn kind_of(informational: Option<&Informational>) -> AdvisoryKind {
    match informational {
        None => AdvisoryKind::Vulnerability,
        Some(Informational::Other(other)) => other.clone().into(),
        Some(kind) => kind.as_str().to_owned().into(),
    }
}

fn severity_of(severity: rustsec::advisory::Severity) -> Severity {
    use rustsec::advisory::Severity as Scored;
    match severity {
        Scored::None => Severity::None,
        Scored::Low => Severity::Low,
        Scored::Medium => Severity::Medium,
        Scored::High => Severity::High,
        Scored::Critical => Severity::Critical,
    }
}

/// The systems and processors an advisory is limited to, when none of the targets is one of them.
fn other_platforms(advisory: &Advisory, targets: &[String]) -> Vec<String> {
    let Some(affected) = &advisory.affected else {
        return Vec::new();
    };
    let platforms: Option<Vec<&Platform>> = targets
        .iter()
        .map(|triple| Platform::find(triple))
        .collect();
    // A triple that is not known may be any system.
    let Some(platforms) = platforms.filter(|list| !list.is_empty()) else {
        return Vec::new();
    };
    let concerned = platforms.iter().any(|platform| {
        (affected.os.is_empty() || affected.os.contains(&platform.target_os))
            && (affected.arch.is_empty() || affected.arch.contains(&platform.target_arch))
    });
    if concerned {
        return Vec::new();
    }
    let os = affected.os.iter().map(|os| os.as_str().to_owned());
    let arch = affected.arch.iter().map(|arch| arch.as_str().to_owned());
    os.chain(arch).collect()
}

/// The functions an advisory names for a version.
fn affected_functions(advisory: &Advisory, version: &semver::Version) -> Vec<String> {
    let Some(affected) = &advisory.affected else {
        return Vec::new();
    };
    affected
        .functions
        .iter()
        .filter(|(_, versions)| {
            versions.is_empty() || versions.iter().any(|req| req.matches(version))
        })
        .map(|(path, _)| path.to_string())
        .collect()
}
