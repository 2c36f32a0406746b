//! The project being judged: cargo's metadata, the packages selected, its lock file's digest and
//! its repository.

use std::path::{Path, PathBuf};

pub use cargo_metadata::Package;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::cli::SharedArgs;
use crate::digest::{Sha256Digest, sha256_file};
use crate::error::{Error, JudgeExt, Result};
use crate::git::{CommitId, Git};
use crate::process::{Runner, Step};
use crate::report::Subject;
use crate::suggest::nearest;
use crate::time::source_date_epoch;

/// A cargo workspace at the revision checked out.
#[derive(Debug)]
pub struct Project {
    /// What `cargo metadata` says, dependencies included.
    pub metadata: Metadata,
    /// The workspace's top folder.
    pub root: PathBuf,
    /// Where cargo builds.
    pub target_dir: PathBuf,
    /// The repository the workspace lies in, if any.
    pub git: Option<Git>,
    /// The commit checked out, if any.
    pub commit: Option<CommitId>,
    /// Whether there are uncommitted changes.
    pub dirty: bool,
    /// SHA-256 of Cargo.lock.
    pub lock_sha256: Option<Sha256Digest>,
    selected: Vec<usize>,
    targets: Vec<String>,
    features: Vec<String>,
}

/// A repository and its state.
struct Around {
    git: Git,
    commit: Option<CommitId>,
    dirty: bool,
}

impl Around {
    fn of(git: Git) -> Result<Self> {
        let (commit, dirty) = (git.head()?, git.is_dirty()?);
        Ok(Self { git, commit, dirty })
    }
}

/// The repository around the manifest that was named, or around the current folder.
fn around(args: &SharedArgs, runner: &Runner) -> Result<Option<Around>> {
    let folder = match args.manifest_path().map(Path::parent) {
        Some(Some(parent)) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Ok(None);
    }
    Git::discover(&folder, runner)?.map(Around::of).transpose()
}

/// Whether a folder lies in another, links resolved.
fn lies_in(folder: &Path, other: &Path) -> bool {
    folder
        .canonicalize()
        .ok()
        .zip(other.canonicalize().ok())
        .is_some_and(|(folder, other)| folder.starts_with(other))
}

impl Project {
    /// Asks cargo and git. Flags mean what they mean to cargo, `--locked` and `--offline` included.
    ///
    /// # Errors
    /// No manifest, a manifest cargo cannot read, a lock file that does not match under `--locked`;
    /// a usage error for packages that are not in the workspace.
    pub fn load(args: &SharedArgs, runner: &Runner) -> Result<Self> {
        Self::load_through(args, runner, |step| step)
    }

    /// As [`load`](Self::load), with a say in how cargo is started: even its description runs code
    /// of the project's configuration.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_through(
        args: &SharedArgs,
        runner: &Runner,
        prepare: impl FnOnce(Step) -> Step,
    ) -> Result<Self> {
        let mut step =
            Step::cargo()
                .inherit_network_env()
                .args(["metadata", "--format-version", "1"]);
        step = step
            .args(args.manifest_args())
            .args(args.feature_args())
            .args(args.lock_args());
        let step = prepare(step);
        let started = std::time::SystemTime::now();
        // git is asked while cargo is: neither waits for the other.
        let (finished, around) = std::thread::scope(|scope| {
            let around = scope.spawn(|| around(args, runner));
            (runner.run(step), around.join())
        });
        let around = around.unwrap_or_else(|_| Err(Error::judge("asking git ended early")));
        let finished = finished?;
        if !finished.is_success() {
            return Err(metadata_error(&finished.stderr_text(), args));
        }
        let text = String::from_utf8_lossy(&finished.stdout);
        let metadata = MetadataCommand::parse(text)
            .or_judge(|| "cargo's metadata cannot be read".to_owned())?;
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let target_dir = metadata.target_directory.clone().into_std_path_buf();

        // The repository around the manifest is the workspace's, if the workspace lies in it at
        // all.
        let around = around?.filter(|around| lies_in(&root, around.git.root()));
        let (git, commit, dirty) = match around {
            Some(Around { git, commit, dirty }) => (Some(git), commit, dirty),
            None => match Git::discover(&root, runner)?.map(Around::of).transpose()? {
                Some(Around { git, commit, dirty }) => (Some(git), commit, dirty),
                None => (None, None, false),
            },
        };
        let lock = root.join("Cargo.lock");
        // cargo may have written the lock file after git had looked at it.
        let written = std::fs::metadata(&lock)
            .and_then(|lock| lock.modified())
            .is_ok_and(|time| time >= started);
        let dirty = match &git {
            Some(git) if written && !dirty => git.is_dirty()?,
            _ => dirty,
        };
        let lock_sha256 = if lock.is_file() {
            Some(
                sha256_file(&lock)
                    .or_judge(|| "cannot read `Cargo.lock`".to_owned())?
                    .0,
            )
        } else {
            None
        };
        let selected = select(&metadata, args)?;
        let mut targets = args.target.clone();
        targets.sort();
        targets.dedup();
        Ok(Self {
            metadata,
            root,
            target_dir,
            git,
            commit,
            dirty,
            lock_sha256,
            selected,
            targets,
            features: args.feature_list(),
        })
    }

    /// The packages the call is about, in cargo's order: those asked for, else the default members.
    pub fn selected(&self) -> impl Iterator<Item = &Package> {
        self.selected
            .iter()
            .map(|index| &self.metadata.packages[*index])
    }

    /// The one package the call is about.
    ///
    /// # Errors
    /// A usage error when there are several.
    pub fn single(&self) -> Result<&Package> {
        let mut packages = self.selected();
        match (packages.next(), packages.next()) {
            (Some(package), None) => Ok(package),
            _ => {
                let names: Vec<&str> = self
                    .selected()
                    .map(|package| package.name.as_str())
                    .collect();
                Err(Error::usage(format!(
                    "this needs one package and the workspace has {}",
                    names.len()
                ))
                .with_help(format!("choose one with -p: {}", names.join(", "))))
            }
        }
    }

    /// What a report about this package is about.
    pub fn subject(&self, package: &Package) -> Subject {
        Subject {
            package: Some(package.name.to_string()),
            version: Some(package.version.to_string()),
            ..self.workspace_subject()
        }
    }

    /// What a report about the workspace as a whole is about.
    pub fn workspace_subject(&self) -> Subject {
        Subject {
            package: None,
            version: None,
            commit: self.commit.clone(),
            dirty: self.dirty,
            lock_sha256: self.lock_sha256,
            targets: self.targets.clone(),
            features: self.features.clone(),
        }
    }

    /// The repository, for what cannot be done without one.
    ///
    /// # Errors
    /// There is none.
    pub fn repository(&self) -> Result<&Git> {
        self.git.as_ref().ok_or_else(|| {
            Error::judge(format!("`{}` is in no git repository", self.root.display()))
                .with_help("run `git init` and commit, or clone it")
        })
    }

    /// The moment reports carry: `SOURCE_DATE_EPOCH`, else the commit's time; seconds since 1970.
    /// `None` without either.
    ///
    /// # Errors
    /// `SOURCE_DATE_EPOCH` is no number, or git failed.
    pub fn epoch(&self) -> Result<Option<i64>> {
        if let Some(seconds) = source_date_epoch()? {
            return Ok(Some(seconds));
        }
        match (&self.git, &self.commit) {
            (Some(git), Some(commit)) => Ok(Some(git.commit_time(commit)?)),
            _ => Ok(None),
        }
    }

    /// A path as reports show it: relative to the repository (else the workspace), `/` between
    /// parts; `None` for what lies outside.
    pub fn relative(&self, path: &Path) -> Option<String> {
        let base = self.git.as_ref().map_or(self.root.as_path(), Git::root);
        let relative = path
            .strip_prefix(base)
            .or_else(|_| path.strip_prefix(&self.root))
            .ok()?;
        Some(
            relative
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/"),
        )
    }
}

/// Says what cargo said, and what to do about the cases people meet.
fn metadata_error(stderr: &str, args: &SharedArgs) -> Error {
    let text = stderr
        .trim()
        .strip_prefix("error: ")
        .unwrap_or(stderr.trim());
    let manifest = args.manifest_path();
    let (message, help) = if text.contains("could not find `Cargo.toml`")
        || text.contains("does not exist") && manifest.is_some()
    {
        (
            "there is no Cargo.toml",
            "run it inside a cargo project, or name one with --manifest-path",
        )
    } else if text.contains("--locked was passed")
        || text.contains("lock file") && text.contains("needs to be updated")
    {
        (
            "Cargo.lock is missing or does not match Cargo.toml",
            "run `cargo generate-lockfile` or `cargo update`, and commit Cargo.lock",
        )
    } else if text.contains("failed to parse manifest") || text.contains("TOML parse error") {
        (
            "a Cargo.toml cannot be read",
            "mend the manifest; `cargo metadata` shows the same error",
        )
    } else if text.contains("--offline") || text.contains("--frozen") {
        // Each cargo says it in its own words; all name the flag that kept it from looking, whoever
        // set it.
        (
            "a dependency is not on this machine",
            "run `cargo fetch` once while online",
        )
    } else {
        (
            "cargo cannot describe the project",
            "`cargo metadata` shows the same error",
        )
    };
    Error::judge(format!("{message}: {text}")).with_help(help)
}

/// Indices of the selected packages. Unlike a plain filter, a name that matches nothing is an
/// error.
fn select(metadata: &Metadata, args: &SharedArgs) -> Result<Vec<usize>> {
    let members: Vec<(usize, &Package)> = metadata
        .packages
        .iter()
        .enumerate()
        .filter(|(_, package)| metadata.workspace_members.contains(&package.id))
        .collect();
    let workspace = &args.workspace;
    let known = |spec: &String| {
        if members.iter().any(|(_, package)| matches(package, spec)) {
            return Ok(());
        }
        let error = Error::usage(format!("package `{spec}` is not in this workspace"));
        Err(
            match nearest(
                spec,
                members.iter().map(|(_, package)| package.name.as_str()),
            ) {
                Some(near) => error.with_help(format!("did you mean `{near}`?")),
                None => {
                    let names: Vec<&str> = members
                        .iter()
                        .map(|(_, package)| package.name.as_str())
                        .collect();
                    error.with_help(format!("it has {}", names.join(", ")))
                }
            },
        )
    };
    workspace
        .package
        .iter()
        .chain(&workspace.exclude)
        .try_for_each(known)?;
    let all = workspace.workspace || workspace.all;
    if !workspace.exclude.is_empty() && !all {
        return Err(Error::usage(
            "--exclude can only be used together with --workspace",
        ));
    }
    let chosen: Vec<usize> = members
        .iter()
        .filter(|(_, package)| {
            if all {
                !workspace.exclude.iter().any(|spec| matches(package, spec))
            } else if !workspace.package.is_empty() {
                workspace.package.iter().any(|spec| matches(package, spec))
            } else {
                metadata.workspace_default_members.contains(&package.id)
            }
        })
        .map(|(index, _)| *index)
        .collect();
    if chosen.is_empty() {
        return Err(Error::usage("no package is selected"));
    }
    Ok(chosen)
}

/// Whether a package id specification (`name` or `name@version`) means this package.
fn matches(package: &Package, spec: &str) -> bool {
    match spec.split_once('@') {
        Some((name, version)) => package.name == name && package.version.to_string() == version,
        None => package.name == spec,
    }
}
