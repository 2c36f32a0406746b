//! The project being judged: cargo's metadata, the packages selected, its lock file's digest and
//! its repository.

use std::path::{Path, PathBuf};

pub use cargo_metadata::Package;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::args::SharedArgs;
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
    /// What `cargo metadata` says. Dependencies are in it where the project was loaded with them.
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
    /// SHA-256 of Cargo.lock; `None` where there is none.
    pub lock_sha256: Option<Sha256Digest>,
    selection: Selection,
    targets: Vec<String>,
    features: Vec<String>,
}

/// Which members of the workspace a call is about, as indices of the metadata's packages.
#[derive(Debug, Default)]
struct Selection {
    chosen: Vec<usize>,
    /// Members that would be chosen, and are not because they are never published.
    unpublished: Vec<usize>,
}

/// Why a project was not loaded.
#[derive(Debug)]
pub struct LoadFailure {
    /// The error.
    pub error: Error,
    /// The workspace without its dependencies, where that much could be loaded.
    pub workspace: Option<Box<Project>>,
}

impl From<Error> for LoadFailure {
    fn from(error: Error) -> Self {
        Self {
            error,
            workspace: None,
        }
    }
}

/// A repository and its state.
struct RepositoryState {
    git: Git,
    commit: Option<CommitId>,
    dirty: bool,
}

impl RepositoryState {
    fn read(git: Git) -> Result<Self> {
        let commit = git.head()?;
        let dirty = git.is_dirty()?;
        Ok(Self { git, commit, dirty })
    }
}

/// The repository around the manifest that was named, or around the current folder.
fn find_repository(args: &SharedArgs, runner: &Runner) -> Result<Option<RepositoryState>> {
    let folder = match args.manifest_path().map(Path::parent) {
        Some(Some(parent)) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Ok(None);
    }
    Git::discover(&folder, runner)?
        .map(RepositoryState::read)
        .transpose()
}

/// Whether a folder lies in another, links resolved.
fn lies_in(folder: &Path, other: &Path) -> bool {
    folder
        .canonicalize()
        .ok()
        .zip(other.canonicalize().ok())
        .is_some_and(|(folder, other)| folder.starts_with(other))
}

/// How much of the project cargo describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The workspace's own packages. Cargo reads no lock file and asks no registry.
    Workspace,
    /// All dependencies, as Cargo.lock has them. `--locked`: cargo never writes the lock file.
    Dependencies,
}

impl Depth {
    fn metadata_args(self, args: &SharedArgs) -> Vec<&'static str> {
        match self {
            Self::Workspace => vec!["--no-deps"],
            // Both together are what cargo calls frozen.
            Self::Dependencies if args.is_offline() => vec!["--locked", "--offline"],
            Self::Dependencies => vec!["--locked"],
        }
    }
}

impl Project {
    /// Asks cargo about the workspace's own packages, and git about the revision.
    ///
    /// Nothing is written, and no network is used. `prepare` has a say in how cargo is started:
    /// even its description runs code of the project's configuration.
    ///
    /// # Errors
    /// There is no manifest, or one that cargo cannot read; a usage error for packages that are not
    /// in the workspace.
    pub fn load(
        args: &SharedArgs,
        runner: &Runner,
        prepare: impl FnOnce(Step) -> Step,
    ) -> Result<Self, LoadFailure> {
        let (metadata, repository) = ask_at_once(Depth::Workspace, args, runner, prepare);
        Ok(Self::from_answers(metadata?, repository?, args, runner)?)
    }

    /// As [`load`](Self::load), with all dependencies as Cargo.lock has them.
    ///
    /// # Errors
    /// Cargo.lock is missing or out of date, or a dependency cannot be had; else as
    /// [`load`](Self::load).
    pub fn load_with_dependencies(
        args: &SharedArgs,
        runner: &Runner,
        prepare: impl FnOnce(Step) -> Step,
    ) -> Result<Self, LoadFailure> {
        let (metadata, repository) = ask_at_once(Depth::Dependencies, args, runner, prepare);
        let repository = repository?;

        match metadata {
            Ok(metadata) => Ok(Self::from_answers(metadata, repository, args, runner)?),
            Err(error) => {
                let workspace = run_metadata(Depth::Workspace, args, runner, |step| step)
                    .and_then(|metadata| Self::from_answers(metadata, repository, args, runner));
                Err(LoadFailure {
                    error,
                    workspace: workspace.ok().map(Box::new),
                })
            }
        }
    }

    fn from_answers(
        metadata: Metadata,
        repository: Option<RepositoryState>,
        args: &SharedArgs,
        runner: &Runner,
    ) -> Result<Self> {
        let root = metadata.workspace_root.clone().into_std_path_buf();
        let target_dir = metadata.target_directory.clone().into_std_path_buf();

        // The repository around the manifest is the workspace's, if the workspace lies in it at
        // all.
        let around_manifest = repository.filter(|found| lies_in(&root, found.git.root()));
        let repository = match around_manifest {
            Some(found) => Some(found),
            None => Git::discover(&root, runner)?
                .map(RepositoryState::read)
                .transpose()?,
        };
        let (git, commit, dirty) = match repository {
            Some(state) => (Some(state.git), state.commit, state.dirty),
            None => (None, None, false),
        };

        let lock_sha256 = lock_digest(&root)?;
        let selection = select(&metadata, args)?;
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
            selection,
            targets,
            features: args.feature_list(),
        })
    }

    /// The packages the call is about, in cargo's order: those asked for, else the default members.
    pub fn selected(&self) -> impl Iterator<Item = &Package> {
        self.packages_at(&self.selection.chosen)
    }

    /// Members that the call leaves out because they are never published (`publish = false`), while
    /// others of the selection are.
    pub fn unpublished(&self) -> impl Iterator<Item = &Package> {
        self.packages_at(&self.selection.unpublished)
    }

    fn packages_at<'a>(&'a self, indices: &'a [usize]) -> impl Iterator<Item = &'a Package> {
        indices.iter().map(|index| &self.metadata.packages[*index])
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
            Error::judge(format!(
                "`{}` is not in a git repository",
                self.root.display()
            ))
            .with_help("run `git init` and commit, or clone it")
        })
    }

    /// The moment reports carry: `SOURCE_DATE_EPOCH`, else the commit's time; seconds since 1970.
    /// `None` without either.
    ///
    /// # Errors
    /// `SOURCE_DATE_EPOCH` is not a number, or git failed.
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

/// Asks cargo and git at once: neither waits for the other.
fn ask_at_once(
    depth: Depth,
    args: &SharedArgs,
    runner: &Runner,
    prepare: impl FnOnce(Step) -> Step,
) -> (Result<Metadata>, Result<Option<RepositoryState>>) {
    std::thread::scope(|scope| {
        let repository = scope.spawn(|| find_repository(args, runner));
        let metadata = run_metadata(depth, args, runner, prepare);
        let repository = repository
            .join()
            .unwrap_or_else(|_| Err(Error::judge("asking git ended early")));
        (metadata, repository)
    })
}

fn run_metadata(
    depth: Depth,
    args: &SharedArgs,
    runner: &Runner,
    prepare: impl FnOnce(Step) -> Step,
) -> Result<Metadata> {
    let step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1"])
        .args(depth.metadata_args(args))
        .args(args.manifest_args())
        .args(args.feature_args());

    let finished = runner.run(prepare(step))?;
    if !finished.is_success() {
        return Err(metadata_error(&finished.stderr_text(), args));
    }
    let text = String::from_utf8_lossy(&finished.stdout);
    MetadataCommand::parse(text).or_judge(|| "cargo's metadata cannot be read".to_owned())
}

/// The digest of a workspace's Cargo.lock, `None` where there is none.
fn lock_digest(root: &Path) -> Result<Option<Sha256Digest>> {
    let lock = root.join("Cargo.lock");
    if !lock.is_file() {
        return Ok(None);
    }
    let (digest, _) = sha256_file(&lock).or_judge(|| "cannot read `Cargo.lock`".to_owned())?;
    Ok(Some(digest))
}

/// Says what cargo said, and what to do about the cases people meet.
fn metadata_error(stderr: &str, args: &SharedArgs) -> Error {
    let stderr = stderr.trim();
    let text = stderr.strip_prefix("error: ").unwrap_or(stderr);

    let (message, help) = explain_metadata_error(text, args);
    let message = if is_wrong_lock(text) {
        // Cargo adds the folder of this machine and advice that a gate does not follow.
        message.to_owned()
    } else {
        format!("{message}: {text}")
    };
    let error = if is_missing_manifest(text, args) {
        Error::usage(message)
    } else {
        Error::judge(message)
    };
    error.with_help(help)
}

/// What an error of `cargo metadata` means, and the next step. Each cargo says it in its own words;
/// what is looked for here is in all of them.
fn explain_metadata_error(text: &str, args: &SharedArgs) -> (&'static str, &'static str) {
    if is_missing_manifest(text, args) {
        (
            "there is no Cargo.toml",
            "run it inside a cargo project, or name one with --manifest-path",
        )
    } else if is_wrong_lock(text) {
        (
            "Cargo.lock is missing or does not match Cargo.toml",
            "run `cargo generate-lockfile` if there is none, else `cargo update --workspace`, and commit Cargo.lock",
        )
    } else if text.contains("failed to parse lock file") {
        (
            "Cargo.lock cannot be read",
            "restore the committed one, or make it again with `cargo generate-lockfile`",
        )
    } else if text.contains("could not load Cargo configuration") {
        (
            "a configuration file of cargo cannot be read",
            "correct the file; `cargo metadata` shows the same error",
        )
    } else if text.contains("failed to parse manifest") || text.contains("TOML parse error") {
        (
            "a Cargo.toml cannot be read",
            "correct the manifest; `cargo metadata` shows the same error",
        )
    } else if text.contains("--offline") || text.contains("--frozen") {
        // Named by cargo anyone who set it.
        (
            "a dependency is not on this machine",
            "run `cargo fetch` once while online",
        )
    } else {
        (
            "cargo cannot describe the project",
            "`cargo metadata` shows the same error",
        )
    }
}

fn is_wrong_lock(text: &str) -> bool {
    text.contains("--locked was passed")
        || text.contains("lock file") && text.contains("needs to be updated")
}

fn is_missing_manifest(text: &str, args: &SharedArgs) -> bool {
    text.contains("could not find `Cargo.toml`")
        || text.contains("does not exist") && args.manifest_path().is_some()
}

/// The members of the workspace that the call is about. Unlike a plain filter, a name that matches
/// nothing is an error.
fn select(metadata: &Metadata, args: &SharedArgs) -> Result<Selection> {
    let members: Vec<(usize, &Package)> = metadata
        .packages
        .iter()
        .enumerate()
        .filter(|(_, package)| metadata.workspace_members.contains(&package.id))
        .collect();
    let asked = &args.workspace;
    let asked_for_all = asked.workspace || asked.all;

    for spec in asked.package.iter().chain(&asked.exclude) {
        require_member(&members, spec)?;
    }
    if !asked.exclude.is_empty() && !asked_for_all {
        return Err(Error::usage(
            "--exclude can only be used together with --workspace",
        ));
    }

    let is_selected = |package: &Package| {
        if asked_for_all {
            !asked.exclude.iter().any(|spec| matches(package, spec))
        } else if !asked.package.is_empty() {
            asked.package.iter().any(|spec| matches(package, spec))
        } else {
            metadata.workspace_default_members.contains(&package.id)
        }
    };
    let selected = members.iter().filter(|(_, package)| is_selected(package));
    let (published, unpublished): (Vec<_>, Vec<_>) =
        selected.partition(|(_, package)| is_published(package));

    let selection = if !asked.package.is_empty() || published.is_empty() {
        // Named packages are meant, and a workspace that publishes nothing is taken whole.
        Selection {
            chosen: sorted_indices(published.into_iter().chain(unpublished)),
            unpublished: Vec::new(),
        }
    } else {
        Selection {
            chosen: sorted_indices(published),
            unpublished: sorted_indices(unpublished),
        }
    };
    if selection.chosen.is_empty() {
        return Err(Error::usage("no package is selected"));
    }
    Ok(selection)
}

fn sorted_indices<'a>(members: impl IntoIterator<Item = &'a (usize, &'a Package)>) -> Vec<usize> {
    let mut indices: Vec<usize> = members.into_iter().map(|(index, _)| *index).collect();
    indices.sort_unstable();
    indices
}

/// Whether a package may be published: `publish = false` is an empty list of registries.
fn is_published(package: &Package) -> bool {
    package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty())
}

fn require_member(members: &[(usize, &Package)], spec: &str) -> Result<()> {
    if members.iter().any(|(_, package)| matches(package, spec)) {
        return Ok(());
    }

    let names: Vec<&str> = members
        .iter()
        .map(|(_, package)| package.name.as_str())
        .collect();
    let error = Error::usage(format!("package `{spec}` is not in this workspace"));
    Err(match nearest(spec, names.iter().copied()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error.with_help(format!("workspace members: {}", names.join(", "))),
    })
}

/// Whether a package id specification means this package: `name`, `name@version`, or the whole id
/// as cargo prints it.
fn matches(package: &Package, spec: &str) -> bool {
    if package.id.repr == spec {
        return true;
    }
    match spec.split_once('@') {
        Some((name, version)) => package.name == name && package.version.to_string() == version,
        None => package.name == spec,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The metadata of a workspace: each member's name, and whether it may be published.
    fn workspace(members: &[(&str, bool)]) -> Metadata {
        let (mut packages, mut ids) = (String::new(), Vec::new());
        for (name, published) in members {
            let id = format!("path+file:///w/{name}#{name}@1.0.0");
            let publish = if *published { "null" } else { "[]" };
            let comma = if packages.is_empty() { "" } else { "," };
            let _ = write!(
                packages,
                r#"{comma}{{"name":"{name}","version":"1.0.0","id":"{id}","dependencies":[],
                "targets":[],"features":{{}},"manifest_path":"/w/{name}/Cargo.toml",
                "publish":{publish}}}"#
            );
            ids.push(format!("\"{id}\""));
        }
        let ids = ids.join(",");
        let text = format!(
            r#"{{"packages":[{packages}],"workspace_members":[{ids}],
            "workspace_default_members":[{ids}],"resolve":null,"target_directory":"/w/target",
            "version":1,"workspace_root":"/w","metadata":null}}"#
        );
        MetadataCommand::parse(text).unwrap()
    }

    fn names(metadata: &Metadata, indices: &[usize]) -> Vec<String> {
        indices
            .iter()
            .map(|index| metadata.packages[*index].name.to_string())
            .collect()
    }

    #[test]
    fn unpublished_members_are_left_out_where_others_are_published() {
        let metadata = workspace(&[("a", true), ("tool", false), ("b", true)]);
        let selection = select(&metadata, &SharedArgs::default()).unwrap();
        assert_eq!(names(&metadata, &selection.chosen), ["a", "b"]);
        assert_eq!(names(&metadata, &selection.unpublished), ["tool"]);
    }

    #[test]
    fn a_workspace_that_publishes_nothing_is_taken_whole() {
        let metadata = workspace(&[("a", false), ("b", false)]);
        let selection = select(&metadata, &SharedArgs::default()).unwrap();
        assert_eq!(names(&metadata, &selection.chosen), ["a", "b"]);
        assert!(selection.unpublished.is_empty());
    }

    #[test]
    fn named_members_are_meant_whether_published_or_not() {
        let metadata = workspace(&[("a", true), ("tool", false)]);
        for spec in ["tool", "tool@1.0.0", "path+file:///w/tool#tool@1.0.0"] {
            let mut args = SharedArgs::default();
            args.workspace.package = vec![spec.to_owned()];
            let selection = select(&metadata, &args).unwrap();
            assert_eq!(names(&metadata, &selection.chosen), ["tool"], "{spec}");
        }
    }

    #[test]
    fn a_name_that_matches_nothing_is_a_usage_error() {
        let metadata = workspace(&[("alpha", true)]);
        let mut args = SharedArgs::default();
        args.workspace.package = vec!["alpah".to_owned()];
        let error = select(&metadata, &args).unwrap_err();
        assert_eq!(error.exit_code(), crate::exit::USAGE);
        assert_eq!(error.help(), ["did you mean `alpha`?"]);
    }
}
