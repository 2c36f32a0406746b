//! Is every dependency pinned by a cryptographic hash?

use cargo_metadata::Metadata;
use release_gate::Finding;
use rustsec::Lockfile;

use crate::model::source::{Source, relative_path, source_of};
use crate::read::vendor::Vendored;
use crate::rules;

/// Judges the lock file and the manifests of the workspace.
pub fn judge_pins(metadata: &Metadata, lock: &Lockfile, vendored: &[Vendored]) -> Vec<Finding> {
    let mut findings = judge_lock(lock);
    findings.extend(judge_paths(metadata));
    findings.extend(judge_requirements(metadata));
    findings.extend(vendored.iter().flat_map(|copy| judge_copy(copy, lock)));
    findings
}

/// Every package of the lock file has a checksum or a full commit.
fn judge_lock(lock: &Lockfile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &lock.packages {
        let Some(origin) = &package.source else {
            continue;
        };
        let name = format!("{} {}", package.name, package.version);
        if origin.is_git() {
            let commit = origin.precise().unwrap_or_default();
            if origin.url().scheme() == "file" {
                findings.push(
                    Finding::new(
                        &rules::PIN_PATH,
                        format!("{name} comes from a repository on this machine"),
                    )
                    .at("Cargo.lock", None)
                    .help("name a repository that others can reach"),
                );
            }
            if commit.len() < 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                findings.push(
                    Finding::new(&rules::PIN_GIT, format!("{name} has no full commit"))
                        .at("Cargo.lock", None)
                        .help(format!("`cargo update -p {}` writes one", package.name)),
                );
            }
        } else if package.checksum.is_none() {
            findings.push(
                Finding::new(&rules::PIN_CHECKSUM, format!("{name} has no checksum"))
                    .at("Cargo.lock", None)
                    .help("`cargo generate-lockfile` with a current cargo writes one"),
            );
        }
    }
    findings
}

/// No dependency is a folder outside the workspace.
fn judge_paths(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        if let Source::Path(path) = source_of(metadata, package)
            && !metadata.workspace_members.contains(&package.id)
            && path.starts_with("..")
        {
            findings.push(
                Finding::new(
                    &rules::PIN_PATH,
                    format!(
                        "{} {} lies outside the workspace",
                        package.name, package.version
                    ),
                )
                .help("move it into the workspace, or publish it")
                .evidence("path", path),
            );
        }
    }
    findings
}

/// No manifest of the workspace takes any version of a package.
fn judge_requirements(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            if dependency.req == semver::VersionReq::STAR
                && dependency.path.is_none()
                && dependency
                    .source
                    .as_ref()
                    .is_some_and(|s| !s.repr.starts_with("git+"))
            {
                let manifest = relative_path(
                    metadata.workspace_root.as_std_path(),
                    package.manifest_path.as_std_path(),
                );
                findings.push(
                    Finding::new(
                        &rules::PIN_WILDCARD,
                        format!("{} takes any version of {}", package.name, dependency.name),
                    )
                    .at(manifest, None)
                    .help("give a version requirement"),
                );
            }
        }
    }
    findings
}

fn judge_copy(copy: &Vendored, lock: &Lockfile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |what: String| {
        findings.push(
            Finding::new(
                &rules::PIN_VENDOR,
                format!("{} {}: {what}", copy.name, copy.version),
            )
            .at(copy.folder.clone(), None)
            .help("run `cargo vendor` again, and look at what was changed"),
        );
    };
    let locked = lock
        .packages
        .iter()
        .filter(|package| {
            package.name.as_str() == copy.name && package.version.to_string() == copy.version
        })
        .filter_map(|package| package.checksum.as_ref())
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    if let Some(package) = &copy.package
        && !locked.is_empty()
        && !locked.contains(package)
    {
        add(format!(
            "its `.cargo-checksum.json` is of another archive ({package}) than Cargo.lock names"
        ));
    }
    for file in &copy.changed {
        add(format!("`{file}` is not what its checksum says"));
    }
    for file in &copy.missing {
        add(format!("`{file}` is listed and not there"));
    }
    for file in &copy.unlisted {
        add(format!("`{file}` is there and not listed"));
    }
    findings
}
