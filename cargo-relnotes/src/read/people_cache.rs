//! What is remembered of who wrote earlier commits, so that history is walked once.
//!
//! Must never: keep an address, or believe a list that is not the one asked for. People are kept as
//! digests. A list names what it was made from and ends with a digest of itself; whatever is cut
//! off, copied to another name, too long or no plain file is walked again.

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_bytes;
use release_gate::fs::write_atomic;
use release_gate::git::{CommitId, Git};

use crate::model::people::EarlierPeople;

/// How many commits are remembered for each package.
const KEPT: usize = 8;

/// The longest list that is read: a million people and more.
const LONGEST: u64 = 40 << 20;

/// A folder of remembered lists: one file for each commit, package and mailmap.
#[derive(Debug, Clone)]
pub struct PeopleCache {
    folder: PathBuf,
    prefix: String,
}

impl PeopleCache {
    /// The lists in a folder that were made from these paths and this mailmap.
    pub fn new(folder: &Path, paths: &[String], mailmap: &str) -> Self {
        let made_from = format!("2\n{mailmap}\n{}", paths.join("\n"));
        let digest = sha256_bytes(made_from.as_bytes()).to_string();
        Self {
            folder: folder.to_owned(),
            prefix: digest[..16].to_owned(),
        }
    }

    /// The name of the list of some commits: after the one, or after all of them.
    fn name(&self, commits: &[CommitId]) -> String {
        let name = match commits {
            [only] => only.to_string(),
            several => {
                let ids: Vec<&str> = several.iter().map(CommitId::as_str).collect();
                format!("all-{}", sha256_bytes(ids.join("\n").as_bytes()))
            }
        };
        format!("{}-{name}", self.prefix)
    }

    fn path(&self, commits: &[CommitId]) -> PathBuf {
        self.folder.join(self.name(commits))
    }

    /// The people up to some commits.
    pub fn read(&self, commits: &[CommitId]) -> Option<EarlierPeople> {
        let path = self.path(commits);
        let there = std::fs::symlink_metadata(&path).ok()?;
        if !there.is_file() || there.len() > LONGEST {
            return None;
        }
        let text = std::fs::read_to_string(&path).ok()?;
        EarlierPeople::parse(sealed_body(&text, &self.name(commits))?)
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
            let text = seal(&people.to_text(), &self.name(commits));
            drop(write_atomic(&self.path(commits), text.as_bytes()));
        }
    }
}

/// A list with what it was made from above it, and a digest of both below.
fn seal(body: &str, name: &str) -> String {
    let whole = format!("{name}\n{body}");
    let digest = sha256_bytes(whole.as_bytes());
    format!("{whole}{digest}\n")
}

/// The list of a file, where that is whole and of this name.
fn sealed_body<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.strip_suffix('\n')?;
    let (whole, digest) = line.rsplit_once('\n')?;
    let whole = &text[..whole.len() + 1];
    if sha256_bytes(whole.as_bytes()).to_string() != digest {
        return None;
    }
    whole.strip_prefix(name)?.strip_prefix('\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::commit::Identity;

    fn cache_in(folder: &Path) -> PeopleCache {
        PeopleCache::new(folder, &[], "")
    }

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    #[test]
    fn only_the_list_that_was_written_for_a_commit_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_in(folder.path());
        let mut people = EarlierPeople::default();
        people.extend(&[Identity::new("A", "a@example.org")]);
        let mine = [commit('1')];
        cache.write(&mine, &people);
        assert_eq!(cache.read(&mine), Some(people));

        // The list of another commit, a list somebody made up, and one that was cut off.
        let other = [commit('2')];
        let text = std::fs::read_to_string(cache.path(&mine)).unwrap();
        std::fs::write(cache.path(&other), &text).unwrap();
        assert_eq!(cache.read(&other), None);
        std::fs::write(cache.path(&mine), "end\n").unwrap();
        assert_eq!(cache.read(&mine), None);
        std::fs::write(cache.path(&mine), &text[..text.len() - 1]).unwrap();
        assert_eq!(cache.read(&mine), None);
    }

    #[test]
    fn what_is_no_plain_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_in(folder.path());
        std::fs::create_dir(cache.path(&[commit('1')])).unwrap();
        assert_eq!(cache.read(&[commit('1')]), None);
    }
}
