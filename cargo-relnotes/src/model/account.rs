//! The accounting: every commit of a range is in exactly one bucket.
//!
//! Must never: lose or count a commit twice. [`account`] returns one bucket for each commit it was
//! given, in the same order, and [`Accounting::sums`] add up to their number by construction.

use std::collections::BTreeMap;

use release_gate::git::CommitId;
use release_gate_facts::report::relnotes::Sums;

pub use super::bucket::{Bucket, Entry};
use super::commit::Commit;
use super::fragments::Fragments;
use super::lines::Lines;
use super::message::{self, Revert};
use super::placing::Accountant;
pub use super::placing::Policy;
use super::pulls::Pulls;
use super::reverts::{self, Known};
use super::sections::{Layout, Section, Table};
use super::untrusted::Untrusted;
use super::upkeep::{Upkeep, UpkeepList};

/// The result for a range.
#[derive(Debug, Clone, Default)]
pub struct Accounting {
    /// The lines, in the order of the sections and, inside one, oldest first.
    pub entries: Vec<Entry>,
    /// One bucket for each commit, in the order in which they came.
    pub buckets: Vec<(CommitId, Untrusted, Bucket)>,
    /// The sections in their order.
    pub layout: Layout,
    /// Pull requests without a line, by what they are about.
    pub upkeep: Vec<(Upkeep, Vec<u64>)>,
}

impl Accounting {
    /// Sizes of the buckets.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for (_, _, bucket) in &self.buckets {
            sums.total += 1;
            match bucket {
                Bucket::Listed { .. } => sums.listed += 1,
                Bucket::Folded { .. } => sums.folded += 1,
                Bucket::Merge => sums.merge += 1,
                Bucket::Cancelled { .. } => sums.cancelled += 1,
                Bucket::Hidden { rule } => *sums.hidden.entry(rule.clone()).or_default() += 1,
            }
        }
        sums
    }

    /// Puts lines of one scope beside each other, those without one last: for a repository of
    /// several packages.
    pub fn gather_scopes(&mut self) {
        let order: BTreeMap<Section, usize> = (0..)
            .zip(self.layout.order())
            .map(|(at, section)| (*section, at))
            .collect();
        self.entries.sort_by_key(|entry| {
            let scope = entry
                .scope
                .as_ref()
                .map(|scope| scope.visible().to_lowercase());
            (order.get(&entry.section).copied(), scope.is_none(), scope)
        });
    }

    /// The lines of one section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.section == section)
    }
}

/// The commits that take something back, by position.
pub fn reverts(commits: &[Commit], table: &Table) -> Vec<(usize, Revert)> {
    let candidates = commits
        .iter()
        .enumerate()
        .filter(|(_, commit)| may_take_back(commit));
    candidates
        .filter_map(|(at, commit)| {
            Some((
                at,
                message::parse(&commit.message, &|kind| table.knows(kind)).revert?,
            ))
        })
        .collect()
}

/// Whether a message may be one that takes something back: a cheap look before it is read.
fn may_take_back(commit: &Commit) -> bool {
    let message = commit.message.as_bytes();
    message
        .windows(4)
        .any(|word| word.eq_ignore_ascii_case(b"reve") || word.eq_ignore_ascii_case(b"reap"))
}

/// Puts every commit (newest first) into its bucket.
pub fn account(
    commits: &[Commit],
    policy: Policy<'_>,
    reverts: &[(usize, Revert)],
    known: &Known,
) -> Accounting {
    let gone = reverts::cancelled(commits, reverts, known);
    let pulls = Pulls::of(commits, policy.table, &gone);
    let mut accountant = Accountant {
        commits,
        policy,
        told: told_by_fragments(commits, policy.fragments, &pulls, &gone),
        pulls,
        lines: Lines::default(),
    };

    let mut buckets = Vec::with_capacity(commits.len());
    let mut upkeep = UpkeepList::default();
    for (at, commit) in commits.iter().enumerate() {
        let bucket = match gone.get(&at) {
            Some(with) => Bucket::Cancelled {
                with: with
                    .iter()
                    .map(|other| commits[*other].id.clone())
                    .collect(),
            },
            None => accountant.bucket_of(at),
        };
        if let Some(kind) = accountant.upkeep_of(&bucket) {
            upkeep.extend(kind, accountant.numbers_of(at));
        } else if let Some(kind) = accountant.upkeep_of_title(at) {
            upkeep.extend_titled(kind, accountant.numbers_of(at));
        }
        buckets.push((commit.id.clone(), Untrusted::new(commit.subject()), bucket));
    }

    let layout = policy.table.layout().clone();
    let place: BTreeMap<Section, usize> = layout
        .order()
        .iter()
        .enumerate()
        .map(|(at, section)| (*section, at))
        .collect();

    let mut entries = accountant.lines.entries;

    // Commits came newest first; readers go from old to new inside a section.
    entries.reverse();
    entries.sort_by_key(|entry| place.get(&entry.section).copied());

    let said = entries
        .iter()
        .flat_map(|entry| entry.pulls.iter().copied())
        .collect();

    Accounting {
        upkeep: upkeep.without(&said),
        entries,
        buckets,
        layout,
    }
}

/// Merges whose pull request brought a fragment, which stands for all of it: the commit that added
/// the fragment, by the position of the merge.
fn told_by_fragments(
    commits: &[Commit],
    fragments: &Fragments,
    pulls: &Pulls,
    gone: &BTreeMap<usize, Vec<usize>>,
) -> BTreeMap<usize, CommitId> {
    if fragments.is_empty() {
        return BTreeMap::new();
    }
    let adders = commits
        .iter()
        .enumerate()
        .filter(|(at, commit)| fragments.contains_key(&commit.id) && !gone.contains_key(at));
    adders
        .filter_map(|(at, commit)| Some((pulls.merge_of(at)?, commit.id.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::model::commit::Identity;
    use crate::model::corrections::Corrections;
    use proptest::prelude::*;

    pub(crate) fn commits(messages: &[&str]) -> Vec<Commit> {
        messages
            .iter()
            .enumerate()
            .map(|(at, message)| Commit {
                id: format!("{at:040}").parse().unwrap(),
                parents: if message.starts_with("Merge ") { 2 } else { 1 },
                inside: Box::default(),
                author: std::sync::Arc::new(Identity::new("A", "a@b")),
                time: 0,
                message: (*message).to_owned(),
                touches_package: !message.contains("elsewhere"),
            })
            .collect()
    }

    /// With a row for `a` in the table of dependencies, and without asking git anything.
    fn account(commits: &[Commit], table: &Table, _dependency_table: bool) -> Accounting {
        let policy = Policy {
            table,
            rows: Some(&BTreeSet::from(["a".to_owned()])),
            corrections: &Corrections::default(),
            fragments: &Fragments::new(),
        };
        super::account(commits, policy, &reverts(commits, table), &Known::default())
    }

    fn buckets(messages: &[&str]) -> Vec<Bucket> {
        account(&commits(messages), &Table::default(), true)
            .buckets
            .into_iter()
            .map(|(_, _, bucket)| bucket)
            .collect()
    }

    #[test]
    fn every_bucket() {
        let found = buckets(&[
            "feat: x",
            "feat: x (#3)",
            "Merge branch 'a'",
            "Merge b\n\nBREAKING CHANGE: hidden in a merge",
            "Revert \"fix: y\"",
            "fix: y",
            "chore: tidy",
            "chore!: drop",
            "Bump a from 1.0.0 to 1.0.1",
            "feat: elsewhere",
            "",
        ]);

        let id = |at: usize| format!("{at:040}").parse::<CommitId>().unwrap();
        assert_eq!(
            found[0],
            Bucket::Listed {
                section: Section::Features
            }
        );

        assert_eq!(found[1], Bucket::Folded { into: Some(id(0)) });
        assert_eq!(found[2], Bucket::Merge);
        assert_eq!(
            found[3],
            Bucket::Listed {
                section: Section::Breaking
            }
        );

        assert_eq!(found[4], Bucket::Cancelled { with: vec![id(5)] });
        assert_eq!(found[5], Bucket::Cancelled { with: vec![id(4)] });
        assert_eq!(
            found[6],
            Bucket::Hidden {
                rule: "type-chore".to_owned()
            }
        );

        assert_eq!(
            found[7],
            Bucket::Listed {
                section: Section::Breaking
            }
        );

        assert_eq!(found[8], Bucket::Folded { into: None });
        assert_eq!(
            found[9],
            Bucket::Hidden {
                rule: "outside-package".to_owned()
            }
        );

        assert_eq!(
            found[10],
            Bucket::Hidden {
                rule: "empty-message".to_owned()
            }
        );
    }

    #[test]
    fn a_break_inside_a_squash_body_is_listed_once() {
        let accounting = account(
            &commits(&["chore: all (#1)\n\n* fix!: drop it\n* fix!: drop it\n* feat: add it"]),
            &Table::default(),
            true,
        );
        let lines: Vec<_> = accounting
            .entries
            .iter()
            .map(|entry| (entry.section, entry.text.visible()))
            .collect();
        assert_eq!(
            lines,
            [
                (Section::Breaking, "drop it"),
                (Section::Features, "add it")
            ]
        );
        assert_eq!(accounting.sums().listed, 1);
    }

    #[test]
    fn a_pull_request_is_one_line_unless_its_commits_were_written_to_be_read() {
        let history = |member: &str, title: &str| {
            let mut commits = commits(&[
                &format!("Merge pull request #7 from a/b\n\n{title}"),
                member,
                "feat: on main",
            ]);
            commits[0].inside = [2, 1].into();
            commits[1].inside = [2].into();
            commits[2].inside = [u32::MAX].into();
            account(&commits, &Table::default(), true)
        };

        let lines = |accounting: &Accounting| -> Vec<(Section, String, Option<u64>)> {
            let line = |entry: &Entry| {
                let text = entry.text.visible().to_owned();
                (entry.section, text, entry.pulls.first().copied())
            };
            accounting.entries.iter().map(line).collect()
        };

        let one = history("try something", "Fix the thing");
        assert_eq!(
            lines(&one),
            [
                (Section::Features, "on main".to_owned(), None),
                (Section::Fixes, "Fix the thing".to_owned(), Some(7))
            ]
        );

        assert_eq!(
            (one.sums().listed, one.sums().folded, one.sums().total),
            (2, 1, 3)
        );

        // Conventional commits keep their lines, with the number of the request.
        let typed = history("fix: a thing", "Lots of things");
        assert_eq!(
            lines(&typed)[1],
            (Section::Fixes, "a thing".to_owned(), Some(7))
        );

        assert_eq!((typed.sums().listed, typed.sums().merge), (2, 1));

        // Breaks have lines of their own.
        let breaking = history(
            "try something\n\nBREAKING CHANGE: it breaks",
            "Fix the thing",
        );

        assert_eq!(
            lines(&breaking)[0],
            (Section::Breaking, "try something".to_owned(), Some(7))
        );

        assert_eq!(lines(&breaking).len(), 3);

        // Nothing but tests: no line.
        assert_eq!(
            lines(&history("Add tests for it", "Improve quality")).len(),
            1
        );

        // The title says nothing, the commits do.
        assert_eq!(
            lines(&history("Fix a race", "Issue 12"))[1].0,
            Section::Fixes
        );
    }

    proptest! {
        #[test]
        fn sums_add_up(messages in proptest::collection::vec(
            prop_oneof![
                Just("feat: a".to_owned()), Just("fix: b".to_owned()), Just("Revert \"feat: a\"".to_owned()),
                Just("Revert \"Revert \"feat: a\"\"".to_owned()), Just("Reapply \"feat: a\"".to_owned()),
                Just("Merge x".to_owned()), Just("chore: c".to_owned()), any::<String>(),
            ], 0..30))
        {
            let list: Vec<&str> = messages.iter().map(String::as_str).collect();
            let sums = account(&commits(&list), &Table::default(), true).sums();
            prop_assert_eq!(sums.total, list.len() as u64);
            prop_assert_eq!(sums.listed + sums.folded + sums.merge + sums.cancelled + sums.hidden.values().sum::<u64>(), sums.total);
        }
    }
}
