//! The sources of a sealed build: an export of the commit, or with `--allow-dirty` of the work
//! tree.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use release_gate::error::JudgeExt;
use release_gate::git::{CommitId, Git, bytes_to_path};
use release_gate::project::Project;
use release_gate::{Error, Result};

use super::conditions::Conditions;
use super::history::{self, History};

/// What is to be built.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    git: Git,
    /// The commit checked out.
    pub(crate) commit: CommitId,
    /// Whether the work tree is exported instead of the commit.
    pub(crate) dirty: bool,
    /// SOURCE_DATE_EPOCH: seconds since 1970.
    pub(crate) epoch: i64,
    /// The workspace, relative to the repository.
    pub(crate) workspace: PathBuf,
    lock: PathBuf,
}

/// The history a place holds, and one that is laid aside for trials, and where.
#[derive(Debug)]
pub(crate) struct Histories<'a> {
    pub(crate) own: History,
    pub(crate) other: Option<(History, &'a Path)>,
}

/// What an export was like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exported {
    /// The lock file is not part of the commit; the work tree's was taken.
    pub(crate) lock_added: bool,
    /// Large files of which the repository holds only a pointer.
    pub(crate) lfs_pointers: Vec<PathBuf>,
}

/// A path relative to a folder it lies in, links resolved.
fn path_below(folder: &Path, path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.strip_prefix(folder).map(Path::to_owned).ok()
}

impl Source {
    /// Finds out what to build.
    ///
    /// # Errors
    /// No repository, no commit, uncommitted changes that were not allowed, or packages that lie
    /// outside the repository.
    pub(crate) fn of(project: &Project, allow_dirty: bool) -> Result<Self> {
        let git = project.repository()?.clone();
        let commit = project.commit.clone().ok_or_else(|| {
            Error::judge("the repository has no commit").with_help("commit the sources first")
        })?;
        if project.dirty && !allow_dirty {
            return Err(Error::judge("there are uncommitted changes, and a release is built from a commit")
                .with_help(
                    "commit or stash them, or build the work tree with --allow-dirty (the report says so)",
                ));
        }

        let root = git
            .root()
            .canonicalize()
            .or_judge(|| "cannot find the repository".to_owned())?;

        for package in project
            .metadata
            .packages
            .iter()
            .filter(|package| package.source.is_none())
        {
            if path_below(&root, package.manifest_path.as_std_path()).is_none() {
                return Err(Error::judge(format!(
                    "the path dependency `{}` lies outside the repository, so no commit holds it",
                    package.name
                ))
                .with_help("move it into the repository, or depend on it by git or registry"));
            }
        }

        let workspace = path_below(&root, &project.root).ok_or_else(|| {
            Error::judge("the workspace lies outside its repository")
                .with_help("check the `workspace` key")
        })?;

        let epoch = project.epoch()?.unwrap_or_default();
        let lock = project.root.join("Cargo.lock");

        Ok(Self {
            git,
            commit,
            dirty: project.dirty,
            epoch,
            workspace,
            lock,
        })
    }

    /// The repository's top folder.
    pub(crate) fn repository(&self) -> &Path {
        self.git.root()
    }

    /// Whether the repository itself knows only a part of its history, so that every place does.
    pub(crate) fn is_shallow(&self) -> bool {
        self.git.is_shallow().unwrap_or(true)
    }

    /// Writes the sources to a folder; modification times are the commit's plus what the
    /// conditions say, and modes are what their umask leaves of them.
    ///
    /// # Errors
    /// Git or the disk failed.
    pub(crate) fn export(
        &self,
        dest: &Path,
        conditions: &Conditions,
        histories: &Histories<'_>,
    ) -> Result<Exported> {
        let mut exported = Exported::default();
        if self.dirty {
            std::fs::create_dir_all(dest)
                .or_judge(|| "cannot write the exported sources".to_owned())?;
            self.copy_work_tree(dest)?;
        } else {
            exported.lfs_pointers = self.git.checkout(&self.commit, dest)?.lfs_pointers;
        }

        let lock = dest.join(&self.workspace).join("Cargo.lock");
        if !lock.exists() {
            std::fs::copy(&self.lock, &lock).map_err(|error| {
                Error::judge("the commit holds no `Cargo.lock`, and neither does the work tree")
                    .with_source(error)
                    .with_help("run `cargo generate-lockfile`, and commit the file")
            })?;
            exported.lock_added = true;
        }

        for (history, aside) in [histories.other, Some((histories.own, dest))]
            .into_iter()
            .flatten()
        {
            history::make(&self.git, &self.commit, dest, history)?;
            if aside != dest {
                std::fs::rename(dest.join(".git"), aside)
                    .or_judge(history::cannot_make_repository)?;
            }
        }

        let seconds = u64::try_from(self.epoch).unwrap_or_default();
        set_times(
            dest,
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + conditions.file_times,
        )
        .or_judge(|| "cannot set the times of the exported sources".to_owned())?;

        set_modes(dest, conditions.umask_bits())
            .or_judge(|| "cannot set the modes of the exported sources".to_owned())?;
        history::refresh(&self.git, dest)?;

        Ok(exported)
    }

    fn copy_work_tree(&self, dest: &Path) -> Result<()> {
        let list = self.git.plumbing([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--full-name",
        ])?;
        for name in list
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
        {
            let name = bytes_to_path(name);
            copy_tree(&self.git.root().join(&name), &dest.join(&name))
                .or_judge(|| format!("cannot copy `{}` into the sandbox", name.display()))?;
        }
        Ok(())
    }
}

/// Copies a file, symbolic link or (for a submodule) folder; what is gone from the work tree is
/// left out.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(metadata) = from.symlink_metadata() else {
        return Ok(());
    };
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if metadata.is_symlink() {
        let _ = std::fs::remove_file(to);
        #[cfg(unix)]
        return std::os::unix::fs::symlink(std::fs::read_link(from)?, to);
        #[cfg(not(unix))]
        return std::fs::copy(from, to).map(drop);
    }

    if metadata.is_dir() {
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            if entry.file_name() != ".git" && entry.file_name() != "target" {
                copy_tree(&entry.path(), &to.join(entry.file_name()))?;
            }
        }
        return Ok(());
    }

    std::fs::copy(from, to).map(drop)
}

/// Gives a file or folder the mode it has where it is made under a umask.
#[cfg(unix)]
fn set_mode(path: &Path, mode: u32, umask: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & !umask))
}

/// Gives every file and folder below a folder the mode it has where it is made under a umask, git's
/// own excepted: git keeps of modes only whether a file can be run.
pub(crate) fn set_modes(dir: &Path, umask: u32) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != ".git" {
                set_modes(&entry.path(), umask)?;
            } else if kind.is_file() {
                let runs = entry.metadata()?.permissions().mode() & 0o111 != 0;
                let mode = if runs { 0o777 } else { 0o666 };
                set_mode(&entry.path(), mode, umask)?;
            }
        }
        set_mode(dir, 0o777, umask)?;
    }
    #[cfg(not(unix))]
    let _ = (dir, umask);
    Ok(())
}

/// Sets the modification time of every file and folder below a folder, git's own excepted.
pub(crate) fn set_times(dir: &Path, time: SystemTime) -> std::io::Result<()> {
    set_below(dir, time)?;
    folder_time(dir, time)
}

/// The time of access lies so far ahead that reading a file does not move it.
fn both(time: SystemTime) -> std::fs::FileTimes {
    std::fs::FileTimes::new()
        .set_modified(time)
        .set_accessed(time + Duration::from_secs(40 * 365 * 86_400))
}

/// Archives hold the times of folders too.
fn folder_time(dir: &Path, time: SystemTime) -> std::io::Result<()> {
    if cfg!(unix) {
        std::fs::File::open(dir)?.set_times(both(time))
    } else {
        Ok(())
    }
}

fn set_below(dir: &Path, time: SystemTime) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                set_times(&entry.path(), time)?;
            }
        } else if kind.is_file() {
            // A read-only file can still be given a time by its owner, but not be opened for
            // writing everywhere.
            if let Ok(file) = std::fs::File::open(entry.path()) {
                file.set_times(both(time))?;
            }
        }
    }
    Ok(())
}
