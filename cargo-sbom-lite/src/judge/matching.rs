//! Which advisories concern which packages of a build.

use std::collections::BTreeMap;

use release_gate::advisories::{Advisories, Published};
use release_gate::facts::report::vulns::{Hit, Origin, Reachability, Scope};

use super::fix::{Advice, Requirements};
use crate::model::inventory::{Inventory, Role};
use crate::model::locked::Locked;
use crate::model::purl::purl;

/// What is known about the build that the packages are part of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Build<'a> {
    /// The inventories of what is built together; empty where only a list of packages is known.
    pub inventories: &'a [&'a Inventory],
    /// The triples that are built for; empty: not known. With an inventory its own targets count,
    /// and this is the host.
    pub targets: &'a [String],
    /// Who requires what; `None` where only a list of packages is known.
    pub requirements: Option<&'a Requirements>,
}

/// A package of the build: its URL, its role, and the triples its units are compiled for.
struct Built {
    purl: String,
    role: Role,
    platforms: Vec<String>,
}

/// Packages of the build by name, version and kind of source.
type BuiltPackages<'a> = BTreeMap<(&'a str, &'a str, Origin), Built>;

/// Looks every package up.
pub fn find_hits(packages: &[Locked], advisories: &Advisories, build: Build<'_>) -> Vec<Hit> {
    let built = built_packages(build);

    let mut hits = Vec::new();
    for package in packages {
        for advisory in advisories.concerning(&package.name, &package.version) {
            hits.push(hit_of(package, advisory, build, &built));
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
    for inventory in build.inventories {
        for component in inventory.all() {
            let key = (
                component.name.as_str(),
                component.version.as_str(),
                component.source.origin(),
            );
            let platforms = component.platforms.iter().map(|platform| {
                if platform == "host" {
                    host.clone()
                } else {
                    platform.clone()
                }
            });
            let built = packages.entry(key).or_insert_with(|| Built {
                purl: component.purl(),
                role: component.role,
                platforms: Vec::new(),
            });
            // Of several packages that look alike, what is shipped anywhere is shipped.
            built.role = built.role.min(component.role);
            built.platforms.extend(platforms);
        }
    }

    packages
}

fn hit_of(
    package: &Locked,
    advisory: &Published,
    build: Build<'_>,
    packages: &BuiltPackages<'_>,
) -> Hit {
    let version = package.version.to_string();
    let origin = package.source.origin();
    let built = packages.get(&(package.name.as_str(), version.as_str(), origin));
    let scope = match (build.inventories, built.map(|built| built.role)) {
        // What a document says of itself makes nothing "not affected".
        ([], _) => Scope::Unknown,
        (_, Some(Role::Shipped)) => Scope::Artifact,
        (_, Some(Role::BuildTime)) => Scope::BuildTime,
        (_, None) => Scope::NotBuilt,
    };
    let only_on = match (build.inventories, built) {
        ([], _) => advisory.only_elsewhere(build.targets),
        // A build script's packages run on the host, whatever the product is built for.
        (_, Some(built)) => advisory.only_elsewhere(&built.platforms),
        // In no unit of this build: nothing is known about where it would be.
        (_, None) => Vec::new(),
    };
    let advice = Advice {
        name: &package.name,
        current: &package.version,
        patched: &advisory.patched(),
        origin,
        requirements: build.requirements,
    };

    Hit {
        package: package.name.clone(),
        path: path_to(package, build),
        scope,
        source: if package.replaces_crates_io {
            Origin::CratesIo
        } else {
            origin
        },
        only_on,
        functions: advisory.functions_of(&package.version),
        fix: advice.text(),
        purl: match built {
            Some(built) => built.purl.clone(),
            None => purl(&package.name, &version, &package.source),
        },
        line: package.line,
        version,
        ..advisory_facts(advisory)
    }
}

/// The shortest way to a package in the first build that has it.
fn path_to(package: &Locked, build: Build<'_>) -> Vec<String> {
    let version = package.version.to_string();
    for inventory in build.inventories {
        let found = inventory.all().find(|component| {
            component.name == package.name
                && component.version == version
                && component.source.origin() == package.source.origin()
        });
        if let Some(component) = found {
            return inventory.path_to(&component.purl());
        }
    }
    Vec::new()
}

/// What the advisory alone says; everything about the package is left empty.
fn advisory_facts(advisory: &Published) -> Hit {
    Hit {
        id: advisory.id.clone(),
        aliases: advisory.aliases.clone(),
        title: match &advisory.unknown_kind {
            Some(word) => format!("{word}: {}", advisory.title),
            None => advisory.title.clone(),
        },
        kind: advisory.kind,
        severity: advisory.severity,
        patched: advisory.patched().iter().map(ToString::to_string).collect(),
        reachability: Reachability::unknown(
            "there is no program with debug information to look into",
        ),
        published: advisory.date.clone(),
        url: advisory.url.clone(),
        ..Hit::default()
    }
}
