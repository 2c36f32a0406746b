//! Folding: commits that say the same share a line.
//!
//! Must never: lose a number. Whatever a commit that folds into a line names is named by the line.

use std::collections::BTreeMap;

use release_gate::git::CommitId;

use super::advisories::advisory_ids;
use super::bucket::{Bucket, Entry};
use super::grammar::{Header, split_pulls};
use super::note::{self, Block};
use super::sections::Section;
use super::untrusted::Untrusted;

/// The lines of the notes while they are made.
#[derive(Default)]
pub(super) struct Lines {
    pub(super) entries: Vec<Entry>,
    /// Position of the line for a section, scope and text.
    seen: BTreeMap<(Section, Option<String>, String), usize>,
    /// Position of the line that a commit owns.
    owned: BTreeMap<CommitId, usize>,
}

impl Lines {
    /// Adds a line, or joins the one that says the same; returns the commit that owns the line.
    pub(super) fn add_line(&mut self, commit: &CommitId, line: Line) -> CommitId {
        let (text, mut numbers) = split_pulls(&line.header.description);
        numbers.extend(line.pull.filter(|number| !numbers.contains(number)));
        let mut advisories = line.advisories;
        let said: Vec<String> = advisory_ids(text).collect();
        advisories.retain(|id| !said.contains(id));

        let key = (line.section, line.header.scope.clone(), text.to_lowercase());
        let Some(at) = self.seen.get(&key) else {
            self.seen.insert(key, self.entries.len());
            self.owned
                .entry(commit.clone())
                .or_insert(self.entries.len());
            self.entries.push(Entry {
                section: line.section,
                kind: line.kind.unwrap_or(line.section),
                scope: line.header.scope.as_deref().map(Untrusted::new),
                text: Untrusted::new(text),
                fragment: line.fragment,
                pulls: numbers,
                closes: line.closes,
                breaking: line.breaking,
                advisories,
                commits: vec![commit.clone()],
            });
            return commit.clone();
        };
        let entry = &mut self.entries[*at];
        extend_once(&mut entry.commits, [commit.clone()]);
        // Two pull requests may have one title; each of them is looked for by its number.
        extend_once(&mut entry.pulls, numbers);
        extend_once(&mut entry.closes, line.closes);
        extend_once(&mut entry.breaking, line.breaking);
        extend_once(&mut entry.advisories, advisories);
        entry.commits[0].clone()
    }

    /// What a commit closes is closed by the line it folds into.
    pub(super) fn fold(&mut self, bucket: &Bucket, closes: &[u64]) {
        let Bucket::Folded { into: Some(owner) } = bucket else {
            return;
        };
        if let Some(at) = self.owned.get(owner) {
            extend_once(&mut self.entries[*at].closes, closes.iter().copied());
        }
    }

    /// The bucket of a commit that wants a line.
    pub(super) fn take_line(&mut self, commit: &CommitId, line: Line) -> Bucket {
        let section = line.section;
        let owner = self.add_line(commit, line);
        if owner == *commit {
            Bucket::Listed { section }
        } else {
            Bucket::Folded { into: Some(owner) }
        }
    }
}

/// Adds what is not there yet.
fn extend_once<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}

/// A line a commit wants.
pub(super) struct Line {
    pub(super) section: Section,
    pub(super) header: Header,
    pub(super) pull: Option<u64>,
    pub(super) breaking: Vec<Block>,
    pub(super) advisories: Vec<String>,
    pub(super) fragment: Option<String>,
    pub(super) kind: Option<Section>,
    pub(super) closes: Vec<u64>,
}

impl Line {
    pub(super) fn new(section: Section, header: Header, pull: Option<u64>) -> Self {
        Self {
            section,
            header,
            pull,
            breaking: Vec::new(),
            advisories: Vec::new(),
            fragment: None,
            kind: None,
            closes: Vec::new(),
        }
    }
}

/// What an author says about a break.
pub(super) fn breaking_blocks(footers: &[String]) -> Vec<Block> {
    footers
        .iter()
        .flat_map(|value| note::blocks(value))
        .collect()
}
