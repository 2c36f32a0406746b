//! Two descriptions compared by their structure alone, where nothing can be compiled.

use rustdoc_types::Crate;

use super::members::{Members, named_members};
use super::structural::{Described, structural_changes};
use crate::model::change::Change;
use crate::model::declaration::declaration;
use crate::model::surface::Surface;
use crate::rules;
use release_gate::Bump;

/// Compares two descriptions. A declaration that reads otherwise is shown and counts for nothing:
/// only a compiler could tell whether it breaks.
pub fn described_changes(old: &Crate, new: &Crate) -> Vec<Change> {
    let members_old = named_members(old, &Surface::of(old));
    let members_new = named_members(new, &Surface::of(new));
    let old = Described {
        krate: old,
        members: &members_old,
    };
    let new = Described {
        krate: new,
        members: &members_new,
    };
    let mut changes = structural_changes(old, new);
    changes.extend(removed_or_respelled(old, new));
    changes.extend(added(old, new));
    changes
}

/// Whether what holds an item is missing on the other side, which says enough.
fn is_missing_with_owner(path: &str, own: &Members<'_>, other: &Members<'_>) -> bool {
    path.rsplit_once("::")
        .is_some_and(|(owner, _)| own.contains_key(owner) && !other.contains_key(owner))
}

fn removed_or_respelled(old: Described<'_>, new: Described<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (path, member) in old.members.iter().filter(|(_, member)| !member.hidden) {
        let before = declaration(old.krate, member.item.id);
        match new.members.get(path) {
            None if is_missing_with_owner(path, old.members, new.members) => {}
            None => {
                let message = format!("`{path}` is gone");
                let mut change = Change::unproved(&rules::REMOVED, path, Bump::Major, message);
                change.before = before;
                changes.push(change);
            }
            Some(other) => {
                let after = declaration(new.krate, other.item.id);
                if before != after {
                    let message = format!("`{path}` reads otherwise");
                    let mut change = Change::unproved(&rules::UNPROVED, path, Bump::Patch, message);
                    (change.before, change.after) = (before, after);
                    changes.push(change);
                }
            }
        }
    }

    changes
}

fn added(old: Described<'_>, new: Described<'_>) -> Vec<Change> {
    new.members
        .iter()
        .filter(|(path, member)| {
            !member.hidden
                && !old.members.contains_key(*path)
                && !is_missing_with_owner(path, new.members, old.members)
        })
        .map(|(path, member)| {
            let message = format!("`{path}` is new");
            let mut change = Change::unproved(&rules::ADDED, path, Bump::Minor, message);
            change.after = declaration(new.krate, member.item.id);
            change
        })
        .collect()
}
