//! Settings of a profile that mend artifacts for anyone who builds with plain cargo, tried on the
//! artifacts' own compiler calls in both places.
//!
//! Only what the linker leaves out is tried: it is the last step, so whatever differs in the units
//! before comes out equal or not here.

use release_gate::facts::report::repro::{ConfigLine, Fix};

use super::experiment::Experiment;
use super::replay::Trials;
use super::search::vary_everything;
use super::settings::{At, Settings};
use super::subject::Subject;
use crate::diff;
use crate::model::build::{Artifact, Build, Unit};
use crate::model::cause::tried_fix;

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
pub(crate) fn strip_that_makes_equal(
    experiment: &Experiment<'_>,
    package: &str,
) -> Option<&'static str> {
    let differing = differing_artifacts(experiment, package)?;
    if differing.is_empty() {
        return None;
    }
    let sections: Vec<Vec<String>> = differing
        .iter()
        .map(|(x, y)| differing_sections(x, y))
        .collect::<Option<_>>()?;

    let (value, _) = STRIPS.iter().find(|(value, left_out)| {
        let all_left_out = sections
            .iter()
            .flatten()
            .all(|name| is_left_out(name, left_out));
        all_left_out
            && differing
                .iter()
                .all(|(x, y)| is_equal_stripped(experiment, x, y, value).unwrap_or(false))
    })?;
    Some(*value)
}

/// Artifacts of a package.
fn artifacts_of<'a>(build: &'a Build, package: &str) -> Vec<&'a Artifact> {
    build
        .artifacts
        .iter()
        .filter(|artifact| artifact.package == package)
        .collect()
}

/// Artifacts of a package that differ; `None` where one build lacks one.
fn differing_artifacts<'a>(
    experiment: &Experiment<'a>,
    package: &str,
) -> Option<Vec<(&'a Artifact, &'a Artifact)>> {
    let in_a = artifacts_of(&experiment.a.build, package);
    let in_b = artifacts_of(&experiment.b.build, package);

    let mut differing = Vec::new();
    for x in in_a {
        let y = in_b
            .iter()
            .find(|y| y.name == x.name && y.target == x.target)?;
        if x.sha256 != y.sha256 {
            differing.push((x, *y));
        }
    }
    Some(differing)
}

/// Whether a section is not there, or follows from what is, where these are left out.
fn is_left_out(name: &str, left_out: &[&str]) -> bool {
    left_out.iter().any(|start| name.starts_with(start)) || FOLLOW.contains(&name)
}

/// Names of the sections in which two artifacts differ.
fn differing_sections(x: &Artifact, y: &Artifact) -> Option<Vec<String>> {
    let difference = diff::explain(&std::fs::read(&x.path).ok()?, &std::fs::read(&y.path).ok()?);
    let named = difference
        .places
        .into_iter()
        .filter(|sandbox| sandbox.section.is_some() || !sandbox.derived);
    named.map(|sandbox| sandbox.section).collect()
}

/// Whether an artifact comes out equal where everything is varied, linked so.
fn is_equal_stripped(
    experiment: &Experiment<'_>,
    x: &Artifact,
    y: &Artifact,
    strip: &'static str,
) -> Option<bool> {
    let (a, b) = (&experiment.a.build, &experiment.b.build);
    let (unit_a, unit_b) = experiment
        .comparison
        .units
        .iter()
        .map(|&(i, j)| (&a.units[i], &b.units[j]))
        .find(|(i, j)| is_made_by(x, i) && is_made_by(y, j))?;
    if unit_a.call.crate_types != ["bin"] && unit_a.call.crate_types != ["cdylib"] {
        return None;
    }

    let subject = Subject::unit(unit_a, unit_b);
    let mut trials = Trials::new(experiment, &subject);
    let linked = Settings {
        strip: Some(strip),
        ..Settings::default()
    };
    let first = trials.run(&linked)?;
    let mut rest = Settings {
        at: At::B,
        ..linked
    };
    vary_everything(&mut rest, trials.clock_ahead());
    Some((0..TRIED).all(|_| {
        trials
            .run(&rest)
            .is_some_and(|outputs| outputs.same_files(&first))
    }))
}

/// Whether a unit made an artifact.
fn is_made_by(artifact: &Artifact, unit: &Unit) -> bool {
    unit.outputs
        .values()
        .any(|digest| *digest == artifact.sha256)
}

/// The setting, for a profile of the workspace.
pub(crate) fn stripping(profile: &str, strip: &str) -> Fix {
    let hides = match strip {
        "debuginfo" => "debuggers find no lines",
        _ => "backtraces name no functions",
    };
    tried_fix(
        format!(
            "`strip = \"{strip}\"` in `[profile.{profile}]` of Cargo.toml leaves out all that differs,\nfor plain cargo, too; \
             this masks it, and {hides}"
        ),
        vec![ConfigLine {
            file: "Cargo.toml".to_owned(),
            key: format!("profile.{profile}.strip"),
            value: format!("{strip:?}"),
        }],
    )
}
