//! From a root to its causes: what differs is looked at, and the one call is repeated with one
//! variation at a time.

mod blame;
mod chance;
mod decide;
mod epoch;
mod evidence;
mod factors;
mod fixes;
mod forced;
mod hints;
mod print;
mod profile;
mod replay;
mod subject;

use std::collections::BTreeSet;
use std::path::PathBuf;

use release_gate::Context;

use self::decide::{Seen, conclude};
use self::factors::Found;
use self::replay::{Subject, Trials};
use crate::command::session::Built;
use crate::model::build::{ScriptRun, Unit, UnitKind};
use crate::model::cause::{Cause, ConfigFix, Fix, Variation};
use crate::model::roots::{Comparison, Root, differing_files, differing_sources};

pub(crate) use epoch::takers;
pub(crate) use forced::hidden;
pub(crate) use profile::{strip, stripping};

/// Explains one root: what decides, and what decides behind it.
pub(crate) fn explain(
    cx: &Context,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    root: &Root,
) -> Vec<Cause> {
    match root {
        Root::Unit { a: i, b: j } => unit(
            cx,
            a,
            b,
            &a.build.units[*i],
            &b.build.units[*j],
            Seen::Nothing,
        ),
        Root::Script { a: i, b: j } => {
            let (run_a, run_b) = (&a.build.scripts[*i], &b.build.scripts[*j]);
            let mut causes = script(cx, a, b, run_a, run_b, Seen::Nothing);
            for (_, x, y) in comparison.behind.iter().filter(|(at, ..)| at == i) {
                causes.extend(behind(
                    cx,
                    a,
                    b,
                    (run_a, run_b),
                    (&a.build.units[*x], &b.build.units[*y]),
                ));
            }
            causes
        }
    }
}

fn script(
    cx: &Context,
    a: &Built,
    b: &Built,
    run_a: &ScriptRun,
    run_b: &ScriptRun,
    before: Seen,
) -> Vec<Cause> {
    let files = differing_files(run_a, run_b);
    let mut seen = evidence::statements(&run_a.statements, &run_b.statements);
    let written = written(a, b, run_a, run_b);
    seen.extend(written.iter().map(|path| {
        format!(
            "it writes `{}` among the sources, which the compiler reads",
            path.to_string_lossy().replace('\\', "/")
        )
    }));
    for name in &files {
        let (x, y) = (run_a.out_dir.join(name), run_b.out_dir.join(name));
        seen.extend(evidence::file(name, &x, &y, &a.place, &b.place));
    }
    let native = |name: &String| {
        [".o", ".a", ".so", ".obj", ".lib"]
            .iter()
            .any(|ending| name.ends_with(ending))
    };
    let kind =
        if run_a.statements == run_b.statements && !files.is_empty() && files.iter().all(native) {
            UnitKind::CObject
        } else {
            UnitKind::BuildScript
        };
    let of = |variation, evidence, source, fix| Cause {
        variation,
        source,
        evidence,
        fix,
        ..Cause::of(&run_a.package, &run_a.version, kind)
    };
    let subject = Subject::script(a, b, run_a, run_b).map(|subject| subject.writing(written));
    let found = subject
        .as_ref()
        .and_then(|subject| conclude(&mut Trials::new(cx, a, b, subject), a, b, true, before));
    let folder = manifest_dir(a, &run_a.package, &run_a.version);
    let source = |variation, variable: Option<&str>| {
        folder
            .as_ref()
            .and_then(|dir| hints::find(dir, variation, variable, true))
    };
    match found.filter(|found| !found.is_empty()) {
        Some(found) => found
            .into_iter()
            .map(|one| {
                let at = source(one.variation, one.variable());
                of(one.variation, joined(&seen, &one), at, one.fix)
            })
            .collect(),
        None => {
            let mut cause = of(Variation::Unknown, seen, None, None);
            guess(&mut cause, a, b);
            cause.evidence.push(
                "the run could not be repeated on this machine, so the cause is a guess from the evidence"
                    .to_owned(),
            );
            cause.source = source(cause.variation, None);
            vec![cause]
        }
    }
}

/// Sources of the package that both runs left different.
fn written(a: &Built, b: &Built, run_a: &ScriptRun, run_b: &ScriptRun) -> Vec<PathBuf> {
    let of = |built: &'_ Built, run: &ScriptRun| -> Vec<usize> {
        let units = built.build.units.iter().enumerate();
        units
            .filter(|(_, unit)| unit.call.build_out_dir() == Some(run.out_dir.as_path()))
            .map(|(at, _)| at)
            .collect()
    };
    let (in_a, in_b) = (of(a, run_a), of(b, run_b));
    let pairs = in_a.iter().flat_map(|i| {
        in_b.iter()
            .map(move |j| (&a.build.units[*i], &b.build.units[*j]))
    });
    let same = pairs.filter(|(x, y)| x.call.key() == y.call.key());
    let paths: BTreeSet<PathBuf> = same.flat_map(|(x, y)| differing_sources(x, y)).collect();
    paths.into_iter().collect()
}

/// What decides comes first where it shows the very line.
fn joined(seen: &[String], found: &Found) -> Vec<String> {
    found.evidence.iter().chain(seen).cloned().collect()
}

fn unit(
    cx: &Context,
    a: &Built,
    b: &Built,
    unit_a: &Unit,
    unit_b: &Unit,
    before: Seen,
) -> Vec<Cause> {
    let mut cause = Cause::of(&unit_a.call.package, &unit_a.call.version, unit_a.kind());
    if unit_a.call.metadata != unit_b.call.metadata {
        return vec![outside(a, cause, unit_a, unit_b)];
    }
    if unit_a.outputs != unit_b.outputs {
        cause.evidence = evidence::outputs(unit_a, unit_b, &a.place, &b.place);
    }
    (cause.section, cause.symbol) = evidence::place_of_change(unit_a, unit_b);
    if cause
        .section
        .as_deref()
        .is_some_and(|section| section.contains("build-id"))
    {
        cause.unit = UnitKind::Link;
    }
    let subject = Subject::unit(a, b, unit_a, unit_b);
    let mut trials = Trials::new(cx, a, b, &subject);
    let found = conclude(&mut trials, a, b, true, before);
    let Some(found) = found.filter(|found| !found.is_empty()) else {
        guess(&mut cause, a, b);
        cause.evidence.push(
            "the call repeated alone did not differ, so the cause is a guess from the evidence"
                .to_owned(),
        );
        cause.source =
            blame::folder(unit_a).and_then(|dir| hints::find(&dir, cause.variation, None, false));
        return vec![cause];
    };
    found
        .into_iter()
        .map(|one| {
            through_script(cx, a, b, unit_a, &cause, &one)
                .unwrap_or_else(|| blamed(&mut trials, a, b, unit_a, &cause, one))
        })
        .collect()
}

/// A folder that the build script wrote into generated code or told the compiler: it is the
/// script's, not the unit's.
fn through_script(
    cx: &Context,
    a: &Built,
    b: &Built,
    unit: &Unit,
    like: &Cause,
    found: &Found,
) -> Option<Cause> {
    if found.variation != Variation::Path {
        return None;
    }
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
    let told = found.through.as_ref().filter(|name| {
        run_a
            .statements
            .iter()
            .filter_map(|line| variable(line))
            .any(|told| told == **name)
    });
    let root = a.place.root.to_string_lossy().into_owned();
    let wrote = || {
        unit.reads
            .iter()
            .filter(|path| path.starts_with(&run_a.out_dir))
            .find_map(|path| {
                let text = std::fs::read_to_string(path).ok()?;
                let (number, line) = text
                    .lines()
                    .enumerate()
                    .find(|(_, line)| line.contains(&root))?;
                let name = path.strip_prefix(&run_a.out_dir).unwrap_or(path).display();
                let line: String = a.place.neutral(line.trim()).chars().take(120).collect();
                Some(format!(
                    "`{name}` in OUT_DIR, line {}, names the folder: `{line}`",
                    number + 1
                ))
            })
    };
    let line = match told {
        Some(name) => format!("the build script tells the compiler a folder in {name}"),
        None => wrote()?,
    };
    let mut cause = like.clone();
    cause.unit = UnitKind::BuildScript;
    cause.variation = Variation::Path;
    cause.evidence.insert(0, line);
    cause.source =
        blame::folder(unit).and_then(|dir| hints::find(&dir, Variation::Path, None, true));
    let advice = Variation::Path.advice();
    cause.fix = Some(Fix::advice(advice));
    if let Some(subject) = Subject::script(a, b, run_a, run_b)
        && decide::same_at_one_place(&mut Trials::new(cx, a, b, &subject), b)
    {
        cause.fix = Some(fixes::pinning("path", advice));
    }
    Some(cause)
}

/// A cause of a compiler call, with the package that brings it in.
fn blamed(
    trials: &mut Trials<'_>,
    a: &Built,
    b: &Built,
    unit: &Unit,
    like: &Cause,
    found: Found,
) -> Cause {
    let mut cause = like.clone();
    cause.variation = found.variation;
    cause.evidence = joined(&like.evidence, &found);
    let mut from = unit;
    if cause.unit != UnitKind::Link
        && let Some(guilty) = blame::proc_macro(trials, a, b, unit, &found)
    {
        cause.evidence.push(format!(
            "it comes in through a macro, called while compiling `{}`",
            cause.package
        ));
        cause.package = format!("{} {}", guilty.call.package, guilty.call.version);
        cause.unit = UnitKind::ProcMacro;
        from = guilty;
    }
    cause.source = blame::folder(from)
        .and_then(|dir| hints::find(&dir, found.variation, found.variable(), false));
    cause.fix = found.fix;
    cause
}

/// What decides in a compiler call whose build script differs too: with what the script said held
/// still.
fn behind(
    cx: &Context,
    a: &Built,
    b: &Built,
    (run_a, run_b): (&ScriptRun, &ScriptRun),
    (unit_a, unit_b): (&Unit, &Unit),
) -> Vec<Cause> {
    let variables: BTreeSet<String> = run_a
        .statements
        .iter()
        .chain(&run_b.statements)
        .filter_map(|line| variable(line))
        .collect();
    let only_variables = run_a
        .statements
        .iter()
        .filter(|line| variable(line).is_none())
        .eq(run_b
            .statements
            .iter()
            .filter(|line| variable(line).is_none()));
    let place = only_variables && differing_files(run_a, run_b).is_empty();
    let subject = Subject::unit(a, b, unit_a, unit_b).without(variables);
    let mut trials = Trials::new(cx, a, b, &subject);
    let found = conclude(&mut trials, a, b, place, Seen::Nothing).unwrap_or_default();
    let like = Cause {
        evidence: evidence::outputs(unit_a, unit_b, &a.place, &b.place),
        ..Cause::of(&unit_a.call.package, &unit_a.call.version, unit_a.kind())
    };
    found
        .into_iter()
        .filter(|one| one.variation != Variation::Unknown)
        .map(|one| blamed(&mut trials, a, b, unit_a, &like, one))
        .collect()
}

/// The variable a statement sets for the compiler.
fn variable(statement: &str) -> Option<String> {
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
fn outside(a: &Built, mut cause: Cause, unit_a: &Unit, unit_b: &Unit) -> Cause {
    cause.variation = Variation::Path;
    cause.evidence.push(format!(
        "cargo gave it other symbol hashes ({} and {}): its absolute path is hashed, because it is a path dependency outside the workspace",
        unit_a.call.metadata, unit_b.call.metadata
    ));
    cause.source = Some("Cargo.toml".to_owned());
    // Cargo's hash is a function of the path: at the same path it is the same, so nothing has to be
    // repeated to know that.
    let pinned = a.place.abilities.namespaces.is_ok();
    let advice = "make it a member of the workspace; `[repro] pin = [\"path\"]` in release-gates.toml makes sealed builds use one path, which masks it";
    let mut fix = Fix::advice(advice);
    fix.config = pinned.then(|| ConfigFix {
        file: "release-gates.toml".to_owned(),
        key: "repro.pin".to_owned(),
        value: "[\"path\"]".to_owned(),
    });
    cause.fix = Some(fix);
    cause
}

/// What the evidence alone suggests.
fn guess(cause: &mut Cause, a: &Built, b: &Built) {
    let text = cause.evidence.join("\n");
    let has = |x: &str, y: &str| text.contains(x) && text.contains(y);
    let (ca, cb) = (&a.place.conditions, &b.place.conditions);
    if text.contains("<place")
        || text.contains("<source>")
        || text.contains("<target>")
        || text.contains("<cargo-home>")
    {
        cause.variation = Variation::Path;
    } else if has(ca.host, cb.host) {
        cause.variation = Variation::Host;
    } else if has(ca.user, cb.user)
        || has(&ca.locale, &cb.locale)
        || has(ca.time_zone, cb.time_zone)
    {
        cause.variation = Variation::Environment;
    }
}

fn manifest_dir(a: &Built, package: &str, version: &str) -> Option<PathBuf> {
    let unit = a
        .build
        .units
        .iter()
        .find(|unit| unit.call.package == package && unit.call.version == version)?;
    unit.call.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from)
}
