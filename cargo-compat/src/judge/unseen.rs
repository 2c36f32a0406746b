//! Public items that rustdoc does not see, compared by their text: those of other targets, and what
//! is behind `cfg(not(doc))`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use release_gate::Bump;

use crate::model::change::Change;
use crate::model::gap::LeftOut;
use crate::model::unseen::{SourceItem, holds, source_items};
use crate::rules;

/// What comparing by text found.
#[derive(Debug, Default)]
pub struct UnseenItems {
    /// Items that read otherwise now, or are gone.
    pub changes: Vec<Change>,
    /// Items that read the same, and that no entry of a target stands for.
    pub left_out: Vec<LeftOut>,
}

/// Compares the items that were not compiled or not described. `old` and `new` are the sources of
/// both sides by path.
pub fn unseen_changes(
    old: &BTreeMap<PathBuf, String>,
    new: &BTreeMap<PathBuf, String>,
    targets: &[String],
) -> UnseenItems {
    let target = targets.first().map_or("", String::as_str);
    let before = source_items(old, target);
    let now = source_items(new, target);
    let places = |items: &[SourceItem]| -> BTreeSet<(String, String)> {
        items
            .iter()
            .map(|item| (item.path.clone(), item.head.clone()))
            .collect()
    };

    let (old_places, new_places) = (places(&before), places(&now));

    // An item may stand in another module now; a member belongs to its type.
    let moved: BTreeSet<&str> = new_places
        .difference(&old_places)
        .map(|(_, head)| head.as_str())
        .collect();

    let mut found = UnseenItems::default();
    for item in before {
        let is_seen = targets.iter().any(|target| holds(&item.condition, target));
        if item.condition.is_empty() || is_seen {
            continue;
        }
        let is_there = new_places.contains(&(item.path.clone(), item.head.clone()))
            || !item.is_member && moved.contains(item.head.as_str());
        if !is_there {
            found.changes.push(unseen_change(&item, target));
        } else if item.condition.contains("doc") {
            found.left_out.push(LeftOut {
                rule: &rules::NOT_JUDGED_USE,
                what: format!("`{}`: describe", item.path),
                why: format!(
                    "rustdoc does not see what is behind `cfg({})`",
                    item.condition
                ),
            });
        }
    }

    found
}

fn unseen_change(item: &SourceItem, target: &str) -> Change {
    let why = if item.condition.contains("doc") {
        "rustdoc does not see it".to_owned()
    } else {
        format!("it was not compiled for {target}")
    };
    let message = format!(
        "`{}` under `cfg({})` is gone or changed, and {why}",
        item.head, item.condition
    );
    let mut change = Change::unproved(&rules::UNPROVED, &item.path, Bump::Major, message);
    change.before.clone_from(&item.head);
    change
}
