//! Placing: which bucket a commit belongs into.
//!
//! Must never: leave a commit without a bucket, or give it two.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::CommitId;

use super::advisories::advisory_ids;
use super::bucket::Bucket;
use super::commit::Commit;
use super::corrections::{Correction, Corrections};
use super::fragments::{self, Fragment, Fragments};
use super::grammar::{self, Style, split_pulls};
use super::lines::{Line, Lines, breaking_blocks};
use super::message::{self, Message, Wish};
use super::pulls::{self, Pulls, Title};
use super::sections::{Placement, Section, Table};
use super::squash::Squashed;
use super::updates::{UpdatePlace, place_update};
use super::upkeep::Upkeep;

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

/// The rule for updates of what the package does not pull in.
const DEPENDENCY_ELSEWHERE: &str = "dependency-elsewhere";

/// Puts commits into buckets, and makes their lines.
pub(super) struct Accountant<'a> {
    pub(super) commits: &'a [Commit],
    pub(super) policy: Policy<'a>,
    /// What stands for whole pull requests.
    pub(super) told: BTreeMap<usize, CommitId>,
    pub(super) pulls: Pulls,
    pub(super) lines: Lines,
}

impl Accountant<'_> {
    /// The bucket of a commit that nothing takes back.
    pub(super) fn bucket_of(&mut self, at: usize) -> Bucket {
        let commit = &self.commits[at];
        if !commit.touches_package && commit.parents < 2 {
            return Bucket::hidden("outside-package");
        }
        let mut message = self.parse(commit);
        if let Some(correction) = self.policy.corrections.for_commit(&commit.id) {
            if let Some(bucket) = self.corrected(commit, correction, &mut message) {
                return bucket;
            }
        } else if let Some(wish) = message.wish.take() {
            match wish {
                Wish::Skip => return Bucket::hidden("changelog-skip"),
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

    /// What a commit is about that has no line, where its pull request is named with others.
    pub(super) fn upkeep_of(&self, bucket: &Bucket) -> Option<Upkeep> {
        let rule = match bucket {
            Bucket::Folded { into: None } => DEPENDENCY_ELSEWHERE,
            Bucket::Hidden { rule } => rule,
            _ => return None,
        };
        self.policy.table.upkeep_of_rule(rule)
    }

    /// What a merge is about whose title has no line.
    pub(super) fn upkeep_of_title(&self, at: usize) -> Option<Upkeep> {
        match self.pulls.titles.get(&at)? {
            Title::Hidden(rule) => self.policy.table.upkeep_of_rule(rule),
            Title::Line(..) => None,
        }
    }

    /// Numbers of the pull requests a commit belongs to.
    pub(super) fn numbers_of(&self, at: usize) -> Vec<u64> {
        let commit = &self.commits[at];
        let mut numbers = split_pulls(commit.subject()).1;
        numbers.extend(pulls::read(&commit.message).and_then(|pull| pull.number));
        numbers.extend(self.pulls.number_of(at, self.commits));
        numbers
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
            return Some(Bucket::hidden("commit-skip"));
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
            Placed::In(_) if message.is_squash_list => settled(Bucket::hidden("squash-title")),
            Placed::In(_) if message.header.description.is_empty() => {
                settled(Bucket::hidden("empty-message"))
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
                (message.header.style != Style::Conventional).then(|| Bucket::hidden(rule))
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
            let placed = self.policy.table.placement(&message.header, &[&commit.id]);
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
        let placement = table.placement(header, &[&commit.id]);
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
            (Some(UpdatePlace::Elsewhere), _) => {
                Placed::Bucket(Bucket::hidden(DEPENDENCY_ELSEWHERE))
            }
            (None, Placement::Hidden(rule)) => Placed::Bucket(Bucket::hidden(&rule)),
            (None, Placement::In(section)) => Placed::In(section),
        }
    }

    /// Lines for what the body of a squash merge holds: all of it below a subject that says nothing
    /// by itself, breaks alone below one that has a line; then the items are the steps to it. Returns the section that counts most.
    fn body_lines(&mut self, at: usize, message: &Message) -> Option<Section> {
        let commit = &self.commits[at];
        let is_news = message.header.style == Style::Conventional
            && matches!(
                self.policy.table.placement(&message.header, &[&commit.id]),
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
        match self.policy.table.placement(&squashed.header, &[]) {
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
