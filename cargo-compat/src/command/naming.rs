//! A side's program, after it was found out by which paths it can name what other crates define.
//!
//! rustdoc gives a foreign item's canonical path, which is often private. So the program is written
//! twice: once to see which foreign items it needs, and, when the compiler has said which paths to
//! them exist, once for good.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::Result;
use release_gate::process::Runner;
use rustdoc_types::Id;
use semver::Version;

use super::prepared::Prepared;
use crate::model::gap::LeftOut;
use crate::model::names::{Canonical, Described, Hints, Names, candidates};
use crate::model::surface::Surface;
use crate::program::assertion::Use;
use crate::program::{Assertion, Program};
use crate::prove::{self, Rustc};
use crate::read::side::Globbed;
use crate::rules;

/// A side's program and what was found out for it.
pub(super) struct Written {
    pub(super) program: Program,
    /// Crates whose items show in the API, by name in programs.
    pub(super) public: BTreeMap<String, (String, Version)>,
    /// What of them shows.
    pub(super) shown: Vec<Shown>,
    /// What cannot be judged here.
    pub(super) left_out: Vec<LeftOut>,
}

/// What of another crate is part of an API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// The package.
    pub(super) package: String,
    /// Whether all of it is.
    pub(super) whole: bool,
    /// Canonical paths of items that are.
    pub(super) paths: BTreeSet<Canonical>,
}

fn shown_crates(
    prepared: &Prepared<'_>,
    names: &Names<'_>,
    wanted: &BTreeSet<Canonical>,
) -> Vec<Shown> {
    let whole = names.whole_crates();
    let globbed: Vec<&str> = prepared
        .side
        .globbed
        .iter()
        .filter_map(|globbed| {
            globbed
                .glob
                .source
                .trim_start_matches("::")
                .split("::")
                .next()
        })
        .collect();

    let mut found = Vec::new();
    for (number, alias) in &prepared.aliases.by_number {
        let Some((package, _)) = prepared.aliases.packages.get(alias) else {
            continue;
        };
        let name = prepared
            .side
            .api
            .external_crates
            .get(number)
            .map_or("", |krate| krate.name.as_str());
        // Paths begin with the name programs use; descriptions with the crate's own.
        let paths: BTreeSet<Canonical> = wanted
            .iter()
            .filter(|path| path.first() == Some(alias))
            .map(|path| {
                let mut path = path.clone();
                name.clone_into(&mut path[0]);
                path
            })
            .collect();
        let whole = whole.contains(number) || globbed.contains(&name);
        if whole || !paths.is_empty() {
            found.push(Shown {
                package: package.clone(),
                whole,
                paths,
            });
        }
    }

    found.sort_by(|a, b| a.package.cmp(&b.package));

    found
}

/// Foreign paths that can be named, by canonical path.
pub(super) type KnownPaths = BTreeMap<Canonical, String>;

/// Writes a side's program; what was found out about foreign paths is added to `known`.
pub(super) fn write_program(
    prepared: &Prepared<'_>,
    rustc: &Rustc<'_>,
    runner: &Runner,
    known: &mut KnownPaths,
    hints: &Hints,
) -> Result<Written> {
    let wanted = probe_paths(prepared, rustc, runner, (known, hints))?;
    let names = names_of(prepared, Some(known), hints);
    let mut program = Program::write(&names);
    let mut left_out = Vec::new();
    for globbed in &prepared.side.globbed {
        left_out.extend(add_globbed(prepared, &names, globbed, &mut program));
    }
    let public = names
        .crates()
        .iter()
        .filter_map(|number| {
            let alias = prepared.aliases.by_number.get(number)?;
            Some((alias.clone(), prepared.aliases.packages.get(alias)?.clone()))
        })
        .collect();
    Ok(Written {
        program,
        public,
        shown: shown_crates(prepared, &names, &wanted),
        left_out,
    })
}

fn names_of<'a>(
    prepared: &'a Prepared<'_>,
    known: Option<&'a KnownPaths>,
    hints: &'a Hints,
) -> Names<'a> {
    let library = Described {
        krate: &prepared.side.api,
        surface: &prepared.surface,
        lib: &prepared.side.lib_name,
        aliases: &prepared.aliases.by_number,
    };
    Names::new(library, known, hints)
}

/// Tries paths to the foreign items that the program needs.
fn probe_paths(
    prepared: &Prepared<'_>,
    rustc: &Rustc<'_>,
    runner: &Runner,
    (known, hints): (&mut KnownPaths, &Hints),
) -> Result<BTreeSet<Canonical>> {
    let scout = names_of(prepared, None, hints);
    let _program = Program::write(&scout);
    let wanted = scout.wanted();
    let probes: Vec<Assertion> = wanted
        .iter()
        .filter(|path| !known.contains_key(*path))
        .map(|path| Assertion {
            item: path.join("::"),
            id: Id(0),
            done: Use::Import,
            ways: candidates(path)
                .iter()
                .map(|path| format!("use {path} as _;"))
                .collect(),
        })
        .collect();
    if probes.is_empty() {
        return Ok(wanted);
    }

    let accepted = prove::accepted_by(rustc, &prepared.library(None), runner, &probes)?;
    for line in accepted.lines {
        let canonical: Canonical = line.assertion.item.split("::").map(str::to_owned).collect();
        let path = line
            .code()
            .trim_start_matches("use ")
            .trim_end_matches(" as _;")
            .to_owned();
        known.insert(canonical, path);
    }
    Ok(wanted)
}

fn add_globbed(
    prepared: &Prepared<'_>,
    names: &Names<'_>,
    Globbed { glob, api }: &Globbed,
    program: &mut Program,
) -> Option<LeftOut> {
    let source = glob.source.trim_start_matches("::");
    let Some(api) = api else {
        return Some(LeftOut {
            rule: &rules::NOT_JUDGED_GLOB,
            what: format!("`{}*`: import", glob.prefix),
            why: format!("what `{source}::*` brings is not known"),
        });
    };
    let module = source.split_once("::").map_or("", |(_, module)| module);
    let lib = api
        .index
        .get(&api.root)
        .and_then(|item| item.name.clone())
        .unwrap_or_default();
    let alias = prepared
        .aliases
        .files
        .contains_key(&lib)
        .then_some(lib.as_str());
    program.add_glob(names, (&glob.prefix, module), &Surface::of(api), alias);
    None
}
