//! What the other gates said of the release that is to be packed. Signing it would put the
//! maintainer's name under what they refused.

use std::collections::BTreeSet;

use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::{Finding, Result, Status, Subject};

use crate::read::builds::{Build, SBOM};
use crate::rules;

/// Reports of the other gates, and the call that makes each.
const REPORTS: [(&str, &str); 6] = [
    ("repro", "cargo repro check"),
    ("vulns", "cargo sbom-lite audit"),
    ("licenses", "cargo sbom-lite licenses"),
    ("pins", "cargo sbom-lite pins"),
    ("compat", "cargo compat"),
    ("relnotes", "cargo relnotes"),
];

/// Documents that a gate makes and nobody writes in.
const MADE: [(&str, &str); 2] = [
    ("sbom.cdx.json", "cargo sbom-lite"),
    ("sbom.spdx.json", "cargo sbom-lite"),
];

/// The notes, written by a gate and by people.
const NOTES: &str = "RELEASE_NOTES.md";

const DESPITE: &str = "`--despite-refusals` packs it all the same";

/// What speaks against signing, and a remark on the gates of which nothing is known: each stands
/// alone, and a project may use some of them.
pub(crate) fn refusals(
    folder: &PackageArtifacts,
    subject: &Subject,
) -> Result<(Vec<Finding>, Option<Finding>)> {
    let mut found = Vec::new();
    let mut silent = Vec::new();
    let refuse = |text: String, help: String| {
        Finding::new(&rules::GATE_FAILED, text).help(format!("{help}; {DESPITE}"))
    };
    for (name, call) in REPORTS {
        let again = format!("mend what it names and run `{call}` again");
        let report = match folder.read_report(name) {
            Ok(Some(report)) => report,
            Ok(None) => {
                silent.push(call);
                continue;
            }
            Err(error) => {
                found.push(refuse(
                    format!("what `{call}` said cannot be read: {}", error.chain()),
                    again,
                ));
                continue;
            }
        };
        if report.subject.stale_against(subject).is_some() {
            silent.push(call);
            continue;
        }
        match report.status {
            Status::Pass | Status::Skipped => {}
            Status::Fail => {
                found.push(refuse(
                    format!("`{call}` refused this release: {name}.json says `fail`"),
                    again,
                ));
            }
            Status::Error | Status::Unsupported => {
                found.push(refuse(
                    format!("`{call}` could not judge this release: {name}.json"),
                    again,
                ));
            }
        }
    }
    let manifest = folder
        .read(MANIFEST)?
        .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let noted = |name: &str| {
        manifest
            .iter()
            .flat_map(|manifest| &manifest.files)
            .find(|file| file.path == name)
            .map(|file| file.sha256)
    };
    for (name, call) in MADE {
        let (Some(noted), Some(bytes)) = (noted(name), folder.read(name)?) else {
            continue;
        };
        if sha256_bytes(&bytes) != noted {
            found.push(
                Finding::new(
                    &rules::FACT_EDITED,
                    format!("`{name}` was edited after `{call}` wrote it"),
                )
                .help(format!("run `{call}` again; {DESPITE}")),
            );
        }
    }
    found.extend(notes(folder, subject, noted(NOTES))?);
    let silent = Some(silent).filter(|silent| !silent.is_empty());
    let silent = silent.map(|silent| {
        Finding::new(&rules::GATE_SILENT, format!("nothing is known of {}", silent.join(", "))).help(
            "run what the release is to be judged by at this commit; `--deny gate-silent` makes sure of all",
        )
    });
    Ok((found, silent))
}

/// The release's SBOM lists what is in the archives of every machine, or it tells those who read it
/// alone less than there is.
pub(crate) fn uncovered(folder: &PackageArtifacts, builds: &[Build]) -> Result<Option<Finding>> {
    let (Some(own), [_, _, ..]) = (folder.read(SBOM)?, builds) else {
        return Ok(None);
    };
    let own = components(&own);
    for build in builds {
        let there = components(&build.sbom()?);
        let missing: Vec<&String> = there.difference(&own).collect();
        if let [first, ..] = &*missing {
            let targets: Vec<&str> = build.by_target.keys().map(String::as_str).collect();
            let text = format!(
                "`{SBOM}` lacks {} components that are built in for {}, among them {first}",
                missing.len(),
                targets.join(", ")
            );
            let help =
                format!("run `cargo sbom-lite` with every `--target` that is packed; {DESPITE}");
            return Ok(Some(Finding::new(&rules::SBOM_UNCOVERED, text).help(help)));
        }
    }
    Ok(None)
}

/// Package URLs of a CycloneDX document's components; one that has none is known by its name.
fn components(sbom: &[u8]) -> BTreeSet<String> {
    let sbom: serde_json::Value = serde_json::from_slice(sbom).unwrap_or_default();
    let listed = sbom["components"].as_array().into_iter().flatten();
    let known = |component: &serde_json::Value| {
        let name = || {
            Some(format!(
                "{} {}",
                component["name"].as_str()?,
                component["version"].as_str()?
            ))
        };
        component["purl"].as_str().map(str::to_owned).or_else(name)
    };
    listed.filter_map(known).collect()
}

/// Notes carry words of people's: they are as they were generated, or as they were when they were
/// checked last. Notes that no gate made are nobody's to judge.
fn notes(
    folder: &PackageArtifacts,
    subject: &Subject,
    written: Option<Sha256Digest>,
) -> Result<Option<Finding>> {
    let (Some(bytes), Ok(Some(made))) = (folder.read(NOTES)?, folder.read_report("relnotes"))
    else {
        return Ok(None);
    };
    if made.data["phase"] == "draft" {
        let text = format!("`{NOTES}` is a draft");
        let help = format!("run `cargo relnotes --phase final`; {DESPITE}");
        return Ok(Some(Finding::new(&rules::GATE_FAILED, text).help(help)));
    }
    let digest = sha256_bytes(&bytes);
    let checked = folder
        .read_report("relnotes-check")
        .ok()
        .flatten()
        .filter(|check| {
            check.subject.stale_against(subject).is_none()
                && check.data["notes_sha256"].as_str() == Some(&digest.to_string())
        });
    let holds = match checked {
        Some(check) => check.status == Status::Pass,
        None => written == Some(digest),
    };
    let text =
        format!("`{NOTES}` is neither as it was generated nor as `cargo relnotes check` passed it");
    let help = format!("run `cargo relnotes check --phase final`; {DESPITE}");
    Ok((!holds).then(|| Finding::new(&rules::FACT_EDITED, text).help(help)))
}
