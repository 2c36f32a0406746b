//! A release, as all signatures of it say it. Pure.

use super::comment::TrustedComment;

/// What signatures of a release say, but for the file's name.
#[derive(Debug, Clone)]
pub struct Release {
    /// Package name.
    pub project: String,
    /// Version.
    pub version: String,
    /// Full commit id, or `none`.
    pub commit: String,
    /// Whether it was made from uncommitted changes.
    pub dirty: bool,
    /// Whether another gate refused it.
    pub refused: bool,
    /// Seconds since 1970: the release's own time, not a clock's.
    pub epoch: i64,
}

impl Release {
    /// What the signature of one file says.
    pub fn comment(&self, file: &str) -> TrustedComment {
        TrustedComment {
            timestamp: self.epoch,
            file: file.to_owned(),
            project: self.project.clone(),
            version: self.version.clone(),
            commit: self.commit.clone(),
            dirty: self.dirty,
            refused: self.refused,
        }
    }
}
