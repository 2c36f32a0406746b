//! What a database has about one package. Its files are parsed when somebody asks about it.
//!
//! Most of an audit's time would go into advisories about packages that the project does not have.

use std::sync::OnceLock;

use super::file::{AdvisoryFile, UnreadableFile};
use super::published::Published;

/// What a database has about one package.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    read: Vec<Published>,
    waiting: Vec<AdvisoryFile>,
    answer: OnceLock<Answer>,
}

#[derive(Debug)]
struct Answer {
    published: Vec<Published>,
    unreadable: Vec<UnreadableFile>,
}

impl Shelf {
    pub(super) fn add(&mut self, advisory: Published) {
        self.read.push(advisory);
    }

    pub(super) fn add_file(&mut self, file: AdvisoryFile) {
        self.waiting.push(file);
    }

    /// How many advisories there are, those left out that were asked for and cannot be read.
    pub(super) fn count(&self) -> usize {
        match self.answer.get() {
            Some(answer) => answer.published.len(),
            None => self.read.len() + self.waiting.len(),
        }
    }

    /// Everything published about the package, sorted by id.
    pub(super) fn published(&self) -> &[Published] {
        &self.answer().published
    }

    /// Files about the package that cannot be read.
    pub(super) fn unreadable(&self) -> &[UnreadableFile] {
        &self.answer().unreadable
    }

    /// As [`unreadable`](Self::unreadable), of what somebody asked about already.
    pub(super) fn known_unreadable(&self) -> &[UnreadableFile] {
        self.answer
            .get()
            .map(|answer| answer.unreadable.as_slice())
            .unwrap_or_default()
    }

    fn answer(&self) -> &Answer {
        self.answer.get_or_init(|| {
            let mut published = self.read.clone();
            let mut unreadable = Vec::new();
            for file in &self.waiting {
                match file.parse() {
                    Ok(advisory) => published.push(advisory),
                    Err(file) => unreadable.push(file),
                }
            }
            published.sort_by(|a, b| a.id.cmp(&b.id));
            Answer {
                published,
                unreadable,
            }
        })
    }

    /// Adds what another database has about the package beside this one. An advisory that is known
    /// here by its own id is not added a second time; under another id it may concern other
    /// versions.
    pub(super) fn merge(&mut self, other: Self) {
        let mine = self.answer();
        let theirs = other.answer();
        let is_new = |advisory: &&Published| mine.published.iter().all(|one| one.id != advisory.id);
        let mut published = mine.published.clone();
        published.extend(theirs.published.iter().filter(is_new).cloned());
        published.sort_by(|a, b| a.id.cmp(&b.id));
        let unreadable = [mine.unreadable.as_slice(), &theirs.unreadable].concat();

        *self = Self {
            answer: OnceLock::from(Answer {
                published,
                unreadable,
            }),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::published::Collection;
    use super::*;

    #[test]
    fn what_cannot_be_read_is_known_when_somebody_asks() {
        let mut shelf = Shelf::default();
        shelf.add_file(AdvisoryFile {
            path: "crates/tar-rs/RUSTSEC-2024-0001.md".to_owned(),
            text: "```toml\n[advisory]\nid = \npackage = \"tar-rs\"\n```\n\n# Title\n".to_owned(),
            collection: Collection::Crates,
        });
        assert_eq!((shelf.count(), shelf.known_unreadable().len()), (1, 0));
        assert_eq!(shelf.unreadable().len(), 1);
        assert_eq!((shelf.count(), shelf.known_unreadable().len()), (0, 1));
    }
}
