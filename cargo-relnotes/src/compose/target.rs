//! The package at the revision that is released: its manifest, its version, and the folders that
//! belong to it.
//!
//! Must never: take the version from anywhere but the manifest of that revision (or, at `HEAD`, the
//! one cargo sees).

use release_gate::digest::sha256_bytes;
use release_gate::git::CommitId;
use release_gate::project::Project;
use release_gate::report::Subject;
use release_gate::{Error, Result};
use semver::Version;

use crate::model::config::Config;
use crate::model::folders::{Folders, Location};
use crate::model::manifest::Manifest;
use crate::read::manifest;

/// A package at a revision: what will be released.
#[derive(Debug, Clone)]
pub struct Target {
    /// Package name.
    pub package: String,
    /// The manifest at the revision.
    pub manifest: Manifest,
    /// Its version.
    pub version: Version,
    /// Whether that version is in the work tree only, and the commit says another one.
    pub uncommitted: bool,
    /// The revision.
    pub commit: CommitId,
    /// Where it lies.
    pub location: Location,
    /// Whether the package has a library target.
    pub is_library: bool,
    /// What reports are about.
    pub subject: Subject,
}

/// Finds the package at the revision asked for.
///
/// # Errors
/// No repository, no such revision, no such package there, a version that is none.
pub fn find_target(
    project: &Project,
    package: &cargo_metadata::Package,
    config: &Config,
    to: Option<&str>,
) -> Result<Target> {
    let git = project.repository()?;
    let commit = match to {
        Some(revision) => git.resolve(revision)?,
        None => project.commit.clone().ok_or_else(|| {
            Error::judge("there is no commit yet, so there is nothing to release")
                .with_help("commit first: `git commit`")
        })?,
    };

    let mut location = locate(project, package, config);
    let found = manifest::find(
        git,
        &commit,
        &package.name,
        &location.package,
        &location.workspace,
    )?;

    let (folder, manifest) = found.ok_or_else(|| {
        Error::judge(format!(
            "there is no package {} at {}",
            package.name,
            commit.short()
        ))
        .with_help("name a revision that has it with --to, or commit the manifest")
    })?;

    location.move_to(folder);
    let at_head = project.commit.as_ref() == Some(&commit);

    // The version cargo sees counts where nothing else was asked for: an uncommitted raise of it is
    // what will be released.
    let text = if at_head && to.is_none() {
        package.version.to_string()
    } else {
        manifest.version.clone()
    };

    let version = Version::parse(&text).map_err(|error| {
        Error::judge(format!(
            "the version `{text}` of {} at {} is none: {error}",
            package.name,
            commit.short()
        ))
        .with_help("versions look like 1.2.3: https://semver.org")
    })?;

    let subject = if at_head {
        Subject {
            version: Some(version.to_string()),
            ..project.subject(package)
        }
    } else {
        let lock = git.show(&commit, &manifest::join(&location.workspace, "Cargo.lock"))?;
        Subject {
            commit: Some(commit.clone()),
            dirty: false,
            lock_sha256: lock.map(|bytes| sha256_bytes(&bytes)),
            version: Some(version.to_string()),
            ..project.subject(package)
        }
    };

    let uncommitted = text != manifest.version;
    let is_library = package
        .targets
        .iter()
        .any(|target| target.is_lib() || target.is_proc_macro());

    Ok(Target {
        package: package.name.to_string(),
        manifest,
        version,
        uncommitted,
        commit,
        location,
        is_library,
        subject,
    })
}

/// Where a package and the other packages of its workspace lie.
fn locate(project: &Project, package: &cargo_metadata::Package, config: &Config) -> Location {
    let own = folder_of(project, package);
    let members = project.metadata.workspace_packages();

    // What a binary links in from its own workspace ships with it; a library ships what it asks for
    // in one exact version.
    let is_binary = package.targets.iter().any(|target| target.is_bin());
    let shipped = linked_members(project, package, is_binary);
    let mut inside = vec![own.clone()];
    inside.extend(shipped.iter().map(|name| {
        members
            .iter()
            .find(|member| member.name == *name)
            .map(|member| folder_of(project, member))
            .unwrap_or_default()
    }));

    inside.extend(
        config
            .paths
            .iter()
            .map(|path| path.trim_matches('/').to_owned()),
    );

    inside.sort();
    inside.dedup();
    let mut others: Vec<String> = members
        .iter()
        .map(|member| folder_of(project, member))
        .filter(|other| !inside.contains(other))
        .collect();

    others.sort();
    let outside: Vec<String> = others
        .iter()
        .filter(|other| inside.iter().any(|folder| is_below(other, folder)))
        .cloned()
        .collect();

    let workspace = project.relative(&project.root).unwrap_or_default();

    // What is said once for all packages: rust-version, dependencies, features of dependencies.
    let shared = vec![manifest::join(&workspace, "Cargo.toml")];

    Location {
        package: own,
        workspace,
        folders: Folders {
            inside,
            outside,
            shared,
            others,
        },
    }
}

/// The folder of a package, relative to the top of the repository.
fn folder_of(project: &Project, package: &cargo_metadata::Package) -> String {
    package
        .manifest_path
        .as_std_path()
        .parent()
        .and_then(|path| project.relative(path))
        .unwrap_or_default()
}

/// Whether a folder lies below another; below the top lies everything.
fn is_below(other: &str, folder: &str) -> bool {
    folder.is_empty() || other.starts_with(&format!("{folder}/"))
}

/// Names of the workspace's packages that a package links in, directly or through others: all of
/// them, or those it asks for in one exact version (`=1.2.3`), which are parts of it under another
/// name.
fn linked_members(project: &Project, package: &cargo_metadata::Package, all: bool) -> Vec<String> {
    let members = project.metadata.workspace_packages();
    let mut found: Vec<String> = Vec::new();
    let mut queue = vec![package];
    while let Some(package) = queue.pop() {
        for dependency in package.dependencies.iter().filter(|dependency| {
            let exact = dependency
                .req
                .comparators
                .iter()
                .any(|one| one.op == semver::Op::Exact);
            let development = dependency.kind == cargo_metadata::DependencyKind::Development;
            dependency.path.is_some() && !development && (all || exact)
        }) {
            if let Some(member) = members.iter().find(|member| member.name == dependency.name)
                && !found.contains(&dependency.name)
            {
                found.push(dependency.name.clone());
                queue.push(member);
            }
        }
    }
    found
}
