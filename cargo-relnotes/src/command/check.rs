//! `cargo relnotes check`: do existing notes agree with the release?

use std::path::Path;

use release_gate::artifacts::PackageArtifacts;
use release_gate::cli::{Context, Outcome};
use release_gate::digest::sha256_bytes;
use release_gate::{Error, Report, Result};
use release_gate_facts::files::{ADVISORIES_FOLDER, MIGRATION, RELEASE_NOTES};
use release_gate_facts::report::relnotes::RelnotesData;
use release_gate_facts::report::relnotes_check::RelnotesCheckData;
use release_gate_facts::{Envelope, Fact, GapKind, ReportData};

use super::args::RangeArgs;
use super::session::{Composed, Session, not_compared};
use crate::compose::release::baseline;
use crate::judge::coverage::coverage;
use crate::judge::notes::{Notes, judge, no_section, unrecorded};
use crate::model::prose::PROSE_BEGIN;
use crate::model::release::{About, Phase};
use crate::read::changelog::{self, Held};
use crate::report::words::counted;
use crate::tool::TOOL;

/// Checks the notes of every selected package.
///
/// # Errors
/// There are no notes, or the release cannot be composed.
pub fn run(cx: &mut Context, range: &RangeArgs, file: Option<&Path>) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    let mut reports = Vec::new();
    for package in &session.packages {
        if let Some(refused) = session.refuse_shallow(cx, RelnotesCheckData::NAME, package)? {
            reports.push(refused);
            continue;
        }
        let composed = session.compose(cx, package)?;
        reports.push(check_one(&session, &composed, file)?);
    }
    Ok(Outcome::Reports(reports))
}

fn check_one(session: &Session, composed: &Composed, file: Option<&Path>) -> Result<Report> {
    let Composed {
        target,
        folder,
        release,
    } = composed;
    let (path, whole) = read_notes(folder, &release.about, file)?;
    // A changelog holds many releases; notes hold one. A file without a heading for any version is
    // taken as a whole.
    let held = match file {
        Some(_) => changelog::part(&whole, &release.about.version, &release.about.package),
        None => Held::OneRelease,
    };
    let is_draft = release.about.phase == Phase::Draft;
    let (text, version_headings, candidates) = match held {
        Held::OneRelease => (whole.as_str(), 1, Vec::new()),
        Held::Part {
            text,
            headings,
            candidates,
        } => (text, headings, candidates),
        // What is not released yet becomes this release.
        Held::Others(Some(unreleased)) if is_draft => (unreleased, 1, Vec::new()),
        Held::Others(_) => ("", 0, Vec::new()),
    };
    let recorded = match file {
        Some(_) => None,
        None => read_record(folder)?,
    };
    let generated = recorded.is_some();

    let (mut findings, status) = session.judge(release);
    if version_headings == 0 {
        findings.push(no_section(&path, &release.about.version));
    } else {
        if file.is_none() && recorded.is_none() && text.contains(PROSE_BEGIN) {
            findings.push(unrecorded(&path));
        }
        let notes = Notes {
            path: &path,
            text,
            candidates: &candidates,
            version_headings,
            recorded: recorded.as_ref(),
            skeletons: &read_skeletons(folder)?,
        };
        findings.extend(judge(release, &notes));
    }

    let data = RelnotesCheckData {
        notes: path.clone(),
        notes_sha256: sha256_bytes(text.as_bytes()),
        generated,
        commits: u64::try_from(release.range.counted).unwrap_or(u64::MAX),
    };
    let commits = counted(release.range.counted, "commit", "commits");
    let summary = format!("{path} against {commits}{}", not_compared(release));
    let mut report = Report::with_data(&TOOL, target.subject.clone(), &data)
        .coverage(coverage(release))
        .findings(findings)
        .summary(summary);
    if let Some(baseline) = baseline(&release.range) {
        report = report.baseline(baseline);
    }
    Ok(match status {
        Some(status) => report.status(status),
        None => report,
    })
}

/// The notes and how they are called: those asked for, or those in the artifact folder.
fn read_notes(
    folder: &PackageArtifacts,
    about: &About,
    file: Option<&Path>,
) -> Result<(String, String)> {
    let (path, bytes) = match file {
        Some(path) => {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let bytes = std::fs::read(path).map_err(|error| {
                Error::judge(format!("cannot read the notes `{}`", path.display()))
                    .with_source(error)
            })?;
            (name, bytes)
        }
        None => {
            let bytes = folder.read(RELEASE_NOTES)?.ok_or_else(|| {
                Error::judge(format!(
                    "there are no notes for {} {}",
                    about.package, about.version
                ))
                .with_help("make them with `cargo relnotes`, or name a file with --notes")
            })?;
            (RELEASE_NOTES.to_owned(), bytes)
        }
    };

    let text = String::from_utf8(bytes).map_err(|error| {
        Error::judge(format!("the notes `{path}` are not UTF-8 text"))
            .with_source(error)
            .with_help("save them as UTF-8")
    })?;

    // A byte order mark is not part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();

    Ok((path, text))
}

/// The files beside the notes that may have something left to be filled in.
fn read_skeletons(folder: &PackageArtifacts) -> Result<Vec<(String, String)>> {
    let mut skeletons = Vec::new();
    let guide = std::iter::once(MIGRATION.to_owned());
    for name in guide.chain(advisories(folder.dir())) {
        if let Some(bytes) = folder.read(&name)? {
            skeletons.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(skeletons)
}

/// What `relnotes.json` says of the notes beside it; `None` where there is no such file.
///
/// The commit and the lock file are not compared here: that the notes are about something else is
/// a finding with a message of its own.
fn read_record(folder: &PackageArtifacts) -> Result<Option<RelnotesData>> {
    let bytes = folder.read(RelnotesData::FILE)?;
    let fact = Fact::<Envelope<RelnotesData>>::read(bytes.as_deref());
    if let Some(gap) = fact.gap().filter(|gap| gap.kind != GapKind::Missing) {
        return Err(Error::judge(format!(
            "{}, which says how the notes were made, cannot be relied on: {}",
            RelnotesData::FILE,
            gap.why
        ))
        .with_help("run `cargo relnotes` again and see what it says"));
    }
    Ok(fact.into_usable().map(|envelope| envelope.data))
}

fn advisories(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join(ADVISORIES_FOLDER))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = files
        .map(|entry| {
            format!(
                "{ADVISORIES_FOLDER}/{}",
                entry.file_name().to_string_lossy()
            )
        })
        .collect();
    names.sort();
    names
}
