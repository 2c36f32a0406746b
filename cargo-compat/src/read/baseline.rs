//! Baselines: where the old sources come from.

use std::path::{Path, PathBuf};

use cargo_metadata::{MetadataCommand, Package};
use release_gate::fs::throw_away_dir;
use release_gate::git::{CommitId, parse_version_tag};
use release_gate::process::Step;
use release_gate::project::Project;
use release_gate::report::{Baseline, BaselineKind};
use release_gate::{Context, Error, Finding, Level, Result};
use rustdoc_types::Crate;
use semver::Version;

use crate::rules;

use super::cache::{Cache, is_output, tree};
use super::rustdoc;

/// The old side, not built yet.
#[derive(Debug)]
pub enum Old {
    /// Sources.
    Sources {
        /// What the report says of it.
        baseline: Baseline,
        /// Its manifest.
        manifest: PathBuf,
        /// The folder it was unpacked into.
        base: PathBuf,
    },
    /// Only rustdoc's description.
    Json {
        /// What the report says of it.
        baseline: Baseline,
        /// The description.
        api: Box<Crate>,
    },
}

/// Finds the baseline of a package: as asked for, else the newest release tag below it, else the
/// newest published version. `Ok(None)`: there is none.
///
/// # Errors
/// What was asked for is not there; or nothing was found, in a clone whose history was cut off.
pub fn find(
    cx: &Context,
    project: &Project,
    package: &Package,
    against: Option<&str>,
) -> Result<Option<Old>> {
    match against {
        Some(text) => asked_for(cx, project, package, text).map(Some),
        None => match default(cx, project, package)? {
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
pub fn none(project: &Project, package: &Package) -> Result<Finding> {
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

/// The first remote whose tags git was told not to fetch (`git clone --no-tags`).
fn remote_without_tags(project: &Project) -> Result<Option<String>> {
    let Some(git) = &project.git else {
        return Ok(None);
    };
    let asked = git.run(git.step().args([
        "config",
        "--local",
        "-z",
        "--get-regexp",
        r"^remote\..*\.tagopt$",
    ]))?;
    // It ends with 1 where nothing matches.
    let text = if asked.is_success() {
        String::from_utf8_lossy(&asked.stdout)
    } else {
        "".into()
    };
    Ok(text.split('\0').find_map(|entry| {
        let (key, value) = entry.split_once('\n')?;
        let remote = key.strip_prefix("remote.")?.strip_suffix(".tagopt")?;
        (value == "--no-tags").then(|| remote.to_owned())
    }))
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
            Err(release_gate::git::GitError::UnknownRevision { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if path.is_dir() {
        return folder(project, path, text);
    }
    if text == "latest" || Version::parse(text).is_ok() {
        return published(cx, project, package, text);
    }
    Err(Error::judge(format!(
        "`{text}` is no revision of the repository, no folder, no published version and no rustdoc JSON file"
    ))
    .with_help("`git tag` lists the tags; `git fetch --tags` brings those of the remote"))
}

fn default(cx: &Context, project: &Project, package: &Package) -> Result<Option<Old>> {
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
    match published(cx, project, package, "latest") {
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

/// The highest version tag that is not above the package's version and not the commit that is
/// judged; in a workspace a tag that names the package counts before one that does not.
fn newest_tag(project: &Project, package: &Package) -> Result<Option<(String, CommitId)>> {
    let Some(git) = &project.git else {
        return Ok(None);
    };
    // A file that nobody committed makes the tree dirty and changes nothing about what was tagged.
    let as_committed = !project.dirty || !git.has_tracked_changes()?;
    let mut best: Option<(bool, Version, String, CommitId)> = None;
    for tag in git.tags()? {
        let Some(parsed) = parse_version_tag(&tag.name, &package.name) else {
            continue;
        };
        // A pre-release is a baseline only for versions of its own.
        let pre = !parsed.version.pre.is_empty() && package.version.pre.is_empty();
        let here = as_committed && project.commit.as_ref() == Some(&tag.commit);
        if pre || here || parsed.version > package.version {
            continue;
        }
        let key = (parsed.names_package, parsed.version.clone());
        if best
            .as_ref()
            .is_none_or(|(names, version, ..)| key > (*names, version.clone()))
        {
            best = Some((parsed.names_package, parsed.version, tag.name, tag.commit));
        }
    }
    Ok(best.map(|(_, _, name, commit)| (name, commit)))
}

fn revision(project: &Project, package: &Package, name: &str, commit: CommitId) -> Result<Old> {
    let git = project.repository()?;
    let missing = || {
        Error::judge(format!("`{name}` has no package `{}`", package.name))
            .with_help("was it renamed or new? choose another baseline with --against")
    };
    let base = cache(project).folder(
        &format!("git {commit}"),
        |folder| Ok(git.checkout(&commit, folder).map(drop)?),
        |folder| {
            alone(
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

fn folder(project: &Project, path: &Path, name: &str) -> Result<Old> {
    let path = path
        .canonicalize()
        .map_err(|error| Error::judge(format!("cannot open `{name}`")).with_source(error))?;
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
    // Building writes a lock file, and the folder is not ours: the build gets a copy of its
    // workspace, and of the folders beside it that its manifests name.
    let root = workspace_of(&path);
    let cannot = |error| Error::judge(format!("cannot copy `{name}`")).with_source(error);
    let folders = with_path_dependencies(&root);
    let common = root
        .ancestors()
        .find(|ancestor| folders.iter().all(|folder| folder.starts_with(ancestor)))
        .unwrap_or(&root)
        .to_owned();
    let below = |path: &Path| {
        path.strip_prefix(&common)
            .unwrap_or(Path::new(""))
            .to_owned()
    };
    let mut identity = format!("path {}", below(&path).display());
    for folder in &folders {
        identity.push_str(&format!(
            "\n{} {}",
            below(folder).display(),
            tree(folder).map_err(cannot)?
        ));
    }
    let base = cache(project).folder(
        &identity,
        |into| {
            folders
                .iter()
                .try_for_each(|folder| copy_dir(folder, &into.join(below(folder))).map_err(cannot))
        },
        |into| {
            alone(
                &into.join(below(&path)).join("Cargo.toml"),
                &into.join(below(&root)),
            )
        },
    )?;
    let manifest = base.join(below(&path)).join("Cargo.toml");
    Ok(Old::Sources {
        baseline,
        manifest,
        base: base.join(below(&root)),
    })
}

/// A workspace's folder and those outside it that its manifests depend on by path, and so on; none
/// lies below another.
fn with_path_dependencies(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        for manifest in manifests(&folder) {
            let Ok(table) = release_gate::config::read_toml(&manifest) else {
                continue;
            };
            let mut paths = Vec::new();
            paths_in(&toml::Value::Table(table), &mut paths);
            for path in paths {
                let Some(Ok(path)) = manifest.parent().map(|dir| dir.join(path).canonicalize())
                else {
                    continue;
                };
                let is_package = path.join("Cargo.toml").is_file();
                if is_package && !found.iter().any(|known| path.starts_with(known)) {
                    found.push(path);
                }
            }
        }
    }
    let all = found.clone();
    found.retain(|path| {
        !all.iter()
            .any(|other| other != path && path.starts_with(other))
    });
    found
}

/// Every `path = "…"` of a manifest.
fn paths_in(value: &toml::Value, paths: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                match value {
                    toml::Value::String(path) if key == "path" => paths.push(path.clone()),
                    value => paths_in(value, paths),
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| paths_in(item, paths)),
        _ => {}
    }
}

/// All manifests below a folder.
fn manifests(dir: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![dir.to_owned()], Vec::new());
    while let Some(dir) = open.pop() {
        let manifest = dir.join("Cargo.toml");
        if manifest.is_file() {
            found.push(manifest);
        }
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir())
                && !is_output(&entry.path())
                && entry.file_name() != ".git"
            {
                open.push(entry.path());
            }
        }
    }
    found
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
    let expected = super::build::library(package)
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

/// A published version, yanked or not, through cargo itself: a throw-away package depends on
/// exactly it, and cargo unpacks it.
fn published(cx: &Context, project: &Project, package: &Package, version: &str) -> Result<Old> {
    let scratch = throw_away_dir("compat-registry")?;
    // Side by side: a package below another's folder would belong to that one's workspace.
    let query = scratch.path().join("query");
    std::fs::create_dir_all(&query)
        .map_err(|error| Error::judge("cannot write a throw-away package").with_source(error))?;
    let requirement = if version == "latest" {
        "*".to_owned()
    } else {
        format!("={version}")
    };
    let manifest = format!(
        "[package]\nname = \"baseline\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\n\
         baseline-of = {{ package = \"{}\", version = \"{requirement}\" }}\n[workspace]\n",
        package.name
    );
    let write = |name: &str, text: &str| {
        std::fs::write(query.join(name), text)
            .map_err(|error| Error::judge("cannot write a throw-away package").with_source(error))
    };
    write("Cargo.toml", &manifest)?;
    write("lib.rs", "")?;
    // cargo takes a yanked version only from a lock file; what this one leaves out it fills in.
    if version != "latest" {
        let lock = format!(
            "version = 3\n\n[[package]]\nname = \"baseline\"\nversion = \"0.0.0\"\ndependencies = [\n \"{0}\",\n]\n\n\
             [[package]]\nname = \"{0}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
            package.name
        );
        write("Cargo.lock", &lock)?;
    }
    let mut step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1"])
        .current_dir(&query);
    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    let finished = cx.runner.run(step)?;
    if !finished.is_success() {
        let text = finished.stderr_text();
        return Err(Error::judge(format!(
            "cargo cannot get `{}` {version}: {}",
            package.name,
            text.trim()
        ))
        .with_help("is it published, and are you online?"));
    }
    let wrong = |what: &str| {
        Error::judge(format!(
            "cargo's answer about `{}` {version} cannot be used: {what}",
            package.name
        ))
    };
    let metadata = MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout))
        .map_err(|error| wrong(&error.to_string()))?;
    let found = metadata
        .packages
        .iter()
        .find(|found| found.name == package.name && found.source.is_some())
        .ok_or_else(|| wrong("it is not there"))?;
    let source = found
        .manifest_path
        .parent()
        .ok_or_else(|| wrong("it has no folder"))?;
    // The unpacked package is shared by all of cargo: the build gets a copy.
    let origin = found
        .source
        .as_ref()
        .map(|source| source.repr.as_str())
        .unwrap_or_default();
    let base = cache(project).folder(
        &format!("registry {origin} {} {}", found.name, found.version),
        |folder| {
            copy_dir(source.as_std_path(), folder).map_err(|error| {
                Error::judge("cannot copy the published package").with_source(error)
            })
        },
        |folder| alone(&folder.join("Cargo.toml"), folder),
    )?;
    let baseline = Baseline {
        kind: BaselineKind::Registry,
        name: found.version.to_string(),
        version: Some(found.version.to_string()),
        commit: None,
    };
    Ok(Old::Sources {
        baseline,
        manifest: base.join("Cargo.toml"),
        base,
    })
}

fn cache(project: &Project) -> Cache {
    let lock = project.root.join("Cargo.lock");
    Cache::new(
        project.target_dir.join("compat").join("baselines"),
        lock.is_file().then_some(lock),
    )
}

/// The root of the workspace that an unpacked package belongs to. One without a workspace of its
/// own gets one: the folder it was unpacked into may lie below the project, and cargo must not take
/// it for a part of that.
fn alone(manifest: &Path, base: &Path) -> Result<PathBuf> {
    let package = manifest.parent().unwrap_or(manifest);
    let outermost = package
        .ancestors()
        .take_while(|dir| dir.starts_with(base))
        .filter(is_root)
        .last();
    if let Some(root) = outermost {
        return Ok(root.to_owned());
    }
    let cannot =
        |error| Error::judge(format!("cannot prepare `{}`", manifest.display())).with_source(error);
    let text = std::fs::read_to_string(manifest).map_err(cannot)?;
    std::fs::write(manifest, format!("{text}\n[workspace]\n")).map_err(cannot)?;
    Ok(package.to_owned())
}

/// Whether a folder's manifest has a `[workspace]`.
fn is_root(dir: &&Path) -> bool {
    release_gate::config::read_toml(&dir.join("Cargo.toml"))
        .is_ok_and(|table| table.contains_key("workspace"))
}

/// The nearest folder at or above whose manifest has a `[workspace]`, else the folder itself.
fn workspace_of(path: &Path) -> PathBuf {
    path.ancestors().find(is_root).unwrap_or(path).to_owned()
}

fn copy_dir(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == ".git" || is_output(&entry.path()) {
            continue;
        }
        // Links are followed, as `tree` does; one that leads nowhere is left out.
        match std::fs::metadata(entry.path()) {
            Ok(found) if found.is_dir() && to.components().count() < 200 => {
                copy_dir(&entry.path(), &target)?
            }
            Ok(found) if found.is_file() => drop(std::fs::copy(entry.path(), target)?),
            _ => {}
        }
    }
    Ok(())
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

/// The manifest of a package somewhere below a folder.
fn manifest_of(dir: &Path, package: &str) -> Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = manifests(dir)
        .into_iter()
        .filter(|manifest| {
            let table = release_gate::config::read_toml(manifest).ok();
            table
                .as_ref()
                .and_then(|table| table.get("package")?.get("name")?.as_str())
                == Some(package)
        })
        .collect();
    // A test fixture deeper down may have the same name.
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    Ok(found.into_iter().next())
}

/// The version a manifest states itself; one inherited from a workspace is found out by cargo
/// later.
fn version_in(manifest: &Path) -> Option<String> {
    let table = release_gate::config::read_toml(manifest).ok()?;
    table
        .get("package")?
        .get("version")?
        .as_str()
        .map(str::to_owned)
}
