//! One comparison: both sides built, programs written from both, compiled against both, the answers
//! made into changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use release_gate::process::Runner;
use release_gate::{Error, Result};
use rustdoc_types::{Crate, GenericParamDefKind, Id, ItemEnum};

use super::naming::{Shown, Written, write_program};
use super::prepared::Prepared;
use super::witnesses::{Sides, confirm_groups};
use crate::judge::coherence::Implementable;
use crate::judge::gaps::{JudgedGaps, Readable, judge_gaps};
use crate::judge::group::{self, Group};
use crate::judge::manifest;
use crate::judge::members::{Members, named_members};
use crate::judge::reached::{Reached, judge_reached};
use crate::judge::structural::{Described, structural_changes};
use crate::judge::symbols::{changed_symbols, symbol_count};
use crate::model::change::Change;
use crate::model::declaration::declaration;
use crate::model::gap::{Gap, LeftOut};
use crate::model::names::Hints;
use crate::program::assertion::Use;
use crate::program::{Assertion, Program};
use crate::prove::{self, Library, Line, Rejected, Rustc, Unproved};
use crate::rules;
use release_gate::Bump;

/// What came of a comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct Comparison {
    /// Everything that changed.
    pub(super) changes: Vec<Change>,
    /// How many uses were compiled against both sides.
    pub(super) assertions: usize,
    /// How many symbols of the old side were compared.
    pub(super) symbols: usize,
    /// The target that was compiled for.
    pub(super) host: Option<String>,
    /// Uses that could not be written or compiled on the old side: what no program judged.
    pub(super) gaps: Vec<Gap>,
    /// Of these, what reads the same on both sides, and what else was not judged.
    pub(super) left_out: Vec<LeftOut>,
    /// Packages whose items show in the new side's API.
    pub(super) public: BTreeSet<String>,
    /// Calls of macros that the old library takes.
    pub(super) macro_calls: Vec<MacroCall>,
    /// What of other packages shows in the old side's API.
    pub(super) shown: Vec<Shown>,
}

/// A call of a macro that its own library takes.
#[derive(Debug, Clone)]
pub(super) struct MacroCall {
    pub(super) item: String,
    pub(super) done: Use,
    pub(super) code: String,
}

fn macro_calls_of(accepted: &[Line<'_>]) -> Vec<MacroCall> {
    accepted
        .iter()
        .filter(|line| line.assertion.done.expands_macro())
        .map(|line| MacroCall {
            item: line.assertion.item.clone(),
            done: line.assertion.done,
            code: line.code().to_owned(),
        })
        .collect()
}

/// Compares two built sides.
///
/// # Errors
/// The compiler cannot be used.
pub(super) fn compare_sides(
    old: &Prepared<'_>,
    new: &Prepared<'_>,
    rustc: &Rustc<'_>,
    runner: &Runner,
) -> Result<Comparison> {
    if old.side.lib_name != new.side.lib_name {
        return Ok(renamed_library(&old.side.lib_name, &new.side.lib_name));
    }
    if !old.side.is_rust && !new.side.is_rust {
        return Ok(compare_symbols(old, new));
    }
    let mut known = BTreeMap::new();
    // The words of both sides: what the new macro compares with may be what the old one took.
    let mut words = old.side.hints.words.clone();
    words.extend(new.side.hints.words.iter().cloned());
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    let hints = |side: &Prepared<'_>| Hints {
        words: words.clone(),
        impls: side.side.hints.impls.clone(),
    };
    let written_old = write_program(old, rustc, runner, &mut known, &hints(old))?;
    let written_new = write_program(new, rustc, runner, &mut known, &hints(new))?;
    let sides = Sides::of(old, new, rustc, runner);
    let (forward, backward) = both_ways(&sides, &written_old.program, &written_new.program)?;

    let members_old = named_members(&old.side.api, &old.surface);
    let members_new = named_members(&new.side.api, &new.surface);
    let described = Both {
        old,
        new,
        members_old: &members_old,
        members_new: &members_new,
    };
    let mut changes = described.proved_breaks(&sides, &forward.rejected, &written_new.program)?;
    changes.extend(described.structural());
    changes.extend(changed_symbols(&old.side.api, &new.side.api));
    changes.extend(manifest::public_dependencies(
        &written_old.public,
        &written_new.public,
    ));
    let implemented: BTreeSet<&str> = forward
        .accepted
        .iter()
        .filter(|line| line.assertion.done == Use::ImplementRequired)
        .map(|line| line.assertion.item.as_str())
        .collect();
    let added = Added {
        rejected: &backward.rejected,
        program_old: &written_old.program,
        implemented: &implemented,
    };
    let additions = described.additions(&added, &changes);
    changes.extend(additions);
    let mut gaps = gaps_of(forward.gaps, &written_old);
    gaps.extend(described.unjudged(&forward.accepted, &gaps));
    let judged = described.judge_gaps(&gaps, &changes);
    changes.extend(judged.changes);
    let reached = described.judge_reached(&forward.accepted, &changes);
    changes.extend(reached.changes);
    let mut left_out = judged.left_out;
    left_out.extend(reached.left_out);
    left_out.extend(macros_never_called(old, &forward.accepted));
    left_out.extend(unasked_uses(&forward.unasked));
    left_out.extend(written_old.left_out);
    left_out.extend(written_old.program.capped.iter().map(|what| LeftOut {
        rule: &rules::NOT_JUDGED_USE,
        what: what.clone(),
        why: "there are more of them than are tried".to_owned(),
    }));
    let shown = written_old.shown;
    let macro_calls = macro_calls_of(&forward.accepted);
    Ok(Comparison {
        changes,
        assertions: forward.assertions,
        symbols: symbol_count(&old.side.api),
        host: Some(new.side.api.target.triple.clone()),
        gaps,
        left_out,
        macro_calls,
        shown,
        public: written_new
            .public
            .into_values()
            .map(|(package, _)| package)
            .collect(),
    })
}

fn renamed_library(old: &str, new: &str) -> Comparison {
    let message = format!("the library `{old}` is called `{new}` now");
    let change = Change::unproved(&rules::LIB_RENAMED, "library name", Bump::Major, message);
    Comparison {
        changes: vec![change],
        ..Comparison::default()
    }
}

/// A library for linkers alone has symbols and no other API.
fn compare_symbols(old: &Prepared<'_>, new: &Prepared<'_>) -> Comparison {
    Comparison {
        changes: changed_symbols(&old.side.api, &new.side.api),
        symbols: symbol_count(&old.side.api),
        host: Some(new.side.api.target.triple.clone()),
        ..Comparison::default()
    }
}

fn gaps_of(gaps: Vec<Gap>, written: &Written) -> Vec<Gap> {
    let mut gaps = gaps;
    gaps.extend(written.program.unwritten.iter().map(|unwritten| Gap {
        item: unwritten.item.clone(),
        id: unwritten.id,
        phrase: unwritten.done.phrase(),
        code: String::new(),
        why: "it names what cannot be named".to_owned(),
    }));
    gaps
}

/// Macros of which no call that was tried is taken.
fn macros_never_called(side: &Prepared<'_>, accepted: &[Line<'_>]) -> Vec<LeftOut> {
    let called: BTreeSet<&str> = accepted
        .iter()
        .filter(|line| line.assertion.done.expands_macro())
        .map(|line| line.assertion.item.as_str())
        .collect();

    let all: BTreeSet<&str> = side
        .surface
        .preferred
        .iter()
        .filter(|(id, _)| side.surface.is_documented(**id))
        .filter(|(id, _)| {
            side.side.api.index.get(id).is_some_and(|item| {
                matches!(item.inner, ItemEnum::Macro(_) | ItemEnum::ProcMacro(_))
            })
        })
        .map(|(_, path)| path.as_str())
        .collect();

    all.difference(&called)
        .map(|item| LeftOut {
            rule: &rules::NOT_JUDGED_MACRO,
            what: format!("`{item}!`"),
            why: "the macro takes none of the inputs that were tried".to_owned(),
        })
        .collect()
}

/// An entry for each sort of use that could not be asked for.
fn unasked_uses(unasked: &[&Assertion]) -> Vec<LeftOut> {
    const NAMED: usize = 3;
    let mut by_phrase: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for assertion in unasked {
        by_phrase
            .entry(assertion.done.phrase())
            .or_default()
            .insert(&assertion.item);
    }

    by_phrase
        .into_iter()
        .map(|(phrase, items)| {
            let named: Vec<String> = items
                .iter()
                .take(NAMED)
                .map(|item| format!("`{item}`"))
                .collect();
            let more = items.len().saturating_sub(NAMED);
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            LeftOut {
                rule: &rules::NOT_JUDGED_USE,
                what: format!("{}{rest}: {phrase}", named.join(", ")),
                why: "the program for it says too little for rustc to understand it".to_owned(),
            }
        })
        .collect()
}

fn gap_of(unproved: &Unproved<'_>) -> Gap {
    let Unproved {
        assertion,
        rejection,
    } = unproved;
    let why = if rejection.message.is_empty() {
        "it cannot be written on a line of its own".to_owned()
    } else {
        format!("with the old library rustc says: {}", rejection.message)
    };
    Gap {
        item: assertion.item.clone(),
        id: assertion.id,
        phrase: assertion.done.phrase(),
        code: rejection.code.clone(),
        why,
    }
}

/// A program from one library, compiled against both.
struct OneWay<'a> {
    assertions: usize,
    gaps: Vec<Gap>,
    rejected: Vec<Rejected<'a>>,
    /// What its own library accepts.
    accepted: Vec<Line<'a>>,
    /// Uses that could not be asked for.
    unasked: Vec<&'a Assertion>,
}

/// The old program against the new library shows breaks; the new program against the old library
/// shows additions.
fn both_ways<'a>(
    sides: &Sides<'_>,
    old: &'a Program,
    new: &'a Program,
) -> Result<(OneWay<'a>, OneWay<'a>)> {
    let (forward, backward) = std::thread::scope(|scope| {
        let backward = scope.spawn(|| one_way(sides, &sides.new, &sides.old, new));
        (one_way(sides, &sides.old, &sides.new, old), backward.join())
    });
    let backward = backward
        .map_err(|_| Error::judge("comparing the new program with the old library ended early"))?;
    Ok((forward?, backward?))
}

fn one_way<'a>(
    sides: &Sides<'_>,
    from: &Library,
    to: &Library,
    program: &'a Program,
) -> Result<OneWay<'a>> {
    let accepted = prove::accepted_by(sides.rustc, from, sides.runner, &program.assertions)?;
    if accepted.lines.is_empty() && !accepted.gaps.is_empty() {
        return Err(Error::judge(format!("no use of `{}` compiles with the library it was written for", from.name))
            .with_help("this is a defect of cargo-compat, or another compiler made the library; `--verbose` shows what was called"));
    }
    let rejected = prove::rejected_by(sides.rustc, to, sides.runner, &accepted.lines)?;
    let gaps = accepted.gaps.iter().map(gap_of).collect();
    Ok(OneWay {
        assertions: accepted.lines.len(),
        gaps,
        rejected,
        accepted: accepted.lines,
        unasked: accepted.unasked,
    })
}

/// What the old library rejects of the new program, and what it accepts of its own.
struct Added<'a> {
    rejected: &'a [Rejected<'a>],
    program_old: &'a Program,
    /// Paths of traits that users can implement.
    implemented: &'a BTreeSet<&'a str>,
}

/// Both sides with what of them can be named.
struct Both<'a> {
    old: &'a Prepared<'a>,
    new: &'a Prepared<'a>,
    members_old: &'a Members<'a>,
    members_new: &'a Members<'a>,
}

impl Both<'_> {
    /// What the new library rejects of the old program.
    fn proved_breaks(
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
        let groups = group::group_by_item(&counted, &self.old.side.lib_name, &|item| {
            self.members_new.contains_key(item)
        });

        let witnesses = confirm_groups(sides, &groups)?;
        let mut changes = Vec::new();
        for (group, witness) in groups.iter().zip(witnesses) {
            let mut change = group::breaking_change(group);
            if let Some(line) = group.lines.first() {
                let new_id = new_ids.get(group.item.as_str()).copied();
                self.describe(&mut change, line.line.assertion.id, new_id);
            }
            let is_private = witness.as_ref().is_some_and(|witness| {
                matches!(witness.code.as_str(), "E0603" | "E0616" | "E0624" | "E0451")
            });
            if is_private && change.rule.id == rules::REMOVED.id {
                change.message = format!("`{}` is private now", group.item);
            }
            change.witness = witness;
            changes.push(change);
        }
        Ok(changes)
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
        change.old_location = old
            .side
            .api
            .index
            .get(&old_id)
            .and_then(|item| old.location(item));
        if let Some(id) = new_id {
            change.after = declaration(&new.side.api, id);
            change.location = new
                .side
                .api
                .index
                .get(&id)
                .and_then(|item| new.location(item));
        }
    }

    /// What a compiler cannot show.
    fn structural(&self) -> Vec<Change> {
        let Self { old, new, .. } = self;
        let mut changes = structural_changes(
            Described {
                krate: &old.side.api,
                members: self.members_old,
            },
            Described {
                krate: &new.side.api,
                members: self.members_new,
            },
        );
        for change in &mut changes {
            if let Some(member) = self.members_old.get(&change.item) {
                change.before = declaration(&old.side.api, member.item.id);
                change.old_location = old.location(member.item);
            }
            if let Some(member) = self.members_new.get(&change.item) {
                change.after = declaration(&new.side.api, member.item.id);
                change.location = new.location(member.item);
            }
        }
        changes
    }

    /// What the old library rejects of the new program, and no break explains.
    fn additions(&self, added: &Added<'_>, changes: &[Change]) -> Vec<Change> {
        let old_items: BTreeSet<&str> = added
            .program_old
            .assertions
            .iter()
            .map(|assertion| assertion.item.as_str())
            .collect();

        let broken: BTreeSet<&str> = changes
            .iter()
            .filter(|change| change.bump == Bump::Major)
            .map(|change| change.item.as_str())
            .collect();

        let groups = group::group_by_item(added.rejected, &self.old.side.lib_name, &|item| {
            self.members_old.contains_key(item)
        });
        let users = Implementable {
            krate: &self.new.side.api,
            surface: &self.new.surface,
            members_old: self.members_old,
            traits: added.implemented,
        };

        groups
            .iter()
            .filter(|group| !is_explained(&group.item, &broken))
            .map(|group| {
                let mut change = self.addition(group, &old_items);
                if self.adds_blanket(group, &users) {
                    change.rule = &rules::TRAIT_IMPL;
                    change.bump = Bump::Major;
                    change.message = format!(
                        "`{}` is new: users' own implementations of the trait conflict with it (E0119)",
                        group.item
                    );
                }
                change
            })
            .collect()
    }

    /// Whether a new implementation takes types for which users may have their own.
    fn adds_blanket(&self, group: &Group<'_>, users: &Implementable<'_>) -> bool {
        group.rule.id == rules::IMPL_REMOVED.id
            && group.lines.iter().any(|line| {
                let id = line.line.assertion.id;
                match self.new.side.api.index.get(&id).map(|item| &item.inner) {
                    Some(ItemEnum::Impl(of)) => users.may_conflict(of),
                    _ => false,
                }
            })
    }

    /// Documented items of which no use was compiled that says more than that they are there.
    fn unjudged(&self, accepted: &[Line<'_>], gaps: &[Gap]) -> Vec<Gap> {
        let known: BTreeSet<&str> = accepted
            .iter()
            .filter(|line| line.assertion.done.judges())
            .map(|line| line.assertion.item.as_str())
            .chain(gaps.iter().map(|gap| gap.item.as_str()))
            .collect();

        let preferred = &self.old.surface.preferred;
        self.members_old
            .iter()
            .filter(|(path, member)| !member.hidden && !known.contains(path.as_str()))
            .filter(|(path, member)| {
                preferred
                    .get(&member.item.id)
                    .is_none_or(|main| main == *path)
            })
            .filter(|(_, member)| is_judged_by_programs(&member.item.inner))
            .map(|(path, member)| Gap {
                item: path.clone(),
                id: member.item.id,
                phrase: "use",
                code: String::new(),
                why: "no use of it compiles with its own library".to_owned(),
            })
            .collect()
    }

    /// What no program judged, by its text.
    fn judge_gaps(&self, gaps: &[Gap], changes: &[Change]) -> JudgedGaps {
        let broken: BTreeSet<String> = changes
            .iter()
            .filter(|change| change.bump == Bump::Major)
            .map(|change| change.item.clone())
            .collect();
        let mut judged = judge_gaps(gaps, self.readable_old(), self.readable_new(), &broken);
        for change in &mut judged.changes {
            let path = change.item.split(" → ").next().unwrap_or_default();
            if let Some(member) = self.members_old.get(path) {
                change.old_location = self.old.location(member.item);
            }
            if let Some(member) = self.members_new.get(path) {
                change.location = self.new.location(member.item);
            }
        }
        judged
    }

    /// What of types without a name no program used.
    fn judge_reached(&self, accepted: &[Line<'_>], changes: &[Change]) -> Reached {
        let used: BTreeSet<Id> = accepted
            .iter()
            .filter(|line| line.assertion.item.contains(" (without a name) → "))
            .map(|line| line.assertion.id)
            .collect();
        let mut reached = judge_reached(self.readable_old(), self.readable_new(), &used);
        reached.changes.retain(|change| {
            !changes
                .iter()
                .any(|known| known.item == change.item && known.bump == Bump::Major)
        });
        reached
    }

    fn readable_old(&self) -> Readable<'_> {
        Readable {
            krate: &self.old.side.api,
            surface: &self.old.surface,
            members: self.members_old,
        }
    }

    fn readable_new(&self) -> Readable<'_> {
        Readable {
            krate: &self.new.side.api,
            surface: &self.new.surface,
            members: self.members_new,
        }
    }

    fn addition(&self, group: &Group<'_>, old_items: &BTreeSet<&str>) -> Change {
        let existed = old_items.contains(group.item.as_str())
            || self
                .members_old
                .get(&group.item)
                .is_some_and(|member| !member.hidden);
        let mut change = group::added_change(group, existed);
        if let Some(line) = group.lines.first() {
            let id = line.line.assertion.id;
            let api = &self.new.side.api;
            change.after = declaration(api, id);
            change.location = api.index.get(&id).and_then(|item| self.new.location(item));
        }
        change
    }
}

/// Whether programs use items of this sort. Macros have an entry of their own where none is called.
fn is_judged_by_programs(inner: &ItemEnum) -> bool {
    !matches!(
        inner,
        ItemEnum::Module(_)
            | ItemEnum::ExternCrate { .. }
            | ItemEnum::Use(_)
            | ItemEnum::Macro(_)
            | ItemEnum::ProcMacro(_)
            | ItemEnum::ExternType
            | ItemEnum::Primitive(_)
    )
}

/// Whether a break of an item, of what holds it or of what it holds explains that it is new.
fn is_explained(item: &str, broken: &BTreeSet<&str>) -> bool {
    broken.iter().any(|other| {
        *other == item
            || item.starts_with(&format!("{other}::"))
            || other.starts_with(&format!("{item}::"))
    })
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
