//! `cargo relnotes check`: do existing notes agree with the release?

use std::path::Path;

use release_gate::cli::{Context, Outcome};
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::report::Envelope;
use release_gate::{Error, Report, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Composed, Session};
use crate::cli::RangeArgs;
use crate::compose;
use crate::judge::notes::{Notes, Recorded, judge, no_section, unrecorded};
use crate::model::release::Phase;
use crate::report::changelog::{self, Held};
use crate::report::notes;

/// `data` of `relnotes-check.json`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckData {
    /// Name of the file that was checked.
    pub notes: String,
    /// SHA-256 of what was checked.
    pub notes_sha256: Sha256Digest,
    /// Whether it was generated, so that it is held to the letter.
    pub generated: bool,
    /// How many commits the release has.
    pub commits: usize,
}

/// Checks the notes of every selected package.
///
/// # Errors
/// There are no notes, or the release cannot be composed.
pub fn run(cx: &mut Context, range: &RangeArgs, file: Option<&Path>) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    let mut reports = Vec::new();
    for package in &session.packages {
        if let Some(refused) = session.refuse_shallow(cx, "relnotes-check", package)? {
            reports.push(refused);
            continue;
        }
        let composed = session.compose(cx, package)?;
        reports.push(one(&session, &composed, file)?);
    }
    Ok(Outcome::Reports(reports))
}

fn one(session: &Session, composed: &Composed, file: Option<&Path>) -> Result<Report> {
    let Composed {
        target,
        folder,
        release,
    } = composed;
    let (path, whole) = match file {
        Some(path) => {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read(path).map_err(|error| {
                Error::judge(format!("cannot read the notes `{}`", path.display()))
                    .with_source(error)
            })?;
            (name, text)
        }
        None => {
            let bytes = folder.read("RELEASE_NOTES.md")?.ok_or_else(|| {
                Error::judge(format!(
                    "there are no notes for {} {}",
                    release.package, release.version
                ))
                .with_help("make them with `cargo relnotes`, or name a file with --notes")
            })?;
            ("RELEASE_NOTES.md".to_owned(), bytes)
        }
    };
    let whole = String::from_utf8(whole).map_err(|error| {
        Error::judge(format!("the notes `{path}` are no UTF-8 text"))
            .with_source(error)
            .with_help("save them as UTF-8")
    })?;
    // A changelog holds many releases; notes hold one. A file without a heading for any version is
    // taken as a whole.
    let held = match file {
        Some(_) => changelog::part(&whole, &release.version, &release.package),
        None => Held::OneRelease,
    };
    let is_draft = release.phase == Phase::Draft;
    let (text, version_headings) = match held {
        Held::OneRelease => (whole.as_str(), 1),
        Held::Part(text, headings) => (text, headings),
        // What is not released yet becomes this release.
        Held::Others(Some(unreleased)) if is_draft => (unreleased, 1),
        Held::Others(_) => ("", 0),
    };
    let recorded = match file {
        Some(_) => None,
        None => folder
            .read_report("relnotes")?
            .map(|envelope| recorded(&envelope)),
    };
    let mut skeletons = Vec::new();
    for name in ["MIGRATION.md".to_owned()]
        .into_iter()
        .chain(advisories(folder.dir()))
    {
        if let Some(bytes) = folder.read(&name)? {
            skeletons.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    let generated = recorded.is_some();
    let (mut findings, status) = session.judge(release);
    if version_headings == 0 {
        findings.push(no_section(&path, &release.version));
    } else {
        if file.is_none() && recorded.is_none() && text.contains(notes::PROSE_BEGIN) {
            findings.push(unrecorded(&path));
        }
        findings.extend(judge(
            release,
            &Notes {
                path: &path,
                text,
                version_headings,
                recorded,
                skeletons: &skeletons,
            },
        ));
    }
    let data = CheckData {
        notes: path.clone(),
        notes_sha256: sha256_bytes(text.as_bytes()),
        generated,
        commits: release.counted,
    };
    let commits = notes::count(release.counted, "commit");
    let summary = format!("{path} against {commits}{}", super::not_compared(release));
    let mut report = Report::new("relnotes-check", &crate::TOOL, target.subject.clone())
        .findings(findings)
        .data(&data)
        .summary(summary);
    if let Some(baseline) = compose::baseline(release) {
        report = report.baseline(baseline);
    }
    Ok(match status {
        Some(status) => report.status(status),
        None => report,
    })
}

/// What `relnotes.json` says; what it does not say matches nothing.
fn recorded(envelope: &Envelope) -> Recorded {
    let data = &envelope.data;
    let commit = |name: &str| {
        data["range"][name]
            .as_str()
            .and_then(|text| text.parse().ok())
    };
    Recorded {
        to: commit("to_commit"),
        from: commit("from_commit"),
        total: data["sums"]["total"].as_u64().unwrap_or(u64::MAX),
        notes_sha256: data["notes_sha256"]
            .as_str()
            .and_then(|text| text.parse().ok()),
        phase: data["phase"].as_str().unwrap_or_default().to_owned(),
        facts: serde_json::from_value(data["facts"].clone()).unwrap_or_default(),
    }
}

fn advisories(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("advisories"))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = files
        .map(|entry| format!("advisories/{}", entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}
