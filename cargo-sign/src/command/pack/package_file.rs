//! The `.crate`: what a registry serves of a package.
//!
//! No registry says who made what it serves, so the release does: its signed list names the file that
//! `cargo package` makes of the commit. It is made twice, in two places and under other conditions,
//! so that anyone who publishes makes the same bytes.

use std::path::{Path, PathBuf};

use release_gate::artifacts::PackageArtifacts;
use release_gate::fs::throw_away_dir;
use release_gate::process::Step;
use release_gate::project::Package;
use release_gate::{Context, Error, Result, Subject};

use crate::model::companion::published;

/// What the file is called.
pub(super) fn file_name(package: &Package) -> String {
    format!("{}-{}.crate", package.name, package.version)
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
    let wrong = |error| Error::judge("cannot write a temporary folder").with_source(error);
    std::fs::write(elsewhere.join(".git"), link).map_err(wrong)?;

    let name = file_name(package);
    let first = pack(cx, manifest, &scratch.path().join("first"), "UTC", &name)?;
    let other_manifest = elsewhere.join(inside);
    let other_target = scratch.path().join("second");
    let second = pack(cx, &other_manifest, &other_target, "Asia/Kathmandu", &name)?;
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

/// What `cargo package` makes.
fn pack(cx: &Context, manifest: &Path, target: &Path, zone: &str, name: &str) -> Result<Vec<u8>> {
    let mut step = Step::cargo()
        .inherit_network_env()
        .args(["package", "--no-verify", "--locked", "--quiet"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .env("TZ", zone);
    if let Some(folder) = manifest.parent() {
        step = step.current_dir(folder);
    }
    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    cx.terminal.status("Packing", name);
    let finished = cx.runner.run(step)?;
    if !finished.is_success() {
        let text = finished.stderr_text();
        return Err(
            Error::judge(format!("cargo cannot pack `{name}`: {}", text.trim()))
                .with_help("`cargo package --no-verify` says the same; mend what it names"),
        );
    }
    let path: PathBuf = target.join("package").join(name);
    std::fs::read(&path)
        .map_err(|error| Error::judge(format!("cargo made no `{name}`")).with_source(error))
}
