//! Settings of a profile that mend artifacts for whoever builds with plain cargo, tried on the
//! artifacts' own compiler calls in both places.
//!
//! Only what the linker leaves out is tried: it is the last step, so whatever differs in the units
//! before comes out equal or not here.

use release_gate::Context;

use super::decide::everything;
use super::replay::{At, Settings, Subject, Trials};
use crate::command::session::Built;
use crate::diff;
use crate::model::build::Artifact;
use crate::model::cause::{ConfigFix, Fix};
use crate::model::roots::Comparison;

/// Values of `strip`, the weakest first, and the sections they leave out.
const STRIPS: &[(&str, &[&str])] = &[
    (
        "debuginfo",
        &[
            ".debug_",
            ".zdebug_",
            ".gdb_index",
            ".gnu_debuglink",
            "__debug_",
        ],
    ),
    (
        "symbols",
        &[
            ".debug_",
            ".zdebug_",
            ".gdb_index",
            ".gnu_debuglink",
            "__debug_",
            ".symtab",
            ".strtab",
        ],
    ),
];
/// Sections that follow from the others.
const FOLLOW: &[&str] = &[".note.gnu.build-id", ".shstrtab"];
/// How often it has to come out equal.
const TRIED: usize = 2;

/// The weakest `strip` with which all artifacts of a package that differ come out equal.
pub(crate) fn strip(
    cx: &Context,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    package: &str,
) -> Option<&'static str> {
    let of = |artifact: &&Artifact| artifact.package == package;
    let mut differing = Vec::new();
    for x in a.build.artifacts.iter().filter(of) {
        let same = |y: &&Artifact| y.name == x.name && y.target == x.target;
        let y = b.build.artifacts.iter().filter(of).find(same)?;
        if x.sha256 != y.sha256 {
            differing.push((x, y));
        }
    }
    let sections: Vec<Vec<String>> = differing
        .iter()
        .map(|(x, y)| sections(x, y))
        .collect::<Option<_>>()?;
    let may = |left_out: &&(&str, &[&str])| {
        let gone = |name: &String| {
            left_out.1.iter().any(|start| name.starts_with(start))
                || FOLLOW.contains(&name.as_str())
        };
        sections.iter().flatten().all(gone)
    };
    let (value, _) = STRIPS.iter().filter(may).find(|(value, _)| {
        differing
            .iter()
            .all(|(x, y)| equal(cx, a, b, comparison, (x, y), value).unwrap_or(false))
    })?;
    (!differing.is_empty()).then_some(*value)
}

/// Names of the sections in which two artifacts differ.
fn sections(x: &Artifact, y: &Artifact) -> Option<Vec<String>> {
    let difference = diff::explain(&std::fs::read(&x.path).ok()?, &std::fs::read(&y.path).ok()?);
    let named = difference
        .places
        .into_iter()
        .filter(|place| place.section.is_some() || !place.derived);
    named.map(|place| place.section).collect()
}

/// Whether an artifact comes out equal where everything is varied, linked so.
fn equal(
    cx: &Context,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    (x, y): (&Artifact, &Artifact),
    strip: &'static str,
) -> Option<bool> {
    let units = comparison
        .units
        .iter()
        .map(|&(i, j)| (&a.build.units[i], &b.build.units[j]));
    let made = |unit: &crate::model::build::Unit, artifact: &Artifact| {
        unit.outputs
            .values()
            .any(|digest| *digest == artifact.sha256)
    };
    let (unit_a, unit_b) = units.into_iter().find(|(i, j)| made(i, x) && made(j, y))?;
    if unit_a.call.crate_types != ["bin"] && unit_a.call.crate_types != ["cdylib"] {
        return None;
    }
    let subject = Subject::unit(a, b, unit_a, unit_b);
    let mut trials = Trials::new(cx, a, b, &subject);
    let linked = Settings {
        strip: Some(strip),
        ..Settings::default()
    };
    let first = trials.run(&linked)?;
    let mut rest = Settings {
        at: At::B,
        ..linked
    };
    everything(&mut rest, b.place.conditions.clock);
    Some((0..TRIED).all(|_| {
        trials
            .run(&rest)
            .is_some_and(|print| print.same_files(&first))
    }))
}

/// The setting, for a profile of the workspace.
pub(crate) fn stripping(profile: &str, strip: &str) -> Fix {
    let hides = match strip {
        "debuginfo" => "debuggers find no lines",
        _ => "backtraces name no functions",
    };
    Fix::tried(
        format!(
            "`strip = \"{strip}\"` in `[profile.{profile}]` of Cargo.toml leaves out all that differs in the programs, and plain cargo obeys it; \
             this masks it, and {hides}"
        ),
        ConfigFix {
            file: "Cargo.toml".to_owned(),
            key: format!("profile.{profile}.strip"),
            value: format!("{strip:?}"),
        },
    )
}
