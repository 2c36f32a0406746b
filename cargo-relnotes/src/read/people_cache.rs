//! What is remembered of who wrote earlier commits, so that history is walked once.
//!
//! Must never: keep an address. People are kept as digests; what cannot be read is walked again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::digest::sha256_bytes;
use release_gate::fs::write_atomic;
use release_gate::git::{CommitId, Git};

use crate::model::people::EarlierPeople;

/// How many commits are remembered for each package.
const KEPT: usize = 8;

/// A folder of remembered lists: one file for each commit, package and mailmap.
#[derive(Debug, Clone)]
pub struct PeopleCache {
    folder: PathBuf,
    prefix: String,
}

impl PeopleCache {
    /// The lists in a folder that were made from these paths and this mailmap.
    pub fn new(folder: &Path, paths: &[String], mailmap: &str) -> Self {
        let made_from = format!("1\n{mailmap}\n{}", paths.join("\n"));
        let digest = sha256_bytes(made_from.as_bytes()).to_string();
        Self {
            folder: folder.to_owned(),
            prefix: digest[..16].to_owned(),
        }
    }

    fn path(&self, commit: &CommitId) -> PathBuf {
        self.folder.join(format!("{}-{commit}", self.prefix))
    }

    /// The people up to a commit.
    pub fn read(&self, commit: &CommitId) -> Option<EarlierPeople> {
        let text = std::fs::read_to_string(self.path(commit)).ok()?;
        EarlierPeople::parse(&text)
    }

    /// The newest remembered commit that is a part of another one's history, and its people.
    pub fn nearest(&self, git: &Git, to: &CommitId) -> Option<(CommitId, EarlierPeople)> {
        self.remembered().into_iter().find_map(|commit| {
            let is_earlier = git.is_ancestor(&commit, to).unwrap_or(false);
            let people = self.read(&commit).filter(|_| is_earlier)?;
            Some((commit, people))
        })
    }

    /// Commits that are remembered, the one written last first.
    fn remembered(&self) -> Vec<CommitId> {
        let entries = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let commit = name.strip_prefix(&self.prefix)?.strip_prefix('-')?;
                Some((
                    entry.metadata().ok()?.modified().ok()?,
                    commit.parse().ok()?,
                ))
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| b.cmp(a));
        found.into_iter().map(|(_, commit)| commit).collect()
    }

    /// Remembers the people up to a commit. That this is not possible costs time and nothing else.
    pub fn write(&self, commit: &CommitId, people: &EarlierPeople) {
        let old: BTreeSet<CommitId> = self.remembered().into_iter().skip(KEPT - 1).collect();
        for commit in &old {
            drop(std::fs::remove_file(self.path(commit)));
        }
        if std::fs::create_dir_all(&self.folder).is_ok() {
            drop(write_atomic(
                &self.path(commit),
                people.to_text().as_bytes(),
            ));
        }
    }
}
