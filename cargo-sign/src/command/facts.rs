//! What the other gates said of the release that is to be packed. Signing it would put the maintainer's name under what they refused.

use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::digest::sha256_bytes;
use release_gate::{Finding, Result, Status, Subject};

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
const MADE: [(&str, &str); 2] = [("sbom.cdx.json", "cargo sbom-lite"), ("sbom.spdx.json", "cargo sbom-lite")];

/// What speaks against signing. A gate that was not run says nothing, and one that was run for another commit neither.
pub(crate) fn refusals(folder: &PackageArtifacts, subject: &Subject) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (name, call) in REPORTS {
        // A report that cannot be read is no verdict; whoever relies on it says so.
        let Ok(Some(report)) = folder.read_report(name) else { continue };
        if report.status == Status::Fail && report.subject.stale_against(subject).is_none() {
            let text = format!("`{call}` refused this release: {name}.json says `fail`");
            found.push(Finding::new(&rules::GATE_FAILED, text).help(format!(
                "mend what it names and run `{call}` again; `--despite-refusals` packs it all the same"
            )));
        }
    }
    let manifest = folder.read(MANIFEST)?.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    for (name, call) in MADE {
        let noted = manifest.iter().flat_map(|manifest| &manifest.files).find(|file| file.path == name);
        let (Some(noted), Some(bytes)) = (noted, folder.read(name)?) else { continue };
        if sha256_bytes(&bytes) != noted.sha256 {
            let text = format!("`{name}` was edited after `{call}` wrote it");
            found.push(
                Finding::new(&rules::FACT_EDITED, text)
                    .help(format!("run `{call}` again; `--despite-refusals` packs it all the same")),
            );
        }
    }
    Ok(found)
}
