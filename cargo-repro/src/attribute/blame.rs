//! Whose fault a compiler call's difference is: the crate's own, that of a macro it calls, or the
//! linker's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::factors::{Factor, Found};
use super::hints;
use super::replay::{Settings, Trials};
use crate::command::session::Built;
use crate::model::build::Unit;
use crate::model::cause::Variation;
use crate::sealed::interposer::{Asked, read_log};

/// The proc macro behind what decides; `None` where the crate itself is.
pub(super) fn proc_macro<'a>(
    trials: &mut Trials<'_>,
    a: &'a Built,
    b: &Built,
    unit: &Unit,
    found: &Found,
) -> Option<&'a Unit> {
    let clock = b.place.conditions.clock;
    let told = found
        .factors
        .iter()
        .find(|factor| matches!(factor, Factor::Seed(_) | Factor::Clock | Factor::Order));
    if let Some(factor) = told {
        // Only what one library asks is varied: whether the output follows says whether it is that
        // one.
        let base = Settings {
            expanded: found.expanded,
            ..Settings::default()
        };
        let first = trials.run(&base)?;
        return askers(a, b, unit, what(found.variation))
            .into_iter()
            .find_map(|library| {
                let mut settings = Settings {
                    only: Some(library.clone()),
                    ..base.clone()
                };
                factor.set(&mut settings, clock, true);
                let follows = trials.run(&settings).is_some_and(|print| print != first);
                follows.then(|| of_library(a, &library)).flatten()
            });
    }
    let variable = found.variable();
    if variable.is_some_and(|name| reads(unit, name))
        || found.variation == Variation::Path && !reads_places(unit).is_empty()
    {
        return None;
    }
    let own = folder(unit).and_then(|dir| hints::find(&dir, found.variation, variable, false));
    let asked = askers(a, b, unit, what(found.variation));
    let mut macros: Vec<&Unit> = below(a, unit)
        .into_iter()
        .filter(|other| other.call.is_proc_macro())
        .collect();
    macros.sort_by_key(|other| {
        !asked
            .iter()
            .any(|library| of_library(a, library).is_some_and(|unit| unit.stem() == other.stem()))
    });
    if own.is_some() {
        return None;
    }
    // Chance is the macro's that asks for it, or the only one's that ran.
    let asked = ["process", "threads", "macro"].map(|what| askers(a, b, unit, what));
    let asked = asked
        .into_iter()
        .find(|all| all.len() == 1)
        .filter(|_| found.variation == Variation::None);
    let guilty = asked.and_then(|all| of_library(a, all.first()?));
    guilty.or_else(|| {
        macros.into_iter().find(|other| {
            folder(other)
                .and_then(|dir| hints::find(&dir, found.variation, variable, false))
                .is_some()
        })
    })
}

/// Where a unit's package lies.
pub(super) fn folder(unit: &Unit) -> Option<PathBuf> {
    unit.call.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

fn what(variation: Variation) -> &'static str {
    match variation {
        Variation::Entropy => "random",
        Variation::Time => "clock",
        Variation::FileOrder => "folder",
        Variation::Host => "host",
        Variation::Jobs => "processors",
        // Addresses are not asked for.
        Variation::None => "macro",
        _ => "",
    }
}

/// Libraries that asked the system for something while a unit was compiled.
fn askers(a: &Built, b: &Built, unit: &Unit, what: &str) -> BTreeSet<PathBuf> {
    askers_in(&asked(a, b), a, unit, what)
}

/// The same, of logs that were read.
pub(super) fn askers_in(asked: &[Asked], a: &Built, unit: &Unit, what: &str) -> BTreeSet<PathBuf> {
    asked
        .iter()
        .filter(|line| {
            line.what == what
                && line.package == unit.call.package
                && line.crate_name == unit.call.crate_name
        })
        .filter_map(|line| of_library(a, Path::new(&line.by)).map(library))
        .collect()
}

/// Both logs of the interposer.
pub(super) fn asked(a: &Built, b: &Built) -> Vec<Asked> {
    let text = std::fs::read_to_string(&a.place.log).unwrap_or_default()
        + &std::fs::read_to_string(&b.place.log).unwrap_or_default();
    read_log(&text)
}

/// The proc macro of a library, of whichever place.
fn of_library<'a>(a: &'a Built, library: &Path) -> Option<&'a Unit> {
    let file = library.file_stem()?.to_string_lossy();
    let stem = file.strip_prefix("lib").unwrap_or(&file);
    a.build
        .units
        .iter()
        .find(|unit| unit.call.is_proc_macro() && unit.stem() == stem)
}

/// The library of a proc macro in place A.
fn library(unit: &Unit) -> PathBuf {
    unit.call.out_dir.join(format!(
        "lib{}{}",
        unit.stem(),
        std::env::consts::DLL_SUFFIX
    ))
}

/// Units a unit is built on.
pub(super) fn below<'a>(a: &'a Built, unit: &Unit) -> Vec<&'a Unit> {
    let mut seen: Vec<&Unit> = Vec::new();
    let mut open: Vec<PathBuf> = unit.call.externs.clone();
    while let Some(path) = open.pop() {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = stem.strip_prefix("lib").unwrap_or(&stem).to_owned();
        let other = a.build.units.iter().find(|unit| unit.stem() == stem);
        if let Some(other) =
            other.filter(|other| !seen.iter().any(|unit| unit.stem() == other.stem()))
        {
            seen.push(other);
            open.extend(other.call.externs.iter().cloned());
        }
    }
    seen
}

/// Variables the compiler itself read for `env!` and `option_env!`, from the list it writes for
/// cargo.
fn read_variables(unit: &Unit) -> Vec<String> {
    let list = unit.call.out_dir.join(format!("{}.d", unit.stem()));
    let text = std::fs::read_to_string(list).unwrap_or_default();
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("# env-dep:"));
    names
        .map(|rest| rest.split('=').next().unwrap_or(rest).to_owned())
        .collect()
}

fn reads(unit: &Unit, name: &str) -> bool {
    read_variables(unit).iter().any(|read| read == name)
}

/// Variables that name folders and were read so.
fn reads_places(unit: &Unit) -> Vec<String> {
    let names = [
        "CARGO_MANIFEST_DIR",
        "OUT_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_HOME",
        "TMPDIR",
    ];
    read_variables(unit)
        .into_iter()
        .filter(|name| names.contains(&name.as_str()))
        .collect()
}
