//! The packages of a commit, read from its own manifests with git alone: asking cargo would start
//! programs that the source names, before anybody knows whether the source may be trusted.

use std::path::Path;

use release_gate::git::{CommitId, Git};
use release_gate::{Error, Result};
use semver::Version;
use serde::Deserialize;

const MANIFEST: &str = "Cargo.toml";

/// A package, as its manifest in a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourcePackage {
    pub(super) name: String,
    pub(super) version: Version,
    /// The folder of its manifest, relative to the repository; empty for the top folder.
    pub(super) folder: String,
}

/// What is looked at of a manifest.
#[derive(Debug, Default, Deserialize)]
struct Manifest {
    package: Option<Package>,
    workspace: Option<Workspace>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: Option<Inherited>,
}

/// A version, or `version.workspace = true`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Inherited {
    Own(Version),
    Workspace { workspace: bool },
}

#[derive(Debug, Default, Deserialize)]
struct Workspace {
    package: Option<Shared>,
}

#[derive(Debug, Deserialize)]
struct Shared {
    version: Option<Version>,
}

/// Every package of a commit whose manifest can be read.
///
/// # Errors
/// git failed.
pub(super) fn packages(git: &Git, commit: &CommitId) -> Result<Vec<SourcePackage>> {
    let listed = git.plumbing(["ls-tree", "-r", "-z", "--name-only", commit.as_str()])?;
    let mut manifests: Vec<(String, Manifest)> = Vec::new();
    for path in String::from_utf8_lossy(&listed).split('\0') {
        let Some(folder) = folder_of(path) else {
            continue;
        };
        let bytes = git.show(commit, path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(manifest) = toml::from_str(&text) {
            manifests.push((folder.to_owned(), manifest));
        }
    }

    let found = manifests.iter().filter_map(|(folder, manifest)| {
        let package = manifest.package.as_ref()?;
        let version = match &package.version {
            Some(Inherited::Own(version)) => version.clone(),
            Some(Inherited::Workspace { workspace: true }) => shared_version(&manifests, folder)?,
            Some(Inherited::Workspace { .. }) | None => return None,
        };
        Some(SourcePackage {
            name: package.name.clone(),
            version,
            folder: folder.clone(),
        })
    });
    Ok(found.collect())
}

/// The folder of a manifest; `None` for other files.
fn folder_of(path: &str) -> Option<&str> {
    match path.rsplit_once('/') {
        Some((folder, MANIFEST)) => Some(folder),
        None if path == MANIFEST => Some(""),
        _ => None,
    }
}

/// The version that the nearest workspace around a package gives its members.
fn shared_version(manifests: &[(String, Manifest)], folder: &str) -> Option<Version> {
    manifests
        .iter()
        .filter(|(root, _)| lies_in(folder, root))
        .filter_map(|(root, manifest)| Some((root.len(), manifest.workspace.as_ref()?)))
        .max_by_key(|(length, _)| *length)
        .and_then(|(_, workspace)| workspace.package.as_ref()?.version.clone())
}

fn lies_in(folder: &str, root: &str) -> bool {
    root.is_empty()
        || folder
            .strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The packages that a call is about: those named, else the one in `folder` (relative to the
/// repository), else all below it.
///
/// # Errors
/// A package that was named is not there, or there is none.
pub(super) fn select(
    all: &[SourcePackage],
    named: &[String],
    everything: bool,
    folder: &Path,
) -> Result<Vec<SourcePackage>> {
    if !named.is_empty() {
        return named.iter().map(|name| find(all, name)).collect();
    }
    let folder = folder.to_string_lossy().replace('\\', "/");
    let own = all.iter().find(|package| package.folder == folder);
    if let Some(own) = own.filter(|_| !everything) {
        return Ok(vec![own.clone()]);
    }
    let root = if everything { "" } else { folder.as_str() };
    let below: Vec<_> = all
        .iter()
        .filter(|package| lies_in(&package.folder, root))
        .cloned()
        .collect();
    if below.is_empty() {
        return Err(Error::judge("no package is committed here")
            .with_help("name one with -p, or its folder with --manifest-path"));
    }
    Ok(below)
}

/// A package by `NAME`, `NAME@VERSION` or the id that cargo prints.
fn find(all: &[SourcePackage], named: &str) -> Result<SourcePackage> {
    let spec = named.rsplit_once('#').map_or(named, |(_, spec)| spec);
    let name = spec.split_once('@').map_or(spec, |(name, _)| name);
    let found = all
        .iter()
        .filter(|package| package.name == name)
        .min_by_key(|package| package.folder.len());
    found.cloned().ok_or_else(|| {
        Error::usage(format!(
            "no manifest of the commit is of a package `{name}`"
        ))
        .with_help("`git grep -n '^name' HEAD -- '*Cargo.toml'` lists them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, folder: &str) -> SourcePackage {
        SourcePackage {
            name: name.to_owned(),
            version: Version::new(1, 0, 0),
            folder: folder.to_owned(),
        }
    }

    #[test]
    fn packages_are_found_by_name_and_by_folder() {
        let all = [
            package("a", "a"),
            package("b", "b"),
            package("a", "b/tests/a"),
        ];
        let names = |named: &[&str], folder: &str| {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            select(&all, &named, false, Path::new(folder)).map(|found| {
                found
                    .iter()
                    .map(|package| package.folder.clone())
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(names(&["a"], "").unwrap(), ["a"]);
        assert_eq!(names(&["path+file:///x#a@1.0.0"], "").unwrap(), ["a"]);
        assert_eq!(names(&[], "b").unwrap(), ["b"]);
        assert_eq!(names(&[], "").unwrap(), ["a", "b", "b/tests/a"]);
        assert!(names(&["c"], "").is_err() && names(&[], "c").is_err());
    }

    #[test]
    fn a_version_may_be_the_workspaces() {
        let manifest = |text: &str| toml::from_str::<Manifest>(text).unwrap();
        let manifests = [
            (
                String::new(),
                manifest("[workspace.package]\nversion = '2.0.0'"),
            ),
            (
                "in".to_owned(),
                manifest("[workspace.package]\nversion = '3.0.0'"),
            ),
        ];
        assert_eq!(shared_version(&manifests, "a"), Some(Version::new(2, 0, 0)));
        assert_eq!(
            shared_version(&manifests, "in/a"),
            Some(Version::new(3, 0, 0))
        );
        assert_eq!(
            shared_version(&manifests, "inner"),
            Some(Version::new(2, 0, 0))
        );
    }
}
