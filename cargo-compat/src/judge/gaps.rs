//! What no program judged is judged by its text: an item that reads the same on both sides is left
//! out of the verdict and said; one that reads otherwise is a finding.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::Bump;
use rustdoc_types::{Crate, Id, ItemEnum};

use super::members::Members;
use crate::model::change::Change;
use crate::model::declaration::declaration;
use crate::model::gap::{Gap, LeftOut};
use crate::model::reach::reached_text;
use crate::model::surface::Surface;
use crate::rules;

/// One side, for its text.
#[derive(Debug, Clone, Copy)]
pub struct Readable<'a> {
    /// Its description.
    pub krate: &'a Crate,
    /// What can be named.
    pub surface: &'a Surface,
    /// The same by path.
    pub members: &'a Members<'a>,
}

/// What became of uses that no program judged.
#[derive(Debug, Default)]
pub struct JudgedGaps {
    /// Items that read otherwise now.
    pub changes: Vec<Change>,
    /// Items that read the same.
    pub left_out: Vec<LeftOut>,
}

/// Judges gaps by text. `broken` names items of which a break is known already.
pub fn judge_gaps(
    gaps: &[Gap],
    old: Readable<'_>,
    new: Readable<'_>,
    broken: &BTreeSet<String>,
) -> JudgedGaps {
    let mut by_item: BTreeMap<&str, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        by_item.entry(&gap.item).or_default().push(gap);
    }
    let unknown: BTreeSet<&str> = gaps
        .iter()
        .filter(|gap| gap.is_unknown_to_rustc())
        .map(|gap| gap.item.as_str())
        .collect();

    let headers = impl_headers(new.krate);
    let mut judged = JudgedGaps::default();
    for (item, gaps) in by_item {
        let Some(first) = gaps.first() else { continue };
        if unknown.iter().any(|other| is_same_or_below(item, other)) {
            continue;
        }
        if broken.iter().any(|other| is_same_or_below(item, other)) {
            continue;
        }
        let now = if item.starts_with("impl") {
            // Private types may have the names of public ones: any implementation will do that
            // reads the same.
            let named = headers.get(item).map_or(&[][..], Vec::as_slice);
            let same = named
                .iter()
                .find(|now| changed_text(old, first.id, new, Some(**now)).is_none());
            same.or_else(|| named.first()).copied()
        } else {
            let path = item.split(" → ").next().unwrap_or(item);
            new.members
                .get(path)
                .filter(|member| !member.hidden)
                .map(|member| member.item.id)
        };
        match changed_text(old, first.id, new, now) {
            Some(change) => judged.changes.push(change_of(item, &gaps, change)),
            None => judged.left_out.extend(gaps.iter().map(|gap| LeftOut {
                rule: &rules::NOT_JUDGED_USE,
                what: format!("`{item}`: {}", gap.phrase),
                why: gap.why.clone(),
            })),
        }
    }

    judged
}

fn is_same_or_below(item: &str, other: &str) -> bool {
    item.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with(" → "))
}

/// Declarations that differ.
struct Changed {
    before: String,
    after: String,
}

fn changed_text(old: Readable<'_>, id: Id, new: Readable<'_>, now: Option<Id>) -> Option<Changed> {
    let Some(now) = now else {
        return Some(Changed {
            before: declaration(old.krate, id),
            after: String::new(),
        });
    };
    let before = reached_text(old.krate, old.surface, id);
    let after = reached_text(new.krate, new.surface, now);
    if before == after {
        return None;
    }
    // What differs first says most.
    let (first, second) = before
        .lines()
        .zip(after.lines())
        .find(|(first, second)| first != second)
        .unwrap_or((before.lines().next().unwrap_or_default(), ""));
    Some(Changed {
        before: first.to_owned(),
        after: second.to_owned(),
    })
}

fn change_of(item: &str, gaps: &[&Gap], changed: Changed) -> Change {
    let (rule, message) = if changed.after.is_empty() {
        (
            &rules::UNPROVED,
            format!("`{item}` is gone or lost a part, and no program could be written to judge it"),
        )
    } else {
        (
            &rules::UNPROVED,
            format!("`{item}` changed, and no program could be written to judge it"),
        )
    };
    let mut change = Change::unproved(rule, item, Bump::Major, message);
    change.before = changed.before;
    change.after = changed.after;
    if let Some(gap) = gaps.first() {
        change
            .message
            .push_str(&format!(" ({}: {})", gap.phrase, gap.why));
    }
    change
}

/// Implementations by header.
fn impl_headers(krate: &Crate) -> BTreeMap<String, Vec<Id>> {
    let mut found: BTreeMap<String, Vec<Id>> = BTreeMap::new();
    for (id, item) in &krate.index {
        if matches!(&item.inner, ItemEnum::Impl(of) if of.trait_.is_some()) {
            found.entry(declaration(krate, *id)).or_default().push(*id);
        }
    }
    found
}
