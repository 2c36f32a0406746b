//! Breaking changes from two sources: what authors marked, and what the API comparison found.
//!
//! Must never: drop one side. The result is the union, and each entry says where it comes from.

use std::collections::BTreeSet;

pub use release_gate_facts::report::relnotes::BreakingSource as Source;

use super::account::Entry;
use super::facts::{Bump, CompatChange};
use super::note::Block;
use super::untrusted::Untrusted;

/// One breaking change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaking {
    /// Where it is known from.
    pub source: Source,
    /// The commits' line, unless it was only detected.
    pub entry: Option<Entry>,
    /// The API changes, unless it was only marked.
    pub changes: Vec<CompatChange>,
}

/// Joins marked entries with detected changes. A change belongs to an entry that names its item.
pub fn reconcile(entries: &[&Entry], changes: &[CompatChange]) -> Vec<Breaking> {
    let detected: Vec<&CompatChange> = once_per_item(changes);
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut result: Vec<Breaking> = entries
        .iter()
        .map(|entry| {
            let words = words_of(entry);
            let mut mine = Vec::new();
            for (at, change) in detected.iter().enumerate() {
                if names_item(&words, &change.item) && taken.insert(at) {
                    mine.push((*change).clone());
                }
            }
            let source = if mine.is_empty() {
                Source::Marked
            } else {
                Source::Both
            };
            Breaking {
                source,
                entry: Some((*entry).clone()),
                changes: mine,
            }
        })
        .collect();

    for (at, change) in detected.into_iter().enumerate() {
        if !taken.contains(&at) {
            result.push(Breaking {
                source: Source::Detected,
                entry: None,
                changes: vec![change.clone()],
            });
        }
    }

    result
}

/// Major changes, one for each rule and item: re-exports repeat the same break under other paths.
pub fn once_per_item(changes: &[CompatChange]) -> Vec<&CompatChange> {
    let mut seen = BTreeSet::new();
    let mut major: Vec<&CompatChange> = changes
        .iter()
        .filter(|change| change.bump == Bump::Major)
        .collect();
    // The shortest path is the one users write.
    major.sort_by_key(|change| (change.item.len(), change.item.clone(), change.rule.clone()));
    major.retain(|change| {
        let same = (
            change.rule.clone(),
            short_name(&change.item),
            change.before.clone(),
            change.after.clone(),
        );
        seen.insert(same)
    });
    major.sort_by(|a, b| (&a.item, &a.rule).cmp(&(&b.item, &b.rule)));
    major
}

/// The last two segments: `Layout::spacing` of `ratatui::layout::Layout::spacing`.
fn short_name(item: &str) -> String {
    let mut parts: Vec<&str> = item.rsplit("::").take(2).collect();
    parts.reverse();
    parts.join("::")
}

fn words_of(entry: &Entry) -> BTreeSet<String> {
    let texts = entry
        .breaking
        .iter()
        .map(Block::words)
        .chain([entry.text.visible()])
        .chain(entry.scope.as_ref().map(Untrusted::visible));
    texts
        .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .map(str::to_owned)
        .collect()
}

/// Whether the words name an item: its own name, long enough to mean something, or its type's.
fn names_item(words: &BTreeSet<String>, item: &str) -> bool {
    let path: Vec<&str> = item
        .rsplit("::")
        .map(|part| part.split(['(', '<', ' ']).next().unwrap_or(part))
        .collect();
    let means_something =
        |name: &&str| name.len() > 3 || name.chars().next().is_some_and(char::is_uppercase);
    match path[..] {
        [name, owner, ..] if !means_something(&name) => {
            words.contains(name) && words.contains(owner)
        }
        [name, owner, ..] => {
            words.contains(name) || (owner.starts_with(char::is_uppercase) && words.contains(owner))
        }
        [name] => words.contains(name),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sections::Section;

    fn entry(text: &str) -> Entry {
        Entry {
            fragment: None,
            kind: Section::Breaking,
            section: Section::Breaking,
            scope: None,
            text: text.into(),
            pulls: Vec::new(),
            closes: Vec::new(),
            breaking: Vec::new(),
            advisories: Vec::new(),
            commits: Vec::new(),
        }
    }

    fn change(item: &str, bump: Bump) -> CompatChange {
        CompatChange {
            rule: "item-removed".to_owned(),
            item: item.to_owned(),
            bump,
            message: String::new(),
            before: String::new(),
            after: String::new(),
            location: None,
            old_location: None,
            feature_sets: Vec::new(),
            witness: None,
            waived: None,
        }
    }

    #[test]
    fn three_sources() {
        let (a, b) = (
            entry("remove `Parser::feed`"),
            entry("drop the old wire format"),
        );
        let changes = [
            change("demo::Parser::feed", Bump::Major),
            change("demo::Lexer", Bump::Major),
            change("demo::new", Bump::Minor),
        ];
        let found = reconcile(&[&a, &b], &changes);
        let sources: Vec<_> = found.iter().map(|item| item.source).collect();
        assert_eq!(sources, [Source::Both, Source::Marked, Source::Detected]);
        assert_eq!(found[2].changes[0].item, "demo::Lexer");
    }

    #[test]
    fn re_exports_are_one_item() {
        let changes = [
            change("r::layout::Layout::spacing", Bump::Major),
            change("r::prelude::Layout::spacing", Bump::Major),
            change("r::x::Layout::spacing", Bump::Major),
        ];
        assert_eq!(once_per_item(&changes).len(), 1);
    }
}
