//! `cargo repro compare`: the buildinfo of two machines laid over each other.

use std::path::Path;

use release_gate::facts::report::compare::CompareData;
use release_gate::facts::report::repro::ComparedArtifact;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result};

use crate::judge::artifacts::lay_over;
use crate::judge::{claims, toolchain};
use crate::model::arguments::without_targets;
use crate::read::buildinfo::{self, Published};
use crate::report::artifacts::table;
use crate::rules;
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "compare";

/// Runs the call.
///
/// # Errors
/// A file is not a buildinfo, or the two have nothing in common.
pub(crate) fn run(_: &mut Context, a: &Path, b: &Path) -> Result<Outcome> {
    let x = read_sound(a)?;
    let y = read_sound(b)?;
    let mut findings = other_inputs(&x, &y);

    // Machines may share the targets among them: what only one built is no difference.
    let mut artifacts = lay_over(&x.info().artifacts, &y.info().artifacts);
    artifacts.retain(|artifact| artifact.sha256.iter().all(Option::is_some));
    if artifacts.is_empty() {
        return Err(
            Error::judge("the two have no artifact in common, so nothing was compared")
                .with_help("build the same target on both machines"),
        );
    }
    findings.extend(other_artifacts(&artifacts));

    let toolchain = toolchain::differences(&x.info().toolchain, &y.info().toolchain);
    let verified = findings.is_empty();
    findings.extend(
        toolchain
            .iter()
            .map(|text| Finding::new(&rules::TOOLCHAIN_DIFFERS, text.clone())),
    );

    let data = CompareData {
        commit: x.info().commit.clone(),
        toolchain,
        artifacts,
        verified,
    };
    Ok(Report::new(REPORT, &TOOL, x.envelope.subject)
        .findings(findings)
        .data(&data)
        .coverage(Coverage::of(data.artifacts.len()))
        .human(table(&data.artifacts, &data.toolchain))
        .summary(format!(
            "{} of both machines",
            counted(data.artifacts.len(), "artifact", "artifacts")
        ))
        .print_only()
        .into())
}

fn read_sound(path: &Path) -> Result<Published> {
    let published = buildinfo::read_file(path)?;
    claims::check_soundness(&published)?;
    Ok(published)
}

/// What the two were built from that is not the same.
fn other_inputs(x: &Published, y: &Published) -> Vec<Finding> {
    let (a, b) = (x.info(), y.info());
    let arguments = without_targets(&a.arguments) == without_targets(&b.arguments);
    let (of_x, of_y) = (&x.envelope.subject, &y.envelope.subject);
    let package = (&of_x.package, &of_x.version) == (&of_y.package, &of_y.version);

    let inputs = [
        ("commit", a.commit == b.commit),
        ("Cargo.lock", a.lock_sha256 == b.lock_sha256),
        ("sources", a.source_sha256 == b.source_sha256),
        ("profile", a.profile == b.profile),
        ("selection of packages and features", arguments),
        ("list of pins", a.pins == b.pins),
        ("package", package),
    ];
    inputs
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(what, _)| {
            Finding::new(
                &rules::INPUTS_DIFFER,
                format!("the two were built from another {what}"),
            )
        })
        .collect()
}

fn other_artifacts(artifacts: &[ComparedArtifact]) -> Vec<Finding> {
    artifacts
        .iter()
        .filter(|artifact| !artifact.identical)
        .map(|artifact| {
            let text = format!(
                "`{}` for {} differs between the two machines",
                artifact.name, artifact.target
            );
            Finding::new(&rules::ARTIFACT_DIFFERS, text)
                .help("`cargo repro diff` on the two files shows where")
        })
        .collect()
}
