//! Pull requests that have no line of their own: documentation, tests, refactoring, updates. Their
//! numbers are named together, so that nothing a pull request did goes without a word.
//!
//! Must never: name what the project asked to leave out, or what has a line.

use std::collections::{BTreeMap, BTreeSet};

/// What such a pull request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Upkeep {
    /// Documentation, examples, spelling.
    Documentation,
    /// Tests and benchmarks.
    Tests,
    /// The same program in other words.
    Refactoring,
    /// What builds, checks and publishes the project.
    Automation,
    /// Other versions of dependencies.
    Updates,
    /// Whatever else the project calls a chore.
    Chores,
}

impl Upkeep {
    /// What is said before the numbers.
    pub fn title(self) -> &'static str {
        match self {
            Self::Documentation => "Documentation",
            Self::Tests => "Tests",
            Self::Refactoring => "Refactoring",
            Self::Automation => "Build and continuous integration",
            Self::Updates => "Updates of dependencies",
            Self::Chores => "Upkeep",
        }
    }

    /// What a rule of the default table hides; `None` for rules that have nothing to do with it.
    pub(super) fn of_rule(rule: &str) -> Option<Self> {
        let word = rule
            .strip_prefix("type-")
            .or_else(|| rule.strip_prefix("area-"))
            .unwrap_or(rule);
        Some(match word.strip_suffix(".md").unwrap_or(word) {
            "doc" | "docs" | "documentation" | "example" | "examples" | "readme" | "typo" => {
                Self::Documentation
            }
            "test" | "tests" | "tests-only" | "bench" | "benches" | "benchmarks" => Self::Tests,
            "refactor" | "style" | "formatting" => Self::Refactoring,
            "build" | "ci" | "github" => Self::Automation,
            "dependency-elsewhere" => Self::Updates,
            "chore" | "changelog" | "changelog-edit" | "squash-title" => Self::Chores,
            _ => return None,
        })
    }
}

/// How much the title of a pull request says about it, beside one of its commits.
const TITLE_WEIGHT: usize = 1_000;

/// The numbers while they are collected: how often each was met as what.
#[derive(Debug, Default)]
pub(super) struct UpkeepList {
    seen: BTreeMap<u64, BTreeMap<Upkeep, usize>>,
}

impl UpkeepList {
    /// Adds the numbers of a commit.
    pub(super) fn extend(&mut self, kind: Upkeep, numbers: Vec<u64>) {
        self.count(kind, numbers, 1);
    }

    /// Adds the numbers of a merge whose title says what it is about.
    pub(super) fn extend_titled(&mut self, kind: Upkeep, numbers: Vec<u64>) {
        self.count(kind, numbers, TITLE_WEIGHT);
    }

    fn count(&mut self, kind: Upkeep, numbers: Vec<u64>, weight: usize) {
        for number in numbers {
            *self
                .seen
                .entry(number)
                .or_default()
                .entry(kind)
                .or_default() += weight;
        }
    }

    /// The numbers that no line names, each under what most of its pull request is about.
    pub(super) fn without(self, said: &BTreeSet<u64>) -> Vec<(Upkeep, Vec<u64>)> {
        let mut left: BTreeMap<Upkeep, Vec<u64>> = BTreeMap::new();
        for (number, kinds) in self.seen {
            let most = kinds
                .into_iter()
                .max_by_key(|(kind, count)| (*count, std::cmp::Reverse(*kind)));
            if let Some((kind, _)) = most.filter(|_| !said.contains(&number)) {
                left.entry(kind).or_default().push(number);
            }
        }
        left.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_named_once_as_what_most_of_it_is() {
        let mut list = UpkeepList::default();
        list.extend(Upkeep::Tests, vec![7]);
        list.extend(Upkeep::Tests, vec![7]);
        list.extend(Upkeep::Documentation, vec![7, 9]);
        list.extend(Upkeep::Documentation, vec![8]);
        list.extend_titled(Upkeep::Refactoring, vec![9]);
        assert_eq!(
            list.without(&BTreeSet::new()),
            [
                (Upkeep::Documentation, vec![8]),
                (Upkeep::Tests, vec![7]),
                (Upkeep::Refactoring, vec![9])
            ]
        );
    }
}
