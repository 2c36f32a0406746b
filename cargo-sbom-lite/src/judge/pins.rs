//! Is every dependency pinned by a cryptographic hash?

use cargo_metadata::Metadata;
use release_gate::Finding;
use release_gate::lock::Lock;

use crate::model::source::{Source, relative_path, source_of};
use crate::read::crates::SourceDifference;
use crate::read::vendor::Vendored;
use crate::rules;

/// Judges the lock file and the manifests of the workspace.
pub fn judge_pins(metadata: &Metadata, lock: &Lock, vendored: &[Vendored]) -> Vec<Finding> {
    let mut findings = judge_lock(lock);
    findings.extend(judge_paths(metadata));
    findings.extend(judge_requirements(metadata));
    findings.extend(vendored.iter().flat_map(|copy| judge_copy(copy, lock)));
    findings
}

/// Every package of the lock file has a checksum or a full commit.
fn judge_lock(lock: &Lock) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &lock.packages {
        let Some(source) = &package.source else {
            continue;
        };
        let name = format!("{} {}", package.name, package.version);
        if package.is_from_git() {
            findings.extend(judge_git(&name, &package.name, source));
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

/// A repository that others can reach, at a full commit.
fn judge_git(shown: &str, name: &str, source: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (url, commit) = source.split_once('#').unwrap_or((source, ""));
    if url.starts_with("git+file:") {
        findings.push(
            Finding::new(
                &rules::PIN_PATH,
                format!("{shown} comes from a repository on this machine"),
            )
            .at("Cargo.lock", None)
            .help("name a repository that others can reach"),
        );
    }
    if commit.len() < 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        findings.push(
            Finding::new(&rules::PIN_GIT, format!("{shown} has no full commit"))
                .at("Cargo.lock", None)
                .help(format!("`cargo update -p {name}` writes one")),
        );
    }
    findings
}

/// No dependency is a folder outside the workspace.
fn judge_paths(metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        if let Source::Path(path) = source_of(metadata, package, &[])
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

fn judge_copy(copy: &Vendored, lock: &Lock) -> Vec<Finding> {
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
        .filter(|package| package.name == copy.name && package.version.to_string() == copy.version)
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

/// Sources that are not those of the archive that Cargo.lock names.
pub fn judge_sources(name: &str, folder: &str, difference: &SourceDifference) -> Vec<Finding> {
    let parts = [
        (
            &difference.changed,
            "is not what the archive of Cargo.lock has",
        ),
        (
            &difference.missing,
            "is in the archive of Cargo.lock and not there",
        ),
        (
            &difference.added,
            "is there and not in the archive of Cargo.lock",
        ),
    ];

    let mut findings = Vec::new();
    for (files, what) in parts {
        for file in files {
            findings.push(
                Finding::new(&rules::PIN_SOURCE, format!("{name}: `{file}` {what}"))
                    .at(folder, None)
                    .help(
                        "look at what was changed; then delete the folder and let cargo make it again",
                    ),
            );
        }
    }

    findings
}
