//! The sections of the notes that repeat what other gates found: known issues and how to verify.
//!
//! Must never: turn an absent, stale or failed fact into silence.

use super::document::{Document, Part};
use super::words::{counted, severity, shipped, verify_command};
use crate::model::facts::{
    AdvisoryKind, BuildInfo, BuiltArtifact, CompatData, Fact, Facts, FoundAdvisory, GapKind,
    Judged, ReproData, Sbom, VulnsData,
};
use crate::model::release::{About, Evidence, Phase, Release, Vulnerabilities};
use crate::model::shipped::Key;
use crate::model::vulnerabilities::{Hit, Standing};
use release_gate_facts::Gap;

/// Vulnerabilities users of this release live with, and what nobody looked for.
pub(super) fn known_issues(
    document: &mut Document,
    vulnerabilities: &Vulnerabilities,
    facts: &Facts,
    about: &About,
    level: u8,
) {
    let is_draft = about.phase == Phase::Draft;
    let standing = &vulnerabilities.standing;

    // In a draft, what nobody looked at yet is in the last line.
    let unjudged = facts
        .vulns
        .gap()
        .filter(|_| standing.is_empty() && vulnerabilities.compared.is_err() && !is_draft);

    if standing.is_empty() && unjudged.is_none() {
        return;
    }
    document.heading(level, &[Part::Text("Known issues")]);
    if let Some(gap) = unjudged {
        document.item(
            0,
            &[
                Part::Text("Vulnerabilities of dependencies: not judged ("),
                Part::Text(gap.why),
                Part::Text(")"),
            ],
        );
    }

    for (standing, hit) in standing {
        known_issue(document, *standing, hit, about.is_library);
    }
}

fn known_issue(document: &mut Document, standing: Standing, hit: &Hit, is_library: bool) {
    let rated = severity(hit);
    let releases = shipped(hit, is_library);
    let versions = hit.versions.join(", ");
    let mut parts = vec![
        Part::Code(&hit.id),
        Part::Text(standing.words()),
        Part::Code(&hit.package),
        Part::Text(" "),
        Part::Text(&versions),
        Part::Text(&rated),
    ];
    if !hit.title.is_empty() {
        parts.extend([Part::Text(": "), Part::Foreign(&hit.title)]);
    }
    parts.push(Part::Text(&releases));
    document.item(0, &parts);
    let mitigation = match hit.patched.as_slice() {
        [] => "No version with a repair is known here".to_owned(),
        patched => format!("Repaired in {} {}", hit.package, patched.join(" or ")),
    };
    document.item(1, &[Part::Text(&mitigation)]);
}

/// What readers need to check what they downloaded, and how much the notes rest on.
pub(super) fn verification(document: &mut Document, release: &Release) {
    let evidence = &release.evidence;
    let facts = &evidence.facts;
    document.heading(2, &[Part::Text("Verification")]);
    write_source(document, release);

    // A draft says in one line at its end what nobody looked at yet; a final release says of each
    // why.
    let is_draft = release.about.phase == Phase::Draft;
    let is_due = |gap: Option<Gap<'_>>| !(is_draft && gap.is_some());
    if is_due(facts.buildinfo.gap()) {
        write_build(document, evidence);
    }
    if is_due(facts.repro.gap()) {
        write_reproducibility(document, &facts.repro);
    }
    if is_due(facts.sbom.gap()) {
        write_sbom(document, &facts.sbom);
    }
    if is_due(facts.compat.gap()) {
        write_api(document, &facts.compat);
    }
    if is_due(facts.vulns.gap()) {
        write_vulnerabilities(document, &facts.vulns);
    }
    let uncompared = uncompared_sides(release);
    if !is_draft {
        for (what, why) in &uncompared {
            let line = format!("{what}: not compared ({why})");
            document.item(0, &[Part::Text(&line)]);
        }
    }

    let sums = release.changes.accounting.sums();
    document.item(0, &[Part::Text(&super::accounting::sentence(&sums))]);
    write_keys(document, &release.about, &evidence.keys);

    if is_draft {
        write_draft_gaps(document, facts, &uncompared);
    }
}

/// The commit, and where the changes since the previous release are shown.
fn write_source(document: &mut Document, release: &Release) {
    let mut parts = vec![
        Part::Text("Source: commit "),
        Part::Code(release.about.commit.as_str()),
    ];
    let chapter = release.chapter();
    let tag = chapter.tag_to_be();
    if let (Some(before), Some(address)) = (chapter.before, chapter.compare_address()) {
        let span = format!("{}...{tag}", before.tag);
        parts.extend([Part::Text(", all changes: "), Part::Link(span, address)]);
    }
    document.item(0, &parts);
}

/// What nobody looked at yet, in one line.
fn write_draft_gaps(document: &mut Document, facts: &Facts, uncompared: &[(&str, &String)]) {
    let not_yet: Vec<String> = facts
        .gaps()
        .into_iter()
        .map(|gap| match gap.kind {
            GapKind::Missing => gap.file.to_owned(),
            _ => format!("{} ({})", gap.file, gap.why),
        })
        .collect();

    let mut said = Vec::new();
    if !not_yet.is_empty() {
        said.push(format!("not judged yet: {}", not_yet.join(", ")));
    }
    match uncompared {
        [(_, why), (_, same)] if why == same => {
            said.push(format!("dependencies and advisories not compared ({why})"));
        }
        sides => said.extend(
            sides
                .iter()
                .map(|(what, why)| format!("{} not compared ({why})", what.to_lowercase())),
        ),
    }

    if !said.is_empty() {
        let line = format!("Draft; {}.", said.join("; "));
        document.paragraph(&[Part::Text(&line)]);
    }
}

fn write_build(document: &mut Document, evidence: &Evidence) {
    let info = match &evidence.facts.buildinfo {
        Fact::Usable(info) => info,
        other => return write_gap(document, "Build", other),
    };

    document.item(
        0,
        &[
            Part::Text("Build: buildinfo.json has SHA-256 "),
            Part::Code(&info.sha256.to_string()),
        ],
    );

    for artifact in &info.data.artifacts {
        let name = format!("{} ({})", artifact.name, artifact.target);
        let before = size_before(evidence.build_before.as_ref(), artifact);
        let size = size_words(artifact.size, before);
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

fn write_reproducibility(document: &mut Document, fact: &Fact<Judged<ReproData>>) {
    let repro = match fact {
        Fact::Usable(repro) => repro,
        other => return write_gap(document, "Reproducibility", other),
    };
    let artifacts = &repro.data.artifacts;
    let all = artifacts.len();
    let same = artifacts
        .iter()
        .filter(|artifact| artifact.identical)
        .count();
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

fn write_sbom(document: &mut Document, fact: &Fact<Sbom>) {
    match fact {
        Fact::Usable(sbom) => document.item(
            0,
            &[
                Part::Text(&format!(
                    "SBOM: sbom.cdx.json with {} has SHA-256 ",
                    counted(sbom.components, "component", "components")
                )),
                Part::Code(&sbom.sha256.to_string()),
            ],
        ),
        other => write_gap(document, "SBOM", other),
    }
}

fn write_vulnerabilities(document: &mut Document, fact: &Fact<Judged<VulnsData>>) {
    let vulns = match fact {
        Fact::Usable(vulns) => vulns,
        other => return write_gap(document, "Vulnerabilities", other),
    };
    let counts = vulns.data.advisories.iter().filter(|hit| hit.counts());
    let counting = match counts.count() {
        0 => "no known vulnerability applies".to_owned(),
        1 => "1 advisory applies (see known issues)".to_owned(),
        hits => format!("{hits} advisories apply (see known issues)"),
    };
    let others = other_advisories(&vulns.data);
    let said = if others.is_empty() {
        counting
    } else {
        format!("{counting}; {others}")
    };
    document.item(0, &[Part::Text("Vulnerabilities: "), Part::Text(&said)]);
}

/// What was found and does not count against the release: `1 more advisory does not count
/// (RUSTSEC-2026-0190: unsound)`.
fn other_advisories(vulns: &VulnsData) -> String {
    let named: Vec<String> = vulns
        .advisories
        .iter()
        .filter(|advisory| !advisory.counts())
        .map(|advisory| format!("{}: {}", advisory.id, why_not_counted(advisory)))
        .collect();
    match named.len() {
        0 => String::new(),
        1 => format!("1 more advisory does not count ({})", named.join(", ")),
        number => format!(
            "{number} more advisories do not count ({})",
            named.join(", ")
        ),
    }
}

fn why_not_counted(advisory: &FoundAdvisory) -> &str {
    if advisory.ignored.is_some() {
        return "ignored by the project";
    }
    match advisory.kind {
        AdvisoryKind::Unmaintained | AdvisoryKind::Unsound | AdvisoryKind::Notice => {
            advisory.kind.as_str()
        }
        _ if advisory.only_on.is_empty() => "in nothing that is built",
        _ => "on other systems only",
    }
}

fn write_api(document: &mut Document, fact: &Fact<Judged<CompatData>>) {
    let compat = match fact {
        Fact::Usable(compat) => compat,
        other => return write_gap(document, "API", other),
    };
    let required = compat.data.required_bump.as_str();
    document.item(
        0,
        &[Part::Text(&format!(
            "API: {}, requires a {required} bump",
            counted(compat.data.changes.len(), "change", "changes")
        ))],
    );
}

/// What could not be compared with the previous release, and why.
fn uncompared_sides(release: &Release) -> Vec<(&'static str, &String)> {
    if release.range.before().is_none() {
        return Vec::new();
    }
    let sides = [
        ("Dependencies", release.changes.dependencies.as_ref().err()),
        (
            "Advisories since the previous release",
            release.vulnerabilities.compared.as_ref().err(),
        ),
    ];
    sides
        .into_iter()
        .filter_map(|(what, why)| Some((what, why?)))
        .collect()
}

/// The size of the same artifact in the previous release.
fn size_before(build: Option<&BuildInfo>, artifact: &BuiltArtifact) -> Option<u64> {
    let same = build?
        .artifacts
        .iter()
        .find(|other| other.name == artifact.name && other.target == artifact.target)?;
    Some(same.size)
}

/// `, 1200 bytes (200 more than before)`.
fn size_words(size: u64, before: Option<u64>) -> String {
    let step = match before.map(|before| (size.abs_diff(before), size > before)) {
        None => String::new(),
        Some((0, _)) => " (as before)".to_owned(),
        Some((step, true)) => format!(" ({step} more than before)"),
        Some((step, false)) => format!(" ({step} less than before)"),
    };
    format!(", {size} bytes{step}")
}

/// Keys that sign releases, and how to check a download with them.
fn write_keys(document: &mut Document, about: &About, keys: &[Key]) {
    let package = &about.package;
    for key in keys {
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

    if let Some(key) = keys.first() {
        document.paragraph(&[Part::Text(
            "To check a download, with this suite, with minisign, or with what every system has:",
        )]);
        let Key { path, ssh, .. } = key;
        let commands = [
            verify_command(about, path, "ARCHIVE"),
            format!("minisign -V -p {path} -x ARCHIVE.sig -m ARCHIVE"),
            format!("echo 'maintainer {ssh}' > ../allowed_signers"),
            format!(
                "ssh-keygen -Y verify -f ../allowed_signers -I maintainer -n release@{package} -s checksums.txt.sshsig < checksums.txt &&"
            ),
            super::words::SUMS.to_owned(),
        ];
        document.code_block("sh", &commands.join("\n"));
    }
}

fn write_gap<T>(document: &mut Document, what: &str, fact: &Fact<T>) {
    match fact {
        Fact::NotApplicable(why) => {
            document.item(0, &[Part::Text(what), Part::Text(": "), Part::Text(why)])
        }
        other => {
            if let Some(gap) = other.gap() {
                document.item(
                    0,
                    &[
                        Part::Text(what),
                        Part::Text(": not judged ("),
                        Part::Text(gap.why),
                        Part::Text(")"),
                    ],
                );
            }
        }
    }
}
