//! Which packages stand where a package of crates.io was asked for.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, Package};
use release_gate::facts::report::vulns::Origin;

use crate::model::locked::Locked;
use crate::model::registry::is_crates_io;

/// Marks packages that `[patch.crates-io]` (or `[replace]`) put where a manifest requires the
/// package of crates.io. They are that package, changed by somebody: its advisories concern them
/// until somebody says otherwise.
pub fn mark_patched(packages: &mut [Locked], metadata: &Metadata) {
    let patched = patched_packages(metadata);
    for package in packages {
        let key = (package.name.clone(), package.version.to_string());
        package.replaces_crates_io =
            package.source.origin() != Origin::CratesIo && patched.contains(&key);
    }
}

/// Names and versions of packages that come from elsewhere, and that a manifest requires from
/// crates.io.
fn patched_packages(metadata: &Metadata) -> BTreeSet<(String, String)> {
    let by_id: BTreeMap<&str, &Package> = metadata
        .packages
        .iter()
        .map(|package| (package.id.repr.as_str(), package))
        .collect();
    let mut patched = BTreeSet::new();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let Some(package) = by_id.get(node.id.repr.as_str()) else {
            continue;
        };
        for dep in &node.deps {
            let Some(needed) = by_id.get(dep.pkg.repr.as_str()) else {
                continue;
            };
            if requires_from_crates_io(package, needed) && !is_from_crates_io(needed) {
                patched.insert((needed.name.to_string(), needed.version.to_string()));
            }
        }
    }
    patched
}

fn requires_from_crates_io(package: &Package, needed: &Package) -> bool {
    package.dependencies.iter().any(|dependency| {
        dependency.name == needed.name.as_str()
            && dependency.path.is_none()
            && dependency.req.matches(&needed.version)
            && dependency
                .source
                .as_ref()
                .is_some_and(|source| is_crates_io(&source.repr))
    })
}

fn is_from_crates_io(package: &Package) -> bool {
    package
        .source
        .as_ref()
        .is_some_and(|source| !source.repr.starts_with("git+") && is_crates_io(&source.repr))
}
