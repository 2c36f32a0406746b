//! Baselines: where the old sources come from.

use std::path::{Path, PathBuf};

use cargo_metadata::Package;
use release_gate::error::JudgeExt;
use release_gate::git::{CommitId, GitError};
use release_gate::project::Project;
use release_gate::report::{Baseline, BaselineKind};
use release_gate::{Context, Error, Finding, Level, Result};
use semver::Version;

use super::manifests::{
    manifest_of, own_workspace, version_in, with_path_dependencies, workspace_of,
};
use super::old::{Old, baseline_cache};
use super::published::published_version;
use super::rustdoc;
use super::tags::{newest_tag, remote_without_tags};
use super::tree::{copy_dir, tree_digest};
use crate::model::package::library;
use crate::rules;

/// Finds the baseline of a package: as asked for, else the newest release tag below it, else the
/// newest published version. `Ok(None)`: there is none.
///
/// # Errors
/// What was asked for is not there; or nothing was found, in a clone whose history was cut off.
pub fn find_baseline(
    cx: &Context,
    project: &Project,
    package: &Package,
    against: Option<&str>,
) -> Result<Option<Old>> {
    match against {
        Some(text) => asked_for(cx, project, package, text).map(Some),
        None => match default_baseline(cx, project, package)? {
            None => refuse_shallow(project, package).map(|()| None),
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

fn asked_for(cx: &Context, project: &Project, package: &Package, text: &str) -> Result<Old> {
    let path = Path::new(text);
    if path.is_file()
        && path
            .extension()
            .is_some_and(|extension| extension == "json")
    {
        return json(path, package);
    }
    if let Some(git) = &project.git {
        match git.resolve(text) {
            Ok(commit) => return revision(project, package, text, commit),
            Err(GitError::UnknownRevision { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if path.is_dir() {
        return folder(project, path, text);
    }
    if text == "latest" || Version::parse(text).is_ok() {
        return published_version(cx, project, package, text);
    }
    Err(Error::judge(format!(
        "`{text}` is no revision of the repository, no folder, no published version and no rustdoc JSON file"
    ))
    .with_help("`git tag` lists the tags; `git fetch --tags` brings those of the remote"))
}

fn default_baseline(cx: &Context, project: &Project, package: &Package) -> Result<Option<Old>> {
    if let Some((name, commit)) = newest_tag(project, package)? {
        return revision(project, package, &name, commit).map(Some);
    }
    let publishable = package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty());
    // Another project's package may have this name: only one of the same repository is a baseline
    // nobody asked for.
    if !publishable || package.repository.is_none() || cx.args().is_offline() {
        return Ok(None);
    }
    match published_version(cx, project, package, "latest") {
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

fn revision(project: &Project, package: &Package, name: &str, commit: CommitId) -> Result<Old> {
    let git = project.repository()?;
    let missing = || {
        Error::judge(format!("`{name}` has no package `{}`", package.name))
            .with_help("was it renamed or new? choose another baseline with --against")
    };
    let base = baseline_cache(project).folder(
        &format!("git {commit}"),
        |folder| Ok(git.checkout(&commit, folder).map(drop)?),
        |folder| {
            own_workspace(
                &manifest_of(folder, &package.name)?.ok_or_else(missing)?,
                folder,
            )
        },
    )?;
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

/// A folder and what its build needs of the folders beside it.
struct FolderTree {
    /// The package's folder.
    path: PathBuf,
    /// The workspace's folder.
    root: PathBuf,
    /// Folders that are copied; none lies below another.
    folders: Vec<PathBuf>,
    /// The folder that all of them are below.
    common: PathBuf,
}

impl FolderTree {
    fn of(path: PathBuf) -> Self {
        let root = workspace_of(&path);
        let folders = with_path_dependencies(&root);
        let common = root
            .ancestors()
            .find(|ancestor| folders.iter().all(|folder| folder.starts_with(ancestor)))
            .unwrap_or(&root)
            .to_owned();
        Self {
            path,
            root,
            folders,
            common,
        }
    }

    fn below<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.common).unwrap_or(Path::new(""))
    }

    /// What names the content.
    fn identity(&self) -> std::io::Result<String> {
        let mut identity = format!("path {}", self.below(&self.path).display());
        for folder in &self.folders {
            identity.push_str(&format!(
                "\n{} {}",
                self.below(folder).display(),
                tree_digest(folder)?
            ));
        }
        Ok(identity)
    }

    fn copy_into(&self, into: &Path) -> std::io::Result<()> {
        self.folders
            .iter()
            .try_for_each(|folder| copy_dir(folder, &into.join(self.below(folder))))
    }
}

/// A folder. Building writes a lock file, and the folder is not ours: the build gets a copy of its
/// workspace, and of the folders beside it that its manifests name.
fn folder(project: &Project, path: &Path, name: &str) -> Result<Old> {
    let path = path
        .canonicalize()
        .or_judge(|| format!("cannot open `{name}`"))?;
    let manifest = path.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Error::judge(format!("`{name}` has no Cargo.toml")));
    }
    let shown = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let baseline = Baseline {
        kind: BaselineKind::Path,
        name: shown,
        version: version_in(&manifest),
        commit: None,
    };
    let tree = FolderTree::of(path);
    let cannot_copy = || format!("cannot copy `{name}`");
    let base = baseline_cache(project).folder(
        &tree.identity().or_judge(cannot_copy)?,
        |into| tree.copy_into(into).or_judge(cannot_copy),
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
