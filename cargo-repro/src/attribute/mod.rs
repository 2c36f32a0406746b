//! From a root to its cause: what differs is looked at, and the one call is repeated with one variation at a time.

mod evidence;
mod hints;
mod replay;

use std::collections::BTreeSet;

use release_gate::Context;

use self::replay::{Settings, Subject, Trials};
use crate::command::session::Built;
use crate::model::build::{ScriptRun, Unit, UnitKind};
use crate::model::cause::{Cause, ConfigFix, Fix, Variation};
use crate::model::roots::{Root, differing_files};
use crate::sealed::interposer::{Asked, read_log};

/// Variables with which known crates can be told to embed nothing that changes.
const KNOWN_SWITCHES: &[(&str, &str)] =
    &[("CONST_RANDOM_SEED", "release"), ("VERGEN_IDEMPOTENT", "1"), ("VERGEN_IDEMPOTENT_OUTPUT", "1")];

/// Explains one root.
pub(crate) fn explain(cx: &Context, a: &Built, b: &Built, root: &Root) -> Cause {
    match root {
        Root::Script { a: i, b: j } => script(cx, a, b, &a.build.scripts[*i], &b.build.scripts[*j]),
        Root::Unit { a: i, b: j } => unit(cx, a, b, &a.build.units[*i], &b.build.units[*j]),
    }
}

fn script(cx: &Context, a: &Built, b: &Built, run_a: &ScriptRun, run_b: &ScriptRun) -> Cause {
    let files = differing_files(run_a, run_b);
    let mut seen = evidence::statements(&run_a.statements, &run_b.statements);
    for name in &files {
        seen.extend(evidence::file(
            name,
            &run_a.out_dir.join(name),
            &run_b.out_dir.join(name),
            &a.place,
            &b.place,
        ));
    }
    let native =
        |name: &String| [".o", ".a", ".so", ".obj", ".lib"].iter().any(|ending| name.ends_with(ending));
    let kind = if run_a.statements == run_b.statements && !files.is_empty() && files.iter().all(native) {
        UnitKind::CObject
    } else {
        UnitKind::BuildScript
    };
    let mut cause = Cause {
        package: format!("{} {}", run_a.package, run_a.version),
        unit: kind,
        variation: Variation::Unknown,
        section: None,
        symbol: None,
        source: None,
        evidence: seen,
        fix: None,
    };
    match Subject::script(a, b, run_a, run_b) {
        Some(subject) => conclude(cx, a, b, &subject, &mut cause),
        None => {
            guess(&mut cause, a, b);
            cause.evidence.push(
                "the run could not be repeated on this machine, so the cause is a guess from the evidence"
                    .to_owned(),
            );
        }
    }
    let folder = manifest_dir(a, &run_a.package, &run_a.version);
    cause.source = folder.and_then(|dir| hints::find(&dir, cause.variation, true));
    cause
}

fn unit(cx: &Context, a: &Built, b: &Built, unit_a: &Unit, unit_b: &Unit) -> Cause {
    let mut cause = Cause {
        package: format!("{} {}", unit_a.call.package, unit_a.call.version),
        unit: unit_a.kind(),
        variation: Variation::Unknown,
        section: None,
        symbol: None,
        source: None,
        evidence: Vec::new(),
        fix: None,
    };
    if unit_a.call.metadata != unit_b.call.metadata {
        // Cargo hashes the absolute path of packages that lie outside the workspace.
        cause.variation = Variation::Path;
        cause.evidence.push(format!(
            "cargo gave it other symbol hashes ({} and {}): its absolute path is hashed, because it is a path dependency outside the workspace",
            unit_a.call.metadata, unit_b.call.metadata
        ));
        cause.source = Some("Cargo.toml".to_owned());
        cause.fix = Some(Fix {
            text: "make it a member of the workspace; `strip = true` in the profile masks it in executables"
                .to_owned(),
            confirmed: false,
            config: None,
        });
        return cause;
    }
    cause.evidence = evidence::outputs(unit_a, unit_b, &a.place, &b.place);
    let place = evidence::place_of_change(unit_a, unit_b);
    (cause.section, cause.symbol) = place;
    let subject = Subject::unit(a, b, unit_a, unit_b);
    conclude(cx, a, b, &subject, &mut cause);
    let folder = unit_a.call.env.get("CARGO_MANIFEST_DIR").map(std::path::PathBuf::from);
    if let Some(macro_unit) = asking_macro(a, b, unit_a, cause.variation) {
        cause.evidence.push(format!(
            "the macros of `{} {}` asked for it",
            macro_unit.call.package, macro_unit.call.version
        ));
        cause.evidence.push(format!("they were called while compiling `{}`", cause.package));
        cause.package = format!("{} {}", macro_unit.call.package, macro_unit.call.version);
        cause.unit = UnitKind::ProcMacro;
        let folder = macro_unit.call.env.get("CARGO_MANIFEST_DIR").map(std::path::PathBuf::from);
        cause.source = folder.and_then(|dir| hints::find(&dir, cause.variation, false));
    } else {
        cause.source = folder.and_then(|dir| hints::find(&dir, cause.variation, false));
    }
    cause
}

/// Repeats the call under one variation at a time and notes what made it differ, and what made it equal again.
fn conclude(cx: &Context, a: &Built, b: &Built, subject: &Subject<'_>, cause: &mut Cause) {
    let mut trials = Trials::new(cx, a, b, subject);
    let base = Settings::default();
    let Some(first) = trials.run(&base) else {
        guess(cause, a, b);
        cause.evidence.push(
            "the call could not be repeated alone, so the cause is a guess from the evidence".to_owned(),
        );
        return;
    };
    let interposer = a.place.abilities.interposer.is_ok();
    let mut differs = |settings: &Settings| trials.run(settings).is_some_and(|print| print != first);
    if differs(&base) {
        // Without the interposer random numbers cannot be held still.
        cause.variation = if interposer { Variation::None } else { Variation::Unknown };
    } else if interposer && (12..19).any(|seed| differs(&Settings { seed, ..base.clone() })) {
        cause.variation = Variation::Entropy;
    } else if interposer && differs(&Settings { clock: b.place.conditions.clock, ..base.clone() }) {
        cause.variation = Variation::Time;
    } else if interposer && differs(&Settings { order: 2, ..base.clone() }) {
        cause.variation = Variation::FileOrder;
    } else if interposer && differs(&Settings { host: true, ..base.clone() }) {
        cause.variation = Variation::Host;
    } else if differs(&Settings { umask: true, ..base.clone() }) {
        cause.variation = Variation::Umask;
    } else if differs(&Settings { file_times: true, ..base.clone() }) {
        cause.variation = Variation::FileTime;
    } else {
        let names = trials.varied_variables();
        for name in &names {
            let settings = Settings { variables: BTreeSet::from([name.clone()]), ..base.clone() };
            if trials.run(&settings).is_some_and(|print| print != first) {
                cause.variation = match name.as_str() {
                    "HOSTNAME" => Variation::Host,
                    "NUM_JOBS" => Variation::Jobs,
                    "CARGO_HOME"
                    | "TMPDIR"
                    | "PATH"
                    | "OUT_DIR"
                    | "CARGO_MANIFEST_DIR"
                    | "CARGO_MANIFEST_PATH" => Variation::Path,
                    _ => Variation::Environment,
                };
                cause.evidence.insert(0, format!("the variable {name} decides"));
                if cause.variation == Variation::Environment {
                    cause.fix = environment_fix(&mut trials, name);
                }
                break;
            }
        }
        if cause.variation == Variation::Unknown
            && trials.run(&Settings { in_b: true, ..base.clone() }).is_some_and(|print| print != first)
        {
            cause.variation = Variation::Path;
        }
    }
    if matches!(cause.variation, Variation::Entropy | Variation::Time) {
        cause.fix = switch_fix(&mut trials, cause.variation, b.place.conditions.clock);
    }
    if cause.variation == Variation::Unknown {
        guess(cause, a, b);
    }
    if cause.fix.is_none() && cause.variation != Variation::Unknown {
        cause.fix = Some(Fix { text: cause.variation.advice().to_owned(), confirmed: false, config: None });
    }
}

/// Pinning the variable for every build: tried on the replay.
fn environment_fix(trials: &mut Trials<'_>, name: &str) -> Option<Fix> {
    let pinned = vec![(name.to_owned(), "release".to_owned())];
    let one = trials.run(&Settings { forced: pinned.clone(), ..Settings::default() })?;
    let variables = BTreeSet::from([name.to_owned()]);
    let other = trials.run(&Settings { forced: pinned, variables, ..Settings::default() })?;
    (one == other).then(|| Fix {
        text: format!("pin {name} for builds in `.cargo/config.toml`: this masks it; better do not embed it"),
        confirmed: true,
        config: Some(ConfigFix {
            file: ".cargo/config.toml".to_owned(),
            key: format!("env.{name}"),
            value: "{ value = \"release\", force = true }".to_owned(),
        }),
    })
}

/// Switches that known crates have: the first that makes the replays equal.
fn switch_fix(trials: &mut Trials<'_>, variation: Variation, clock: u64) -> Option<Fix> {
    KNOWN_SWITCHES.iter().find_map(|(name, value)| {
        let forced = vec![((*name).to_owned(), (*value).to_owned())];
        let one = trials.run(&Settings { forced: forced.clone(), ..Settings::default() })?;
        let others: Vec<Settings> = match variation {
            Variation::Time => vec![Settings { clock, forced, ..Settings::default() }],
            _ => (12..19)
                .map(|seed| Settings { seed, forced: forced.clone(), ..Settings::default() })
                .collect(),
        };
        let equal = others.iter().all(|settings| trials.run(settings).as_ref() == Some(&one));
        equal.then(|| Fix {
            text: format!("set {name}={value} for builds in `.cargo/config.toml`"),
            confirmed: true,
            config: Some(ConfigFix {
                file: ".cargo/config.toml".to_owned(),
                key: format!("env.{name}"),
                value: format!("{value:?}"),
            }),
        })
    })
}

/// The proc macro that asked the system for what varied while a unit was compiled.
fn asking_macro<'a>(a: &'a Built, b: &Built, unit: &Unit, variation: Variation) -> Option<&'a Unit> {
    let what = match variation {
        Variation::Entropy => "random",
        Variation::Time => "clock",
        Variation::FileOrder => "folder",
        Variation::Host => "host",
        _ => return None,
    };
    let text = std::fs::read_to_string(&a.place.log).unwrap_or_default()
        + &std::fs::read_to_string(&b.place.log).unwrap_or_default();
    let asked = read_log(&text);
    let of_unit = |line: &&Asked| {
        line.what == what && line.package == unit.call.package && line.crate_name == unit.call.crate_name
    };
    asked.iter().filter(of_unit).find_map(|line| {
        let file = std::path::Path::new(&line.by).file_stem()?.to_string_lossy();
        let stem = file.strip_prefix("lib").unwrap_or(&file);
        a.build.units.iter().find(|unit| unit.call.is_proc_macro() && unit.stem() == stem)
    })
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
    } else if has(ca.user, cb.user) || has(ca.locale, cb.locale) || has(ca.time_zone, cb.time_zone) {
        cause.variation = Variation::Environment;
    }
}

fn manifest_dir(a: &Built, package: &str, version: &str) -> Option<std::path::PathBuf> {
    let unit =
        a.build.units.iter().find(|unit| unit.call.package == package && unit.call.version == version)?;
    unit.call.env.get("CARGO_MANIFEST_DIR").map(std::path::PathBuf::from)
}
