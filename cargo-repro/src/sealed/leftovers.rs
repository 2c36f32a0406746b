//! Throw-away folders that a killed run left are removed by the next one.
//!
//! A run holds a lock on a file in its folder for as long as it lives; the system lets go of it
//! however the run ends. A folder whose lock can be had belongs to nobody.

use std::fs::File;
use std::path::{Path, PathBuf};

use release_gate::fs::remove_files_last;
use release_gate::interrupt::{RemovedAtEnd, remove_at_end};

/// The file that is locked.
const LOCK: &str = "lock";
/// What the folders are called, behind `release-gates-`.
const PURPOSES: &[&str] = &["repro", "guard", "crate"];

/// A temporary folder that is known to be in use.
#[derive(Debug)]
pub(crate) struct ThrowAway {
    path: PathBuf,
    is_kept: bool,
    lock: Option<File>,
    /// Until the folder is gone, whoever ends this program removes it.
    _removed_at_end: RemovedAtEnd,
}

impl ThrowAway {
    /// Makes one, after removing what killed runs left.
    ///
    /// # Errors
    /// The system's temporary folder cannot be written to.
    pub(crate) fn make(purpose: &str) -> release_gate::Result<Self> {
        remove_leftovers(&std::env::temp_dir());
        let path = release_gate::fs::throw_away_dir(purpose)?.keep();
        Ok(Self {
            is_kept: false,
            lock: lock_folder(&path),
            _removed_at_end: remove_at_end(&path),
            path,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves the folder where it is, for people; no later run removes it.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
        let _ = std::fs::remove_file(self.path.join(LOCK));
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // The lock goes last: what stays of a removal that was cut short, the next run removes.
        if !self.is_kept {
            remove_locked(&self.path, self.lock.take());
        }
    }
}

/// Removes a folder whose lock is held here, as far as that can be done.
fn remove_locked(folder: &Path, lock: Option<File>) {
    let _ = remove_files_last(folder);
    // On Windows a file that is open is gone only when it is closed, and its folder after that.
    drop(lock);
    let _ = std::fs::remove_dir(folder);
}

/// Locks a folder. The file gets the name that other runs look for only when it is locked: between
/// making and locking it, another run would take the folder for one that nobody uses.
///
/// Where files cannot be locked, the folder has no such file, and nobody removes it but this run.
fn lock_folder(folder: &Path) -> Option<File> {
    let unlocked = folder.join("lock.new");
    let file = File::create(&unlocked).ok()?;
    let is_locked =
        file.try_lock().is_ok() && std::fs::rename(&unlocked, folder.join(LOCK)).is_ok();
    if is_locked {
        return Some(file);
    }
    let _ = std::fs::remove_file(unlocked);
    None
}

/// Removes folders of runs that are over, as far as that can be done.
fn remove_leftovers(temporary: &Path) {
    let entries = std::fs::read_dir(temporary).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = PURPOSES
            .iter()
            .any(|purpose| name.starts_with(&format!("release-gates-{purpose}-")));
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if is_ours && lock.try_lock().is_ok() {
            remove_locked(&entry.path(), Some(lock));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_runs_that_are_over_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "release-gates-repro-dead",
            "release-gates-repro-alive",
            "release-gates-repro-kept",
            "somebody-elses",
        ] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            if name != "release-gates-repro-kept" {
                std::fs::write(dir.path().join(name).join(LOCK), "").unwrap();
            }
        }

        let alive = File::open(dir.path().join("release-gates-repro-alive").join(LOCK)).unwrap();
        alive.try_lock().unwrap();
        remove_leftovers(dir.path());
        assert!(!dir.path().join("release-gates-repro-dead").exists());

        for name in [
            "release-gates-repro-alive",
            "release-gates-repro-kept",
            "somebody-elses",
        ] {
            assert!(dir.path().join(name).exists(), "{name}");
        }
    }
}
