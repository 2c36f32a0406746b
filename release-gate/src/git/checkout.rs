//! The files of a revision in a folder of their own, without touching the user's work tree or
//! index.
//!
//! Not `git archive`, whose result depends on `export-ignore` and `export-subst`; not `git
//! worktree`, which writes into the repository. A temporary index is filled from the commit and
//! checked out from there, with every smudge filter off: what arrives is what was committed.
//! Submodules are taken from the clones that are here; nothing is fetched.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::process::Step;

use super::reader::Reader;
use super::repository::{filters, without_filters};
use super::{CommitId, Git, GitError, bytes_to_path};

/// The first line of a Git LFS pointer file.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// What a checkout holds besides its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    /// Submodules that were checked out, with their commits; paths relative to the folder.
    pub submodules: Vec<(PathBuf, CommitId)>,
    /// Files that are Git LFS pointers and not the content they stand for.
    pub lfs_pointers: Vec<PathBuf>,
}

impl Git {
    /// Writes the files of a commit into `dest` (made if missing; should be empty), submodules
    /// included. Every file's modification time is the commit's.
    ///
    /// # Errors
    /// git failed, a submodule's commit is not in this clone, or a file cannot be written.
    pub fn checkout(&self, commit: &CommitId, dest: &Path) -> Result<Checkout, GitError> {
        let dest = make_folder(dest)?;
        let mut checkout = Checkout::default();
        self.checkout_into(commit, &dest, Path::new(""), &mut checkout)?;
        let time = self.commit_time(commit)?;
        finish(&dest, Path::new(""), time, &mut checkout.lfs_pointers)
            .map_err(|source| cannot_write(&dest, source))?;
        checkout.lfs_pointers.sort();
        Ok(checkout)
    }

    fn checkout_into(
        &self,
        commit: &CommitId,
        dest: &Path,
        prefix: &Path,
        checkout: &mut Checkout,
    ) -> Result<(), GitError> {
        let scratch =
            tempfile::tempdir().map_err(|source| cannot_write(&std::env::temp_dir(), source))?;
        let index = scratch.path().join("index");
        let read_tree = self
            .with_index(self.step(), &index, dest)
            .current_dir(dest)
            .args(["read-tree", "--end-of-options", commit.as_str()]);
        self.run(read_tree)?.success()?;

        // Nothing of the clone's configuration may change what is written.
        let mut checkout_index = without_filters(self.step_in(dest), &self.filters);
        for setting in [
            "core.autocrlf=false",
            "core.eol=lf",
            "core.symlinks=true",
            "core.attributesFile=/dev/null",
        ] {
            checkout_index = checkout_index.arg("-c").arg(setting);
        }
        let checkout_index = self.with_index(checkout_index, &index, dest).args([
            "checkout-index",
            "--all",
            "--force",
            "--quiet",
        ]);
        self.run(checkout_index)?.success()?;

        for (path, submodule_commit) in self.gitlinks(commit)? {
            let module = self.submodule(commit, &path, &submodule_commit)?;
            let folder = dest.join(&path);
            std::fs::create_dir_all(&folder).map_err(|source| cannot_write(&folder, source))?;
            let full = prefix.join(&path);
            checkout
                .submodules
                .push((full.clone(), submodule_commit.clone()));
            module.checkout_into(&submodule_commit, &folder, &full, checkout)?;
        }
        Ok(())
    }

    /// A step that uses an index and a work tree of its own.
    fn with_index(&self, step: Step, index: &Path, work_tree: &Path) -> Step {
        step.env("GIT_INDEX_FILE", index)
            .env("GIT_DIR", &self.git_dir)
            .env("GIT_WORK_TREE", work_tree)
    }

    fn step_in(&self, dir: &Path) -> Step {
        super::repository::hardened(dir)
    }

    /// Paths of a commit's tree that are submodules, with the commits they name.
    fn gitlinks(&self, commit: &CommitId) -> Result<Vec<(PathBuf, CommitId)>, GitError> {
        let bytes = self.plumbing([
            "ls-tree",
            "-r",
            "-z",
            "--full-tree",
            "--end-of-options",
            commit.as_str(),
        ])?;
        bytes
            .split(|byte| *byte == 0)
            .filter(|line| line.starts_with(b"160000 "))
            .map(|line| {
                let tab = line
                    .iter()
                    .position(|byte| *byte == b'\t')
                    .ok_or_else(|| super::repository::answer("ls-tree", line))?;
                let (head, path) = (&line[..tab], &line[tab + 1..]);
                let id = head
                    .rsplit(|byte| *byte == b' ')
                    .next()
                    .and_then(super::repository::commit_id);
                Ok((
                    bytes_to_path(path),
                    id.ok_or_else(|| super::repository::answer("ls-tree", line))?,
                ))
            })
            .collect()
    }

    /// The clone of a submodule that is here and has the commit: in the work tree, or below
    /// `.git/modules`.
    fn submodule(
        &self,
        commit: &CommitId,
        path: &Path,
        wanted: &CommitId,
    ) -> Result<Git, GitError> {
        let mut places = vec![self.root.join(path)];
        places.push(self.git_dir.join("modules").join(path));
        if let Some(name) = self.submodule_name(commit, path)? {
            places.push(self.git_dir.join("modules").join(name));
        }
        for place in places.into_iter().filter(|place| place.is_dir()) {
            let step = super::repository::hardened(&place).args([
                "rev-parse",
                "--path-format=absolute",
                "--git-common-dir",
            ]);
            let finished = self.run(step)?;
            let git_dir = bytes_to_path(finished.stdout.trim_ascii_end());
            if !finished.is_success() || git_dir == self.git_dir {
                continue;
            }
            let module = Git {
                filters: filters(&place, &self.runner)?,
                root: place,
                git_dir,
                runner: self.runner.clone(),
                shortcuts: self.shortcuts,
                reader: Reader::default(),
            };
            if module.resolve(wanted.as_str()).is_ok() {
                return Ok(module);
            }
        }
        Err(GitError::Submodule {
            path: path.to_owned(),
            commit: wanted.clone(),
        })
    }

    /// The name `.gitmodules` of this commit gives to the submodule at `path`, if it is a plain
    /// relative name.
    fn submodule_name(&self, commit: &CommitId, path: &Path) -> Result<Option<PathBuf>, GitError> {
        let args = [
            "config",
            "-z",
            "--blob",
            &format!("{commit}:.gitmodules"),
            "--get-regexp",
            r"^submodule\..*\.path$",
        ];
        let finished = self.run(self.step().args(args))?;
        for entry in finished.stdout.split(|byte| *byte == 0) {
            let Some(newline) = entry.iter().position(|byte| *byte == b'\n') else {
                continue;
            };
            let (key, value) = (&entry[..newline], &entry[newline + 1..]);
            if bytes_to_path(value) == path {
                let name = key
                    .strip_prefix(b"submodule.")
                    .and_then(|key| key.strip_suffix(b".path"))
                    .map(bytes_to_path);
                // The file is untrusted: a name that climbs out of `.git/modules` is not followed.
                return Ok(name.filter(|name| {
                    name.components()
                        .all(|part| matches!(part, std::path::Component::Normal(_)))
                }));
            }
        }
        Ok(None)
    }
}

fn cannot_write(path: &Path, source: std::io::Error) -> GitError {
    GitError::Write {
        path: path.to_owned(),
        source,
    }
}

/// Makes a folder; returns its path, links resolved.
fn make_folder(path: &Path) -> Result<PathBuf, GitError> {
    std::fs::create_dir_all(path)
        .and_then(|()| path.canonicalize())
        .map_err(|source| cannot_write(path, source))
}

/// Sets every regular file's time and notes the LFS pointers; symbolic links are not followed.
fn finish(
    dir: &Path,
    relative: &Path,
    seconds: i64,
    pointers: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let (kind, path, relative) = (
            entry.file_type()?,
            entry.path(),
            relative.join(entry.file_name()),
        );
        if kind.is_dir() {
            finish(&path, &relative, seconds, pointers)?;
        } else if kind.is_file() {
            // Opened for reading: times can be set on a file that is not writable.
            let mut file = File::open(&path)?;
            file.set_modified(time)?;
            let mut start = [0; LFS_POINTER.len()];
            if file.metadata()?.len() < 1024
                && file.read_exact(&mut start).is_ok()
                && start == LFS_POINTER
            {
                pointers.push(relative);
            }
        }
    }

    Ok(())
}
