//! The accounting: every commit of a range is in exactly one bucket.
//!
//! Must never: lose or count a commit twice. [`account`] returns one bucket for each commit it was
//! given, in the same order, and [`Accounting::sums`] add up to their number by construction.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::CommitId;
use schemars::JsonSchema;
use serde::Serialize;

use super::commit::Commit;
use super::grammar::{self, Header, Message, Revert, split_pull};
use super::pulls::{self, Pulls};
use super::reverts;
use super::sections::{Placement, Section, Table};
use super::untrusted::Untrusted;

/// Where one commit went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "bucket")]
pub enum Bucket {
    /// It has a line in a section.
    Listed {
        /// Which.
        section: Section,
    },
    /// It shares the line of another commit, or is covered by the dependency table (`into` is
    /// `null`).
    Folded {
        /// The commit whose line it shares.
        into: Option<CommitId>,
    },
    /// A merge: what it brought is accounted for by its own commits.
    Merge,
    /// It and others of the range took each other back.
    Cancelled {
        /// The others.
        with: Vec<CommitId>,
    },
    /// Not listed, by a rule with a name.
    Hidden {
        /// The rule.
        rule: String,
    },
}

/// How many commits are in each bucket; `total` is always their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sums {
    /// With a line of their own.
    pub listed: usize,
    /// On another commit's line.
    pub folded: usize,
    /// Merges.
    pub merge: usize,
    /// Taken back inside the range, with what took them back.
    pub cancelled: usize,
    /// Hidden, by rule.
    pub hidden: BTreeMap<String, usize>,
    /// All of them.
    pub total: usize,
}

/// One line of the notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its section.
    pub section: Section,
    /// Scope or area.
    pub scope: Option<Untrusted>,
    /// What is said.
    pub text: Untrusted,
    /// The pull request named at the end of the subject.
    pub pull: Option<u64>,
    /// What the author says about the break: paragraphs of each `BREAKING CHANGE` footer.
    pub breaking: Vec<Untrusted>,
    /// The commits behind it, newest first.
    pub commits: Vec<CommitId>,
}

/// The result for a range.
#[derive(Debug, Clone, Default)]
pub struct Accounting {
    /// The lines, in the order of the sections and, inside one, oldest first.
    pub entries: Vec<Entry>,
    /// One bucket for each commit, in the order in which they came.
    pub buckets: Vec<(CommitId, Untrusted, Bucket)>,
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

    /// The lines of one section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.section == section)
    }
}

/// The commits that take something back, by position.
pub fn reverts(commits: &[Commit], table: &Table) -> Vec<(usize, Revert)> {
    let known = |kind: &str| table.knows(kind);
    let says = |commit: &Commit| {
        let message = commit.message.as_bytes();
        message
            .windows(4)
            .any(|word| word.eq_ignore_ascii_case(b"reve") || word.eq_ignore_ascii_case(b"reap"))
    };
    let candidates = commits
        .iter()
        .enumerate()
        .filter(|(_, commit)| says(commit));
    candidates
        .filter_map(|(at, commit)| Some((at, grammar::parse(&commit.message, &known).revert?)))
        .collect()
}

/// Puts every commit (newest first) into its bucket. With `dependency_table`, updates of
/// dependencies are folded into the table made from the lockfiles instead of being listed one by
/// one. `brought` says for merges that are taken back which commits they brought.
pub fn account(
    commits: &[Commit],
    table: &Table,
    dependency_table: bool,
    reverts: &[(usize, Revert)],
    brought: &BTreeMap<CommitId, BTreeSet<CommitId>>,
) -> Accounting {
    let known = |kind: &str| table.knows(kind);
    // Parsing twice is cheaper than keeping 300,000 parsed messages.
    let parse = |commit: &Commit| grammar::parse(&commit.message, &known);
    let gone = reverts::cancelled(commits, reverts, brought);
    let pulls = Pulls::of(commits, table, dependency_table, &gone);
    let policy = Policy {
        table,
        dependency_table,
    };
    let mut lines = Lines::default();
    let mut buckets = Vec::with_capacity(commits.len());
    for (at, commit) in commits.iter().enumerate() {
        let bucket = if let Some(with) = gone.get(&at) {
            Bucket::Cancelled {
                with: with
                    .iter()
                    .map(|other| commits[*other].id.clone())
                    .collect(),
            }
        } else if !commit.touches_package && commit.parents < 2 {
            Bucket::Hidden {
                rule: "outside-package".to_owned(),
            }
        } else if let Some((section, header, number)) = pulls.lines.get(&at) {
            let line = Line {
                section: *section,
                header: header.clone(),
                pull: Some(*number),
                breaking: Vec::new(),
            };
            lines.take_line(&commit.id, line)
        } else {
            let pull = pulls.pull_of(at, commits);
            match place_commit(commit, &parse(commit), policy, pull, &mut lines) {
                // The line of its pull request says it.
                Placed::Line(line) => match pulls.line_of(at, line.section) {
                    Some(merge) => Bucket::Folded {
                        into: Some(commits[merge].id.clone()),
                    },
                    None => lines.take_line(&commit.id, line),
                },
                Placed::Done(bucket) => bucket,
            }
        };
        buckets.push((commit.id.clone(), Untrusted::new(commit.subject()), bucket));
    }
    let mut entries = lines.entries;
    // Commits came newest first; readers go from old to new inside a section.
    entries.reverse();
    entries.sort_by_key(|entry| entry.section);
    Accounting { entries, buckets }
}

/// What decides where a commit goes.
#[derive(Clone, Copy)]
struct Policy<'a> {
    table: &'a Table,
    /// Whether updates of dependencies are in a table made from the lockfiles.
    dependency_table: bool,
}

#[derive(Default)]
struct Lines {
    entries: Vec<Entry>,
    /// Position of the line for a section, scope and text.
    seen: BTreeMap<(Section, Option<String>, String), usize>,
}

impl Lines {
    /// Adds a line, or joins the one that says the same; returns the commit that owns the line.
    fn add_line(&mut self, commit: &CommitId, line: Line) -> CommitId {
        let Line {
            section,
            header,
            pull: brought_by,
            breaking,
        } = line;
        let (text, pull) = split_pull(&header.description);
        let key = (section, header.scope.clone(), text.to_lowercase());
        if let Some(at) = self.seen.get(&key) {
            let entry = &mut self.entries[*at];
            if !entry.commits.contains(commit) {
                entry.commits.push(commit.clone());
            }
            entry.breaking.extend(
                breaking
                    .into_iter()
                    .filter(|note| !entry.breaking.contains(note))
                    .collect::<Vec<_>>(),
            );
            return entry.commits[0].clone();
        }
        self.seen.insert(key, self.entries.len());
        self.entries.push(Entry {
            section,
            scope: header.scope.as_deref().map(Untrusted::new),
            text: Untrusted::new(text),
            pull: pull.or(brought_by),
            breaking,
            commits: vec![commit.clone()],
        });
        commit.clone()
    }

    /// The bucket of a commit that wants a line.
    fn take_line(&mut self, commit: &CommitId, line: Line) -> Bucket {
        let section = line.section;
        let owner = self.add_line(commit, line);
        if owner == *commit {
            Bucket::Listed { section }
        } else {
            Bucket::Folded { into: Some(owner) }
        }
    }
}

/// A line a commit wants.
struct Line {
    section: Section,
    header: Header,
    pull: Option<u64>,
    breaking: Vec<Untrusted>,
}

enum Placed {
    /// Its subject is worth a line.
    Line(Line),
    /// Its bucket is settled.
    Done(Bucket),
}

fn place_commit(
    commit: &Commit,
    message: &Message,
    policy: Policy<'_>,
    pull: Option<u64>,
    lines: &mut Lines,
) -> Placed {
    let Policy {
        table,
        dependency_table,
    } = policy;
    let breaking: Vec<Untrusted> = message
        .breaking
        .iter()
        .flat_map(|value| value.split("\n\n"))
        .map(Untrusted::new)
        .filter(|note| !note.is_empty())
        .collect();
    let placement = if message.is_breaking() {
        Placement::In(Section::Breaking)
    } else {
        table.placement(&message.header)
    };
    if commit.parents > 1 && !message.is_breaking() {
        return Placed::Done(Bucket::Merge);
    }
    // A break or a listed change in the body of a squash merge has a line of its own; what a
    // dependency changed is in the bodies of bots.
    let mut from_body: Option<Section> = None;
    let updates = placement == Placement::In(Section::Dependencies);
    for header in message.squashed.iter().filter(|_| !updates) {
        let section = if header.bang {
            Placement::In(Section::Breaking)
        } else {
            table.placement(header)
        };
        if let Placement::In(section) = section {
            if section == Section::Dependencies && dependency_table {
                continue;
            }
            let line = Line {
                section,
                header: header.clone(),
                pull,
                breaking: Vec::new(),
            };
            lines.add_line(&commit.id, line);
            from_body = Some(from_body.map_or(section, |other| other.min(section)));
        }
    }
    let settled = |bucket: Bucket| {
        Placed::Done(from_body.map_or(bucket, |section| Bucket::Listed { section }))
    };
    match placement {
        Placement::Hidden(rule) => settled(Bucket::Hidden { rule }),
        Placement::In(Section::Dependencies) if dependency_table => {
            settled(Bucket::Folded { into: None })
        }
        Placement::In(_) if message.header.description.is_empty() => settled(Bucket::Hidden {
            rule: "empty-message".to_owned(),
        }),
        Placement::In(section) => {
            // The title of a merged pull request says more than the words of the merge.
            let title = pulls::read(&commit.message)
                .filter(|pull| commit.parents > 1 && !pull.title.is_empty());
            let header = match &title {
                Some(pull) => grammar::header(&pull.title, &|kind| table.knows(kind)),
                None => message.header.clone(),
            };
            let pull = title.map(|pull| pull.number).or(pull);
            Placed::Line(Line {
                section,
                header,
                pull,
                breaking,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::commit::Identity;
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

    /// Without asking git what merges brought.
    fn account(commits: &[Commit], table: &Table, dependency_table: bool) -> Accounting {
        super::account(
            commits,
            table,
            dependency_table,
            &reverts(commits, table),
            &BTreeMap::new(),
        )
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
            let line = |entry: &Entry| (entry.section, entry.text.visible().to_owned(), entry.pull);
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
            prop_assert_eq!(sums.total, list.len());
            prop_assert_eq!(sums.listed + sums.folded + sums.merge + sums.cancelled + sums.hidden.values().sum::<usize>(), list.len());
        }
    }
}
