//! The project itself: one lock file, one verdict.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package};
use release_gate::facts::report::vulns::Scope;
use release_gate::lock::Lock;
use release_gate::project::Project;
use release_gate::{Context, Coverage, Error, Finding, Result};

use super::reachability::look_inside;
use super::settings::{Audit, Audited};
use crate::command::shared::{
    add_left_out, ask_rustc_for, check_targets, host_triple, inventories_of, whole_workspace,
};
use crate::judge::fix;
use crate::judge::matching::{Build, find_hits};
use crate::judge::patched::mark_patched;
use crate::model::inventory::Inventory;
use crate::model::locked::Locked;
use crate::read::lock;
use crate::rules;

/// What Cargo.lock names, judged by what the build units of the workspace's packages are.
///
/// One package has one report. Several have one that is printed, over all of them, and one each in
/// their artifact folders, where other gates read what concerns that package.
pub(super) fn audit_project(
    cx: &mut Context,
    audit: &Audit,
    mirrors: &[String],
    reachability: bool,
) -> Result<Vec<Audited>> {
    cx.project()?;
    check_targets(cx)?;
    let targets = vec![host_triple(cx)?];
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let packages = whole_workspace(cx, project);
    let locked = locked_packages(project, mirrors)?;
    let requirements = fix::requirements_of(&project.metadata);
    let (inventories, mut findings) = inventories_of(cx, project, &packages, mirrors)?;
    findings.extend(toolchain_findings(cx, audit)?);
    let mut coverage = Coverage::of(locked.len());
    add_left_out(&mut coverage, project, &packages);

    let mut all = Vec::new();
    for (package, inventory) in packages.iter().zip(&inventories) {
        let build = Build {
            inventories: &[inventory],
            targets: &targets,
            requirements: Some(&requirements),
        };
        let mut hits = find_hits(&locked, &audit.advisories, build);
        if reachability && hits.iter().any(|hit| hit.scope == Scope::Artifact) {
            look_inside(cx, project, package, &mut hits)?;
        }
        all.push(Audited {
            subject: Some(project.subject(package)),
            product: inventory.main.purl(),
            packages: locked.clone(),
            hits,
            findings: findings.clone(),
            coverage: coverage.clone(),
            keep_only: packages.len() > 1,
            is_approximate: inventory.approximate,
            built_elsewhere: needed_for_any_target(&project.metadata, package),
        });
    }
    if packages.len() > 1 {
        let all_inventories: Vec<&Inventory> = inventories.iter().collect();
        let build = Build {
            inventories: &all_inventories,
            targets: &targets,
            requirements: Some(&requirements),
        };
        all.push(Audited {
            subject: Some(project.workspace_subject()),
            product: "Cargo.lock".to_owned(),
            hits: find_hits(&locked, &audit.advisories, build),
            packages: locked,
            findings,
            coverage,
            keep_only: false,
            is_approximate: inventories.iter().any(|inventory| inventory.approximate),
            built_elsewhere: BTreeSet::new(),
        });
    }
    Ok(all)
}

fn locked_packages(project: &Project, mirrors: &[String]) -> Result<Vec<Locked>> {
    let text = lock::read_text(&project.root.join("Cargo.lock"))?;
    let parsed = Lock::parse(&text, "Cargo.lock")?;
    let mut packages = lock::locked_packages(&parsed, &text, mirrors);
    mark_patched(&mut packages, &project.metadata);
    Ok(packages)
}

/// What is published about the release of Rust that builds the project. The standard library is
/// part of every artifact.
fn toolchain_findings(cx: &Context, audit: &Audit) -> Result<Vec<Finding>> {
    let text = ask_rustc_for(cx, &["--version"])?;
    let Some(version) = text
        .split_whitespace()
        .nth(1)
        .and_then(|version| semver::Version::parse(version).ok())
    else {
        return Ok(Vec::new());
    };

    Ok(audit
        .advisories
        .concerning_rust(&version)
        .map(|advisory| {
            Finding::new(
                &rules::TOOLCHAIN,
                format!(
                    "{} of Rust {version}: {} ({})",
                    advisory.package, advisory.title, advisory.id
                ),
            )
            .evidence("id", advisory.id.clone())
            .help("build with a later release of Rust")
        })
        .collect())
}

/// Names and versions of all packages that a package needs for some target, by the dependency graph
/// without dev-dependencies: what is in none of them is in no build of it with these features.
fn needed_for_any_target(metadata: &Metadata, package: &Package) -> BTreeSet<(String, String)> {
    let nodes: BTreeMap<&str, &cargo_metadata::Node> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (node.id.repr.as_str(), node))
        .collect();

    let mut seen = BTreeSet::new();
    let mut stack = vec![package.id.repr.as_str()];
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        let deps = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let needed = deps.filter(|dep| {
            dep.dep_kinds
                .iter()
                .any(|kind| kind.kind != DependencyKind::Development)
        });
        stack.extend(needed.map(|dep| dep.pkg.repr.as_str()));
    }

    metadata
        .packages
        .iter()
        .filter(|package| seen.contains(package.id.repr.as_str()))
        .map(|package| (package.name.to_string(), package.version.to_string()))
        .collect()
}
