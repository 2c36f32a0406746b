//! Which advisories concern which packages of a build.

use std::collections::{BTreeMap, BTreeSet};

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

/// Where a package can come from.
const ORIGINS: [Origin; 4] = [
    Origin::CratesIo,
    Origin::Registry,
    Origin::Git,
    Origin::Path,
];

/// A package of the build: its URL, its role, and the triples its units are compiled for.
#[derive(Clone)]
struct Built {
    purl: String,
    role: Role,
    platforms: Vec<String>,
}

/// Packages of the build by name, version and kind of source.
type BuiltPackages<'a> = BTreeMap<(&'a str, &'a str, Origin), Built>;

/// Looks every package up.
pub fn find_hits(packages: &[Locked], advisories: &Advisories, build: Build<'_>) -> Vec<Hit> {
    let mut built = built_packages(build);
    add_stand_ins(&mut built, packages);

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

/// Locked packages in whose place something is built that Cargo.lock does not name, as the key
/// `paths` of cargo's configuration has it.
fn add_stand_ins(built: &mut BuiltPackages<'_>, packages: &[Locked]) {
    let locked: BTreeSet<(&str, String, Origin)> = packages
        .iter()
        .map(|package| {
            let origin = package.source.origin();
            (package.name.as_str(), package.version.to_string(), origin)
        })
        .collect();

    let mut stand_ins = Vec::new();
    for ((name, version, origin), one) in built.iter() {
        if locked.contains(&(*name, (*version).to_owned(), *origin)) {
            continue;
        }
        for other in ORIGINS {
            let is_locked = locked.contains(&(*name, (*version).to_owned(), other));
            let is_built = built.contains_key(&(*name, *version, other));
            if is_locked && !is_built {
                stand_ins.push(((*name, *version, other), one.clone()));
            }
        }
    }
    built.extend(stand_ins);
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
        let mut namesakes: Vec<_> = inventory
            .all()
            .filter(|component| component.name == package.name && component.version == version)
            .collect();
        // What stands in for it comes from elsewhere.
        let origin = package.source.origin();
        namesakes.sort_by_key(|component| component.source.origin() != origin);
        if let Some(component) = namesakes.first() {
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
