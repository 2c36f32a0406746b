//! `cargo repro compare`: the buildinfo of two machines laid over each other.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::digest::Sha256Digest;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};

use super::rebuild::{Rebuilt, read, table, toolchain, without_targets};
use crate::model::cause::Compared;
use crate::rules;

/// Name of the report.
pub(crate) const REPORT: &str = "compare";

/// Runs the call.
///
/// # Errors
/// A file is no buildinfo, or the two have nothing in common.
pub(crate) fn run(_: &mut Context, a: &Path, b: &Path) -> Result<Outcome> {
    let ((envelope, x), (other, y)) = (read(a)?, read(b)?);
    let mut findings = Vec::new();
    for (what, same) in [
        ("commit", x.commit == y.commit),
        ("Cargo.lock", x.lock_sha256 == y.lock_sha256),
        ("sources", x.source_sha256 == y.source_sha256),
        ("profile", x.profile == y.profile),
        (
            "selection of packages and features",
            without_targets(&x.arguments) == without_targets(&y.arguments),
        ),
        ("list of pins", x.pins == y.pins),
        (
            "package",
            (&envelope.subject.package, &envelope.subject.version)
                == (&other.subject.package, &other.subject.version),
        ),
    ] {
        if !same {
            findings.push(Finding::new(
                &rules::INPUTS_DIFFER,
                format!("the two were built from another {what}"),
            ));
        }
    }
    let mut all: BTreeMap<(String, String), [Option<Sha256Digest>; 2]> = BTreeMap::new();
    for (side, info) in [&x, &y].into_iter().enumerate() {
        for artifact in &info.artifacts {
            all.entry((artifact.target.clone(), artifact.name.clone()))
                .or_default()[side] = Some(artifact.sha256);
        }
    }
    // Machines may share the targets among them: what only one built is no difference.
    all.retain(|_, sha256| sha256.iter().all(Option::is_some));
    if all.is_empty() {
        return Err(
            Error::judge("the two have no artifact in common, so nothing was compared")
                .with_help("build the same target on both machines"),
        );
    }
    let artifacts: Vec<Compared> = all
        .into_iter()
        .map(|((target, name), sha256)| Compared {
            name,
            target,
            identical: sha256[0] == sha256[1],
            sha256,
        })
        .collect();
    for artifact in artifacts.iter().filter(|artifact| !artifact.identical) {
        let text = format!(
            "`{}` for {} differs between the two machines",
            artifact.name, artifact.target
        );
        findings.push(
            Finding::new(&rules::ARTIFACT_DIFFERS, text)
                .help("`cargo repro diff` on the two files shows where"),
        );
    }
    let differs = toolchain(&x.toolchain, &y.toolchain);
    findings.extend(
        differs
            .iter()
            .map(|text| Finding::new(&rules::TOOLCHAIN_DIFFERS, text.clone())),
    );
    let verified = findings
        .iter()
        .all(|finding| finding.rule == rules::TOOLCHAIN_DIFFERS.id);
    let data = Rebuilt {
        commit: x.commit,
        toolchain: differs,
        artifacts,
        verified,
    };
    let human = table(&data);
    let summary = format!("{} artifacts of both machines", data.artifacts.len());
    Ok(Report::new(REPORT, &crate::TOOL, envelope.subject)
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary)
        .print_only()
        .into())
}
