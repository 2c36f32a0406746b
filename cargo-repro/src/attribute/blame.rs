//! Whose fault a compiler call's difference is: the crate's own, that of a macro it calls, or the
//! linker's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::facts::report::repro::Variation;

use super::experiment::Experiment;
use super::factors::{Factor, Found};
use super::hints;
use super::replay::Trials;
use super::settings::Settings;
use crate::model::build::{Build, Unit};
use crate::sealed::interposer::Asked;

/// The proc macro behind what decides; `None` where the crate itself is.
pub(super) fn proc_macro<'a>(
    trials: &mut Trials<'_>,
    experiment: &Experiment<'a>,
    unit: &Unit,
    found: &Found,
) -> Option<&'a Unit> {
    let asked = experiment.asked();
    let build = &experiment.a.build;
    let asked_for = found
        .factors
        .iter()
        .find(|factor| matches!(factor, Factor::Seed(_) | Factor::Clock | Factor::Order));
    if let Some(factor) = asked_for {
        let libraries = askers(&asked, build, unit, question(found.variation));
        let follows = follows_one_library(trials, found, factor, libraries)
            .and_then(|library| of_library(build, &library));
        // A macro may have a program ask for it.
        if follows.is_some() {
            return follows;
        }
    }

    let variable = found.variable();
    let reads_itself = variable.is_some_and(|name| reads(unit, name))
        || found.variation == Variation::Path && !reads_folders(unit).is_empty();
    if reads_itself || is_named_in(unit, found) {
        return None;
    }

    // Chance is the macro's that asks for it, or the only one's that ran.
    if found.variation == Variation::None {
        let single = ["process", "threads", "macro"]
            .into_iter()
            .map(|what| askers(&asked, build, unit, what))
            .find(|libraries| libraries.len() == 1);
        let guilty = single.and_then(|libraries| of_library(build, libraries.first()?));
        if guilty.is_some() {
            return guilty;
        }
    }

    let asking = askers(&asked, build, unit, question(found.variation));
    let mut macros: Vec<&Unit> = below(build, unit)
        .into_iter()
        .filter(|other| other.call.is_proc_macro())
        .collect();
    macros.sort_by_key(|other| !asking.contains(&library_of(other)));
    let named = macros.into_iter().find(|other| is_named_in(other, found));
    // Where nothing in the sources says so, it is the only one's that ran.
    named.or_else(|| {
        let loaded = askers(&asked, build, unit, "macro");
        let single = loaded.first().filter(|_| loaded.len() == 1)?;
        of_library(build, single)
    })
}

/// The library whose questions alone the output follows: only what that one asks is varied.
fn follows_one_library(
    trials: &mut Trials<'_>,
    found: &Found,
    factor: &Factor,
    libraries: BTreeSet<PathBuf>,
) -> Option<PathBuf> {
    let base = Settings {
        expanded: found.expanded,
        ..Settings::default()
    };
    let clock = trials.clock_ahead();
    let first = trials.run(&base)?;

    libraries.into_iter().find(|library| {
        let mut settings = Settings {
            only: Some(library.clone()),
            ..base.clone()
        };
        factor.set(&mut settings, clock, true);
        trials
            .run(&settings)
            .is_some_and(|outputs| outputs != first)
    })
}

/// Whether a unit's package names what decides in its source.
fn is_named_in(unit: &Unit, found: &Found) -> bool {
    folder(unit)
        .and_then(|dir| hints::find(&dir, found.variation, found.variable()))
        .is_some()
}

/// Where a unit's package lies.
pub(super) fn folder(unit: &Unit) -> Option<PathBuf> {
    unit.call.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// The question to the system that a variation answers, as the interposer writes it down.
fn question(variation: Variation) -> &'static str {
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

/// Libraries of macros that asked the system for something while a unit was compiled.
pub(super) fn askers(asked: &[Asked], build: &Build, unit: &Unit, what: &str) -> BTreeSet<PathBuf> {
    asked
        .iter()
        .filter(|line| {
            line.what == what
                && line.package == unit.call.package
                && line.crate_name == unit.call.crate_name
        })
        .filter_map(|line| of_library(build, Path::new(&line.by)))
        .map(library_of)
        .collect()
}

/// The proc macro of a library, of whichever sandbox.
fn of_library<'a>(build: &'a Build, library: &Path) -> Option<&'a Unit> {
    let file = library.file_stem()?.to_string_lossy();
    let stem = file.strip_prefix("lib").unwrap_or(&file);
    build
        .units
        .iter()
        .find(|unit| unit.call.is_proc_macro() && unit.stem() == stem)
}

/// The library of a proc macro in sandbox A.
pub(super) fn library_of(unit: &Unit) -> PathBuf {
    unit.call.out_dir.join(format!(
        "lib{}{}",
        unit.stem(),
        std::env::consts::DLL_SUFFIX
    ))
}

/// Units a unit is built on.
pub(super) fn below<'a>(build: &'a Build, unit: &Unit) -> Vec<&'a Unit> {
    let mut seen: Vec<&Unit> = Vec::new();
    let mut open: Vec<PathBuf> = unit.call.externs.clone();
    while let Some(path) = open.pop() {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = stem.strip_prefix("lib").unwrap_or(&stem).to_owned();
        let other = build.units.iter().find(|unit| unit.stem() == stem);
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
pub(super) fn read_variables(unit: &Unit) -> Vec<String> {
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
pub(super) fn reads_folders(unit: &Unit) -> Vec<String> {
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
