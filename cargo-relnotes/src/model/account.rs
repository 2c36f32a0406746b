//! The accounting: every commit of a range is in exactly one bucket.
//!
//! Must never: lose or count a commit twice. [`account`] returns one bucket for each commit it was
//! given, in the same order, and [`Accounting::sums`] add up to their number by construction.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::CommitId;
use release_gate_facts::report::relnotes::Sums;

use super::advisories::advisory_ids;
use super::commit::Commit;
use super::corrections::{Correction, Corrections};
use super::fragments::{self, Fragment, Fragments};
use super::grammar::{self, Header, Style, split_pulls};
use super::message::{self, Message, Revert, Wish};
use super::note::{self, Block};
use super::pulls::{self, Pulls, Title};
use super::reverts::{self, Known};
use super::sections::{Layout, Placement, Section, Table};
use super::squash::Squashed;
use super::untrusted::Untrusted;
use super::updates::{UpdatePlace, place_update};

/// Where one commit went.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// One line of the notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its section.
    pub section: Section,
    /// The section it would have if it did not break anything.
    pub kind: Section,
    /// Scope or area.
    pub scope: Option<Untrusted>,
    /// What is said.
    pub text: Untrusted,
    /// The same as people wrote it into a fragment: Markdown.
    pub fragment: Option<String>,
    /// Numbers of the pull requests behind it.
    pub pulls: Vec<u64>,
    /// Issues the commits say they close.
    pub closes: Vec<u64>,
    /// What the author says about the break: each `BREAKING CHANGE` footer.
    pub breaking: Vec<Block>,
    /// Security advisories the messages name and the line does not.
    pub advisories: Vec<String>,
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
    /// The sections in their order.
    pub layout: Layout,
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

/// What decides where a commit goes.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// Sections by type, scope and words.
    pub table: &'a Table,
    /// Names in the table made from the lockfiles, where there is one.
    pub rows: Option<&'a BTreeSet<String>>,
    /// What the project says about single commits.
    pub corrections: &'a Corrections,
    /// What people wrote about their changes.
    pub fragments: &'a Fragments,
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

    Accounting {
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

/// The lines of the notes while they are made.
#[derive(Default)]
struct Lines {
    entries: Vec<Entry>,
    /// Position of the line for a section, scope and text.
    seen: BTreeMap<(Section, Option<String>, String), usize>,
    /// Position of the line that a commit owns.
    owned: BTreeMap<CommitId, usize>,
}

impl Lines {
    /// Adds a line, or joins the one that says the same; returns the commit that owns the line.
    fn add_line(&mut self, commit: &CommitId, line: Line) -> CommitId {
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
    fn fold(&mut self, bucket: &Bucket, closes: &[u64]) {
        let Bucket::Folded { into: Some(owner) } = bucket else {
            return;
        };
        if let Some(at) = self.owned.get(owner) {
            extend_once(&mut self.entries[*at].closes, closes.iter().copied());
        }
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

/// Adds what is not there yet.
fn extend_once<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}

/// A line a commit wants.
struct Line {
    section: Section,
    header: Header,
    pull: Option<u64>,
    breaking: Vec<Block>,
    advisories: Vec<String>,
    fragment: Option<String>,
    kind: Option<Section>,
    closes: Vec<u64>,
}

impl Line {
    fn new(section: Section, header: Header, pull: Option<u64>) -> Self {
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

struct Accountant<'a> {
    commits: &'a [Commit],
    policy: Policy<'a>,
    /// What stands for whole pull requests.
    told: BTreeMap<usize, CommitId>,
    pulls: Pulls,
    lines: Lines,
}

impl Accountant<'_> {
    /// The bucket of a commit that nothing takes back.
    fn bucket_of(&mut self, at: usize) -> Bucket {
        let commit = &self.commits[at];
        if !commit.touches_package && commit.parents < 2 {
            return hidden("outside-package");
        }
        let mut message = self.parse(commit);
        if let Some(correction) = self.policy.corrections.for_commit(&commit.id) {
            if let Some(bucket) = self.corrected(commit, correction, &mut message) {
                return bucket;
            }
        } else if let Some(wish) = message.wish.take() {
            match wish {
                Wish::Skip => return hidden("changelog-skip"),
                Wish::Category(name) => {
                    let layout = self.policy.table.layout();
                    if let Some(section) = fragments::section_of(&name, layout) {
                        let line = self.line_of(at, &message, section);
                        return self.lines.take_line(&commit.id, line);
                    }
                }
            }
        }

        if let Some(fragments) = self.policy.fragments.get(&commit.id) {
            return self.fragments(at, &message, fragments);
        }
        if commit.parents > 1 {
            return self.merge(at, &message);
        }

        self.commit(at, &message)
    }

    /// What people wrote about a change stands for its commit. A break stays one.
    fn fragments(&mut self, at: usize, message: &Message, fragments: &[Fragment]) -> Bucket {
        let commit = &self.commits[at];
        let mut bucket = None;
        for fragment in fragments {
            let section = if message.is_breaking() && bucket.is_none() {
                Section::Breaking
            } else {
                fragment.section
            };
            let mut line = self.line_of(at, message, section);
            let first = fragment.text.lines().next().unwrap_or_default();
            line.header = grammar::free(first);
            line.fragment = Some(fragment.text.clone());
            line.pull = line.pull.or(fragment.pull);
            let owner = self.lines.take_line(&commit.id, line);
            bucket.get_or_insert(owner);
        }
        bucket.unwrap_or(Bucket::Merge)
    }

    /// Reads a message; the title of a pull request is its header.
    fn parse(&self, commit: &Commit) -> Message {
        let table = self.policy.table;
        let known = |kind: &str| table.knows(kind);
        let mut message = message::parse(&commit.message, &known);
        let subject = commit.subject();
        let title = if is_private_fix(subject) {
            // What it is about stands below.
            second_line(&commit.message)
        } else {
            pulls::read(&commit.message)
                .map(|pull| pull.title)
                .filter(|title| !title.is_empty() && !subject.starts_with(title.as_str()))
        };

        if let Some(title) = title {
            message.header = grammar::header(&title, &known);
        }
        if commit.author.is_automaton() {
            // What a dependency changed is in the bodies of bots.
            message.squashed.clear();
            message.breaking.clear();
            message.closes.clear();
            message.advisories = advisory_ids(subject).collect();
        }

        message
    }

    /// What the project says about this commit; `None` where only its words are others.
    fn corrected(
        &mut self,
        commit: &Commit,
        correction: &Correction,
        message: &mut Message,
    ) -> Option<Bucket> {
        if correction.skip {
            return Some(hidden("commit-skip"));
        }
        if let Some(text) = &correction.text {
            let table = self.policy.table;
            message.header = grammar::header(text, &|kind| table.knows(kind));
        }
        let section = correction.section?;
        let mut line = Line::new(section, message.header.clone(), None);
        line.breaking = breaking_blocks(&message.breaking);
        Some(self.lines.take_line(&commit.id, line))
    }

    /// A merge has a line where it has words of its own; what it brought is accounted for by its own
    /// commits.
    fn merge(&mut self, at: usize, message: &Message) -> Bucket {
        let commit = &self.commits[at];
        if message.is_breaking() && !self.pulls.is_outside(at) {
            let line = self.line_of(at, message, Section::Breaking);
            return self.lines.take_line(&commit.id, line);
        }

        if self.told.contains_key(&at) {
            return Bucket::Merge;
        }

        match self.pulls.titles.get(&at) {
            Some(Title::Line(section, header, number)) => {
                let mut line = Line::new(*section, header.clone(), *number);
                line.closes.clone_from(&message.closes);
                line.advisories = advisories_of(message);
                if !line.advisories.is_empty() || is_private_fix(commit.subject()) {
                    line.section = Section::Security;
                }
                self.lines.take_line(&commit.id, line)
            }
            // A private fix has no words but its advisory.
            _ if says_security(message, commit.subject()) && !self.pulls.is_outside(at) => {
                let line = self.line_of(at, message, Section::Security);
                self.lines.take_line(&commit.id, line)
            }
            _ => Bucket::Merge,
        }
    }

    fn commit(&mut self, at: usize, message: &Message) -> Bucket {
        let commit = &self.commits[at];
        let placed = self.place(at, message);
        let from_body = self.body_lines(at, message);

        // What the body says counts as this commit's line, where its subject has none.
        let settled =
            |bucket: Bucket| from_body.map_or(bucket, |section| Bucket::Listed { section });

        match placed {
            Placed::Bucket(bucket) => settled(bucket),
            Placed::In(_) if message.is_squash_list => settled(hidden("squash-title")),
            Placed::In(_) if message.header.description.is_empty() => {
                settled(hidden("empty-message"))
            }
            Placed::In(section) => match self.title_instead(at, message, section) {
                Some(bucket) => {
                    self.lines.fold(&bucket, &message.closes);
                    settled(bucket)
                }
                None => {
                    let line = self.line_of(at, message, section);
                    self.lines.take_line(&commit.id, line)
                }
            },
        }
    }

    /// The bucket of a commit for which the title of its pull request stands. A break, or a repaired
    /// vulnerability, has a line of its own.
    fn title_instead(&self, at: usize, message: &Message, section: Section) -> Option<Bucket> {
        if matches!(section, Section::Breaking | Section::Security) {
            return None;
        }
        if let Some(teller) = self
            .pulls
            .merge_of(at)
            .and_then(|merge| self.told.get(&merge))
        {
            return Some(Bucket::Folded {
                into: Some(teller.clone()),
            });
        }
        let (merge, title) = self.pulls.title_over(at)?;
        match title {
            Title::Line(..) => Some(Bucket::Folded {
                into: Some(self.commits[merge].id.clone()),
            }),
            // Steps that were written to be read by themselves are.
            Title::Hidden(rule) => {
                (message.header.style != Style::Conventional).then(|| hidden(rule))
            }
        }
    }

    fn line_of(&self, at: usize, message: &Message, section: Section) -> Line {
        let commit = &self.commits[at];
        let own = pulls::read(&commit.message).and_then(|pull| pull.number);
        let brought_by = self.pulls.number_of(at, self.commits);
        let number = own.or(message.request).or(brought_by);
        let mut line = Line::new(section, message.header.clone(), number);
        line.breaking = breaking_blocks(&message.breaking);
        line.closes.clone_from(&message.closes);
        if section == Section::Breaking {
            let placed = self
                .policy
                .table
                .placement(&message.header, Some(&commit.id));
            line.kind = Some(match placed {
                Placement::In(section) => section,
                Placement::Hidden(_) => Section::Other,
            });
        }
        line.advisories = match section {
            Section::Security | Section::Breaking => message.advisories.clone(),
            _ => Vec::new(),
        };
        line
    }

    fn place(&self, at: usize, message: &Message) -> Placed {
        let commit = &self.commits[at];
        let Policy { table, rows, .. } = self.policy;
        if message.is_breaking() {
            return Placed::In(Section::Breaking);
        }
        let header = &message.header;
        let placement = table.placement(header, Some(&commit.id));
        let is_security =
            placement == Placement::In(Section::Security) || is_private_fix(commit.subject());
        if is_security || !advisories_of(message).is_empty() {
            return Placed::In(Section::Security);
        }
        let is_news = header.style == Style::Conventional
            && matches!(&placement, Placement::In(section) if *section != Section::Dependencies);
        let by_automaton = commit.author.is_automaton();
        match (place_update(header, rows, is_news, by_automaton), placement) {
            (Some(UpdatePlace::Table), _) => Placed::Bucket(Bucket::Folded { into: None }),
            (Some(UpdatePlace::Section), _) => Placed::In(Section::Dependencies),
            (Some(UpdatePlace::Elsewhere), _) => Placed::Bucket(hidden("dependency-elsewhere")),
            (None, Placement::Hidden(rule)) => Placed::Bucket(hidden(&rule)),
            (None, Placement::In(section)) => Placed::In(section),
        }
    }

    /// Lines for what the body of a squash merge holds: all of it below a subject that says nothing
    /// by itself, breaks alone below one that has a line; then the items are the steps to it. Returns the section that counts most.
    fn body_lines(&mut self, at: usize, message: &Message) -> Option<Section> {
        let commit = &self.commits[at];
        let is_news = message.header.style == Style::Conventional
            && matches!(
                self.policy
                    .table
                    .placement(&message.header, Some(&commit.id)),
                Placement::In(_)
            );

        let breaks_only = is_news && !message.is_list_of_commits;
        let number = split_pulls(&message.header.description).1.first().copied();
        let pull = number.or_else(|| self.pulls.number_of(at, self.commits));
        let mut first: Option<Section> = None;
        for squashed in &message.squashed {
            let Some(section) = self.section_of(squashed) else {
                continue;
            };
            // The subject says that it breaks, and the footer why.
            let repeated = section == Section::Breaking && message.is_breaking();
            if repeated || (breaks_only && section != Section::Breaking) {
                continue;
            }
            let mut line = Line::new(section, squashed.header.clone(), pull);
            line.breaking = breaking_blocks(&squashed.breaking);
            self.lines.add_line(&commit.id, line);
            first = Some(first.map_or(section, |other| other.min(section)));
        }

        first
    }

    fn section_of(&self, squashed: &Squashed) -> Option<Section> {
        if squashed.is_breaking() {
            return Some(Section::Breaking);
        }
        match self.policy.table.placement(&squashed.header, None) {
            Placement::In(Section::Dependencies) if self.policy.rows.is_some() => None,
            Placement::In(section) => Some(section),
            Placement::Hidden(_) => None,
        }
    }
}

/// Where the words of a commit belong.
enum Placed {
    /// Into a section.
    In(Section),
    /// Its bucket is settled.
    Bucket(Bucket),
}

fn hidden(rule: &str) -> Bucket {
    Bucket::Hidden {
        rule: rule.to_owned(),
    }
}

/// GitHub's words for the merge of a private fork, where vulnerabilities are repaired.
fn is_private_fix(subject: &str) -> bool {
    subject.eq_ignore_ascii_case("merge commit from fork")
}

/// Whether a merge is about security, whatever else it says.
fn says_security(message: &Message, subject: &str) -> bool {
    is_private_fix(subject) || !advisories_of(message).is_empty()
}

/// The first line below the subject that says something.
fn second_line(message: &str) -> Option<String> {
    message
        .trim_start()
        .lines()
        .skip(1)
        .map(|line| line.trim().trim_start_matches(['*', '-', ' ']))
        .find(|line| !line.is_empty())
        .map(str::to_owned)
}

fn breaking_blocks(footers: &[String]) -> Vec<Block> {
    footers
        .iter()
        .flat_map(|value| note::blocks(value))
        .collect()
}

/// The advisories a commit is about: named by its subject, or by a body that says it repairs them.
/// What only mentions one (a new check for it, a test) is about something else.
fn advisories_of(message: &Message) -> Vec<String> {
    let kind = message.header.kind.as_deref().unwrap_or_default();
    let is_repair = matches!(
        kind,
        "" | "fix" | "fixes" | "bugfix" | "hotfix" | "perf" | "security"
    );
    if is_repair || message.repairs_advisory {
        message.advisories.clone()
    } else {
        Vec::new()
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
