//! Baselines that were unpacked before: folders named after what is in them, so that cargo finds
//! its own work done.
//!
//! A folder is used again only if its content is still what it was when it was written.

use std::path::{Path, PathBuf};

use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Result};

use super::tree::tree_digest;

/// How many baselines are kept; the ones used longest ago go first.
const KEPT: usize = 6;

/// Where baselines are kept, and what distinguishes otherwise equal ones.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    lock: Option<PathBuf>,
}

impl Cache {
    /// A cache below a folder. `lock` is the lock file that a baseline gets, so that both sides
    /// have the same dependencies.
    pub fn new(root: PathBuf, lock: Option<PathBuf>) -> Self {
        Self { root, lock }
    }

    /// The folder of a baseline: found, or filled by `fill`. `identity` names its content (a
    /// commit, a version and its checksum, a digest of a folder); `workspace` finds, in a
    /// filled folder, where the lock file belongs.
    ///
    /// # Errors
    /// It cannot be filled or written.
    pub fn folder(
        &self,
        identity: &str,
        fill: impl FnOnce(&Path) -> Result<()>,
        workspace: impl FnOnce(&Path) -> Result<PathBuf>,
    ) -> Result<PathBuf> {
        let lock = match &self.lock {
            Some(path) => sha256_file(path)
                .or_judge(|| "cannot read `Cargo.lock`".to_owned())?
                .0
                .to_string(),
            None => String::new(),
        };

        let key = sha256_bytes(format!("1\n{identity}\n{lock}").as_bytes()).to_string();
        let folder = self.root.join(&key[..16]);
        let (source, seal) = (folder.join("source"), folder.join("sealed"));
        if let Ok(sealed) = std::fs::read_to_string(&seal)
            && tree_digest(&source).is_ok_and(|digest| digest.to_string() == sealed.trim())
        {
            // The time of use, for the next clearing up.
            let _ = write_atomic(&seal, sealed.as_bytes());
            return Ok(source);
        }

        std::fs::create_dir_all(&self.root)
            .or_judge(|| "cannot make the folder of baselines".to_owned())?;

        // Made elsewhere and moved: another call at the same time sees all of it or nothing.
        let making = tempfile::Builder::new()
            .prefix(".making-")
            .tempdir_in(&self.root)
            .or_judge(|| "cannot make the folder of a baseline".to_owned())?;

        let inside = making.path().join("source");
        std::fs::create_dir(&inside)
            .or_judge(|| "cannot make the folder of a baseline".to_owned())?;
        fill(&inside)?;
        if let Some(path) = &self.lock {
            std::fs::copy(path, workspace(&inside)?.join("Cargo.lock"))
                .or_judge(|| "cannot copy `Cargo.lock` to the old side".to_owned())?;
        }

        let digest = tree_digest(&inside).or_judge(|| "cannot read a baseline".to_owned())?;
        write_atomic(&making.path().join("sealed"), digest.to_string().as_bytes())?;
        let _ = std::fs::remove_dir_all(&folder);
        if let Err(error) = std::fs::rename(making.path(), &folder)
            && !source.is_dir()
        {
            return Err(Error::judge("cannot put a baseline in its place").with_source(error));
        }
        self.clear_up();

        Ok(source)
    }

    /// Removes all but the last baselines used.
    fn clear_up(&self) {
        let mut found: Vec<(std::time::SystemTime, PathBuf)> = std::fs::read_dir(&self.root)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let used = std::fs::metadata(entry.path().join("sealed"))
                    .ok()?
                    .modified()
                    .ok()?;
                Some((used, entry.path()))
            })
            .collect();
        found.sort();
        let surplus = found.len().saturating_sub(KEPT);
        for (_, path) in found.into_iter().take(surplus) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_baseline_is_filled_once_and_again_when_it_was_touched() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("baselines"), None);
        let filled = Cell::new(0);
        let get = |identity: &str| {
            let fill = |path: &Path| {
                filled.set(filled.get() + 1);
                std::fs::write(path.join("lib.rs"), "a").unwrap();
                Ok(())
            };
            cache
                .folder(identity, fill, |path| Ok(path.to_owned()))
                .unwrap()
        };

        let first = get("one");
        assert_eq!(get("one"), first);
        assert_eq!(filled.get(), 1);
        std::fs::write(first.join("lib.rs"), "b").unwrap();
        assert_eq!(get("one"), first);
        assert_eq!(
            (
                filled.get(),
                std::fs::read_to_string(first.join("lib.rs")).unwrap()
            ),
            (2, "a".to_owned())
        );

        for number in 0..10 {
            let _ = get(&number.to_string());
        }
        assert_eq!(
            std::fs::read_dir(dir.path().join("baselines"))
                .unwrap()
                .count(),
            KEPT
        );
    }
}
