//! One comparison: both sides built, programs written from both, compiled against both, the answers
//! made into changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use release_gate::process::Runner;
use release_gate::{Error, Result};
use rustdoc_types::{Crate, Id, Item};
use semver::Version;

use crate::judge::group::{self, Group};
use crate::judge::structural::{self, Members};
use crate::judge::{Bump, Change, Location, Witness, manifest};
use crate::model::declaration::declaration;
use crate::model::names::{Canonical, Names, candidates};
use crate::model::surface::Surface;
use crate::program::{Assertion, POINTER, Program};
use crate::prove::{self, Library, Rejected, Rustc};
use crate::read::build::{Globbed, Side};
use crate::rules;

/// How many findings get a witness compiled alone; more are counted but keep the program's own
/// answer.
const WITNESSES: usize = 1_000;
/// Up to how many findings the old side is asked about each witness once more.
const ASKED_TWICE: usize = 40;

/// A built side with what programs call things.
#[derive(Debug)]
pub struct Prepared<'a> {
    side: &'a Side,
    surface: Surface,
    aliases: Aliases,
    base: PathBuf,
}

/// Names of a graph's crates in programs.
#[derive(Debug, Default)]
struct Aliases {
    by_number: HashMap<u32, String>,
    files: BTreeMap<String, PathBuf>,
    packages: BTreeMap<String, (String, Version)>,
}

/// What came of a comparison.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Everything that changed.
    pub changes: Vec<Change>,
    /// How many uses were compiled against both sides.
    pub assertions: usize,
    /// Uses that could not be written or compiled on the old side, by item: what is not judged by
    /// a program.
    pub gaps: Vec<String>,
    /// How often the compiler was called.
    pub compilations: usize,
    /// Packages whose items show in the new side's API.
    pub public: BTreeSet<String>,
}

impl<'a> Prepared<'a> {
    /// Reads a side's API. Source paths are shown relative to `base`.
    pub fn new(side: &'a Side, base: &Path) -> Self {
        Self {
            side,
            surface: Surface::of(&side.api),
            aliases: aliases(side),
            base: base.to_owned(),
        }
    }

    /// What programs over this side may name; crates only the other side has are added, so that a
    /// missing one is no error of its own.
    pub fn library(&self, other: Option<&Self>) -> Library {
        let mut externs = other
            .map(|other| other.aliases.files.clone())
            .unwrap_or_default();
        externs.extend(self.aliases.files.clone());
        let mut deps_dirs = self.side.deps_dirs.clone();
        for dir in other.iter().flat_map(|other| &other.side.deps_dirs) {
            if !deps_dirs.contains(dir) {
                deps_dirs.push(dir.clone());
            }
        }
        Library {
            name: self.side.lib_name.clone(),
            artifact: self.side.artifact.clone(),
            deps_dirs,
            externs,
            identity: std::sync::OnceLock::new(),
        }
    }

    fn location(&self, item: &Item) -> Option<Location> {
        let span = item.span.as_ref()?;
        let path = self.side.root.join(&span.filename);
        let path = path.strip_prefix(&self.base).ok()?;
        let parts: Vec<String> = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        Some(Location {
            path: parts.join("/"),
            line: u32::try_from(span.begin.0).unwrap_or(u32::MAX),
        })
    }
}

/// A name for each crate: its own, with the version behind it where there are several of that name.
fn aliases(side: &Side) -> Aliases {
    let mut found = Aliases::default();
    let of = |path: &Path| {
        path.file_name()
            .and_then(|name| side.crates.get(name.to_str()?))
    };
    let mut times: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
    for krate in side.api.external_crates.values() {
        if let Some(dependency) = of(&krate.path) {
            times
                .entry(&dependency.lib)
                .or_default()
                .insert(&dependency.version);
        }
    }
    for (number, krate) in &side.api.external_crates {
        let alias = match of(&krate.path) {
            Some(dependency) => {
                let several = times
                    .get(dependency.lib.as_str())
                    .is_some_and(|versions| versions.len() > 1);
                let version = &dependency.version;
                let alias = match (several, version.major) {
                    (false, _) => dependency.lib.clone(),
                    (true, 0) => format!("{}_0_{}", dependency.lib, version.minor),
                    (true, major) => format!("{}_{major}", dependency.lib),
                };
                found.files.insert(alias.clone(), dependency.file.clone());
                found
                    .packages
                    .insert(alias.clone(), (dependency.package.clone(), version.clone()));
                alias
            }
            None => krate.name.clone(),
        };
        found.by_number.insert(*number, alias);
    }
    found
}

/// A side's program and what was found out for it.
struct Written {
    program: Program,
    /// Crates whose items show in the API, by name in programs.
    public: BTreeMap<String, (String, Version)>,
}

fn write(
    prepared: &Prepared<'_>,
    rustc: &Rustc<'_>,
    runner: &Runner,
    known: &mut BTreeMap<Canonical, String>,
) -> Result<Written> {
    let names = |known| {
        Names::new(
            &prepared.side.api,
            &prepared.surface,
            &prepared.side.lib_name,
            &prepared.aliases.by_number,
            known,
        )
    };
    let scout = names(None);
    let _program = Program::write(&scout);
    let wanted: Vec<Canonical> = scout
        .wanted()
        .into_iter()
        .filter(|path| !known.contains_key(path))
        .collect();
    let probes: Vec<Assertion> = wanted
        .iter()
        .map(|path| Assertion {
            item: path.join("::"),
            id: Id(0),
            rule: &rules::REMOVED,
            what: "import",
            ways: candidates(path)
                .iter()
                .map(|path| format!("use {path} as _;"))
                .collect(),
            optional: true,
        })
        .collect();
    if !probes.is_empty() {
        let accepted = prove::accept(rustc, &prepared.library(None), runner, &probes)?;
        for line in accepted.lines {
            let canonical: Canonical = line.assertion.item.split("::").map(str::to_owned).collect();
            let path = line
                .code()
                .trim_start_matches("use ")
                .trim_end_matches(" as _;")
                .to_owned();
            known.insert(canonical, path);
        }
    }
    let names = names(Some(known));
    let mut program = Program::write(&names);
    for Globbed { glob, api } in &prepared.side.globbed {
        let source = glob.source.trim_start_matches("::");
        let module = source.split_once("::").map_or("", |(_, module)| module);
        match api {
            Some(api) => {
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
                program.add_glob(&names, &glob.prefix, module, &Surface::of(api), alias);
            }
            None => program.unwritten.push(format!(
                "`{}*`: import (what `{source}::*` brings is not known)",
                glob.prefix
            )),
        }
    }
    let public = names
        .crates()
        .iter()
        .filter_map(|number| {
            let alias = prepared.aliases.by_number.get(number)?;
            Some((alias.clone(), prepared.aliases.packages.get(alias)?.clone()))
        })
        .collect();
    Ok(Written { program, public })
}

/// Compares two built sides.
///
/// # Errors
/// The compiler cannot be used.
pub fn compare(
    old: &Prepared<'_>,
    new: &Prepared<'_>,
    rustc: &Rustc<'_>,
    runner: &Runner,
) -> Result<Comparison> {
    if old.side.lib_name != new.side.lib_name {
        let message = format!(
            "the library `{}` is called `{}` now",
            old.side.lib_name, new.side.lib_name
        );
        let change = Change::unproved(&rules::LIB_RENAMED, "library name", Bump::Major, message);
        return Ok(Comparison {
            changes: vec![change],
            ..Comparison::default()
        });
    }
    let mut known = BTreeMap::new();
    let written_old = write(old, rustc, runner, &mut known)?;
    let written_new = write(new, rustc, runner, &mut known)?;
    let (library_old, library_new) = (old.library(Some(new)), new.library(Some(old)));
    let (forward, backward) = std::thread::scope(|scope| {
        let backward = scope.spawn(|| {
            one_way(
                rustc,
                runner,
                &library_new,
                &library_old,
                &written_new.program,
            )
        });
        let forward = one_way(
            rustc,
            runner,
            &library_old,
            &library_new,
            &written_old.program,
        );
        (forward, backward.join())
    });
    let (forward, backward) = (
        forward?,
        backward.map_err(|_| {
            Error::judge("comparing the new program with the old library ended early")
        })??,
    );
    let (members_old, members_new) = (
        structural::members(&old.side.api, &old.surface),
        structural::members(&new.side.api, &new.surface),
    );
    let lib = &old.side.lib_name;
    let labels_old: BTreeSet<&str> = written_old
        .program
        .assertions
        .iter()
        .map(|assertion| assertion.item.as_str())
        .collect();
    let labels_new: HashMap<&str, Id> = written_new
        .program
        .assertions
        .iter()
        .map(|assertion| (assertion.item.as_str(), assertion.id))
        .collect();
    let mut changes = Vec::new();
    let (mut forward, new_api) = (forward, &new.side.api);
    forward.rejected.retain(|rejected| {
        let assertion = rejected.line.assertion;
        let new = labels_new.get(assertion.item.as_str()).copied();
        assertion.what != POINTER
            || new.is_some_and(|id| !more_generic((&old.side.api, assertion.id), (new_api, id)))
    });
    let groups = group::group(forward.rejected, lib, &|item| {
        members_new.contains_key(item)
    });
    let witnesses = witnesses(rustc, runner, &library_old, &library_new, &groups)?;
    for (group, witness) in groups.iter().zip(witnesses) {
        let mut change = group::breaks(group);
        if let Some(line) = group.lines.first() {
            describe(
                &mut change,
                old,
                line.line.assertion.id,
                new,
                labels_new.get(group.item.as_str()).copied(),
            );
        }
        if matches!(
            witness.as_ref().map(|witness| witness.code.as_str()),
            Some("E0603" | "E0616" | "E0624" | "E0451")
        ) && change.rule.id == rules::REMOVED.id
        {
            change.message = format!("`{}` is private now", group.item);
        }
        change.witness = witness;
        changes.push(change);
    }
    changes.extend(located(
        structural::changes((&old.side.api, &members_old), (&new.side.api, &members_new)),
        old,
        &members_old,
        new,
        &members_new,
    ));
    changes.extend(structural::exported(&old.side.api, &new.side.api));
    changes.extend(manifest::public_dependencies(
        &written_old.public,
        &written_new.public,
    ));
    let broken: BTreeSet<String> = changes
        .iter()
        .filter(|change| change.bump == Bump::Major)
        .map(|change| change.item.clone())
        .collect();
    for group in group::group(backward.rejected, lib, &|item| {
        members_old.contains_key(item)
    }) {
        let existed = labels_old.contains(group.item.as_str())
            || members_old
                .get(&group.item)
                .is_some_and(|member| !member.hidden);
        let explained = broken.iter().any(|item| {
            *item == group.item
                || group.item.starts_with(&format!("{item}::"))
                || item.starts_with(&format!("{}::", group.item))
        });
        if explained {
            continue;
        }
        let mut change = group::additions(&group, existed);
        if let Some(line) = group.lines.first() {
            change.after = declaration(&new.side.api, line.line.assertion.id);
            change.location = new
                .side
                .api
                .index
                .get(&line.line.assertion.id)
                .and_then(|item| new.location(item));
        }
        changes.push(change);
    }
    let mut gaps = forward.gaps;
    gaps.extend(written_old.program.unwritten.iter().cloned());
    let public = written_new
        .public
        .values()
        .map(|(package, _)| package.clone())
        .collect();
    Ok(Comparison {
        changes,
        assertions: forward.assertions,
        gaps,
        compilations: rustc.calls(),
        public,
    })
}

/// Compares two descriptions by their structure alone. A declaration that reads otherwise is shown
/// and counts for nothing: only a compiler could tell whether it breaks.
pub fn descriptions(old: &Crate, new: &Crate) -> Vec<Change> {
    let (surface_old, surface_new) = (Surface::of(old), Surface::of(new));
    let (members_old, members_new) = (
        structural::members(old, &surface_old),
        structural::members(new, &surface_new),
    );
    let mut changes = structural::changes((old, &members_old), (new, &members_new));
    let owner_gone = |path: &str, others: &Members<'_>| {
        path.rsplit_once("::").is_some_and(|(owner, _)| {
            !others.contains_key(owner) && members_old.contains_key(owner)
        })
    };
    for (path, member) in members_old.iter().filter(|(_, member)| !member.hidden) {
        let before = declaration(old, member.item.id);
        match members_new.get(path) {
            None if owner_gone(path, &members_new) => {}
            None => {
                let mut change = Change::unproved(
                    &rules::REMOVED,
                    path.clone(),
                    Bump::Major,
                    format!("`{path}` is gone"),
                );
                change.before = before;
                changes.push(change);
            }
            Some(other) => {
                let after = declaration(new, other.item.id);
                if before != after {
                    let mut change = Change::unproved(
                        &rules::UNPROVED,
                        path.clone(),
                        Bump::Patch,
                        format!("`{path}` reads otherwise"),
                    );
                    (change.before, change.after) = (before, after);
                    changes.push(change);
                }
            }
        }
    }
    for (path, member) in members_new
        .iter()
        .filter(|(path, member)| !member.hidden && !members_old.contains_key(*path))
    {
        if path.rsplit_once("::").is_some_and(|(owner, _)| {
            members_new.contains_key(owner) && !members_old.contains_key(owner)
        }) {
            continue;
        }
        let mut change = Change::unproved(
            &rules::ADDED,
            path.clone(),
            Bump::Minor,
            format!("`{path}` is new"),
        );
        change.after = declaration(new, member.item.id);
        changes.push(change);
    }
    changes
}

/// Whether a function has more type parameters than before: generalizing one is harmless by Cargo's
/// SemVer chapter.
fn more_generic(old: (&Crate, Id), new: (&Crate, Id)) -> bool {
    let count = |(api, id): (&Crate, Id)| match api.index.get(&id).map(|item| &item.inner) {
        Some(rustdoc_types::ItemEnum::Function(function)) => {
            let is_type = |param: &&rustdoc_types::GenericParamDef| {
                matches!(param.kind, rustdoc_types::GenericParamDefKind::Type { .. })
            };
            function.generics.params.iter().filter(is_type).count()
        }
        _ => 0,
    };
    count(new) > count(old)
}

/// A program from one library, compiled against both.
struct OneWay<'a> {
    assertions: usize,
    gaps: Vec<String>,
    rejected: Vec<Rejected<'a>>,
}

fn one_way<'a>(
    rustc: &Rustc<'_>,
    runner: &Runner,
    from: &Library,
    to: &Library,
    program: &'a Program,
) -> Result<OneWay<'a>> {
    let accepted = prove::accept(rustc, from, runner, &program.assertions)?;
    if accepted.lines.is_empty() && !accepted.gaps.is_empty() {
        return Err(Error::judge(format!("no use of `{}` compiles with the library it was written for", from.name))
            .with_help("this is a defect of cargo-compat, or another compiler made the library; `--verbose` shows what was called"));
    }
    let rejected = prove::reject(rustc, to, runner, &accepted.lines)?;
    let gaps = accepted
        .gaps
        .iter()
        .map(|assertion| format!("`{}`: {}", assertion.item, assertion.what))
        .collect();
    Ok(OneWay {
        assertions: accepted.lines.len(),
        gaps,
        rejected,
    })
}

/// Compiles one line of each group alone against both sides.
fn witnesses(
    rustc: &Rustc<'_>,
    runner: &Runner,
    old: &Library,
    new: &Library,
    groups: &[Group<'_>],
) -> Result<Vec<Option<Witness>>> {
    let one = |group: &Group<'_>| -> Result<Option<Witness>> {
        for line in group.lines.iter().take(3) {
            if let Some(rejection) = prove::confirm(
                rustc,
                old,
                new,
                runner,
                &line.line,
                groups.len() <= ASKED_TWICE,
            )? {
                return Ok(Some(Witness {
                    program: String::new(),
                    text: prove::witness(&line.line),
                    proved: true,
                    code: rejection.code,
                    error: rejection.message,
                    rendered: rejection.rendered,
                }));
            }
        }
        Ok(group.lines.first().map(|line| unproved(line)))
    };
    let (first, rest) = groups.split_at(groups.len().min(WITNESSES));
    let half = first.len() / 2;
    let (left, right) = first.split_at(half);
    let (left, right) = std::thread::scope(|scope| {
        let right = scope.spawn(|| right.iter().map(one).collect::<Result<Vec<_>>>());
        (
            left.iter().map(one).collect::<Result<Vec<_>>>(),
            right.join(),
        )
    });
    let mut all = left?;
    all.extend(right.map_err(|_| Error::judge("compiling witnesses ended early"))??);
    all.extend(rest.iter().map(|group| group.lines.first().map(unproved)));
    Ok(all)
}

fn unproved(line: &Rejected<'_>) -> Witness {
    Witness {
        program: String::new(),
        text: prove::witness(&line.line),
        proved: false,
        code: line.rejection.code.clone(),
        error: line.rejection.message.clone(),
        rendered: line.rejection.rendered.clone(),
    }
}

fn describe(
    change: &mut Change,
    old: &Prepared<'_>,
    id: Id,
    new: &Prepared<'_>,
    new_id: Option<Id>,
) {
    change.before = declaration(&old.side.api, id);
    change.old_location = old
        .side
        .api
        .index
        .get(&id)
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

fn located(
    changes: Vec<Change>,
    old: &Prepared<'_>,
    members_old: &Members<'_>,
    new: &Prepared<'_>,
    members_new: &Members<'_>,
) -> Vec<Change> {
    changes
        .into_iter()
        .map(|mut change| {
            if let Some(member) = members_old.get(&change.item) {
                change.before = declaration(&old.side.api, member.item.id);
                change.old_location = old.location(member.item);
            }
            if let Some(member) = members_new.get(&change.item) {
                change.after = declaration(&new.side.api, member.item.id);
                change.location = new.location(member.item);
            }
            change
        })
        .collect()
}
