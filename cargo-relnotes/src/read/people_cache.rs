//! What is remembered of who wrote earlier commits, so that history is walked once.
//!
//! Must never: keep an address. People are kept as digests; what cannot be read is walked again.

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

    /// The list of some commits: named after the one, or after all of them.
    fn path(&self, commits: &[CommitId]) -> PathBuf {
        let name = match commits {
            [only] => only.to_string(),
            several => {
                let ids: Vec<&str> = several.iter().map(CommitId::as_str).collect();
                format!("all-{}", sha256_bytes(ids.join("\n").as_bytes()))
            }
        };
        self.folder.join(format!("{}-{name}", self.prefix))
    }

    /// The people up to some commits.
    pub fn read(&self, commits: &[CommitId]) -> Option<EarlierPeople> {
        let text = std::fs::read_to_string(self.path(commits)).ok()?;
        EarlierPeople::parse(&text)
    }

    /// The newest remembered commit that is a part of another one's history, and its people.
    pub fn nearest(&self, git: &Git, to: &CommitId) -> Option<(CommitId, EarlierPeople)> {
        self.remembered().into_iter().find_map(|commit| {
            let is_earlier = git.is_ancestor(&commit, to).unwrap_or(false);
            let people = self.read(std::slice::from_ref(&commit));
            Some((commit, people.filter(|_| is_earlier)?))
        })
    }

    /// Commits that are remembered, the one written last first.
    fn remembered(&self) -> Vec<CommitId> {
        let folder = std::fs::read_dir(&self.folder);
        let mut found: Vec<_> = folder
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let commit = name.strip_prefix(&self.prefix)?.strip_prefix('-')?;
                let written = entry.metadata().ok()?.modified().ok()?;
                Some((written, commit.parse().ok()?))
            })
            .collect();
        found.sort_by(|(a, _), (b, _)| b.cmp(a));
        found.into_iter().map(|(_, commit)| commit).collect()
    }

    /// Remembers the people up to some commits. That this is not possible costs time and nothing
    /// else.
    pub fn write(&self, commits: &[CommitId], people: &EarlierPeople) {
        for old in self.remembered().into_iter().skip(KEPT - 1) {
            drop(std::fs::remove_file(self.path(&[old])));
        }
        if std::fs::create_dir_all(&self.folder).is_ok() {
            let text = people.to_text();
            drop(write_atomic(&self.path(commits), text.as_bytes()));
        }
    }
}
