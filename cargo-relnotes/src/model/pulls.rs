//! Merges of pull requests, and the commits each of them brought.
//!
//! Must never: guess. A merge counts as one of a pull request only where a forge's own words say
//! so, and what it brought is what can be reached from it and not from the line it was merged into.

use std::collections::BTreeMap;

use super::commit::Commit;
use super::grammar::{self, Header, Style};
use super::sections::{Placement, Section, Table};

/// What the message of a merge says about its pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title; empty where the message has none.
    pub title: String,
    /// The branch it came from, without its owner.
    pub branch: String,
}

/// Reads the words GitHub, GitLab, bors and homu write into merges.
pub fn read(message: &str) -> Option<Pull> {
    let (first, body) = message.split_once('\n').unwrap_or((message, ""));
    let title = || {
        body.lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or_default()
    };
    let pull = |number: &str, title: &str, branch: &str| {
        let branch = branch
            .rsplit_once([':', '/'])
            .map_or(branch, |(_, name)| name);
        Some(Pull {
            number: number.parse().ok()?,
            title: title.to_owned(),
            branch: branch.to_owned(),
        })
    };
    if let Some(rest) = first.strip_prefix("Merge pull request #") {
        let (number, branch) = rest.split_once(" from ")?;
        return pull(
            number,
            title(),
            branch.split_once('/').map_or(branch, |(_, branch)| branch),
        );
    }
    if let Some(rest) = first.strip_prefix("Auto merge of #") {
        let (number, rest) = rest.split_once(" - ")?;
        return pull(number, title(), rest.split(',').next().unwrap_or_default());
    }
    if let Some(number) = first.strip_prefix("Merge #") {
        let said = title().strip_prefix(number)?.strip_prefix(": ")?;
        return pull(number, said.split(" r=").next().unwrap_or(said), "");
    }
    if first.starts_with("Merge branch '") {
        let number = body
            .lines()
            .find_map(|line| line.strip_prefix("See merge request "))?
            .rsplit_once('!')?
            .1;
        let branch = first.split('\'').nth(1).unwrap_or_default();
        return pull(number, title(), branch)
            .filter(|pull| !pull.title.starts_with("See merge request "));
    }
    None
}

/// For each commit (by position) that a merged pull request brought: the position of the merge.
///
/// Follows the line of first parents from old to new, so that whatever a merge reaches beyond it is
/// what it brought; every commit is looked at once.
pub fn owners(commits: &[Commit]) -> BTreeMap<usize, usize> {
    let mut owners = BTreeMap::new();
    if commits.iter().all(|commit| commit.inside.is_empty()) {
        return owners;
    }
    let parents = |at: usize| commits[at].inside.iter().map(|parent| *parent as usize);
    let inside = |at: &usize| *at < commits.len();
    let mut seen = vec![false; commits.len()];
    let mut entered = vec![false; commits.len()];
    let chain = |from: usize, seen: &[bool]| -> Vec<usize> {
        let next = |at: &usize| parents(*at).next().filter(inside).filter(|at| !seen[*at]);
        std::iter::successors(Some(from).filter(|at| !seen[*at]), next).collect()
    };
    // Chains end with their oldest commit, which is taken first.
    let mut stack = vec![chain(0, &seen)];
    while let Some(line) = stack.last_mut() {
        let Some(at) = line.pop() else {
            stack.pop();
            continue;
        };
        if seen[at] {
            continue;
        }
        let others: Vec<usize> = parents(at)
            .skip(1)
            .filter(inside)
            .filter(|other| !seen[*other])
            .collect();
        if others.is_empty() {
            seen[at] = true;
        } else if read(&commits[at].message).is_some() {
            seen[at] = true;
            let mut queue = others;
            while let Some(member) = queue.pop() {
                if !std::mem::replace(&mut seen[member], true) {
                    owners.insert(member, at);
                    queue.extend(
                        parents(member)
                            .filter(inside)
                            .filter(|parent| !seen[*parent]),
                    );
                }
            }
        } else if std::mem::replace(&mut entered[at], true) {
            seen[at] = true;
        } else {
            // A merge of another line: that line first, then this commit again.
            line.push(at);
            let lines: Vec<Vec<usize>> = others
                .into_iter()
                .map(|other| chain(other, &seen))
                .collect();
            stack.extend(lines);
        }
    }
    owners
}

/// Pull requests that have one line for all their commits.
pub(super) struct Pulls {
    /// The merge that brought a commit.
    owners: BTreeMap<usize, usize>,
    /// By the position of the merge: its section, its title, its number.
    pub(super) lines: BTreeMap<usize, (Section, Header, u64)>,
}

impl Pulls {
    /// Decides which pull requests have a line of their own. Where the commits inside are
    /// conventional, each of them was written to be read by itself; otherwise the title says
    /// more than the steps that led there.
    pub(super) fn of(
        commits: &[Commit],
        table: &Table,
        dependency_table: bool,
        gone: &BTreeMap<usize, Vec<usize>>,
    ) -> Self {
        let known = |kind: &str| table.knows(kind);
        let owners = owners(commits);
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (member, merge) in &owners {
            let commit = &commits[*member];
            if commit.parents < 2 && commit.touches_package && !gone.contains_key(member) {
                members.entry(*merge).or_default().push(*member);
            }
        }
        let mut lines = BTreeMap::new();
        for (merge, members) in members {
            if gone.contains_key(&merge) {
                continue;
            }
            let Some(pull) = read(&commits[merge].message) else {
                continue;
            };
            let headers: Vec<Header> = members
                .iter()
                .map(|member| grammar::header(commits[*member].subject(), &known))
                .collect();
            if headers
                .iter()
                .any(|header| header.style == Style::Conventional)
            {
                continue;
            }
            let title = grammar::header(&pull.title, &known);
            let sections: Vec<Section> = headers
                .iter()
                .filter_map(|header| match table.placement(header) {
                    Placement::In(section) => Some(section),
                    Placement::Hidden(_) => None,
                })
                .collect();
            let Placement::In(said) = table.placement(&title) else {
                continue;
            };
            if title.description.is_empty()
                || sections.is_empty()
                || (said == Section::Dependencies && dependency_table)
            {
                continue;
            }
            let section = if said == Section::Other {
                majority(&sections, &pull.branch)
            } else {
                said
            };
            lines.insert(merge, (section, title, pull.number));
        }
        Self { owners, lines }
    }

    /// The number of the pull request that brought a commit.
    pub(super) fn pull_of(&self, at: usize, commits: &[Commit]) -> Option<u64> {
        let merge = *self.owners.get(&at)?;
        read(&commits[merge].message).map(|pull| pull.number)
    }

    /// The merge whose line stands for a commit; a break, or a repaired vulnerability, has a line
    /// of its own.
    pub(super) fn line_of(&self, at: usize, section: Section) -> Option<usize> {
        let merge = *self.owners.get(&at)?;
        let own = matches!(section, Section::Breaking | Section::Security);
        (!own && self.lines.contains_key(&merge)).then_some(merge)
    }
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
        let pull = |message: &str| read(message).map(|pull| (pull.number, pull.title, pull.branch));
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
        assert_eq!(
            pull("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request a/b!9"),
            is(9, "Title", "x")
        );
        for message in [
            "Merge branch 'x'",
            "Merge pull request",
            "Merge #x",
            "feat: x",
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
