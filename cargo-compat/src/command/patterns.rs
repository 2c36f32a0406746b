//! Patterns of `macro_rules!`: whatever an arm matched, some arm still has to.
//!
//! Whether an input matches is for rustc to say: each macro is written down once more with its own
//! patterns and empty bodies, old and new, and called with what the old patterns describe. So an
//! input counts whether or not its expansion compiles on its own.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::text::collapse_white_space;
use release_gate::{Bump, Result};
use rustdoc_types::ItemEnum;

use super::compare::MacroCall;
use super::expansions::Expanded;
use super::prepared::Prepared;
use super::witnesses::Sides;
use crate::model::change::Change;
use crate::model::gap::LeftOut;
use crate::model::surface::Namespace;
use crate::program::matched_inputs;
use crate::prove::is_balanced;
use crate::rules;

/// How many inputs of one macro are tried.
const INPUTS: usize = 400;
/// After how many rounds a macro whose own patterns reject their inputs is given up.
const ROUNDS: usize = 6;

/// Macros whose patterns take less than before. `calls` are those that the old library takes.
pub(super) fn narrowed_patterns(
    sides: &Sides<'_>,
    (old, new): (&Prepared<'_>, &Prepared<'_>),
    calls: &[MacroCall],
) -> Result<Expanded> {
    let called: BTreeSet<&str> = calls.iter().map(|call| call.item.as_str()).collect();
    let now = documented_macros(new);
    let mut found = Expanded::default();
    for (path, before) in documented_macros(old) {
        let Some(after) = now.get(path).filter(|after| **after != before) else {
            continue;
        };
        let mut inputs = matched_inputs(before);
        inputs.retain(|input| is_balanced(input));
        if inputs.len() > INPUTS {
            found.left_out.push(LeftOut {
                rule: &rules::NOT_JUDGED_MACRO,
                what: format!("`{path}!`: {} of its inputs", inputs.len() - INPUTS),
                why: format!("{INPUTS} inputs of a macro are tried"),
            });
            inputs.truncate(INPUTS);
        }
        let Some(matched) = matching(sides, before, inputs)? else {
            found.left_out.push(LeftOut {
                rule: &rules::NOT_JUDGED_MACRO,
                what: format!("`{path}!`: its patterns"),
                why: "they changed, and rustc does not say which inputs they match".to_owned(),
            });
            continue;
        };
        if let Some(input) = first_unmatched(sides, after, &matched)? {
            let mut change = narrowed(path, &input, called.contains(path));
            change.before = collapse_white_space(before);
            change.after = collapse_white_space(after);
            found.changes.push(change);
        }
    }

    Ok(found)
}

fn narrowed(path: &str, input: &str, is_called: bool) -> Change {
    let rule = if is_called {
        &rules::MACRO
    } else {
        &rules::UNPROVED
    };
    let message = format!("`{path}!`: no arm matches `{input}` any more");
    Change::unproved(rule, path, Bump::Major, message)
}

/// The sources of `macro_rules!` macros that users can name, by path.
fn documented_macros<'p>(side: &'p Prepared<'_>) -> BTreeMap<&'p str, &'p str> {
    let mut found = BTreeMap::new();
    for ((path, namespace), entry) in &side.surface.entries {
        if *namespace != Namespace::Macro || entry.hidden {
            continue;
        }
        if let Some(ItemEnum::Macro(source)) =
            side.side.api.index.get(&entry.id).map(|item| &item.inner)
        {
            found.insert(path.as_str(), source.as_str());
        }
    }
    found
}

/// A line that calls a macro with the patterns of a source.
fn probe(source: &str, input: &str) -> Option<String> {
    let body = &source[source.find(['{', '('])?..];
    let body = collapse_white_space(&body.replace("{ ... }", "{ }"));
    Some(format!("macro_rules! p__ {body} p__! {{ {input} }}"))
}

/// The inputs that a macro's own patterns match. `None`: rustc does not say.
fn matching(sides: &Sides<'_>, source: &str, inputs: Vec<String>) -> Result<Option<Vec<String>>> {
    let mut open = inputs;
    for _ in 0..ROUNDS {
        let Some(rejected) = unmatched(sides, source, &open)? else {
            return Ok(None);
        };
        if rejected.is_empty() {
            return Ok(Some(open));
        }
        open = kept(open, &rejected);
    }
    Ok(None)
}

fn kept(inputs: Vec<String>, rejected: &BTreeSet<usize>) -> Vec<String> {
    inputs
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !rejected.contains(index))
        .map(|(_, input)| input)
        .collect()
}

fn first_unmatched(sides: &Sides<'_>, source: &str, inputs: &[String]) -> Result<Option<String>> {
    let rejected = unmatched(sides, source, inputs)?.unwrap_or_default();
    Ok(rejected
        .first()
        .and_then(|index| inputs.get(*index))
        .cloned())
}

/// The inputs, by number, that patterns do not match. `None`: rustc does not say which.
fn unmatched(
    sides: &Sides<'_>,
    source: &str,
    inputs: &[String],
) -> Result<Option<BTreeSet<usize>>> {
    let mut text = String::from("#![allow(warnings)]\n");
    for (index, input) in inputs.iter().enumerate() {
        let Some(line) = probe(source, input) else {
            return Ok(None);
        };
        text.push_str(&format!("mod a{index} {{ {line} }}\n"));
    }
    let verdict = sides.rustc.check(&sides.old, sides.runner, &text)?;
    if verdict.accepted {
        return Ok(Some(BTreeSet::new()));
    }
    let rejected: BTreeSet<usize> = verdict
        .rejections
        .iter()
        .filter_map(|rejection| rejection.line.checked_sub(2))
        .filter(|index| *index < inputs.len())
        .collect();
    Ok((!rejected.is_empty()).then_some(rejected))
}
