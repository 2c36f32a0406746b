//! The git repository a project lives in, read through the git executable and never changed.
//!
//! Only this module starts git. Every call is hardened: no pager, external diff, text conversion,
//! file-system monitor, hook, lazy fetch, replace reference, optional lock or prompt; fixed locale,
//! time zone and output encoding; `--end-of-options` before anything that came from outside. The
//! user's work tree and index are never touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gate_facts::commit::CommitId;

use super::reader::Reader;
use crate::error::Error;
use crate::process::{Finished, ProcessError, Runner, Step};

/// Configuration given to every git process; command scope wins over any file.
const HARDENING: &[&str] = &[
    "core.pager=cat",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.untrackedCache=false",
    "diff.external=",
    "diff.renames=false",
    "diff.noprefix=false",
    "log.showSignature=false",
    "log.mailmap=true",
    "color.ui=false",
    "column.ui=never",
    "i18n.logOutputEncoding=UTF-8",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
];

/// What a filter is told by, and what each is set to.
const FILTER_KEYS: [(&str, &str); 4] = [
    ("clean", ""),
    ("smudge", ""),
    ("process", ""),
    ("required", "false"),
];

/// The filters that the configuration names: `filter.<name>`, whose name need not be UTF-8.
pub(super) fn filters(dir: &Path, runner: &Runner) -> Result<Vec<OsString>, GitError> {
    let step = hardened(dir).args([
        "config",
        "--null",
        "--name-only",
        "--get-regexp",
        "^filter\\.",
    ]);
    // Without any, git ends with 1 and says nothing.
    let listed = runner.run(step)?.stdout;
    let mut names: Vec<OsString> = listed
        .split(|byte| *byte == 0)
        .filter_map(|key| {
            let dot = key.iter().rposition(|byte| *byte == b'.')?;
            Some(bytes_to_path(&key[..dot]).into_os_string())
        })
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Sets every key of these filters so that no program is started for them.
pub(super) fn without_filters(step: Step, filters: &[OsString]) -> Step {
    let setting = |filter: &OsString, (key, value): (&str, &'static str)| {
        let mut name = filter.clone();
        name.push(".");
        name.push(key);
        (name, value)
    };
    let settings: Vec<(OsString, &str)> = filters
        .iter()
        .flat_map(|filter| FILTER_KEYS.map(|key| setting(filter, key)))
        .collect();
    let step = step.env("GIT_CONFIG_COUNT", settings.len().to_string());
    settings
        .iter()
        .enumerate()
        .fold(step, |step, (at, (key, value))| {
            step.env(format!("GIT_CONFIG_KEY_{at}"), key)
                .env(format!("GIT_CONFIG_VALUE_{at}"), value)
        })
}

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git could not be run, or failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The revision does not name a commit of this repository.
    #[error("`{revision}` names no commit of the repository at `{repository}`")]
    UnknownRevision {
        /// As it was given.
        revision: String,
        /// The repository.
        repository: PathBuf,
        /// Whether history was cut off, so that the commit may exist elsewhere.
        shallow: bool,
    },
    /// git answered something that is not of the form asked for.
    #[error("git gave an answer that cannot be read to `{command}`: `{answer}`")]
    Answer {
        /// The command line.
        command: String,
        /// The beginning of the answer.
        answer: String,
    },
    /// A submodule's commit is not in this clone.
    #[error("the submodule `{path}` is not here at commit {commit}")]
    Submodule {
        /// Path of the submodule in the tree.
        path: PathBuf,
        /// The commit the tree names.
        commit: CommitId,
    },
    /// Writing the files of a revision failed.
    #[error("cannot write the files of a revision to `{path}`")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        let text = error.to_string();
        match error {
            GitError::Process(error) => {
                let dubious = text.contains("dubious ownership");
                let error = Self::from(error);
                if dubious {
                    error.with_help("the repository belongs to another user; allow it with `git config --global --add safe.directory DIR`")
                } else {
                    error
                }
            }
            GitError::UnknownRevision { shallow: true, .. } => Self::judge(text).with_help(
                "this clone is shallow; `git fetch --unshallow --tags` brings the rest of the history",
            ),
            GitError::UnknownRevision { .. } => Self::judge(text)
                .with_help("`git tag` lists the tags; `git fetch --tags` brings those of the remote"),
            GitError::Submodule { .. } => {
                Self::judge(text).with_help("run `git submodule update --init --recursive`")
            }
            GitError::Answer { .. } => Self::judge(text),
            GitError::Write { source, .. } => Self::judge(text).with_source(source),
        }
    }
}

/// A repository with a work tree.
#[derive(Debug, Clone)]
pub struct Git {
    pub(super) root: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) runner: Runner,
    /// Whether what git computed of the history before is believed.
    pub(super) shortcuts: bool,
    /// Filters (`filter.<name>`) of any configuration. git starts their programs where attributes
    /// of the work tree ask for them, so they are switched off.
    pub(super) filters: Vec<OsString>,
    pub(super) reader: Reader,
}

impl Git {
    /// The repository that holds `dir`, or `None` where there is none (or no git).
    ///
    /// # Errors
    /// git failed for another reason, for example because the repository belongs to another user.
    pub fn discover(dir: &Path, runner: &Runner) -> Result<Option<Self>, GitError> {
        let step = hardened(dir).args([
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--git-common-dir",
        ]);
        let finished = match runner.run(step) {
            Ok(finished) => finished,
            Err(ProcessError::Start { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if !finished.is_success() {
            let text = finished.stderr_text();
            if text.contains("not a git repository") || text.contains("must be run in a work tree")
            {
                return Ok(None);
            }
            return Err(finished
                .success()
                .err()
                .map_or_else(|| answer("rev-parse", b""), GitError::from));
        }
        let mut lines = finished.stdout.split(|byte| *byte == b'\n');
        match (lines.next(), lines.next()) {
            (Some(root), Some(git_dir)) if !root.is_empty() && !git_dir.is_empty() => {
                Ok(Some(Self {
                    filters: filters(dir, runner)?,
                    root: bytes_to_path(root),
                    git_dir: bytes_to_path(git_dir),
                    runner: runner.clone(),
                    shortcuts: true,
                    reader: Reader::default(),
                }))
            }
            _ => Err(answer(&finished.command, &finished.stdout)),
        }
    }

    /// The top folder of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The repository's own folder (shared by all its work trees).
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// A hardened git step in the top folder; plumbing arguments follow.
    pub fn step(&self) -> Step {
        let step = without_filters(hardened(&self.root), &self.filters);
        if self.shortcuts {
            step
        } else {
            step.args(["-c", "core.commitGraph=false"])
        }
    }

    /// The same repository, whose history is read from the commits themselves: the commit-graph
    /// file, which is quicker, names parents and is signed by nobody.
    #[must_use]
    pub fn without_shortcuts(&self) -> Self {
        Self {
            shortcuts: false,
            reader: Reader::default(),
            ..self.clone()
        }
    }

    /// Runs plumbing and returns its standard output.
    ///
    /// # Errors
    /// git could not be run or failed.
    pub fn plumbing(
        &self,
        args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
    ) -> Result<Vec<u8>, GitError> {
        Ok(self.run(self.step().args(args))?.success()?.stdout)
    }

    /// Runs a step that came from [`step`](Self::step), whatever its exit code: for plumbing that
    /// reads standard input or needs pathspec magic.
    ///
    /// # Errors
    /// git could not be run.
    pub fn run(&self, step: Step) -> Result<Finished, GitError> {
        Ok(self.runner.run(step)?)
    }

    /// The commit a revision names (tags are peeled).
    ///
    /// # Errors
    /// [`GitError::UnknownRevision`] where it names none.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let step = self
            .step()
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
        let finished = self.run(step.arg(format!("{revision}^{{commit}}")))?;
        match commit_id(&finished.stdout) {
            Some(id) if finished.is_success() => Ok(id),
            _ => Err(GitError::UnknownRevision {
                revision: revision.to_owned(),
                repository: self.root.clone(),
                shallow: self.is_shallow()?,
            }),
        }
    }

    /// The commit checked out, or `None` on an unborn branch.
    ///
    /// # Errors
    /// git could not be run.
    pub fn head(&self) -> Result<Option<CommitId>, GitError> {
        match self.resolve("HEAD") {
            Ok(id) => Ok(Some(id)),
            Err(GitError::UnknownRevision { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether tracked files differ from `HEAD` or there are untracked files that are not ignored.
    ///
    /// # Errors
    /// git could not be run or failed.
    pub fn is_dirty(&self) -> Result<bool, GitError> {
        self.has_changes("--untracked-files=normal")
    }

    /// Whether a file that git knows differs from what was committed. Files it does not know make a
    /// tree dirty and are not asked about.
    ///
    /// # Errors
    /// git could not be run or failed.
    pub fn has_tracked_changes(&self) -> Result<bool, GitError> {
        self.has_changes("--untracked-files=no")
    }

    /// Whether `git status` shows anything, here or in a submodule that is here.
    ///
    /// git itself would ask the submodules as well, with whatever programs their own configuration
    /// names; so each of them is asked by itself.
    fn has_changes(&self, untracked: &str) -> Result<bool, GitError> {
        let args = [
            "status",
            "--porcelain=v1",
            "-z",
            untracked,
            "--ignore-submodules=dirty",
        ];
        if !self.plumbing(args)?.is_empty() {
            return Ok(true);
        }
        for path in self.indexed_submodules()? {
            if self.is_changed_submodule(&path, untracked)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Paths of the index that are submodules.
    fn indexed_submodules(&self) -> Result<Vec<PathBuf>, GitError> {
        let listed = self.plumbing(["ls-files", "--stage", "-z"])?;
        let links = listed
            .split(|byte| *byte == 0)
            .filter(|entry| entry.starts_with(b"160000 "));
        Ok(links
            .filter_map(|entry| {
                let tab = entry.iter().position(|byte| *byte == b'\t')?;
                Some(bytes_to_path(&entry[tab + 1..]))
            })
            .collect())
    }

    /// Whether the submodule at `path` holds what its commit does not.
    fn is_changed_submodule(&self, path: &Path, untracked: &str) -> Result<bool, GitError> {
        let place = self.root.join(path);
        if place.join(".git").symlink_metadata().is_err() {
            // One that was not initialized is empty; git does not look at what else lies there.
            let mut inside = place.read_dir().into_iter().flatten();
            return Ok(inside.next().is_some());
        }
        let Some(module) = Self::discover(&place, &self.runner)? else {
            return Ok(true);
        };
        // Its configuration may name another folder, whose files nobody uses.
        let is_here = module.root.canonicalize().ok() == place.canonicalize().ok();
        Ok(!is_here || module.has_changes(untracked)?)
    }

    /// Files that are there and whose changes the index keeps `git status` from seeing
    /// (`assume-unchanged`, `skip-worktree`).
    ///
    /// # Errors
    /// git could not be run or failed.
    pub fn unwatched(&self) -> Result<Vec<PathBuf>, GitError> {
        let list = self.plumbing(["ls-files", "-v", "-z"])?;
        let flagged = list
            .split(|byte| *byte == 0)
            .filter_map(|entry| match entry {
                [b'S' | b'a'..=b'z', b' ', path @ ..] => Some(bytes_to_path(path)),
                _ => None,
            });
        Ok(flagged
            .filter(|path| self.root.join(path).symlink_metadata().is_ok())
            .collect())
    }

    /// Whether history was cut off when this clone was made.
    ///
    /// # Errors
    /// git could not be run or failed.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        // Where it was, git keeps a list of where it ends.
        if self.git_dir.join("shallow").symlink_metadata().is_err() {
            return Ok(false);
        }
        Ok(self
            .plumbing(["rev-parse", "--is-shallow-repository"])?
            .trim_ascii()
            == b"true")
    }

    /// Whether `ancestor` is reachable from `descendant`.
    ///
    /// # Errors
    /// git could not be run.
    pub fn is_ancestor(
        &self,
        ancestor: &CommitId,
        descendant: &CommitId,
    ) -> Result<bool, GitError> {
        let args = [
            "merge-base",
            "--is-ancestor",
            "--end-of-options",
            ancestor.as_str(),
            descendant.as_str(),
        ];
        let finished = self.run(self.step().args(args))?;
        match finished.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(finished
                .success()
                .err()
                .map_or_else(|| answer("merge-base", b""), GitError::from)),
        }
    }
}

pub(super) fn hardened(dir: &Path) -> Step {
    let mut step = Step::new("git")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        // Before git 2.45 a missing object is fetched all the same: by no protocol.
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .inherit([
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_SYSTEM",
            "GIT_CONFIG_NOSYSTEM",
            "XDG_CONFIG_HOME",
            "GIT_CEILING_DIRECTORIES",
        ])
        .arg("--no-pager")
        .arg("-C")
        .arg(dir);
    for setting in HARDENING {
        step = step.arg("-c").arg(setting);
    }
    step
}

pub(super) fn answer(command: &str, bytes: &[u8]) -> GitError {
    GitError::Answer {
        command: command.to_owned(),
        answer: String::from_utf8_lossy(bytes).chars().take(200).collect(),
    }
}

pub(super) fn commit_id(bytes: &[u8]) -> Option<CommitId> {
    std::str::from_utf8(bytes.trim_ascii()).ok()?.parse().ok()
}

/// A path as git prints it (bytes on Unix, UTF-8 elsewhere).
pub fn bytes_to_path(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        PathBuf::from(<OsString as std::os::unix::ffi::OsStringExt>::from_vec(
            bytes.to_vec(),
        ))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(OsString::from(String::from_utf8_lossy(bytes).into_owned()))
    }
}
