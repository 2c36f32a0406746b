//! What the other gates said of the release that is to be packed. Signing it would put the
//! maintainer's name under what they refused.

use std::collections::BTreeSet;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::{Error, Finding, Result, Status, Subject};
use release_gate_facts::files::{MANIFEST, RELEASE_NOTES, SBOM_CYCLONEDX_JSON, SBOM_SPDX_JSON};
use release_gate_facts::report::compat::CompatData;
use release_gate_facts::report::licenses::LicensesData;
use release_gate_facts::report::pins::PinsData;
use release_gate_facts::report::relnotes::{Phase, RelnotesData};
use release_gate_facts::report::relnotes_check::RelnotesCheckData;
use release_gate_facts::report::repro::ReproData;
use release_gate_facts::report::vulns::VulnsData;
use release_gate_facts::{Envelope, Fact, Manifest, ReportData};
use serde::Deserialize;

use crate::read::builds::Build;
use crate::rules;

/// Documents that a gate makes and nobody writes in.
const MADE: [(&str, &str); 2] = [
    (SBOM_CYCLONEDX_JSON, "cargo sbom-lite"),
    (SBOM_SPDX_JSON, "cargo sbom-lite"),
];

const DESPITE: &str = "`--despite-refusals` packs it all the same";

/// What one gate said.
enum Said {
    /// Nothing of this release.
    Nothing,
    /// That it may be released.
    Pass,
    /// Something that speaks against it.
    Refused(String),
}

/// What speaks against signing, and a remark on the gates of which nothing is known: each stands
/// alone, and a project may use some of them.
///
/// # Errors
/// A document cannot be read.
pub(crate) fn refusals(
    folder: &PackageArtifacts,
    subject: &Subject,
) -> Result<(Vec<Finding>, Option<Finding>)> {
    let reports = [
        ("cargo repro check", said::<ReproData>(folder, subject)),
        ("cargo sbom-lite audit", said::<VulnsData>(folder, subject)),
        (
            "cargo sbom-lite licenses",
            said::<LicensesData>(folder, subject),
        ),
        ("cargo sbom-lite pins", said::<PinsData>(folder, subject)),
        ("cargo compat", said::<CompatData>(folder, subject)),
        ("cargo relnotes", said::<RelnotesData>(folder, subject)),
    ];

    let mut found = Vec::new();
    let mut silent = Vec::new();
    for (call, said) in reports {
        match said {
            Said::Nothing => silent.push(call),
            Said::Pass => {}
            Said::Refused(why) => {
                let help = format!("fix what it names and run `{call}` again; {DESPITE}");
                let text = format!("`{call}` {why}");
                found.push(Finding::new(&rules::GATE_FAILED, text).help(help));
            }
        }
    }

    found.extend(edited(folder)?);
    found.extend(check_notes(folder, subject)?);

    Ok((found, silence(&silent)))
}

/// What a gate's report says about this release.
fn said<Data: ReportData>(folder: &PackageArtifacts, subject: &Subject) -> Said {
    let file = Data::FILE;
    match folder.read_fact::<Data>(subject) {
        Fact::Missing | Fact::Stale(_) => Said::Nothing,
        Fact::NotApplicable(_) => Said::Pass,
        Fact::Usable(report) if report.status == Status::Fail => {
            Said::Refused(format!("refused this release: {file} says `fail`"))
        }
        Fact::Usable(_) => Said::Pass,
        Fact::Error(why) => Said::Refused(format!("could not judge this release: {file}: {why}")),
        Fact::OtherShape(why) => Said::Refused(format!("said what cannot be read: {file}: {why}")),
    }
}

/// The remark on gates of which nothing is known.
fn silence(silent: &[&str]) -> Option<Finding> {
    if silent.is_empty() {
        return None;
    }
    let text = format!(
        "these gates have no report about this commit: {}",
        silent.join(", ")
    );
    let help = "run the ones that you use; `--deny gate-silent` requires all of them";
    Some(Finding::new(&rules::GATE_SILENT, text).help(help))
}

/// The digest a document had when its gate wrote it.
fn noted(folder: &PackageArtifacts, name: &str) -> Result<Option<Sha256Digest>> {
    let Some(bytes) = folder.read(MANIFEST)? else {
        return Ok(None);
    };
    let manifest = Manifest::read(&bytes).map_err(|error| {
        Error::judge(format!("`{MANIFEST}` cannot be relied on"))
            .with_source(error)
            .with_help("run the gates again at this commit")
    })?;
    Ok(manifest.file(name).map(|file| file.sha256))
}

/// Documents that were edited after their gate wrote them.
fn edited(folder: &PackageArtifacts) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (name, call) in MADE {
        let (Some(noted), Some(bytes)) = (noted(folder, name)?, folder.read(name)?) else {
            continue;
        };
        if sha256_bytes(&bytes) != noted {
            let text = format!("`{name}` was edited after `{call}` wrote it");
            let help = format!("run `{call}` again; {DESPITE}");
            found.push(Finding::new(&rules::FACT_EDITED, text).help(help));
        }
    }
    Ok(found)
}

/// What a report of another shape says is not known, and might be a refusal.
fn unreadable<Data: ReportData>(why: &str) -> Finding {
    let text = format!("`{}` cannot be read: {why}", Data::FILE);
    let help = format!("run `cargo relnotes check --phase final` again; {DESPITE}");
    Finding::new(&rules::GATE_FAILED, text).help(help)
}

/// Notes carry words of people's: they are as they were generated, or as they were when they were
/// checked last. Notes that no gate made are nobody's to judge.
fn check_notes(folder: &PackageArtifacts, subject: &Subject) -> Result<Option<Finding>> {
    let notes = folder.read(RELEASE_NOTES)?;
    let made = folder.read(RelnotesData::FILE)?;
    let (Some(bytes), Some(made)) = (notes, made) else {
        return Ok(None);
    };
    match Fact::<Envelope<RelnotesData>>::read(Some(&made)) {
        Fact::Usable(report) if report.data.phase == Phase::Draft => {
            let text = format!("`{RELEASE_NOTES}` is a draft");
            let help = format!("run `cargo relnotes --phase final`; {DESPITE}");
            return Ok(Some(Finding::new(&rules::GATE_FAILED, text).help(help)));
        }
        Fact::OtherShape(why) => return Ok(Some(unreadable::<RelnotesData>(&why))),
        _ => {}
    }

    let digest = sha256_bytes(&bytes);
    let verified = match folder.read_fact::<RelnotesCheckData>(subject) {
        Fact::OtherShape(why) => return Ok(Some(unreadable::<RelnotesCheckData>(&why))),
        Fact::Usable(check) if check.data.notes_sha256 == digest => check.status == Status::Pass,
        // No check of these notes: they are as they were generated, or they are not.
        _ => noted(folder, RELEASE_NOTES)? == Some(digest),
    };
    if verified {
        return Ok(None);
    }
    let text = format!(
        "`{RELEASE_NOTES}` is neither as it was generated nor as `cargo relnotes check` passed it"
    );
    let help = format!("run `cargo relnotes check --phase final`; {DESPITE}");
    Ok(Some(Finding::new(&rules::FACT_EDITED, text).help(help)))
}

/// The release's SBOM lists what is in the archives of every machine, or it tells those who read it
/// alone less than there is.
///
/// # Errors
/// An SBOM cannot be read.
pub(crate) fn uncovered(folder: &PackageArtifacts, builds: &[Build]) -> Result<Option<Finding>> {
    let (Some(own), [_, _, ..]) = (folder.read(SBOM_CYCLONEDX_JSON)?, builds) else {
        return Ok(None);
    };
    let own = components(&own);
    for build in builds {
        let there = components(&build.sbom()?);
        let missing: Vec<&String> = there.difference(&own).collect();
        if let [first, ..] = &*missing {
            let targets: Vec<&str> = build.by_target.keys().map(String::as_str).collect();
            let text = format!(
                "`{SBOM_CYCLONEDX_JSON}` lacks {} components that are built in for {}, among them {first}",
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

/// What is looked at of a CycloneDX document.
#[derive(Default, Deserialize)]
struct Bom {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    purl: Option<String>,
    name: Option<String>,
    version: Option<String>,
}

/// Package URLs of a CycloneDX document's components; one that has none is known by its name.
fn components(sbom: &[u8]) -> BTreeSet<String> {
    let bom: Bom = serde_json::from_slice(sbom).unwrap_or_default();
    bom.components
        .into_iter()
        .filter_map(|component| {
            let named = component.name.zip(component.version);
            component
                .purl
                .or_else(|| named.map(|(name, version)| format!("{name} {version}")))
        })
        .collect()
}
