//! What macros give: the type of a call's value, and the items that procedural macros generate.
//!
//! A call that still compiles may give something else. For calls in the place of an expression the
//! compiler is asked for the type on both sides. What procedural macros generate from the inputs
//! that they take is made a library of its own on each side, and the two are compared like any
//! others.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::process::Runner;
use release_gate::{Bump, Result};
use rustdoc_types::ItemKind;

use super::compare::{Comparison, MacroCall, compare_sides};
use super::prepared::Prepared;
use super::witnesses::Sides;
use crate::model::change::Change;
use crate::model::gap::LeftOut;
use crate::model::names::Hints;
use crate::program::assertion::Use;
use crate::prove::{Library, Rustc};
use crate::read::side::Side;
use crate::rules;

/// What came of comparing macros.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) changes: Vec<Change>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Expanded {
    /// Adds it to a comparison, where no call shows the same.
    pub(super) fn add_to(self, comparison: &mut Comparison) {
        let is_known = |change: &Change| {
            comparison
                .changes
                .iter()
                .any(|known| known.item == change.item && known.bump == change.bump)
        };
        let new: Vec<Change> = self
            .changes
            .into_iter()
            .filter(|change| !is_known(change))
            .collect();
        comparison.changes.extend(new);
        comparison.left_out.extend(self.left_out);
    }
}

/// How many macros are asked for the types they give.
const MACROS: usize = 60;

/// Calls whose value has another type now. Each macro is asked in a program of its own: an error
/// that stops the compiler early must not hide what the others give.
pub(super) fn changed_results(sides: &Sides<'_>, calls: &[MacroCall]) -> Result<Expanded> {
    let mut by_macro: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for call in calls {
        let is_call = matches!(call.done, Use::CallMacro | Use::CallProcMacro);
        if is_call && call.code.contains("let _ = ") {
            let asked = call.code.replacen("let _ = ", "let () = ", 1);
            by_macro.entry(&call.item).or_default().push(asked);
        }
    }

    let mut found = Expanded::default();
    found
        .left_out
        .extend(by_macro.keys().skip(MACROS).map(|item| LeftOut {
            rule: &rules::NOT_JUDGED_MACRO,
            what: format!("`{item}!`: what its calls give"),
            why: format!("{MACROS} macros are asked"),
        }));

    for (item, codes) in by_macro.iter().take(MACROS) {
        let before = result_types(sides, &sides.old, codes)?;
        let after = result_types(sides, &sides.new, codes)?;
        let changed = before
            .into_iter()
            .zip(after)
            .filter_map(|(before, after)| before.zip(after))
            .find(|(before, after)| before != after);
        if let Some((before, after)) = changed {
            let message = format!("`{item}!`: a call gives `{after}` now, and gave `{before}`");
            let mut change = Change::unproved(&rules::MACRO, *item, Bump::Major, message);
            (change.before, change.after) = (before, after);
            found.changes.push(change);
        }
    }

    Ok(found)
}

/// The type of each call, as the compiler names it where `()` is wanted.
fn result_types(
    sides: &Sides<'_>,
    library: &Library,
    codes: &[String],
) -> Result<Vec<Option<String>>> {
    let count = codes.len();
    let text: String = codes
        .iter()
        .enumerate()
        .map(|(index, code)| format!("mod a{index} {{ {code} }}\n"))
        .collect();

    let header = "#![allow(warnings)] #![recursion_limit = \"512\"] extern crate alloc;\n";
    let verdict = sides
        .rustc
        .check(library, sides.runner, &format!("{header}{text}"))?;
    let mut types = vec![None; count];
    for rejection in verdict.rejections {
        if rejection.code == "E0308"
            && let Some(index) = rejection.line.checked_sub(2).filter(|at| *at < count)
            && let Some((_, rest)) = rejection.rendered.split_once("this expression has type `")
        {
            // Closures are named after their place in the program, which says nothing.
            types[index] = rest
                .split('`')
                .next()
                .filter(|name| !name.contains('@'))
                .map(str::to_owned);
        }
    }

    Ok(types)
}

/// What procedural macros generate, compared as libraries. Where that cannot be done, each macro is
/// said.
pub(super) fn compare_generated(
    sides: &Sides<'_>,
    calls: &[MacroCall],
    (old, new): (&Prepared<'_>, &Prepared<'_>),
) -> Result<Expanded> {
    let mut found = Expanded::default();
    let inputs: Vec<&MacroCall> = calls.iter().filter(|call| gives_items(call)).collect();
    let compared = if inputs.is_empty() {
        None
    } else {
        compare_items(sides, &inputs, (old, new))?
    };

    let is_compared = compared.is_some();
    found.changes = compared.unwrap_or_default();
    let mut unsaid: BTreeSet<&str> = calls
        .iter()
        .filter(|call| is_procedural(call))
        .map(|call| call.item.as_str())
        .collect();

    for call in inputs.iter().filter(|_| is_compared) {
        unsaid.remove(call.item.as_str());
    }

    // A value has been compared by its type.
    for call in calls.iter().filter(|call| call.code.contains("let _ = ")) {
        unsaid.remove(call.item.as_str());
    }

    found.left_out.extend(unsaid.iter().map(|item| LeftOut {
        rule: &rules::NOT_JUDGED_MACRO,
        what: format!("`{item}`: what it generates"),
        why: "it does not compile as a library on both sides".to_owned(),
    }));

    // One that takes none of the inputs was not compared, either.
    let is_judged = |item: &str| {
        calls
            .iter()
            .any(|call| call.item == item && call.done != Use::DeriveByPath)
            && !unsaid.contains(item)
    };
    found.left_out.extend(foreign_macros(old, &is_judged));

    Ok(found)
}

fn is_procedural(call: &MacroCall) -> bool {
    matches!(
        call.done,
        Use::Derive | Use::DeriveWithHelper | Use::ApplyAttribute | Use::CallProcMacro
    )
}

/// Whether a call stands in the place of items.
fn gives_items(call: &MacroCall) -> bool {
    is_procedural(call) && !call.code.contains("fn w__")
}

/// Procedural macros of other crates that the API re-exports, but those whose output was compared.
fn foreign_macros(side: &Prepared<'_>, is_judged: &dyn Fn(&str) -> bool) -> Vec<LeftOut> {
    side.surface
        .entries
        .iter()
        .filter(|(_, entry)| !entry.hidden && !side.side.api.index.contains_key(&entry.id))
        .filter(|(_, entry)| matches!(entry.kind, ItemKind::ProcDerive | ItemKind::ProcAttribute))
        .filter(|((path, _), _)| !is_judged(path))
        .map(|((path, _), _)| LeftOut {
            rule: &rules::NOT_JUDGED_MACRO,
            what: format!("`{path}`: what it generates"),
            why: "another crate defines this macro".to_owned(),
        })
        .collect()
}

fn compare_items(
    sides: &Sides<'_>,
    inputs: &[&MacroCall],
    (old, new): (&Prepared<'_>, &Prepared<'_>),
) -> Result<Option<Vec<Change>>> {
    let text: String = inputs
        .iter()
        .enumerate()
        .map(|(index, call)| format!("pub mod input{index} {{ {} }}\n", made_public(&call.code)))
        .collect();
    let text = format!("#![allow(warnings)]\n{text}");
    let before = generated_side(sides.rustc, sides.runner, &sides.old, (&text, old.side))?;
    let after = generated_side(sides.rustc, sides.runner, &sides.new, (&text, new.side))?;
    let (Some(before), Some(after)) = (before, after) else {
        return Ok(None);
    };
    let prepared_old = Prepared::new(&before, std::path::Path::new("/"));
    let prepared_new = Prepared::new(&after, std::path::Path::new("/"));
    let comparison = compare_sides(&prepared_old, &prepared_new, sides.rustc, sides.runner)?;
    let mut changes = comparison.changes;
    changes.retain(|change| change.bump == Bump::Major);
    for change in &mut changes {
        change.message = format!("what a macro generates changed: {}", change.message);
        change.rule = &rules::MACRO;
        change.item = format!("generated {}", change.item);
    }
    Ok(Some(changes))
}

/// Items of the input can be named from outside.
fn made_public(code: &str) -> String {
    let mut text = code.to_owned();
    for word in ["struct S__", "enum S__", "fn f__", "async fn f__"] {
        text = text.replace(&format!(" {word}"), &format!(" pub {word}"));
    }
    text.replace("async pub fn", "async fn")
        .replace("pub pub", "pub")
}

/// A library of generated items, compiled and described. `None`: it does not compile.
fn generated_side(
    rustc: &Rustc<'_>,
    runner: &Runner,
    library: &Library,
    (text, of): (&str, &Side),
) -> Result<Option<Side>> {
    let Some(made) = rustc.make_library(library, runner, "generated", text)? else {
        return Ok(None);
    };
    let Ok(api) = crate::read::rustdoc::parse(&made.description) else {
        return Ok(None);
    };
    let mut deps_dirs = of.deps_dirs.clone();
    deps_dirs.extend(library.artifact.parent().map(std::path::Path::to_owned));
    Ok(Some(Side {
        package: of.package.clone(),
        metadata: of.metadata.clone(),
        api,
        lib_name: "generated".to_owned(),
        is_rust: true,
        artifact: made.artifact,
        deps_dirs,
        crates: of.crates.clone(),
        globbed: Vec::new(),
        hints: Hints::default(),
        root: of.root.clone(),
        environment: String::new(),
    }))
}
