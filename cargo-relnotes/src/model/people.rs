//! Who wrote the commits of a range.
//!
//! Must never: show or keep an address. People are told apart by it, and only names leave this
//! module.

use std::collections::{BTreeMap, BTreeSet};

use super::commit::{Commit, Identity};
use super::grammar;
use super::untrusted::Untrusted;

/// One contributor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contributor {
    /// The name.
    pub name: Untrusted,
    /// In how many commits of the range, as author or co-author.
    pub commits: usize,
    /// Whether nothing of theirs was in any release before.
    pub first: bool,
}

/// Co-authors named in the trailers of commits: the position of the commit, and who, as written.
pub fn co_authors(commits: &[Commit]) -> Vec<(usize, Identity)> {
    let mut found = Vec::new();
    for (at, commit) in commits.iter().enumerate() {
        if !commit
            .message
            .to_ascii_lowercase()
            .contains("co-authored-by")
        {
            continue;
        }
        let message = grammar::parse(&commit.message, &|_| false);
        found.extend(
            message
                .co_authors
                .iter()
                .map(|(name, email)| (at, Identity::new(name, email))),
        );
    }
    found
}

/// Everybody of a range: authors and (mailmapped) co-authors. `known` are the keys of those who
/// wrote earlier commits; `None` where that was not found out.
pub fn contributors(
    commits: &[Commit],
    co_authors: &[(usize, Identity)],
    known: Option<&BTreeSet<String>>,
) -> Vec<Contributor> {
    let mut people: BTreeMap<String, (String, BTreeSet<usize>)> = BTreeMap::new();
    let authors = commits
        .iter()
        .enumerate()
        .filter(|(_, commit)| commit.parents < 2)
        .map(|(at, commit)| (at, commit.author.as_ref()));
    for (at, person) in authors.chain(co_authors.iter().map(|(at, person)| (*at, person))) {
        if let Some(name) = person.display() {
            people
                .entry(person.key())
                .or_insert_with(|| (name, BTreeSet::new()))
                .1
                .insert(at);
        }
    }
    // Two addresses of one name are one line; it is a first contribution only where both are.
    let mut by_name: BTreeMap<Untrusted, (BTreeSet<usize>, bool)> = BTreeMap::new();
    for (key, (name, commits)) in people {
        let first = known.is_some_and(|known| !known.contains(&key));
        let line = by_name
            .entry(Untrusted::new(&name))
            .or_insert_with(|| (BTreeSet::new(), true));
        line.0.extend(commits);
        line.1 &= first;
    }
    let mut all: Vec<Contributor> = by_name
        .into_iter()
        .map(|(name, (commits, first))| Contributor {
            name,
            commits: commits.len(),
            first,
        })
        .collect();
    all.sort_by(|a, b| b.commits.cmp(&a.commits).then_with(|| a.name.cmp(&b.name)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_and_co_authors_once_each() {
        let commit = |name: &str, email: &str, message: &str| Commit {
            id: "a".repeat(40).parse().unwrap(),
            parents: 1,
            inside: Box::default(),
            author: std::sync::Arc::new(Identity::new(name, email)),
            time: 0,
            message: message.to_owned(),
            touches_package: true,
        };
        let commits = [
            commit("Ann", "ann@x", "feat: a\n\nCo-authored-by: Bob <bob@x>"),
            commit("Ann", "ANN@x", "feat: b"),
            commit("dependabot[bot]", "d@x", "bump"),
        ];
        let known = BTreeSet::from(["ann@x".to_owned()]);
        let found = contributors(&commits, &co_authors(&commits), Some(&known));
        let names: Vec<_> = found
            .iter()
            .map(|c| (c.name.visible(), c.commits, c.first))
            .collect();
        assert_eq!(names, [("Ann", 2, false), ("Bob", 1, true)]);
    }
}
