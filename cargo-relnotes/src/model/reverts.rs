//! Which commits of a range take each other back.
//!
//! Must never: cancel across releases. A revert whose target shipped earlier is news and stays
//! listed; a revert and its target inside one range are both gone, and a revert of the revert
//! brings the target back.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::CommitId;

use super::commit::Commit;
use super::grammar::split_pull;
use super::message::Revert;
use super::pulls;

/// The merges of the range that are taken back as a whole, by position.
pub fn merges(commits: &[Commit], reverts: &[(usize, Revert)]) -> Vec<usize> {
    let is_taken_back = |merge: &Commit| {
        let mut all = reverts.iter();
        all.any(|(_, revert)| names_merge(revert, merge))
    };
    let merges = commits.iter().enumerate();
    merges
        .filter(|(_, commit)| commit.parents > 1 && is_taken_back(commit))
        .map(|(at, _)| at)
        .collect()
}

/// What a merge brought: the commits of the range that can be reached from it and not from its first
/// parent, itself included. `None` where the positions of parents were not written down.
///
/// What lies between two commits of a range is a part of it, so the range says all of it.
pub fn brought(commits: &[Commit], merge: usize) -> Option<BTreeSet<CommitId>> {
    let first = *commits[merge].inside.first()? as usize;
    let before = reached(commits, first, &[]);
    let all = reached(commits, merge, &before);
    let ids = all
        .iter()
        .zip(commits)
        .filter(|(is_reached, _)| **is_reached);
    Some(ids.map(|(_, commit)| commit.id.clone()).collect())
}

/// Which commits can be reached from one of them without passing any of `stops`, itself included.
pub fn reached(commits: &[Commit], from: usize, stops: &[bool]) -> Vec<bool> {
    let mut found = vec![false; commits.len()];
    let mut stack = vec![from];
    while let Some(at) = stack.pop() {
        let is_stop = stops.get(at).copied().unwrap_or(false);
        // Parents outside the range have a position behind its end.
        if at >= commits.len() || found[at] || is_stop {
            continue;
        }
        found[at] = true;
        stack.extend(commits[at].inside.iter().map(|parent| *parent as usize));
    }
    found
}

/// Whether a revert names a merge, by its id or by the number of its pull request.
fn names_merge(revert: &Revert, merge: &Commit) -> bool {
    let id = merge.id.as_str();
    let number = pulls::read(&merge.message).and_then(|pull| pull.number);
    revert.commits.iter().any(|one| id.starts_with(one))
        || number.is_some_and(|number| revert.pulls.contains(&number))
}

/// Ids that reverts name and that are in no commit of the range.
pub fn ids_outside<'a>(commits: &[Commit], reverts: &'a [(usize, Revert)]) -> Vec<&'a String> {
    let named: BTreeSet<&String> = reverts
        .iter()
        .flat_map(|(_, revert)| &revert.commits)
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    let ids: BTreeSet<&str> = commits.iter().map(|commit| commit.id.as_str()).collect();
    let is_outside = |id: &&String| {
        let mut from = ids.range(id.as_str()..);
        from.next()
            .is_none_or(|found| !found.starts_with(id.as_str()))
    };
    named.into_iter().filter(is_outside).collect()
}

/// What is known of reverts beside their messages.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// For merges that are taken back: what they brought.
    pub brought: BTreeMap<CommitId, BTreeSet<CommitId>>,
    /// Ids that reverts name and that were released before. An id that is neither here nor in the
    /// range is one of before a rebase: the commit has another one now.
    pub released: BTreeSet<String>,
}

/// Ways to find a commit of the range.
struct Index<'a> {
    by_id: BTreeMap<&'a str, usize>,
    by_subject: BTreeMap<&'a str, Vec<usize>>,
    by_pull: BTreeMap<u64, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(commits: &'a [Commit]) -> Self {
        let mut index = Self {
            by_id: BTreeMap::new(),
            by_subject: BTreeMap::new(),
            by_pull: BTreeMap::new(),
        };

        for (at, commit) in commits.iter().enumerate() {
            index.by_id.insert(commit.id.as_str(), at);
            if commit.parents > 1 {
                let number = pulls::read(&commit.message).and_then(|pull| pull.number);
                if let Some(number) = number {
                    index.by_pull.entry(number).or_default().push(at);
                }
                continue;
            }
            let subject = commit.subject();
            let (bare, pull) = split_pull(subject);
            index.by_subject.entry(subject).or_default().push(at);
            if bare != subject {
                index.by_subject.entry(bare).or_default().push(at);
            }
            if let Some(pull) = pull {
                index.by_pull.entry(pull).or_default().push(at);
            }
        }

        index
    }

    /// The older commits a revert at `at` takes back. `None` where one of them is outside the
    /// range: that makes the whole revert news.
    fn targets(
        &self,
        at: usize,
        revert: &Revert,
        gone: &BTreeMap<usize, Vec<usize>>,
        known: &Known,
    ) -> Option<Vec<usize>> {
        let is_stale = |id: &String| self.with_prefix(id).is_none() && !known.released.contains(id);
        let by_subject = revert.subject.is_some() && revert.commits.iter().all(is_stale);
        if !revert.commits.is_empty() && !by_subject {
            return revert
                .commits
                .iter()
                .map(|id| self.with_prefix(id))
                .collect();
        }

        if !revert.pulls.is_empty() {
            return revert
                .pulls
                .iter()
                .map(|pull| self.by_pull.get(pull)?.iter().copied().find(|t| *t > at))
                .collect();
        }

        let subject = revert.subject.as_deref()?;
        let same = self.by_subject.get(subject)?;
        let older = same
            .iter()
            .copied()
            .find(|target| *target > at && !gone.contains_key(target));

        Some(older.into_iter().collect())
    }

    /// The only commit whose id starts with these digits.
    fn with_prefix(&self, prefix: &str) -> Option<usize> {
        let mut found = self
            .by_id
            .range(prefix..)
            .take_while(|(id, _)| id.starts_with(prefix));
        let first = found.next().map(|(_, at)| *at);
        if found.next().is_some() { None } else { first }
    }
}

/// For each commit (by position) that is cancelled: the positions of the others it is cancelled
/// with. `reverts` are the commits that take something back, by position.
pub fn cancelled(
    commits: &[Commit],
    reverts: &[(usize, Revert)],
    known: &Known,
) -> BTreeMap<usize, Vec<usize>> {
    let mut gone: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    if reverts.is_empty() {
        return gone;
    }
    let index = Index::of(commits);
    // Commits come newest first, so a revert of a revert is met before the revert it takes back.
    for (at, revert) in reverts {
        if gone.contains_key(at) {
            continue;
        }
        let Some(mut targets) = index.targets(*at, revert, &gone, known) else {
            continue;
        };
        targets.retain(|target| target > at);
        if targets.is_empty() || targets.iter().any(|target| gone.contains_key(target)) {
            continue;
        }

        let mut group = vec![*at];
        group.extend(&targets);
        // Taking a merge back takes back what it brought.
        for members in targets
            .iter()
            .filter_map(|target| known.brought.get(&commits[*target].id))
        {
            let inside = members
                .iter()
                .filter_map(|id| index.by_id.get(id.as_str()).copied());
            group.extend(inside.filter(|member| member > at && !gone.contains_key(member)));
        }
        group.sort_unstable();
        group.dedup();
        for member in &group {
            let others = group.iter().copied().filter(|other| other != member);
            gone.insert(*member, others.collect());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::commit::Identity;
    use crate::model::message;

    /// Newest first, as history gives them; ids are their position's digit.
    fn gone(messages: &[&str]) -> Vec<usize> {
        let commits: Vec<Commit> = messages
            .iter()
            .enumerate()
            .map(|(at, message)| Commit {
                id: format!("{at}").repeat(40).parse().unwrap(),
                parents: 1,
                inside: Box::default(),
                author: std::sync::Arc::new(Identity::new("A", "a@b")),
                time: 0,
                message: (*message).to_owned(),
                touches_package: true,
            })
            .collect();

        let known = |kind: &str| matches!(kind, "feat" | "revert");
        let reverts: Vec<(usize, Revert)> = commits
            .iter()
            .enumerate()
            .filter_map(|(at, commit)| Some((at, message::parse(&commit.message, &known).revert?)))
            .collect();

        // Whatever is not in the range was released before.
        let known = Known {
            released: ids_outside(&commits, &reverts)
                .into_iter()
                .cloned()
                .collect(),
            ..Known::default()
        };

        cancelled(&commits, &reverts, &known).into_keys().collect()
    }

    /// A merge of `3`, which stands on the first parent's line at `4`; `2` came after the branch
    /// began, and is not the merge's.
    #[test]
    fn a_merge_brings_what_its_first_parent_does_not_reach() {
        let commit = |at: usize, inside: &[u32]| Commit {
            id: format!("{at}").repeat(40).parse().unwrap(),
            parents: inside.len(),
            inside: inside.into(),
            author: std::sync::Arc::new(Identity::new("A", "a@b")),
            time: 0,
            message: String::new(),
            touches_package: true,
        };
        let commits = [
            commit(0, &[1]),
            commit(1, &[2, 3]),
            commit(2, &[4]),
            commit(3, &[4]),
            commit(4, &[u32::MAX]),
        ];
        let ids: BTreeSet<CommitId> = [1, 3].map(|at: usize| commits[at].id.clone()).into();
        assert_eq!(brought(&commits, 1), Some(ids));
        assert_eq!(brought(&[commit(0, &[])], 0), None);
        let from_two = reached(&commits, 2, &[]);
        assert_eq!(from_two, [false, false, true, false, true]);
    }

    #[test]
    fn a_merge_is_taken_back_with_what_it_brought() {
        let commit = |at: usize, parents: usize, message: &str| Commit {
            id: format!("{at}").repeat(40).parse().unwrap(),
            parents,
            inside: Box::default(),
            author: std::sync::Arc::new(Identity::new("A", "a@b")),
            time: 0,
            message: message.to_owned(),
            touches_package: true,
        };

        let id = "1".repeat(40);
        let message = format!(
            "Revert \"Merge x\"\n\nThis reverts commit {id}, reversing\nchanges made to {id}."
        );
        let commits = [
            commit(0, 1, &message),
            commit(1, 2, "Merge x"),
            commit(2, 1, "feat: x"),
            commit(3, 1, "feat: kept"),
        ];

        let reverts: Vec<(usize, Revert)> = vec![(
            0,
            message::parse(&commits[0].message, &|_| false)
                .revert
                .unwrap(),
        )];

        assert_eq!(merges(&commits, &reverts), [1]);
        let known = Known {
            brought: BTreeMap::from([(
                commits[1].id.clone(),
                BTreeSet::from([commits[1].id.clone(), commits[2].id.clone()]),
            )]),
            ..Known::default()
        };

        assert_eq!(
            cancelled(&commits, &reverts, &known)
                .into_keys()
                .collect::<Vec<_>>(),
            [0, 1, 2]
        );
    }

    #[test]
    fn a_pair_inside_the_range_cancels() {
        assert_eq!(
            gone(&[
                "Revert \"feat: x\"\n\nThis reverts commit 1111111.",
                "feat: x"
            ]),
            [0, 1]
        );
        assert_eq!(gone(&["Revert \"feat: x\"", "feat: y", "feat: x"]), [0, 2]);
        assert_eq!(
            gone(&[
                "Revert \"feat: x (#3)\" (#4)\n\nReverts a/b#3",
                "feat: x (#3)"
            ]),
            [0, 1]
        );
        assert_eq!(
            gone(&["revert: feat: x\n\nRefs: 1111111", "feat: x"]),
            [0, 1]
        );
    }

    #[test]
    fn a_revert_of_something_released_is_news() {
        assert!(
            gone(&[
                "Revert \"feat: x\"\n\nThis reverts commit 9999999.",
                "feat: x"
            ])
            .is_empty()
        );
        assert!(gone(&["Revert \"feat: z\"", "feat: x"]).is_empty());
        assert!(
            gone(&[
                "Revert all\n\nThis reverts commits 1111111 and 9999999.",
                "feat: x"
            ])
            .is_empty()
        );
    }

    #[test]
    fn an_id_of_before_a_rebase_is_looked_for_by_subject() {
        let commit = |at: usize, message: &str| Commit {
            id: format!("{at}").repeat(40).parse().unwrap(),
            parents: 1,
            inside: Box::default(),
            author: std::sync::Arc::new(Identity::new("A", "a@b")),
            time: 0,
            message: message.to_owned(),
            touches_package: true,
        };
        let message = "Revert \"feat: x\"\n\nThis reverts commit 9999999999.";
        let commits = [commit(0, message), commit(1, "feat: x")];
        let parsed = message::parse(message, &|_| false).revert.unwrap();
        let reverts = vec![(0, parsed)];
        let gone = cancelled(&commits, &reverts, &Known::default());
        assert_eq!(gone.into_keys().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_revert_of_a_revert_brings_it_back() {
        let messages = [
            "Revert \"Revert \"feat: x\"\"\n\nThis reverts commit 1111111.",
            "Revert \"feat: x\"\n\nThis reverts commit 2222222.",
            "feat: x",
        ];
        assert_eq!(gone(&messages), [0, 1]);
        assert_eq!(
            gone(&["Reapply \"feat: x\"", "Revert \"feat: x\"", "feat: x"]),
            [0, 1]
        );
    }

    #[test]
    fn the_future_cannot_be_reverted() {
        assert!(gone(&["feat: x", "Revert \"feat: x\""]).is_empty());
    }
}
