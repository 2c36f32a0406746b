//! Which units differ first: their inputs are equal and their outputs are not.
//!
//! Metadata carries the hash of every dependency, so one root taints all that is built on it; only
//! roots are causes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::build::{Build, ScriptRun, Unit};

/// Two builds laid over each other; numbers are positions in [`Build::units`] and
/// [`Build::scripts`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Units of both builds.
    pub(crate) units: Vec<(usize, usize)>,
    /// Positions in `units` of those whose outputs (or symbol hash) differ.
    pub(crate) differing: BTreeSet<usize>,
    /// What differs first.
    pub(crate) roots: Vec<Root>,
    /// Keys of units only one build has.
    pub(crate) unpaired: Vec<String>,
    /// Units that would be roots if the run of a build script were none: its position in A, then
    /// theirs in A and B.
    pub(crate) behind: Vec<(usize, usize, usize)>,
    /// Runs of build scripts that read what another one that differs hands out: their position in
    /// A, then that of the other.
    pub(crate) fed: Vec<(usize, usize)>,
}

/// Something that differs though nothing it was made from does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// A compiler call: its position in A and B.
    Unit { a: usize, b: usize },
    /// A run of a build script: its position in A and B.
    Script { a: usize, b: usize },
}

/// Lays two builds over each other.
pub(crate) fn compare(a: &Build, b: &Build) -> Comparison {
    let mut found = pair_units(a, b);
    found.differing = (0..found.units.len())
        .filter(|&pair| {
            let (i, j) = found.units[pair];
            a.units[i].outputs != b.units[j].outputs
                || a.units[i].call.metadata != b.units[j].call.metadata
        })
        .collect();

    let scripts = differing_scripts(a, b);
    let by_stem: BTreeMap<String, usize> = found
        .units
        .iter()
        .enumerate()
        .map(|(pair, &(i, _))| (a.units[i].stem(), pair))
        .collect();

    let mut roots: BTreeMap<(u8, usize), Root> = BTreeMap::new();
    for &pair in &found.differing {
        let follows = transitive(a, &found, &by_stem, pair)
            .iter()
            .any(|dependency| found.differing.contains(dependency));
        if follows {
            continue;
        }
        let (i, j) = found.units[pair];
        let unit = &a.units[i];
        let script = scripts
            .iter()
            .find(|(at, _)| Some(a.scripts[*at].out_dir.as_path()) == unit.call.build_out_dir());
        match script {
            Some(&(at, other)) if reaches(unit, &b.units[j], &a.scripts[at], &b.scripts[other]) => {
                // The script's own executable may be what differs; then it is a root already and
                // the run follows from it.
                if !script_executable_differs(a, &found, unit) {
                    roots.insert((0, at), Root::Script { a: at, b: other });
                    found.behind.push((at, i, j));
                }
            }
            _ => match source_writer(a, b, i, j) {
                Some((at, other)) => drop(roots.insert((0, at), Root::Script { a: at, b: other })),
                None => drop(roots.insert((1, i), Root::Unit { a: i, b: j })),
            },
        }
    }
    let differing_roots: Vec<Root> = roots.values().cloned().collect();
    for root in differing_roots {
        if let Root::Script { a: at, .. } = root {
            add_feeders(a, &scripts, at, &mut found, &mut roots);
        }
    }
    found.roots = roots.into_values().collect();
    found
}

/// Adds runs of build scripts that differ and hand something out to the run at a position, through
/// `links`: they come first, and theirs before them.
fn add_feeders(
    a: &Build,
    scripts: &[(usize, usize)],
    at: usize,
    found: &mut Comparison,
    roots: &mut BTreeMap<(u8, usize), Root>,
) {
    let run = &a.scripts[at];
    let dependencies: BTreeSet<(&str, &str)> = a
        .units
        .iter()
        .filter(|unit| unit.call.package == run.package && unit.call.version == run.version)
        .flat_map(|unit| &unit.call.externs)
        .filter_map(|path| unit_of_extern(a, path))
        .map(|unit| (unit.call.package.as_str(), unit.call.version.as_str()))
        .collect();

    for &(other, in_b) in scripts {
        let feeder = &a.scripts[other];
        let is_dependency =
            dependencies.contains(&(feeder.package.as_str(), feeder.version.as_str()));
        let hands_out = feeder.metadata().next().is_some();
        if other == at || !is_dependency || !hands_out || found.fed.contains(&(at, other)) {
            continue;
        }
        found.fed.push((at, other));
        roots.insert((0, other), Root::Script { a: other, b: in_b });
        add_feeders(a, scripts, other, found, roots);
    }
}

/// The unit that a file named by `--extern` is of.
fn unit_of_extern<'a>(build: &'a Build, path: &std::path::Path) -> Option<&'a Unit> {
    let stem = path.file_stem()?.to_string_lossy();
    let stem = stem.strip_prefix("lib").unwrap_or(&stem);
    build.units.iter().find(|unit| unit.stem() == stem)
}

/// Finds the same unit in both builds: first by symbol hash; what is left over is paired in order.
fn pair_units(a: &Build, b: &Build) -> Comparison {
    let mut found = Comparison::default();
    let mut left = grouped(&a.units);
    let mut right = grouped(&b.units);
    let keys: BTreeSet<String> = left.keys().chain(right.keys()).cloned().collect();

    for key in keys {
        let mut from_a = left.remove(&key).unwrap_or_default();
        let mut from_b = right.remove(&key).unwrap_or_default();
        from_a.retain(|&i| {
            let same = from_b
                .iter()
                .position(|&j| a.units[i].call.metadata == b.units[j].call.metadata);
            found.units.extend(same.map(|at| (i, from_b.remove(at))));
            same.is_none()
        });
        let rest = from_a.iter().copied().zip(from_b.iter().copied());
        found.units.extend(rest);
        if from_a.len() != from_b.len() {
            found.unpaired.push(key);
        }
    }
    found
}

/// Whether the executable of the build script that a unit depends on differs itself.
fn script_executable_differs(a: &Build, found: &Comparison, unit: &Unit) -> bool {
    found.differing.iter().any(|&pair| {
        let call = &a.units[found.units[pair].0].call;
        call.is_build_script()
            && call.package == unit.call.package
            && call.version == unit.call.version
    })
}

/// The runs of the build script that wrote a unit's sources while it was built: nobody else of the
/// package did.
fn source_writer(a: &Build, b: &Build, i: usize, j: usize) -> Option<(usize, usize)> {
    if differing_sources(&a.units[i], &b.units[j]).is_empty() {
        return None;
    }
    runs(a, b)
        .into_iter()
        .find(|(at, _)| Some(a.scripts[*at].out_dir.as_path()) == a.units[i].call.build_out_dir())
}

/// Positions of units by key, those of one key by symbol hash.
fn grouped(units: &[Unit]) -> BTreeMap<String, Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        groups.entry(unit.call.key()).or_default().push(index);
    }
    for group in groups.values_mut() {
        group.sort_by(|x, y| units[*x].call.metadata.cmp(&units[*y].call.metadata));
    }
    groups
}

/// All units below one, itself excepted.
fn transitive(
    a: &Build,
    found: &Comparison,
    by_stem: &BTreeMap<String, usize>,
    pair: usize,
) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = vec![pair];
    while let Some(pair) = open.pop() {
        for path in &a.units[found.units[pair].0].call.externs {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let names = [stem.strip_prefix("lib").unwrap_or(&stem), &stem];
            if let Some(&dependency) = names.iter().find_map(|name| by_stem.get(*name))
                && seen.insert(dependency)
            {
                open.push(dependency);
            }
        }
    }
    seen.remove(&pair);
    seen
}

/// Whether two runs are of one package.
fn is_of_same_package(run: &ScriptRun, other: &ScriptRun) -> bool {
    run.package == other.package && run.version == other.version
}

/// The name of the folder cargo made for a run, which holds its OUT_DIR.
fn run_folder(run: &ScriptRun) -> Option<&OsStr> {
    run.out_dir.parent().and_then(Path::file_name)
}

/// Runs of the same build script in both builds.
fn runs(a: &Build, b: &Build) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (i, run) in a.scripts.iter().enumerate() {
        let same = b.scripts.iter().position(|other| {
            is_of_same_package(run, other) && run_folder(run) == run_folder(other)
        });
        let same = same.or_else(|| {
            b.scripts
                .iter()
                .position(|other| is_of_same_package(run, other))
        });
        pairs.extend(same.map(|j| (i, j)));
    }

    pairs
}

/// Runs of both builds that told cargo something else or left other files.
pub(crate) fn differing_scripts(a: &Build, b: &Build) -> Vec<(usize, usize)> {
    runs(a, b)
        .into_iter()
        .filter(|&(i, j)| {
            let x = &a.scripts[i];
            let y = &b.scripts[j];
            x.statements != y.statements || x.files != y.files
        })
        .collect()
}

/// Sources a unit read that are not the same in both builds although they were exported so:
/// something wrote them, by relative path.
pub(crate) fn differing_sources(a: &Unit, b: &Unit) -> Vec<PathBuf> {
    let names: BTreeSet<&PathBuf> = a.sources.keys().chain(b.sources.keys()).collect();
    names
        .into_iter()
        .filter(|name| a.sources.get(*name) != b.sources.get(*name))
        .cloned()
        .collect()
}

/// Files of OUT_DIR that differ, by relative path.
pub(crate) fn differing_files(a: &ScriptRun, b: &ScriptRun) -> Vec<String> {
    let names: BTreeSet<&String> = a.files.keys().chain(b.files.keys()).collect();
    names
        .into_iter()
        .filter(|name| a.files.get(*name) != b.files.get(*name))
        .cloned()
        .collect()
}

/// Whether a unit can have seen what differs between two runs of its package's build script: what
/// the script told cargo, a file in the unit's dependency list, or a native library. Logs and
/// caches in OUT_DIR are neither.
fn reaches(a: &Unit, b: &Unit, run_a: &ScriptRun, run_b: &ScriptRun) -> bool {
    run_a.statements != run_b.statements
        || differing_files(run_a, run_b)
            .iter()
            .any(|name| seen_by(a, run_a, name) || seen_by(b, run_b, name))
}

/// Whether a unit can have seen a file of its build script's.
fn seen_by(unit: &Unit, run: &ScriptRun, name: &str) -> bool {
    is_native(name) || unit.reads.contains(&run.out_dir.join(name))
}

/// Whether a file's name is that of a native library or a part of one.
pub(crate) fn is_native(name: &str) -> bool {
    [".a", ".o", ".so", ".lib", ".obj"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Files of a build script's that a compiler call read.
pub(crate) fn read_files(build: &Build, run: &ScriptRun) -> BTreeSet<String> {
    let own_units: Vec<&Unit> = build
        .units
        .iter()
        .filter(|unit| unit.call.build_out_dir() == Some(run.out_dir.as_path()))
        .collect();

    run.files
        .keys()
        .filter(|name| {
            let path = run.out_dir.join(name);
            own_units.iter().any(|unit| unit.reads.contains(&path))
        })
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Call;
    use release_gate::digest::sha256_bytes;

    fn unit(package: &str, externs: &[&str], content: &str) -> Unit {
        let call = Call {
            package: package.into(),
            crate_name: package.into(),
            crate_types: vec!["lib".into()],
            extra_filename: "-1".into(),
            externs: externs
                .iter()
                .map(|name| format!("/t/lib{name}-1.rmeta").into())
                .collect(),
            env: [("OUT_DIR".to_owned(), format!("/t/{package}-1/out"))].into(),
            ..Call::default()
        };
        Unit {
            call,
            outputs: [("rlib".to_owned(), sha256_bytes(content.as_bytes()))].into(),
            ..Unit::default()
        }
    }

    fn script(package: &str, statement: &str, file: (&str, &str)) -> ScriptRun {
        ScriptRun {
            package: package.into(),
            out_dir: format!("/t/{package}-1/out").into(),
            statements: vec![statement.into()],
            files: [(file.0.to_owned(), sha256_bytes(file.1.as_bytes()))].into(),
            ..ScriptRun::default()
        }
    }

    fn build(units: Vec<Unit>, scripts: Vec<ScriptRun>) -> Build {
        Build {
            units,
            scripts,
            artifacts: vec![],
        }
    }

    /// Three units, each with the one before it as its dependency; `between` is what the second
    /// holds.
    fn chain_of_three(content: &str, between: &str) -> Build {
        build(
            vec![
                unit("a", &[], content),
                unit("b", &["a"], between),
                unit("c", &["b"], content),
            ],
            vec![],
        )
    }

    #[test]
    fn only_the_first_of_a_chain_is_a_root() {
        let first = chain_of_three("1", "1");
        let found = compare(&first, &chain_of_three("2", "2"));
        assert_eq!(found.differing.len(), 3);
        assert_eq!(found.roots, [Root::Unit { a: 0, b: 0 }]);
        assert!(compare(&first, &first).roots.is_empty());
    }

    #[test]
    fn a_tainted_dependency_counts_over_equal_ones_in_between() {
        let found = compare(&chain_of_three("1", "same"), &chain_of_three("2", "same"));
        assert_eq!(found.roots, [Root::Unit { a: 0, b: 0 }]);
    }

    /// A unit and its package's build script.
    fn unit_with_script(content: &str, said: &str, file: (&str, &str)) -> Build {
        build(vec![unit("a", &[], content)], vec![script("a", said, file)])
    }

    #[test]
    fn a_build_script_is_blamed_for_what_reaches_the_compiler_only() {
        let told = compare(
            &unit_with_script("1", "rustc-env=T=1", ("", "")),
            &unit_with_script("2", "rustc-env=T=2", ("", "")),
        );
        assert_eq!(told.roots, [Root::Script { a: 0, b: 0 }]);

        let native = compare(
            &unit_with_script("1", "", ("libx.a", "1")),
            &unit_with_script("2", "", ("libx.a", "2")),
        );
        assert_eq!(native.roots, [Root::Script { a: 0, b: 0 }]);

        let log = compare(
            &unit_with_script("1", "", ("config.log", "1")),
            &unit_with_script("2", "", ("config.log", "2")),
        );
        assert_eq!(
            log.roots,
            [Root::Unit { a: 0, b: 0 }],
            "a log does not reach the compiler"
        );

        let harmless = compare(
            &unit_with_script("1", "", ("config.log", "1")),
            &unit_with_script("1", "", ("config.log", "2")),
        );
        assert!(harmless.roots.is_empty());
    }

    #[test]
    fn another_symbol_hash_is_a_difference() {
        let mut other = unit("a", &[], "1");
        other.call.metadata = "2".into();
        let found = compare(
            &build(vec![unit("a", &[], "1")], vec![]),
            &build(vec![other], vec![]),
        );
        assert_eq!(found.roots, [Root::Unit { a: 0, b: 0 }]);
    }

    #[test]
    fn a_unit_only_one_build_has_is_said() {
        let found = compare(
            &build(vec![unit("a", &[], "1")], vec![]),
            &build(vec![], vec![]),
        );
        assert_eq!(found.unpaired.len(), 1);
    }

    /// A unit with a source that something wrote while it was built.
    fn build_with_written_source(written: &str) -> Build {
        let mut own = unit("own", &[], written);
        own.sources = [("src/generated.rs".into(), sha256_bytes(written.as_bytes()))].into();
        build(vec![own], vec![script("own", "same", ("file", "same"))])
    }

    #[test]
    fn a_source_written_while_it_was_built_is_the_build_scripts() {
        let mut alone = (
            build_with_written_source("1"),
            build_with_written_source("2"),
        );
        assert_eq!(
            compare(&alone.0, &alone.1).roots,
            [Root::Script { a: 0, b: 0 }]
        );

        (alone.0.scripts, alone.1.scripts) = (vec![], vec![]);
        assert_eq!(
            compare(&alone.0, &alone.1).roots,
            [Root::Unit { a: 0, b: 0 }]
        );
    }

    /// A build script that hands a folder out, and another whose package depends on its package.
    fn script_behind_script(content: &str) -> Build {
        let handed_out = "cargo::metadata=include=<target>/sys-1/out";
        let mut sys = script("sys", handed_out, ("conf.h", content));
        sys.version = String::new();
        build(
            vec![unit("sys", &[], "same"), unit("app", &["sys"], content)],
            vec![sys, script("app", "", ("liba.a", content))],
        )
    }

    #[test]
    fn a_script_that_reads_what_another_hands_out_follows_from_it() {
        let mut builds = (script_behind_script("1"), script_behind_script("2"));

        let found = compare(&builds.0, &builds.1);
        assert_eq!(found.fed, [(1, 0)]);
        assert_eq!(
            found.roots,
            [Root::Script { a: 0, b: 0 }, Root::Script { a: 1, b: 1 }]
        );

        // Who hands nothing out feeds nobody.
        builds.0.scripts[0].statements.clear();
        builds.1.scripts[0].statements.clear();
        assert!(compare(&builds.0, &builds.1).fed.is_empty());
    }
}
