//! Features add to each other: what a user of few features wrote still compiles when somebody else in
//! the graph turns on more of them.
//!
//! What was so in the old release as well is not held against the new one.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::process::Runner;
use release_gate::{Bump, Finding, Level, Result};

use super::compare::Comparison;
use super::witnesses::Sides;
use crate::model::change::Change;
use crate::program::Assertion;
use crate::prove::{self, Library, Line, Rejected, Rustc};
use crate::rules;

/// What a set of features leaves for the comparison with another one.
pub(super) struct JudgedSet {
    /// What reports call it.
    pub(super) label: String,
    old: Library,
    new: Library,
    /// Uses of the old API that both sides accept.
    kept: Vec<Assertion>,
    /// Uses of what only the new API has.
    added: Vec<Assertion>,
}

impl JudgedSet {
    /// Takes what is needed from a comparison.
    pub(super) fn of(label: &str, sides: &Sides<'_>, comparison: &mut Comparison) -> Self {
        Self {
            label: label.to_owned(),
            old: sides.old.clone(),
            new: sides.new.clone(),
            kept: std::mem::take(&mut comparison.kept),
            added: std::mem::take(&mut comparison.added),
        }
    }
}

/// What the comparison of two sets finds.
#[derive(Default)]
pub(super) struct NotAdditive {
    pub(super) changes: Vec<Change>,
    pub(super) findings: Vec<Finding>,
}

/// Compiles what was written for a small set against the library with a larger one.
///
/// # Errors
/// The compiler cannot be used.
pub(super) fn judge_additivity(
    rustc: &Rustc<'_>,
    runner: &Runner,
    small: &JudgedSet,
    large: &JudgedSet,
) -> Result<NotAdditive> {
    let lines: Vec<Line<'_>> = small
        .kept
        .iter()
        .chain(&small.added)
        .map(|assertion| Line { assertion, way: 0 })
        .collect();
    let rejected = prove::rejected_by(rustc, &large.new, runner, &lines)?;
    if rejected.is_empty() {
        return Ok(NotAdditive::default());
    }
    let is_added = |line: &Rejected<'_>| {
        small
            .added
            .iter()
            .any(|added| std::ptr::eq(added, line.line.assertion))
    };
    let (added, kept): (Vec<_>, Vec<_>) = rejected.into_iter().partition(is_added);
    let kept_lines: Vec<Line<'_>> = kept.iter().map(|line| line.line).collect();
    let before = prove::rejected_by(rustc, &large.old, runner, &kept_lines)?;
    let known: BTreeSet<&str> = before
        .iter()
        .map(|line| line.line.assertion.item.as_str())
        .collect();

    let message = |item: &str, phrases: &str| {
        format!(
            "`{item}`: who wrote a program for {} can no longer {phrases} once {} are on",
            small.label, large.label
        )
    };
    let changes = by_item(&kept)
        .into_iter()
        .filter(|(item, _)| !known.contains(item))
        .map(|(item, phrases)| {
            let message = message(item, &phrases);
            Change::unproved(&rules::NOT_ADDITIVE, item, Bump::Major, message)
        })
        .collect();
    let findings = by_item(&added)
        .into_iter()
        .map(|(item, phrases)| {
            Finding::new(&rules::NOT_ADDITIVE, message(item, &phrases))
                .level(Level::Warn)
                .help("it is new, so nobody's program breaks by it yet; let features only add")
                .evidence("item", item)
        })
        .collect();
    Ok(NotAdditive { changes, findings })
}

/// What can no longer be done with each item.
fn by_item<'l>(lines: &'l [Rejected<'_>]) -> BTreeMap<&'l str, String> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in lines {
        let assertion = line.line.assertion;
        found
            .entry(&assertion.item)
            .or_default()
            .insert(assertion.done.phrase());
    }
    found
        .into_iter()
        .map(|(item, phrases)| (item, phrases.into_iter().collect::<Vec<_>>().join(", ")))
        .collect()
}
