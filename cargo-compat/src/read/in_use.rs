//! The lock on the target folder of comparisons.

use std::path::Path;

use release_gate::{Error, Result};

/// A target folder that no other call uses until this is dropped: cargo's own lock is held for one
/// build at a time, and a comparison is several.
#[derive(Debug)]
pub struct InUse(#[expect(dead_code, reason = "held for its lock")] std::fs::File);

impl InUse {
    /// Waits until the folder is free.
    ///
    /// # Errors
    /// It cannot be made or locked.
    pub fn lock(target_dir: &Path) -> Result<Self> {
        let path = target_dir.join(".in-use");
        std::fs::create_dir_all(target_dir)
            .and_then(|()| std::fs::File::create(&path))
            .and_then(|file| file.lock().map(|()| Self(file)))
            .map_err(|error| {
                Error::judge(format!("cannot lock `{}`", path.display())).with_source(error)
            })
    }
}
