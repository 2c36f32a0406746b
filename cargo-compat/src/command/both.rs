//! Both sides with what of them can be named, and what the new library rejects of the old program.

use std::collections::HashMap;

use release_gate::Result;
use rustdoc_types::{Crate, GenericParamDefKind, Id, ItemEnum};

use super::prepared::Prepared;
use super::witnesses::{Sides, confirm_groups};
use crate::judge::cause::{Declared, cause, gained};
use crate::judge::gaps::Readable;
use crate::judge::group::{self, Group, OtherSide};
use crate::judge::members::Members;
use crate::judge::moved::fold_change;
use crate::judge::reshaped::{Reshaped, is_too_few, with_more_lifetimes};
use crate::model::change::Change;
use crate::model::declaration::declaration;
use crate::program::assertion::Use;
use crate::program::{Assertion, Program};
use crate::prove::{self, Line, Rejected};
use crate::rules;

/// Both sides with what of them can be named.
pub(super) struct Both<'a> {
    pub(super) old: &'a Prepared<'a>,
    pub(super) new: &'a Prepared<'a>,
    pub(super) members_old: &'a Members<'a>,
    pub(super) members_new: &'a Members<'a>,
}

impl Both<'_> {
    /// What the new library rejects of the old program.
    pub(super) fn proved_breaks(
        &self,
        sides: &Sides<'_>,
        rejected: &[Rejected<'_>],
        program_new: &Program,
    ) -> Result<Vec<Change>> {
        let new_ids: HashMap<&str, Id> = program_new
            .assertions
            .iter()
            .map(|assertion| (assertion.item.as_str(), assertion.id))
            .collect();
        let counted: Vec<Rejected<'_>> = rejected
            .iter()
            .filter(|rejected| !self.is_generalized_pointer(rejected, &new_ids))
            .cloned()
            .collect();

        let groups = self.grouped(sides, counted)?;
        let witnesses = confirm_groups(sides, &groups)?;
        let mut changes = Vec::new();
        for (group, witness) in groups.iter().zip(witnesses) {
            let cause = self.cause_of(group);
            let mut change = group::breaking_change(group, cause.as_deref());
            if let Some(line) = group.lines.first() {
                let old_id = self.members_old.get(&group.item).map(|known| known.item.id);
                let new_id = self.members_new.get(&group.item).map(|known| known.item.id);
                self.describe(
                    &mut change,
                    old_id.unwrap_or(line.line.assertion.id),
                    new_ids.get(group.item.as_str()).copied().or(new_id),
                );
            }
            let is_private = witness.as_ref().is_some_and(|witness| {
                matches!(witness.code.as_str(), "E0603" | "E0616" | "E0624" | "E0451")
            });
            if is_private && change.rule.id == rules::REMOVED.id {
                change.message = format!("`{}` is private now", group.item);
            } else {
                fold_change(&mut change, self.readable_new());
            }
            change.witness = witness;
            changes.push(change);
        }
        Ok(changes)
    }

    /// Lines by their cause. What names a type with too few lifetimes shows that the type takes more
    /// of them, and nothing else: it is asked once more with them filled in.
    fn grouped<'r>(
        &self,
        sides: &Sides<'_>,
        rejected: Vec<Rejected<'r>>,
    ) -> Result<Vec<Group<'r>>> {
        let lib = &self.old.side.lib_name;
        let reshaped = with_more_lifetimes(lib, self.members_old, self.members_new);
        let (too_few, mut others): (Vec<_>, Vec<_>) = rejected
            .into_iter()
            .partition(|line| reshaped.iter().any(|one| one.is_why(line)));
        others.extend(broken_when_filled(sides, &too_few, &reshaped)?);

        let other = OtherSide {
            exists: &|item| self.members_new.contains_key(item),
            gained: &|item| self.gained_by(item).is_some(),
        };
        let mut groups = group::group_by_item(&others, lib, &other);
        for one in &reshaped {
            let line = too_few.iter().find(|line| one.is_why(line));
            let said = groups
                .iter()
                .any(|group| group.item == one.item && group.rule.id == rules::GENERICS.id);
            if let Some(line) = line.filter(|_| !said) {
                groups.push(Group {
                    item: one.item.clone(),
                    rule: &rules::GENERICS,
                    lines: vec![line.clone()],
                });
            }
        }
        Ok(groups)
    }

    /// What became of an item that both sides have.
    fn cause_of(&self, group: &Group<'_>) -> Option<String> {
        let (old, new) = self.declared(&group.item)?;
        cause(group.rule, old, new)
    }

    fn gained_by(&self, item: &str) -> Option<String> {
        let (old, new) = self.declared(item)?;
        gained(old, new)
    }

    fn declared(&self, item: &str) -> Option<(Declared<'_>, Declared<'_>)> {
        let old = Declared {
            krate: &self.old.side.api,
            item: self.members_old.get(item)?.item,
        };
        let new = Declared {
            krate: &self.new.side.api,
            item: self.members_new.get(item)?.item,
        };
        Some((old, new))
    }

    /// Whether a line only shows that a function became generic, which is not held against it.
    fn is_generalized_pointer(&self, rejected: &Rejected<'_>, new_ids: &HashMap<&str, Id>) -> bool {
        let assertion = rejected.line.assertion;
        if assertion.done != Use::PointTo {
            return false;
        }
        let Some(id) = new_ids.get(assertion.item.as_str()) else {
            return true;
        };
        type_parameters(&self.new.side.api, *id) > type_parameters(&self.old.side.api, assertion.id)
    }

    fn describe(&self, change: &mut Change, old_id: Id, new_id: Option<Id>) {
        let Self { old, new, .. } = self;
        change.before = declaration(&old.side.api, old_id);
        change.old_location = old.location_of(old_id);
        if let Some(id) = new_id {
            change.after = declaration(&new.side.api, id);
            change.location = new.location_of(id);
        }
    }

    pub(super) fn readable_old(&self) -> Readable<'_> {
        Readable {
            krate: &self.old.side.api,
            surface: &self.old.surface,
            members: self.members_old,
        }
    }

    pub(super) fn readable_new(&self) -> Readable<'_> {
        Readable {
            krate: &self.new.side.api,
            surface: &self.new.surface,
            members: self.members_new,
        }
    }
}

/// Of lines that name a type with too few lifetimes, those that fail for another reason when they
/// are filled in.
fn broken_when_filled<'r>(
    sides: &Sides<'_>,
    too_few: &[Rejected<'r>],
    reshaped: &[Reshaped],
) -> Result<Vec<Rejected<'r>>> {
    let (mut asked, mut filled): (Vec<&Rejected<'r>>, Vec<Assertion>) = (Vec::new(), Vec::new());
    for line in too_few {
        let rule = line.line.assertion.done.rule().id;
        if rule == rules::IMPL_REMOVED.id
            && let Some(one) = reshaped.iter().find(|one| one.is_why(line))
        {
            asked.push(line);
            filled.push(one.filled(line.line.assertion, line.line.code()));
        }
    }
    let lines: Vec<Line<'_>> = filled
        .iter()
        .map(|assertion| Line { assertion, way: 0 })
        .collect();
    let rejected = prove::rejected_by(sides.rustc, &sides.new, sides.runner, &lines)?;

    Ok(asked
        .into_iter()
        .zip(&filled)
        .filter_map(|(line, assertion)| {
            let told = rejected
                .iter()
                .find(|told| std::ptr::eq(told.line.assertion, assertion))?;
            // An error without a code is one of how it was filled in.
            let counts = !told.rejection.code.is_empty() && !is_too_few(told);
            counts.then(|| Rejected {
                line: line.line,
                rejection: told.rejection.clone(),
            })
        })
        .collect())
}

/// How many type parameters a function has. Generalizing one is harmless by Cargo's SemVer chapter.
fn type_parameters(api: &Crate, id: Id) -> usize {
    match api.index.get(&id).map(|item| &item.inner) {
        Some(ItemEnum::Function(function)) => function
            .generics
            .params
            .iter()
            .filter(|param| matches!(param.kind, GenericParamDefKind::Type { .. }))
            .count(),
        _ => 0,
    }
}
