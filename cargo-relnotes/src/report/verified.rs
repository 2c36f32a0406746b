//! The sections of the notes that repeat what other gates found: known issues and how to verify.
//!
//! Must never: turn an absent, stale or failed fact into silence.

use super::changes::{severity, shipped};
use super::document::{Document, Part};
use super::notes::count;
use crate::model::facts::{Artifact, Fact};
use crate::model::release::Release;

/// Vulnerabilities users of this release live with, and what nobody looked for.
pub(super) fn known_issues(document: &mut Document, release: &Release, level: u8) {
    let vulns = &release.facts.vulns;
    let unjudged = vulns
        .gap()
        .filter(|_| release.issues.is_empty() && release.vulnerabilities.is_err());
    if release.issues.is_empty() && unjudged.is_none() {
        return;
    }
    document.heading(level, &[Part::Text("Known issues")]);
    if let Some((_, why)) = unjudged {
        document.item(
            0,
            &[
                Part::Text("Vulnerabilities of dependencies: not judged ("),
                Part::Text(why),
                Part::Text(")"),
            ],
        );
    }
    for (standing, hit) in &release.issues {
        let (severity, shipped) = (severity(hit), shipped(hit, release.is_library));
        let versions = hit.versions.join(", ");
        let mut parts = vec![
            Part::Code(&hit.id),
            Part::Text(standing.words()),
            Part::Code(&hit.package),
            Part::Text(" "),
            Part::Text(&versions),
            Part::Text(&severity),
        ];
        if !hit.title.is_empty() {
            parts.extend([Part::Text(": "), Part::Foreign(&hit.title)]);
        }
        parts.push(Part::Text(&shipped));
        document.item(0, &parts);
        let mitigation = match hit.patched.as_slice() {
            [] => "No version with a repair is known here".to_owned(),
            patched => format!("Repaired in {} {}", hit.package, patched.join(" or ")),
        };
        document.item(1, &[Part::Text(&mitigation)]);
    }
}

/// What readers need to check what they downloaded.
pub(super) fn verification(document: &mut Document, release: &Release) {
    let facts = &release.facts;
    document.heading(2, &[Part::Text("Verification")]);
    document.item(
        0,
        &[
            Part::Text("Source: commit "),
            Part::Code(release.to.as_str()),
        ],
    );
    match &facts.buildinfo {
        Fact::Usable(info) => {
            document.item(
                0,
                &[
                    Part::Text("Build: buildinfo.json has SHA-256 "),
                    Part::Code(&info.sha256.to_string()),
                ],
            );
            for artifact in &info.data.artifacts {
                let name = artifact.target.as_ref().map_or_else(
                    || artifact.name.clone(),
                    |target| format!("{} ({target})", artifact.name),
                );
                let size = artifact
                    .size
                    .map(|size| size_of(size, before(release, artifact)))
                    .unwrap_or_default();
                document.item(
                    1,
                    &[
                        Part::Code(&name),
                        Part::Text(": SHA-256 "),
                        Part::Code(&artifact.sha256.to_string()),
                        Part::Text(&size),
                    ],
                );
            }
        }
        other => gap(document, "Build", other),
    }
    match &facts.repro {
        Fact::Usable(repro) => {
            let (all, same) = (
                repro.data.artifacts.len(),
                repro
                    .data
                    .artifacts
                    .iter()
                    .filter(|artifact| artifact.identical)
                    .count(),
            );
            let verdict = if same == all && all > 0 {
                "reproducible"
            } else {
                "not reproducible"
            };
            document.item(
                0,
                &[Part::Text(&format!(
                    "Reproducibility: {verdict}, {same} of {all} artifacts identical in two builds"
                ))],
            );
        }
        other => gap(document, "Reproducibility", other),
    }
    match &facts.sbom {
        Fact::Usable(sbom) => document.item(
            0,
            &[
                Part::Text(&format!(
                    "SBOM: sbom.cdx.json with {} has SHA-256 ",
                    count(sbom.components, "component")
                )),
                Part::Code(&sbom.sha256.to_string()),
            ],
        ),
        other => gap(document, "SBOM", other),
    }
    match &facts.vulns {
        Fact::Usable(vulns) => {
            let hits = vulns.data.counting().count();
            let said = match hits {
                0 => "no known advisory applies".to_owned(),
                _ => format!(
                    "{} (see known issues)",
                    if hits == 1 {
                        "1 advisory applies".to_owned()
                    } else {
                        format!("{hits} advisories apply")
                    }
                ),
            };
            document.item(0, &[Part::Text("Vulnerabilities: "), Part::Text(&said)]);
        }
        other => gap(document, "Vulnerabilities", other),
    }
    match &facts.compat {
        Fact::Usable(compat) => {
            let required = compat
                .data
                .required_bump
                .map_or("patch", |bump| bump.as_str());
            document.item(
                0,
                &[Part::Text(&format!(
                    "API: {}, a {required} step is enough",
                    count(compat.data.changes.len(), "change")
                ))],
            );
        }
        other => gap(document, "API", other),
    }
    let no_manifest = "the package was not in the release before".to_owned();
    let not_compared = [
        (
            "Manifest",
            release.manifest.is_none().then_some(&no_manifest),
        ),
        ("Dependencies", release.dependencies.as_ref().err()),
        (
            "Advisories since the release before",
            release.vulnerabilities.as_ref().err(),
        ),
    ];
    for (what, why) in not_compared {
        if let Some(why) = why.filter(|_| release.predecessor.release.is_some()) {
            document.item(
                0,
                &[
                    Part::Text(what),
                    Part::Text(": not compared ("),
                    Part::Text(why),
                    Part::Text(")"),
                ],
            );
        }
    }
    keys(document, release);
}

/// The size of the same artifact in the release before.
fn before(release: &Release, artifact: &Artifact) -> Option<u64> {
    let same = |other: &&Artifact| other.name == artifact.name && other.target == artifact.target;
    release
        .build_before
        .as_ref()?
        .artifacts
        .iter()
        .find(same)?
        .size
}

/// `, 1200 bytes (200 more than before)`.
fn size_of(size: u64, before: Option<u64>) -> String {
    let step = match before.map(|before| (size.abs_diff(before), size > before)) {
        None => String::new(),
        Some((0, _)) => " (as before)".to_owned(),
        Some((step, true)) => format!(" ({step} more than before)"),
        Some((step, false)) => format!(" ({step} less than before)"),
    };
    format!(", {size} bytes{step}")
}

/// Keys that sign releases, and how to check a download with them.
fn keys(document: &mut Document, release: &Release) {
    for key in &release.keys {
        document.item(
            0,
            &[
                Part::Text("Signing key: "),
                Part::Code(&key.path),
                Part::Text(" with fingerprint "),
                Part::Code(&key.fingerprint),
            ],
        );
    }
    if let Some(key) = release.keys.first() {
        document.paragraph(&[Part::Text(
            "To check a download, with this suite, with minisign, or with what every system has:",
        )]);
        let (path, ssh, package) = (&key.path, &key.ssh, &release.package);
        let commands = [
            format!("cargo-sign verify --key {path} ARCHIVE"),
            format!("minisign -V -p {path} -x ARCHIVE.sig -m ARCHIVE"),
            format!("echo 'maintainer {ssh}' > ../allowed_signers"),
            format!(
                "ssh-keygen -Y verify -f ../allowed_signers -I maintainer -n release@{package} -s checksums.txt.sshsig < checksums.txt &&"
            ),
            super::security::SUMS.to_owned(),
        ];
        document.code_block("sh", &commands.join("\n"));
    }
}

fn gap<T>(document: &mut Document, what: &str, fact: &Fact<T>) {
    match fact {
        Fact::NotApplicable(why) => {
            document.item(0, &[Part::Text(what), Part::Text(": "), Part::Text(why)])
        }
        other => {
            if let Some((_, why)) = other.gap() {
                document.item(
                    0,
                    &[
                        Part::Text(what),
                        Part::Text(": not judged ("),
                        Part::Text(why),
                        Part::Text(")"),
                    ],
                );
            }
        }
    }
}
