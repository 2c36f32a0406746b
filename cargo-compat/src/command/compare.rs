//! One comparison: both sides built, programs written from both, compiled against both, the answers
//! made into changes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use release_gate::process::Runner;
use release_gate::{Error, Result};
use rustdoc_types::{Id, ItemEnum};

use super::both::Both;
use super::naming::{Shown, Written, write_program};
use super::prepared::Prepared;
use super::witnesses::Sides;
use crate::judge::coherence::Implementable;
use crate::judge::gaps::{JudgedGaps, judge_gaps};
use crate::judge::group::{self, Group, OtherSide};
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
use crate::prove::{self, Accepted, Library, Line, Rejected, Rustc, Unproved};
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
    /// Uses of the old API that both sides accept.
    pub(super) kept: Vec<Assertion>,
    /// Uses that only the new side accepts, of items that the old one has not.
    pub(super) added: Vec<Assertion>,
}

/// Lines as assertions of their own, but calls of macros.
fn as_assertions<'l>(lines: impl Iterator<Item = &'l Line<'l>>) -> Vec<Assertion> {
    lines
        .filter(|line| !line.assertion.done.expands_macro())
        .map(|line| Assertion {
            ways: vec![line.code().to_owned()],
            ..line.assertion.clone()
        })
        .collect()
}

/// Which lines are rejected.
fn keys_of(rejected: &[Rejected<'_>]) -> BTreeSet<*const Assertion> {
    rejected
        .iter()
        .map(|line| std::ptr::from_ref(line.line.assertion))
        .collect()
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
    let words = words_of_both(old, new);
    let hints = |side: &Prepared<'_>| Hints {
        words: words.clone(),
        ..side.side.hints.clone()
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
    let (kept, added) = lines_to_keep(&forward, &backward, &members_old);
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
        kept,
        added,
        public: written_new
            .public
            .into_values()
            .map(|(package, _)| package)
            .collect(),
    })
}

/// The words of both sides: what the new macro compares with may be what the old one took.
fn words_of_both(old: &Prepared<'_>, new: &Prepared<'_>) -> Vec<String> {
    let mut words = old.side.hints.words.clone();
    words.extend(new.side.hints.words.iter().cloned());
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    words
}

/// Uses of the old API that both sides accept, and those of what only the new one has.
fn lines_to_keep(
    forward: &OneWay<'_>,
    backward: &OneWay<'_>,
    members_old: &Members<'_>,
) -> (Vec<Assertion>, Vec<Assertion>) {
    let broken = keys_of(&forward.rejected);
    let kept = as_assertions(
        forward
            .accepted
            .iter()
            .filter(|line| !broken.contains(&std::ptr::from_ref(line.assertion))),
    );
    let added = as_assertions(
        backward
            .rejected
            .iter()
            .map(|rejected| &rejected.line)
            .filter(|line| !members_old.contains_key(&line.assertion.item)),
    );
    (kept, added)
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
///
/// A line that stands in both programs was compiled with both libraries when each took its own program,
/// and is not compiled again.
fn both_ways<'a>(
    sides: &Sides<'_>,
    old: &'a Program,
    new: &'a Program,
) -> Result<(OneWay<'a>, OneWay<'a>)> {
    let (of_old, of_new) = beside(
        || accepted_lines(sides, &sides.old, old),
        || accepted_lines(sides, &sides.new, new),
    )?;
    let (by_old, by_new) = (codes_of(&of_old), codes_of(&of_new));
    let (forward, backward) = beside(
        || rejected_lines(sides, &sides.new, &of_old, &by_new),
        || rejected_lines(sides, &sides.old, &of_new, &by_old),
    )?;
    Ok((one_way(of_old, forward), one_way(of_new, backward)))
}

/// Does two things at once.
fn beside<T: Send>(
    one: impl FnOnce() -> Result<T> + Send,
    other: impl FnOnce() -> Result<T>,
) -> Result<(T, T)> {
    let (other, one) = std::thread::scope(|scope| {
        let one = scope.spawn(one);
        (other(), one.join())
    });
    let one = one.map_err(|_| Error::judge("compiling a program ended early"))?;
    Ok((one?, other?))
}

fn accepted_lines<'a>(
    sides: &Sides<'_>,
    library: &Library,
    program: &'a Program,
) -> Result<Accepted<'a>> {
    let accepted = prove::accepted_by(sides.rustc, library, sides.runner, &program.assertions)?;
    if accepted.lines.is_empty() && !accepted.gaps.is_empty() {
        return Err(Error::judge(format!("no use of `{}` compiles with the library it was written for", library.name))
            .with_help("this is a defect of cargo-compat, or another compiler made the library; `--verbose` shows what was called"));
    }
    Ok(accepted)
}

fn codes_of<'l>(accepted: &'l Accepted<'_>) -> HashSet<&'l str> {
    accepted.lines.iter().map(Line::code).collect()
}

/// Lines of one program that the other library rejects. `known`: what that library took already.
fn rejected_lines<'a>(
    sides: &Sides<'_>,
    library: &Library,
    accepted: &Accepted<'a>,
    known: &HashSet<&str>,
) -> Result<Vec<Rejected<'a>>> {
    let open: Vec<Line<'a>> = accepted
        .lines
        .iter()
        .filter(|line| !known.contains(line.code()))
        .copied()
        .collect();
    prove::rejected_by(sides.rustc, library, sides.runner, &open)
}

fn one_way<'a>(accepted: Accepted<'a>, rejected: Vec<Rejected<'a>>) -> OneWay<'a> {
    OneWay {
        assertions: accepted.lines.len(),
        gaps: accepted.gaps.iter().map(gap_of).collect(),
        rejected,
        accepted: accepted.lines,
        unasked: accepted.unasked,
    }
}

/// What the old library rejects of the new program, and what it accepts of its own.
struct Added<'a> {
    rejected: &'a [Rejected<'a>],
    program_old: &'a Program,
    /// Paths of traits that users can implement.
    implemented: &'a BTreeSet<&'a str>,
}

impl Both<'_> {
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

        let other = OtherSide {
            exists: &|item| self.members_old.contains_key(item),
            gained: &|_| false,
        };
        let groups = group::group_by_item(added.rejected, &self.old.side.lib_name, &other);
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
