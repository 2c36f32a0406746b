//! Baselines: where the old sources come from.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::error::JudgeExt;
use release_gate::git::{CommitId, GitError};
use release_gate::project::Project;
use release_gate::report::{Baseline, BaselineKind};
use release_gate::{Error, Finding, Level, Result};
use semver::Version;

use super::folder_tree::{FolderTree, checkout_folder, copy_outside_dependencies};
use super::manifests::{manifest_of, own_workspace, strip_dev_dependencies, version_in};
use super::old::{Old, Origin};
use super::published::{NOT_NEWER, published_version};
use super::rustdoc;
use super::tags::{newest_tag, remote_without_tags};
use crate::model::package::library;
use crate::rules;

/// Finds the baseline of a package: as asked for, else the newest release tag below it, else the
/// newest published version. `Ok(None)`: there is none.
///
/// # Errors
/// What was asked for is not there; or nothing was found, in a clone whose history was cut off.
pub fn find_baseline(
    origin: Origin<'_>,
    package: &Package,
    against: Option<&str>,
) -> Result<Option<Old>> {
    match against {
        Some(text) => asked_for(origin, package, text).map(Some),
        None => match default_baseline(origin, package)? {
            None => refuse_shallow(origin.project, package).map(|()| None),
            found => Ok(found),
        },
    }
}

/// Where history was cut off when the clone was made, that no release was found says nothing: its
/// tag was not fetched.
fn refuse_shallow(project: &Project, package: &Package) -> Result<()> {
    match &project.git {
        Some(git) if git.is_shallow()? => Err(Error::judge(format!(
            "no earlier release of `{}` is known in this clone, whose history was cut off when it was made",
            package.name
        ))
        .with_help("run `git fetch --unshallow --tags` (in a CI checkout ask for the whole history: `fetch-depth: 0`), or name a baseline with --against")),
        _ => Ok(()),
    }
}

/// What is said where there is no baseline. A clone that is told to leave tags out cannot be told
/// from a first release by what is in it.
///
/// # Errors
/// git could not be run.
pub fn no_baseline(project: &Project, package: &Package) -> Result<Finding> {
    let message = format!(
        "there is no earlier release of `{}` to compare with",
        package.name
    );
    let help = "tag releases (`v1.2.3`), or name a baseline with --against";
    let Some(remote) = remote_without_tags(project)? else {
        return Ok(Finding::new(&rules::NO_BASELINE, message).help(help));
    };
    let message =
        format!("{message}; but this clone leaves out the tags of `{remote}`, so there may be one");
    Ok(Finding::new(&rules::NO_BASELINE, message)
        .level(Level::Warn)
        .help(format!(
            "run `git fetch --tags`; if that brings none: {help}"
        ))
        .evidence("remote", remote))
}

fn asked_for(origin: Origin<'_>, package: &Package, text: &str) -> Result<Old> {
    let path = Path::new(text);
    if path.is_file()
        && path
            .extension()
            .is_some_and(|extension| extension == "json")
    {
        return json(path, package);
    }
    if let Some(git) = &origin.project.git {
        match git.resolve(text) {
            Ok(commit) => return revision(origin, package, text, commit),
            Err(GitError::UnknownRevision { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }

    if path.is_dir() {
        return folder(origin, path, text);
    }
    if text == "latest" || Version::parse(text).is_ok() {
        return published_version(origin, package, text);
    }

    Err(Error::judge(format!(
        "`{text}` is neither a revision of the repository nor a folder, a published version or a rustdoc JSON file"
    ))
    .with_help("`git tag` lists the tags; `git fetch --tags` brings those of the remote"))
}

fn default_baseline(origin: Origin<'_>, package: &Package) -> Result<Option<Old>> {
    if let Some((name, commit)) = newest_tag(origin.project, package)? {
        return revision(origin, package, &name, commit).map(Some);
    }
    let publishable = package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty());

    // Another project's package may have this name: only one of the same repository is a baseline
    // nobody asked for.
    if !publishable || package.repository.is_none() || origin.cx.args().is_offline() {
        return Ok(None);
    }

    match published_version(origin, package, NOT_NEWER) {
        Ok(Old::Sources {
            baseline,
            manifest,
            base,
        }) if same_repository(&manifest, package) => Ok(Some(Old::Sources {
            baseline,
            manifest,
            base,
        })),
        Ok(_) => Ok(None),
        // Nobody published it, or nothing of it is left to choose.
        Err(error)
            if ["no matching package", "failed to select a version"]
                .iter()
                .any(|said| error.chain().contains(said)) =>
        {
            Ok(None)
        }
        // A registry that does not answer has not said that this is the first release.
        Err(error) => Err(error.with_help(
            "there is no release tag; name a baseline with --against, or call it with --offline",
        )),
    }
}

fn revision(origin: Origin<'_>, package: &Package, name: &str, commit: CommitId) -> Result<Old> {
    let git = origin.project.repository()?;
    let missing = || {
        Error::judge(format!("`{name}` has no package `{}`", package.name))
            .with_help("was it renamed or new? choose another baseline with --against")
    };

    let kept = origin.cache().folder(
        &format!("git {commit} {}", origin.variant()),
        |folder| {
            let checkout = checkout_folder(folder, git.root());
            std::fs::create_dir_all(&checkout)
                .or_judge(|| "cannot make the folder of a baseline".to_owned())?;
            git.checkout(&commit, &checkout)?;
            copy_outside_dependencies(git.root(), &checkout, folder)
                .or_judge(|| "cannot copy a path dependency of the baseline".to_owned())?;
            trim(origin, &checkout)
        },
        |folder| {
            let checkout = checkout_folder(folder, git.root());
            let manifest = manifest_of(&checkout, &package.name)?.ok_or_else(missing)?;
            own_workspace(&manifest, &checkout)
        },
    )?;

    let base = checkout_folder(&kept, git.root());
    let manifest = manifest_of(&base, &package.name)?.ok_or_else(missing)?;
    let baseline = Baseline {
        kind: BaselineKind::Git,
        name: name.to_owned(),
        version: version_in(&manifest),
        commit: Some(commit),
    };

    Ok(Old::Sources {
        baseline,
        manifest,
        base,
    })
}

/// Takes out of an unpacked baseline what users of the library never need.
fn trim(origin: Origin<'_>, base: &Path) -> Result<()> {
    if origin.with_dev_dependencies {
        return Ok(());
    }
    strip_dev_dependencies(base)
        .or_judge(|| "cannot take the dev-dependencies out of the baseline".to_owned())
}

/// A folder. Building writes a lock file, and the folder is not ours: the build gets a copy of its
/// workspace, and of the folders beside it that its manifests name.
fn folder(origin: Origin<'_>, path: &Path, name: &str) -> Result<Old> {
    let path = path
        .canonicalize()
        .or_judge(|| format!("cannot open `{name}`"))?;
    let manifest = path.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Error::judge(format!("`{name}` has no Cargo.toml")));
    }
    let baseline = Baseline {
        kind: BaselineKind::Path,
        name: shown_folder(name, &path),
        version: version_in(&manifest),
        commit: None,
    };

    let tree = FolderTree::of(path);
    let cannot_copy = || format!("cannot copy `{name}`");
    let identity = tree.identity().or_judge(cannot_copy)?;
    let base = origin.cache().folder(
        &format!("{identity}\n{}", origin.variant()),
        |into| {
            tree.copy_into(into).or_judge(cannot_copy)?;
            trim(origin, &into.join(tree.below(&tree.root)))
        },
        |into| {
            let package = into.join(tree.below(&tree.path));
            own_workspace(
                &package.join("Cargo.toml"),
                &into.join(tree.below(&tree.root)),
            )
        },
    )?;

    Ok(Old::Sources {
        baseline,
        manifest: base.join(tree.below(&tree.path)).join("Cargo.toml"),
        base: base.join(tree.below(&tree.root)),
    })
}

/// A folder as it was named, so that the call can be repeated; of an absolute path only the last
/// part, since a report has no path of the machine in it.
fn shown_folder(name: &str, path: &Path) -> String {
    if Path::new(name).is_relative() {
        return name.to_owned();
    }
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn json(path: &Path, package: &Package) -> Result<Old> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();

    let bytes = std::fs::read(path)
        .map_err(|error| Error::judge(format!("cannot read `{name}`")).with_source(error))?;
    let api = rustdoc::parse(&bytes)
        .map_err(|error| Error::judge(format!("`{name}` cannot be used")).with_source(error))?;
    let documented = api
        .index
        .get(&api.root)
        .and_then(|item| item.name.clone())
        .unwrap_or_default();

    let expected = library(package)
        .map(|target| target.name.replace('-', "_"))
        .unwrap_or_default();
    if documented != expected {
        return Err(Error::judge(format!(
            "`{name}` describes the crate `{documented}`, not `{expected}`"
        )));
    }

    let baseline = Baseline {
        kind: BaselineKind::RustdocJson,
        name,
        version: api.crate_version.clone(),
        commit: None,
    };

    Ok(Old::Json {
        baseline,
        api: Box::new(api),
    })
}

fn same_repository(manifest: &Path, package: &Package) -> bool {
    let table = release_gate::config::read_toml(manifest).ok();
    let theirs = table
        .as_ref()
        .and_then(|table| table.get("package")?.get("repository")?.as_str());
    let plain = |url: &str| {
        url.trim_end_matches('/')
            .trim_end_matches(".git")
            .to_lowercase()
    };
    theirs
        .zip(package.repository.as_deref())
        .is_some_and(|(a, b)| plain(a) == plain(b))
}
