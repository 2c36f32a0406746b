//! Merges with words of their own, and the commits each of them brought.
//!
//! Must never: guess. A merge counts as one of a pull request where a forge's own words say so, or
//! where its subject is a title: a conventional header, or words that end with a number. What it
//! brought is what can be reached from it and not from the line it was merged into.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::Commit;
use super::grammar::{self, Header, Style, split_pulls};
use super::sections::{Placement, Section, Table};

/// What the message of a merge says about its pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number, where it is known.
    pub number: Option<u64>,
    /// Its title; empty where the message has none.
    pub title: String,
    /// The branch it came from, without its owner.
    pub branch: String,
}

impl Pull {
    /// `None` where the number is none.
    fn numbered(number: &str, title: &str, branch: &str) -> Option<Self> {
        Some(Self {
            number: Some(number.parse().ok()?),
            title: title.trim().to_owned(),
            branch: last_part(branch).to_owned(),
        })
    }
}

/// The name of a branch without its owner and folders.
fn last_part(branch: &str) -> &str {
    branch.rsplit([':', '/']).next().unwrap_or(branch)
}

/// The first line of a body that says something.
fn first_line(body: &str) -> &str {
    body.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}

/// Reads the words forges write into merges, and titles of pull requests.
pub fn read(message: &str) -> Option<Pull> {
    let message = message.trim_start();
    let (first, body) = message.split_once('\n').unwrap_or((message, ""));
    let first = first.trim_end();
    github(first, body)
        .or_else(|| gitea(first))
        .or_else(|| bors(first, body))
        .or_else(|| gitlab(first, body))
        .or_else(|| bitbucket(first, body))
        .or_else(|| azure(first))
        .or_else(|| gerrit(first))
        .or_else(|| titled(first))
}

/// `Merge pull request #12 from owner/branch`, the title below.
fn github(first: &str, body: &str) -> Option<Pull> {
    let rest = first.strip_prefix("Merge pull request #")?;
    let (number, rest) = rest.split_once(' ')?;
    // Bitbucket Server: `Merge pull request #12 in PROJECT/repository from branch to main`.
    let (before, branch) = rest.split_once("from ")?;
    if !(before.is_empty() || before.starts_with("in ")) {
        return None;
    }
    let branch = branch.split(" to ").next().unwrap_or(branch);
    let title = first_line(body);
    let title = title.strip_prefix("* ").unwrap_or(title);
    Pull::numbered(number, title, branch)
}

/// Gitea and Forgejo: `Merge pull request 'title' (#12) from branch into main`.
fn gitea(first: &str) -> Option<Pull> {
    let rest = first.strip_prefix("Merge pull request '")?;
    let (title, rest) = rest.rsplit_once("' (#")?;
    let (number, rest) = rest.split_once(')')?;
    let branch = rest
        .strip_prefix(" from ")
        .and_then(|rest| rest.split(" into ").next())
        .unwrap_or_default();
    Pull::numbered(number, title, branch)
}

/// bors: `Merge #12` with `12: title r=… a=…` below. homu: `Auto merge of #12 - owner:branch, r=…`
/// and `Rollup merge of #12 - …` with the title below.
fn bors(first: &str, body: &str) -> Option<Pull> {
    let homu = first
        .strip_prefix("Auto merge of #")
        .or_else(|| first.strip_prefix("Rollup merge of #"));
    if let Some(rest) = homu {
        let (number, rest) = rest.split_once(" - ")?;
        let branch = rest.split(',').next().unwrap_or_default();
        return Pull::numbered(number, first_line(body), branch);
    }
    let number = first.strip_prefix("Merge #")?;
    if number.contains(" #") {
        return bors_batch(number);
    }
    let said = first_line(body).strip_prefix(number)?.strip_prefix(": ")?;
    Pull::numbered(number, said.split(" r=").next().unwrap_or(said), "")
}

/// `Merge #12 #13`: several pull requests in one merge, each with a line below. Their commits keep
/// their lines.
fn bors_batch(numbers: &str) -> Option<Pull> {
    let is_number = |word: &str| word.trim_start_matches('#').parse::<u64>().is_ok();
    numbers.split_whitespace().all(is_number).then(|| Pull {
        number: None,
        title: String::new(),
        branch: String::new(),
    })
}

/// The number a batch of bors gives the pull request of this title: `13: title r=… a=…`.
fn number_in_batch(batch: &str, title: &str) -> Option<u64> {
    batch.lines().skip(1).find_map(|line| {
        let (number, said) = line.split_once(": ")?;
        let said = said.split(" r=").next()?;
        (said.trim() == title.trim()).then(|| number.parse().ok())?
    })
}

/// `Merge branch 'topic' into 'main'`, the title and `See merge request group/project!12` below.
fn gitlab(first: &str, body: &str) -> Option<Pull> {
    if !first.starts_with("Merge branch '") {
        return None;
    }
    let number = body
        .lines()
        .find_map(|line| line.trim().strip_prefix("See merge request "))?
        .rsplit_once('!')?
        .1;
    let branch = first.split('\'').nth(1).unwrap_or_default();
    Pull::numbered(number.trim(), first_line(body), branch)
        .filter(|pull| !pull.title.starts_with("See merge request "))
}

/// Bitbucket: `Merged in topic (pull request #12)` with the title below; Bitbucket Server: `Pull
/// request #12: title`.
fn bitbucket(first: &str, body: &str) -> Option<Pull> {
    if let Some(rest) = first.strip_prefix("Pull request #") {
        let (number, title) = rest.split_once(": ")?;
        return Pull::numbered(number, title, "");
    }
    let rest = first.strip_prefix("Merged in ")?;
    let (branch, rest) = rest.rsplit_once(" (pull request #")?;
    Pull::numbered(rest.strip_suffix(')')?, first_line(body), branch)
}

/// Azure DevOps: `Merged PR 12: title`.
fn azure(first: &str) -> Option<Pull> {
    let (number, title) = first.strip_prefix("Merged PR ")?.split_once(": ")?;
    Pull::numbered(number, title, "")
}

/// Gerrit: `Merge "title"`, perhaps with `into branch` behind it.
fn gerrit(first: &str) -> Option<Pull> {
    let rest = first.strip_prefix("Merge \"")?;
    let (title, behind) = rest.rsplit_once('"')?;
    let plain = behind.is_empty() || behind.starts_with(" into ");
    (plain && !title.is_empty()).then(|| Pull {
        number: None,
        title: title.to_owned(),
        branch: String::new(),
    })
}

/// A subject that is the title of a pull request: what merge queues and `git merge -m` write.
fn titled(first: &str) -> Option<Pull> {
    let (text, pulls) = split_pulls(first);
    let automatic = ["Merge ", "Merged "]
        .iter()
        .any(|prefix| first.starts_with(prefix));
    let is_title = grammar::conventional(text).is_some() || !pulls.is_empty();
    (is_title && !automatic).then(|| Pull {
        number: pulls.first().copied(),
        title: text.to_owned(),
        branch: String::new(),
    })
}

/// For each commit (by position) that a merged pull request brought: the position of the merge.
///
/// Lines of first parents are followed from old to new, so that whatever a merge reaches beyond its
/// line is what it brought. A pull request merged into another one's branch owns its commits
/// itself. Every commit is looked at once.
pub fn owners(commits: &[Commit]) -> BTreeMap<usize, usize> {
    let mut walk = Walk {
        commits,
        seen: vec![false; commits.len()],
        entered: vec![false; commits.len()],
        owners: BTreeMap::new(),
    };
    if commits.iter().any(|commit| !commit.inside.is_empty()) {
        walk.run();
    }
    walk.owners
}

/// A walk through the history of a range.
struct Walk<'a> {
    commits: &'a [Commit],
    seen: Vec<bool>,
    /// Merges whose other lines were walked already.
    entered: Vec<bool>,
    owners: BTreeMap<usize, usize>,
}

impl Walk<'_> {
    fn run(&mut self) {
        // A line ends with its oldest commit, which is taken first; with it goes the merge that
        // brought the line.
        let mut stack: Vec<(Vec<usize>, Option<usize>)> = vec![(self.line(0), None)];
        while let Some((line, owner)) = stack.last_mut() {
            let owner = *owner;
            let Some(at) = line.pop() else {
                stack.pop();
                continue;
            };
            if self.seen[at] {
                continue;
            }
            let others = self.other_lines(at);
            if others.is_empty() || self.entered[at] {
                self.seen[at] = true;
                if let Some(owner) = owner {
                    self.owners.insert(at, owner);
                }
                continue;
            }
            // What the merge brought comes first, then this commit again.
            self.entered[at] = true;
            line.push(at);
            let has_words = read(&self.commits[at].message).is_some();
            let brought_by = if has_words { Some(at) } else { owner };
            for other in others {
                stack.push((self.line(other), brought_by));
            }
        }
    }

    /// Parents of a commit other than the first that are in the range and were not seen yet.
    fn other_lines(&self, at: usize) -> Vec<usize> {
        self.commits[at]
            .inside
            .iter()
            .skip(1)
            .map(|parent| *parent as usize)
            .filter(|parent| *parent < self.commits.len() && !self.seen[*parent])
            .collect()
    }

    /// The line of first parents from a commit down to the first one that was seen.
    fn line(&self, from: usize) -> Vec<usize> {
        let unseen = |at: &usize| !self.seen[*at];
        std::iter::successors(Some(from).filter(unseen), |at| {
            let first = *self.commits[*at].inside.first()? as usize;
            Some(first).filter(|parent| *parent < self.commits.len() && unseen(parent))
        })
        .collect()
    }
}

/// What stands for the commits of a pull request.
#[derive(Debug, Clone)]
pub(super) enum Title {
    /// One line: its section, its words, its number.
    Line(Section, Header, Option<u64>),
    /// No line, by the rule of this name; steps without a type of their own go with it.
    Hidden(String),
}

/// Pull requests whose title stands for their commits.
pub(super) struct Pulls {
    /// The merge that brought a commit.
    owners: BTreeMap<usize, usize>,
    /// By the position of the merge.
    pub(super) titles: BTreeMap<usize, Title>,
    /// Merges all of whose commits are outside the package.
    outside: BTreeSet<usize>,
}

impl Pulls {
    /// Decides which pull requests are said by their title. A conventional title is; where the
    /// title is free text and the commits inside are conventional, each of them was written to be
    /// read by itself.
    pub(super) fn of(
        commits: &[Commit],
        table: &Table,
        gone: &BTreeMap<usize, Vec<usize>>,
    ) -> Self {
        let brought = owners(commits);
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut outside: BTreeSet<usize> = brought.values().copied().collect();
        for (member, merge) in &brought {
            let commit = &commits[*member];
            if commit.touches_package || commit.parents > 1 {
                outside.remove(merge);
            }
            if commit.parents < 2 && commit.touches_package && !gone.contains_key(member) {
                members.entry(*merge).or_default().push(*member);
            }
        }

        // A pull request of pull requests brought what they brought.
        for (inner, outer) in &brought {
            if members.contains_key(inner) {
                members.entry(*outer).or_default();
            }
        }

        let titles = members
            .into_iter()
            .filter(|(merge, _)| !gone.contains_key(merge))
            .filter_map(|(merge, members)| {
                let pull = read(&commits[merge].message)?;
                let steps: Vec<&Commit> = members.iter().map(|at| &commits[*at]).collect();
                Some((merge, title_of(&pull, &commits[merge], &steps, table)?))
            })
            .collect();

        Self {
            owners: brought,
            titles,
            outside,
        }
    }

    /// Whether all that a merge brought is outside the package.
    pub(super) fn is_outside(&self, at: usize) -> bool {
        self.outside.contains(&at)
    }

    /// The number of the pull request that brought a commit.
    pub(super) fn number_of(&self, at: usize, commits: &[Commit]) -> Option<u64> {
        let merge = &commits[*self.owners.get(&at)?].message;
        let number = read(merge)?.number;
        number.or_else(|| number_in_batch(merge, commits[at].subject()))
    }

    /// The merge that brought a commit.
    pub(super) fn merge_of(&self, at: usize) -> Option<usize> {
        self.owners.get(&at).copied()
    }

    /// The merge that brought a commit, and its title where that stands for the commit.
    pub(super) fn title_over(&self, at: usize) -> Option<(usize, &Title)> {
        let merge = *self.owners.get(&at)?;
        Some((merge, self.titles.get(&merge)?))
    }
}

/// Whether and how a title stands for the steps of its pull request.
fn title_of(pull: &Pull, merge: &Commit, steps: &[&Commit], table: &Table) -> Option<Title> {
    let known = |kind: &str| table.knows(kind);
    let (text, _) = split_pulls(&pull.title);
    let title = grammar::header(text, &known);
    if title.description.is_empty() {
        return None;
    }
    let headers: Vec<Header> = steps
        .iter()
        .map(|step| grammar::header(step.subject(), &known))
        .collect();

    let is_conventional = title.style == Style::Conventional;
    let steps_are = headers
        .iter()
        .any(|header| header.style == Style::Conventional);
    if steps_are && !is_conventional {
        return None;
    }
    // What the steps touch, their title touches.
    let mut ids: Vec<_> = steps.iter().map(|step| &step.id).collect();
    ids.push(&merge.id);
    let said = match table.placement(&title, &ids) {
        Placement::In(section) => section,
        Placement::Hidden(rule) => return is_conventional.then_some(Title::Hidden(rule)),
    };

    let sections: Vec<Section> = headers
        .iter()
        .filter_map(|header| match table.placement(header, &[]) {
            Placement::In(section) => Some(section),
            Placement::Hidden(_) => None,
        })
        .collect();

    // Nothing but tests and the like below words that say nothing.
    if sections.is_empty() && !is_conventional {
        return None;
    }

    let section = if said == Section::Other && !is_conventional {
        majority(&sections, &pull.branch)
    } else {
        said
    };

    let number = pull
        .number
        .or_else(|| split_pulls(&pull.title).1.first().copied());

    Some(Title::Line(section, title, number))
}

/// The section most commits of a pull request belong to, [`Section::Other`] aside, or what its
/// branch is called after.
fn majority(sections: &[Section], branch: &str) -> Section {
    let mut counts: BTreeMap<Section, usize> = BTreeMap::new();
    sections
        .iter()
        .for_each(|section| *counts.entry(*section).or_default() += 1);
    let most = counts
        .iter()
        .filter(|(section, _)| **section != Section::Other)
        .max_by_key(|(section, count)| (**count, std::cmp::Reverse(**section)));
    let named = match branch
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default()
    {
        "fix" | "fixes" | "bugfix" | "hotfix" => Section::Fixes,
        "feat" | "feature" | "features" => Section::Features,
        "perf" => Section::Performance,
        _ => Section::Other,
    };
    match most {
        Some((section, count)) if 2 * count >= sections.len() => *section,
        _ => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::commit::Identity;
    use proptest::prelude::*;

    #[test]
    fn what_forges_write() {
        let pull = |message: &str| {
            read(message).map(|pull| (pull.number.unwrap_or(0), pull.title, pull.branch))
        };
        let is = |number: u64, title: &str, branch: &str| {
            Some((number, title.to_owned(), branch.to_owned()))
        };
        assert_eq!(
            pull("Merge pull request #12 from a/fix-x\n\nTitle"),
            is(12, "Title", "fix-x")
        );

        assert_eq!(
            pull("Merge pull request #12 from a/feat/x\n\nTitle\n\nmore"),
            is(12, "Title", "x")
        );

        assert_eq!(pull("Merge pull request #12 from a/x"), is(12, "", "x"));
        assert_eq!(
            pull("Auto merge of #7 - me:branch, r=you\n\nTitle\n\nbody"),
            is(7, "Title", "branch")
        );

        assert_eq!(
            pull("Merge #7\n\n7: Title r=you a=me\n\nbody"),
            is(7, "Title", "")
        );

        let batch = "Merge #7 #8\n\n7: Add a pager r=you a=me\n\n8: Mend it r=you a=me";
        assert_eq!(pull(batch), is(0, "", ""));
        assert_eq!(number_in_batch(batch, "Mend it"), Some(8));
        assert_eq!(number_in_batch(batch, "Another"), None);
        assert_eq!(
            pull("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request a/b!9"),
            is(9, "Title", "x")
        );

        for (message, title) in [
            (
                "Merge pull request 'Fix it' (#9) from a/x into main",
                "Fix it",
            ),
            ("Merged in feature/x (pull request #9)\n\nFix it", "Fix it"),
            ("Merged PR 9: Fix it", "Fix it"),
            ("Pull request #9: Fix it", "Fix it"),
            (
                "Merge pull request #9 in P/r from x to main\n\nFix it",
                "Fix it",
            ),
            ("feat: a cache (#9)\n\nWhat it does.", "feat: a cache"),
            ("Fix it (#9)", "Fix it"),
            ("Rollup merge of #9 - a:x, r=b\n\nFix it", "Fix it"),
        ] {
            let found = read(message).unwrap();
            assert_eq!(
                (found.number, found.title.as_str()),
                (Some(9), title),
                "{message}"
            );
        }

        assert_eq!(read("Merge \"Fix it\"").unwrap().title, "Fix it");

        for message in [
            "Merge branch 'x'",
            "Merge branch 'main' into topic (#3)",
            "Merge pull request",
            "Merge #x",
            "Fix it",
            "",
        ] {
            assert_eq!(pull(message), None, "{message}");
        }
    }

    fn commit(message: &str, inside: &[u32]) -> Commit {
        Commit {
            id: "a".repeat(40).parse().unwrap(),
            parents: inside.len(),
            inside: inside.into(),
            author: std::sync::Arc::new(Identity::new("A", "a@b")),
            time: 0,
            message: message.to_owned(),
            touches_package: true,
        }
    }

    #[test]
    fn what_a_merge_brought() {
        let pull = |number: u64| format!("Merge pull request #{number} from a/b\n\nTitle");
        // 0 merges 1 (which merges 5 into it) into 3; 3 merges 4 into 5.
        let commits = [
            commit(&pull(2), &[3, 1]),
            commit("Merge branch 'main' into topic", &[2, 5]),
            commit("topic 2", &[6]),
            commit(&pull(1), &[5, 4]),
            commit("topic 1", &[6]),
            commit("on main", &[6]),
            commit("base", &[u32::MAX]),
        ];
        assert_eq!(owners(&commits), BTreeMap::from([(1, 0), (2, 0), (4, 3)]));
        // The line it was merged into is outside the range.
        let commits = [
            commit(&pull(1), &[u32::MAX, 1]),
            commit("topic", &[u32::MAX]),
        ];
        assert_eq!(owners(&commits), BTreeMap::from([(1, 0)]));
        // A pull request merged into the branch of another one owns its commits itself.
        let commits = [
            commit(&pull(1), &[3, 1]),
            commit(&pull(2), &[3, 2]),
            commit("inner", &[3]),
            commit("base", &[u32::MAX]),
        ];
        assert_eq!(owners(&commits), BTreeMap::from([(1, 0), (2, 1)]));
        // Through the merge of a whole line.
        let commits = [
            commit("Merge branch 'lts'", &[2, 1]),
            commit(&pull(1), &[4, 3]),
            commit("on main", &[4]),
            commit("fix", &[4]),
            commit("base", &[]),
        ];
        assert_eq!(owners(&commits), BTreeMap::from([(3, 1)]));
    }

    proptest! {
        #[test]
        fn any_history_ends(edges in proptest::collection::vec((1_u32..6, proptest::option::of(1_u32..6), any::<bool>()), 1..40)) {
            let commits: Vec<Commit> = edges.iter().enumerate().map(|(at, (a, b, pull))| {
                let at = u32::try_from(at).unwrap();
                let parents: Vec<u32> = std::iter::once(at + a).chain(b.map(|b| at + b)).collect();
                commit(if *pull { "Merge pull request #1 from a/b\n\nT" } else { "x" }, &parents)
            }).collect();
            for (member, owner) in owners(&commits) {
                prop_assert!(owner < member && commits[owner].parents > 1);
            }
        }
    }
}
