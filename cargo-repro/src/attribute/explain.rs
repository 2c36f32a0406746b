//! From a root to its causes.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use release_gate::facts::report::repro::{Cause, UnitKind, Variation};

use super::experiment::Experiment;
use super::factors::Found;
use super::replay::Trials;
use super::search::{Seen, conclude, is_same_at_one_path};
use super::subject::Subject;
use super::{blame, evidence, fixes, hints};
use crate::model::build::{Build, ScriptRun, Unit};
use crate::model::cause::{advice, unknown_cause, untried_fix};
use crate::model::roots::{Root, differing_files, differing_sources, is_native};
use crate::sealed::conditions::Conditions;
use crate::sealed::sandbox::Sandbox;

/// Explains one root: what decides, and what decides behind it.
pub(crate) fn explain(experiment: &Experiment<'_>, root: &Root) -> Vec<Cause> {
    let (a, b) = (&experiment.a.build, &experiment.b.build);
    match *root {
        Root::Unit { a: i, b: j } => {
            explain_unit(experiment, &a.units[i], &b.units[j], Seen::Nothing)
        }
        Root::Script { a: i, b: j } => {
            let runs = (&a.scripts[i], &b.scripts[j]);
            let mut causes = explain_script(experiment, runs.0, runs.1, Seen::Nothing);
            for &(_, x, y) in experiment
                .comparison
                .behind
                .iter()
                .filter(|(at, ..)| *at == i)
            {
                causes.extend(behind(experiment, runs, (&a.units[x], &b.units[y])));
            }
            causes
        }
    }
}

/// Explains the run of a build script that differs.
pub(super) fn explain_script(
    experiment: &Experiment<'_>,
    run_a: &ScriptRun,
    run_b: &ScriptRun,
    before: Seen,
) -> Vec<Cause> {
    let written = written_sources(experiment, run_a, run_b);
    let seen = script_evidence(experiment, run_a, run_b, &written);
    let like = unknown_cause(&run_a.package, &run_a.version, script_kind(run_a, run_b));
    let fed_by = feeders(experiment, run_a);
    let subject = Subject::script(experiment, run_a, run_b)
        .map(|subject| subject.writing(written).fed_by(&fed_by));
    let found = subject
        .as_ref()
        .and_then(|subject| conclude(&mut Trials::new(experiment, subject), true, before))
        .unwrap_or_default();
    // What other scripts hand to this one is their cause, and nothing of its own was found.
    if found.is_empty() && !fed_by.is_empty() && subject.is_some() {
        return Vec::new();
    }
    if found.is_empty() {
        let mut cause = Cause {
            evidence: seen,
            ..like
        };
        guess_variation(&mut cause, experiment);
        cause.evidence.push(
            "the run could not be repeated on this machine, so the cause is a guess from the evidence"
                .to_owned(),
        );
        cause.source = place_in_script(experiment, (run_a, run_b), cause.variation, None);
        return vec![cause];
    }

    found
        .into_iter()
        .map(|one| Cause {
            variation: one.variation,
            source: place_in_script(experiment, (run_a, run_b), one.variation, one.variable()),
            evidence: joined(&seen, &one),
            fix: one.fix,
            ..like.clone()
        })
        .collect()
}

/// The line of a build script's sources that asks for what varies, else the one that makes what
/// differs.
fn place_in_script(
    experiment: &Experiment<'_>,
    (run_a, run_b): (&ScriptRun, &ScriptRun),
    variation: Variation,
    variable: Option<&str>,
) -> Option<String> {
    let sources = script_sources(&experiment.a.build, &run_a.package, &run_a.version);
    let (folder, files) = sources?;
    if let Some(place) = hints::find_in(&folder, &files, variation, variable) {
        return Some(place);
    }

    let differing = differing_files(run_a, run_b);
    let outputs = differing
        .iter()
        .filter_map(|path| path.rsplit('/').next().map(ToOwned::to_owned));
    let variables = run_a
        .statements
        .iter()
        .filter(|line| !run_b.statements.contains(line))
        .filter_map(|line| variable_set_by(line));
    outputs
        .chain(variables)
        .find_map(|name| hints::find_output(&folder, &files, &name))
}

/// Runs of other build scripts that differ and hand something to this one.
fn feeders<'a>(experiment: &Experiment<'a>, run: &ScriptRun) -> Vec<&'a ScriptRun> {
    let scripts = &experiment.a.build.scripts;
    experiment
        .comparison
        .fed
        .iter()
        .filter(|(at, _)| scripts[*at].out_dir == run.out_dir)
        .map(|(_, feeder)| &scripts[*feeder])
        .collect()
}

/// What can be seen of two runs without repeating them.
fn script_evidence(
    experiment: &Experiment<'_>,
    run_a: &ScriptRun,
    run_b: &ScriptRun,
    written: &[PathBuf],
) -> Vec<String> {
    let mut seen = evidence::statements(&run_a.statements, &run_b.statements);
    seen.extend(written.iter().map(|path| {
        format!(
            "it writes `{}` among the sources, which the compiler reads",
            path.to_string_lossy().replace('\\', "/")
        )
    }));

    let sandboxes = [&experiment.a.sandbox, &experiment.b.sandbox];
    for name in differing_files(run_a, run_b) {
        let paths = [run_a.out_dir.join(&name), run_b.out_dir.join(&name)];
        seen.extend(evidence::file(&name, &paths, sandboxes));
    }
    seen
}

/// The first bytes of a file; `None` of one that is shorter or cannot be read.
fn first_bytes(path: &Path) -> Option<[u8; 8]> {
    let mut bytes = [0; 8];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .ok()?;
    Some(bytes)
}

/// Whether a file in OUT_DIR is an object or an archive of objects, by its name or its first bytes.
fn is_object(run: &ScriptRun, name: &str) -> bool {
    is_native(name)
        || first_bytes(&run.out_dir.join(name))
            .is_some_and(|bytes| bytes.starts_with(b"!<arch>\n") || bytes.starts_with(b"\x7fELF"))
}

/// What a build script that says the same and leaves other objects made is C.
fn script_kind(run_a: &ScriptRun, run_b: &ScriptRun) -> UnitKind {
    let files = differing_files(run_a, run_b);
    let only_objects = !files.is_empty() && files.iter().all(|name| is_object(run_a, name));
    if run_a.statements == run_b.statements && only_objects {
        UnitKind::CObject
    } else {
        UnitKind::BuildScript
    }
}

/// Sources of the package that both runs left different.
fn written_sources(
    experiment: &Experiment<'_>,
    run_a: &ScriptRun,
    run_b: &ScriptRun,
) -> Vec<PathBuf> {
    let in_a = units_of_run(&experiment.a.build, run_a);
    let in_b = units_of_run(&experiment.b.build, run_b);

    let mut paths = BTreeSet::new();
    for x in in_a {
        for y in in_b.iter().filter(|y| x.call.key() == y.call.key()) {
            paths.extend(differing_sources(x, y));
        }
    }
    paths.into_iter().collect()
}

/// Units that see a run's OUT_DIR.
fn units_of_run<'a>(build: &'a Build, run: &ScriptRun) -> Vec<&'a Unit> {
    build
        .units
        .iter()
        .filter(|unit| unit.call.build_out_dir() == Some(run.out_dir.as_path()))
        .collect()
}

/// What decides comes first where it shows the very line.
fn joined(seen: &[String], found: &Found) -> Vec<String> {
    found.evidence.iter().chain(seen).cloned().collect()
}

/// Explains a compiler call that differs.
pub(super) fn explain_unit(
    experiment: &Experiment<'_>,
    unit_a: &Unit,
    unit_b: &Unit,
    before: Seen,
) -> Vec<Cause> {
    let cause = unknown_cause(&unit_a.call.package, &unit_a.call.version, unit_a.kind());
    if unit_a.call.metadata != unit_b.call.metadata {
        return vec![other_symbol_hash(
            &experiment.a.sandbox,
            cause,
            unit_a,
            unit_b,
        )];
    }

    let mut cause = with_evidence(experiment, cause, unit_a, unit_b);
    let subject = Subject::unit(unit_a, unit_b);
    let mut trials = Trials::new(experiment, &subject);
    let found = conclude(&mut trials, true, before).unwrap_or_default();
    if found.is_empty() {
        guess_variation(&mut cause, experiment);
        cause.evidence.push(
            "the call repeated alone did not differ, so the cause is a guess from the evidence"
                .to_owned(),
        );
        cause.source =
            blame::folder(unit_a).and_then(|dir| hints::find(&dir, cause.variation, None));
        return vec![cause];
    }

    found
        .into_iter()
        .map(|one| {
            through_script(experiment, unit_a, &cause, &one)
                .unwrap_or_else(|| blamed(&mut trials, experiment, unit_a, &cause, one))
        })
        .collect()
}

/// A cause with what can be seen of two outputs.
fn with_evidence(
    experiment: &Experiment<'_>,
    mut cause: Cause,
    unit_a: &Unit,
    unit_b: &Unit,
) -> Cause {
    if unit_a.outputs != unit_b.outputs {
        let sandboxes = [&experiment.a.sandbox, &experiment.b.sandbox];
        cause.evidence = evidence::outputs(unit_a, unit_b, sandboxes);
    }
    (cause.section, cause.symbol) = evidence::region_of_change(unit_a, unit_b);
    if cause
        .section
        .as_deref()
        .is_some_and(|section| section.contains("build-id"))
    {
        cause.unit = UnitKind::Link;
    }
    cause
}

/// A folder that the build script wrote into generated code or told the compiler: it is the
/// script's, not the unit's.
fn through_script(
    experiment: &Experiment<'_>,
    unit: &Unit,
    like: &Cause,
    found: &Found,
) -> Option<Cause> {
    if found.variation != Variation::Path {
        return None;
    }
    let (a, b) = (experiment.a, experiment.b);
    let run_a = a
        .build
        .scripts
        .iter()
        .find(|run| Some(run.out_dir.as_path()) == unit.call.build_out_dir())?;
    let run_b = b.build.scripts.iter().find(|run| {
        run.package == run_a.package
            && run.version == run_a.version
            && run.statements.len() == run_a.statements.len()
    })?;

    let line = line_of_script(&a.sandbox, unit, run_a, found)?;
    let mut cause = like.clone();
    cause.unit = UnitKind::BuildScript;
    cause.variation = Variation::Path;
    cause.evidence.insert(0, line);
    let sources = script_sources(&a.build, &run_a.package, &run_a.version);
    cause.source =
        sources.and_then(|(folder, files)| hints::find_in(&folder, &files, Variation::Path, None));

    let advice = advice(Variation::Path);
    cause.fix = Some(untried_fix(advice));
    if let Some(subject) = Subject::script(experiment, run_a, run_b)
        && is_same_at_one_path(&mut Trials::new(experiment, &subject))
    {
        cause.fix = Some(fixes::pinning("path", advice));
    }
    Some(cause)
}

/// Where a build script hands a folder to the compiler.
fn line_of_script(
    sandbox: &Sandbox,
    unit: &Unit,
    run: &ScriptRun,
    found: &Found,
) -> Option<String> {
    if let Some(name) = &found.through
        && run
            .statements
            .iter()
            .any(|line| variable_set_by(line).as_ref() == Some(name))
    {
        return Some(format!(
            "the build script tells the compiler a folder in {name}"
        ));
    }

    let to_linker = run.statements.iter().find(|line| {
        line.contains("rustc-link-arg") && line.contains('<') && line.contains("rpath")
    });
    if let Some(line) = to_linker {
        return Some(format!(
            "the build script hands a folder to the linker: `{line}`"
        ));
    }

    let root = sandbox.root.to_string_lossy();
    let generated = unit
        .reads
        .iter()
        .filter(|path| path.starts_with(&run.out_dir));
    for path in generated {
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let naming = text
            .lines()
            .enumerate()
            .find(|(_, line)| line.contains(&*root));
        if let Some((number, line)) = naming {
            let name = path.strip_prefix(&run.out_dir).unwrap_or(path).display();
            let line: String = sandbox.neutral(line.trim()).chars().take(120).collect();
            return Some(format!(
                "`{name}` in OUT_DIR, line {}, names the folder: `{line}`",
                number + 1
            ));
        }
    }
    None
}

/// A cause of a compiler call, with the package that brings it in.
fn blamed(
    trials: &mut Trials<'_>,
    experiment: &Experiment<'_>,
    unit: &Unit,
    like: &Cause,
    found: Found,
) -> Cause {
    let mut cause = like.clone();
    cause.variation = found.variation;
    cause.evidence = joined(&like.evidence, &found);

    let mut from = unit;
    if cause.unit != UnitKind::Link
        && let Some(guilty) = blame::proc_macro(trials, experiment, unit, &found)
    {
        cause.evidence.push(format!(
            "it comes in through a macro, called while compiling `{}`",
            cause.package
        ));
        cause.package = format!("{} {}", guilty.call.package, guilty.call.version);
        cause.unit = UnitKind::ProcMacro;
        from = guilty;
    }
    cause.source = place_in_unit(from, &found);
    if cause.source.is_none() {
        place_in_linking(&experiment.a.sandbox, &mut cause);
    }
    cause.fix = found.fix;
    cause
}

/// Where nothing of a program's package asks for what varies, it is a flag of the linker or the
/// linker that the project's configuration names.
fn place_in_linking(sandbox: &Sandbox, cause: &mut Cause) {
    if !matches!(cause.unit, UnitKind::Bin | UnitKind::Link) {
        return;
    }
    cause.source = hints::find_in_configuration(sandbox, cause.variation);
    if cause.source.is_none() && cause.variation != Variation::Path {
        cause.source = sandbox.cargo_config.line_with("linker", &sandbox.source);
        if cause.source.is_some() {
            cause.unit = UnitKind::Link;
        }
    }
}

/// The line of a unit's package that asks for what varies.
fn place_in_unit(unit: &Unit, found: &Found) -> Option<String> {
    let folder = blame::folder(unit)?;
    let read = blame::reads_folders(unit);
    // `env!` names its variable, and the compiler says which it read.
    let variable = found
        .variable()
        .or(found.through.as_deref())
        .or_else(|| read.first().map(String::as_str));
    hints::find(&folder, found.variation, variable)
}

/// What decides in a compiler call whose build script differs too: with what the script said kept
/// as in A.
fn behind(
    experiment: &Experiment<'_>,
    (run_a, run_b): (&ScriptRun, &ScriptRun),
    (unit_a, unit_b): (&Unit, &Unit),
) -> Vec<Cause> {
    let variables: BTreeSet<String> = run_a
        .statements
        .iter()
        .chain(&run_b.statements)
        .filter_map(|line| variable_set_by(line))
        .collect();

    let only_variables = other_statements(run_a) == other_statements(run_b);
    let vary_folder = only_variables && differing_files(run_a, run_b).is_empty();

    let subject = Subject::unit(unit_a, unit_b).without(variables);
    let mut trials = Trials::new(experiment, &subject);
    let found = conclude(&mut trials, vary_folder, Seen::Nothing).unwrap_or_default();
    let sandboxes = [&experiment.a.sandbox, &experiment.b.sandbox];
    let like = Cause {
        evidence: evidence::outputs(unit_a, unit_b, sandboxes),
        ..unknown_cause(&unit_a.call.package, &unit_a.call.version, unit_a.kind())
    };
    found
        .into_iter()
        .filter(|one| one.variation != Variation::Unknown)
        .map(|one| blamed(&mut trials, experiment, unit_a, &like, one))
        .collect()
}

/// Statements of a run that set no variable for the compiler.
fn other_statements(run: &ScriptRun) -> Vec<&String> {
    run.statements
        .iter()
        .filter(|line| variable_set_by(line).is_none())
        .collect()
}

/// The variable a statement sets for the compiler.
fn variable_set_by(statement: &str) -> Option<String> {
    let rest = statement
        .strip_prefix("cargo::")
        .or_else(|| statement.strip_prefix("cargo:"))?;
    Some(
        rest.strip_prefix("rustc-env=")?
            .split('=')
            .next()?
            .to_owned(),
    )
}

/// Cargo hashes the absolute path of packages that lie outside the workspace.
fn other_symbol_hash(sandbox: &Sandbox, mut cause: Cause, unit_a: &Unit, unit_b: &Unit) -> Cause {
    cause.variation = Variation::Path;
    let wrapper = sandbox
        .cargo_config
        .line_with("rustc-workspace-wrapper", &sandbox.source);
    let (what, advice) = if wrapper.is_some() {
        (
            "the absolute path of the workspace wrapper is hashed",
            "use `build.rustc-wrapper`, which is not hashed",
        )
    } else {
        (
            "its absolute path is hashed, because it is a path dependency outside the workspace",
            "make it a member of the workspace",
        )
    };
    cause.evidence.push(format!(
        "cargo gave it other symbol hashes ({} and {}): {what}",
        unit_a.call.metadata, unit_b.call.metadata
    ));
    cause.source = wrapper.or_else(|| Some("Cargo.toml".to_owned()));
    // Cargo's hash is a function of the path: at the same path it is the same, so nothing has to be
    // repeated to know that.
    let mut fix = untried_fix(format!(
        "{advice}\nor `[repro] pin = [\"path\"]` in release-gates.toml: sealed builds use one path, which masks it"
    ));
    if sandbox.abilities.isolations.namespaces.is_ok() {
        fix.config = vec![fixes::pin_line("path")];
    }
    cause.fix = Some(fix);
    cause
}

/// Whether a text holds what A has and what B has.
fn holds_both(text: &str, pair: [&str; 2]) -> bool {
    pair.iter().all(|word| text.contains(word))
}

/// What the evidence alone suggests.
fn guess_variation(cause: &mut Cause, experiment: &Experiment<'_>) {
    let text = cause.evidence.join("\n");
    let ca: &Conditions = &experiment.a.sandbox.conditions;
    let cb: &Conditions = &experiment.b.sandbox.conditions;
    let folders = ["<place", "<source>", "<target>", "<cargo-home>"];
    let environment = [
        [ca.user, cb.user],
        [&ca.locale, &cb.locale],
        [ca.time_zone, cb.time_zone],
    ];

    if folders.iter().any(|folder| text.contains(folder)) {
        cause.variation = Variation::Path;
    } else if holds_both(&text, [ca.host, cb.host]) {
        cause.variation = Variation::Host;
    } else if environment.iter().any(|pair| holds_both(&text, *pair)) {
        cause.variation = Variation::Environment;
    }
}

/// The folder of a package in build A, and what its build script is built of and may compile: the
/// script's own sources, and sources of C.
fn script_sources(build: &Build, package: &str, version: &str) -> Option<(PathBuf, Vec<PathBuf>)> {
    let units: Vec<&Unit> = build
        .units
        .iter()
        .filter(|unit| unit.call.package == package && unit.call.version == version)
        .collect();
    let folder = blame::folder(units.first()?)?;

    let mut files: Vec<PathBuf> = units
        .iter()
        .filter(|unit| unit.call.is_build_script())
        .flat_map(|unit| &unit.reads)
        .filter(|path| path.starts_with(&folder))
        .cloned()
        .collect();
    files.extend(hints::sources_of_c(&folder));
    Some((folder, files))
}
