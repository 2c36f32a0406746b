//! The `.crate`: what a registry serves of a package.
//!
//! No registry says who made what it serves, so the release does: its signed list names the file that
//! `cargo package` makes of the commit. It is made twice, in two places and under other conditions,
//! so that anyone who publishes makes the same bytes.

use std::collections::BTreeSet;
use std::path::Path;

use release_gate::artifacts::PackageArtifacts;
use release_gate::fs::throw_away_dir;
use release_gate::process::Step;
use release_gate::project::{Package, Project};
use release_gate::{Context, Error, Result, Subject};

use crate::model::companion::published;
use crate::read::builds::Build;

/// What the file is called.
pub(super) fn file_name(package: &Package) -> String {
    format!("{}-{}.crate", package.name, package.version)
}

/// Whether the release of a package is what a registry serves, and nothing else: a library that is
/// published, of which the build made nothing that others could use.
pub(super) fn is_library_release(package: &Package, builds: &[Build]) -> bool {
    is_served(package)
        && package
            .targets
            .iter()
            .any(|target| target.is_lib() || target.is_proc_macro())
        && !package.targets.iter().any(|target| target.is_bin())
        && builds.iter().all(Build::is_library_only)
}

/// Whether a registry may serve a package: `publish = false` is an empty list of registries.
fn is_served(package: &Package) -> bool {
    package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty())
}

/// The members of the workspace that a package needs, and those that they need. Where they are of
/// the same release, no registry serves them yet.
fn siblings(project: &Project, package: &Package) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![package];
    while let Some(next) = open.pop() {
        let needed = next
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some());
        for dependency in needed {
            let member = project.metadata.packages.iter().find(|member| {
                *member.name == *dependency.name && is_served(member) && member.id != package.id
            });
            if let Some(member) = member
                && found.insert(member.name.to_string())
            {
                open.push(member);
            }
        }
    }
    found
}

/// Packs the package twice and publishes the file; returns its name.
///
/// # Errors
/// There are uncommitted changes, cargo refuses to pack it, or the two files differ.
pub(super) fn publish_package(
    cx: &Context,
    package: &Package,
    subject: &Subject,
    folder: &mut PackageArtifacts,
) -> Result<String> {
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let git = project.repository()?;
    let commit = subject
        .commit
        .as_ref()
        .filter(|_| !subject.dirty)
        .ok_or_else(|| {
            Error::judge("only a clean commit can be packed for a registry")
                .with_help("commit, then build and pack again")
        })?;
    let manifest = package.manifest_path.as_std_path();
    let root = git
        .root()
        .canonicalize()
        .unwrap_or_else(|_| git.root().to_owned());
    let inside = manifest.strip_prefix(&root).map_err(|_| {
        Error::judge(format!(
            "`{}` is not part of the repository",
            manifest.display()
        ))
    })?;

    let scratch = throw_away_dir("package")?;
    let elsewhere = scratch.path().join("elsewhere-under-another-name");
    git.checkout(commit, &elsewhere)?;
    // Cargo writes the commit into the file, and reads it from the repository.
    let repository = git.plumbing(["rev-parse", "--absolute-git-dir"])?;
    let link = [b"gitdir: ", &repository[..]].concat();
    std::fs::write(elsewhere.join(".git"), link).map_err(unwritable)?;

    let name = file_name(package);
    let here = Packing {
        manifest,
        target: &scratch.path().join("first"),
        zone: "UTC",
        name: &name,
    };
    let there = Packing {
        manifest: &elsewhere.join(inside),
        target: &scratch.path().join("second"),
        zone: "Asia/Kathmandu",
        name: &name,
    };
    cx.terminal.status("Packing", &name);
    // Where the package's siblings are published already, it is packed with what the registry has.
    let mut with = BTreeSet::new();
    let first = match here.pack(cx, package, &with) {
        Ok(first) => first,
        Err(error) => {
            with = siblings(project, package);
            if with.is_empty() {
                return Err(error);
            }
            here.pack(cx, package, &with)?
        }
    };
    let second = there.pack(cx, package, &with)?;
    if first != second {
        return Err(Error::judge(format!(
            "`{name}` was packed twice, and the two files differ"
        ))
        .with_help(
            "`cargo package --list` shows what is packed; leave out what depends on the place",
        ));
    }
    folder.write(&published(&name), &first)?;
    Ok(name)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::judge("cannot write a temporary folder").with_source(error)
}

/// One call of `cargo package`.
struct Packing<'a> {
    manifest: &'a Path,
    target: &'a Path,
    zone: &'a str,
    /// The file it has to make.
    name: &'a str,
}

impl Packing<'_> {
    /// What cargo makes of the package, together with members that no registry serves yet.
    fn pack(&self, cx: &Context, package: &Package, with: &BTreeSet<String>) -> Result<Vec<u8>> {
        let name = self.name;
        let mut step = Step::cargo()
            .inherit_network_env()
            .args(["package", "--no-verify", "--locked", "--quiet"])
            .arg("--manifest-path")
            .arg(self.manifest)
            .arg("--target-dir")
            .arg(self.target)
            .arg("--package")
            .arg(package.name.as_str())
            .env("TZ", self.zone);
        for sibling in with {
            step = step.arg("--package").arg(sibling);
        }
        if let Some(folder) = self.manifest.parent() {
            step = step.current_dir(folder);
        }
        if cx.args().is_offline() {
            step = step.arg("--offline");
        }

        let finished = cx.runner.run(step)?;
        if !finished.is_success() {
            let text = finished.stderr_text();
            return Err(
                Error::judge(format!("cargo cannot pack `{name}`: {}", text.trim())).with_help(
                    "`cargo package --no-verify` says the same; fix what it names, or set `publish = false` where no registry is meant",
                ),
            );
        }
        let path = self.target.join("package").join(name);
        std::fs::read(&path)
            .map_err(|error| Error::judge(format!("cargo made no `{name}`")).with_source(error))
    }
}
