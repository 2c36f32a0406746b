//! `cargo relnotes`: notes, migration guide, advisories, changelog.

use std::io::Read;
use std::path::{Path, PathBuf};

use release_gate::artifacts::PackageArtifacts;
use release_gate::cli::{Context, Outcome};
use release_gate::digest::sha256_bytes;
use release_gate::{Error, Report, Result};
use release_gate_facts::ReportData;
use release_gate_facts::files::RELEASE_NOTES;
use release_gate_facts::report::relnotes::RelnotesData;

use super::args::{GenerateArgs, RangeArgs};
use super::changelog::{beside, update_changelog};
use super::companions::write_companions;
use super::session::{Composed, Session};
use crate::compose::release::baseline;
use crate::judge;
use crate::model::prose;
use crate::model::release::Release;
use crate::report::data::report_data;
use crate::report::words::counted;
use crate::report::{accounting, notes, template};
use crate::tool::TOOL;

/// Writes the notes of every selected package.
///
/// # Errors
/// The release cannot be composed, or something cannot be written.
pub fn run(cx: &mut Context, range: &RangeArgs, args: &GenerateArgs) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    let mut reports = Vec::new();
    for package in &session.packages {
        if let Some(refused) = session.refuse_shallow(cx, RelnotesData::NAME, package)? {
            reports.push(refused);
            continue;
        }
        let composed = session.compose(cx, package)?;
        reports.push(write_one(cx, &session, composed, args, beside(package))?);
    }
    Ok(Outcome::Reports(reports))
}

fn write_one(
    cx: &mut Context,
    session: &Session,
    composed: Composed,
    args: &GenerateArgs,
    beside: PathBuf,
) -> Result<Report> {
    let Composed {
        target,
        mut folder,
        release,
    } = composed;
    if release.range.before().is_none() {
        cx.terminal.note(format!(
            "no earlier release of {} is tagged: these are the notes of a first release, over all of its history",
            release.about.package
        ));
    }
    let text = render_notes(&folder, &release, args.template.as_deref())?;
    let digest = sha256_bytes(prose::generated_part(&text).as_bytes());
    folder.write(RELEASE_NOTES, text.as_bytes())?;
    write_companions(cx, &mut folder, &release)?;
    // Several notes scroll by; one is on the screen anyway.
    if session.packages.len() > 1 && !cx.args().dry_run {
        let path = folder.path(RELEASE_NOTES);
        let here = std::env::current_dir().unwrap_or_default();
        let shown = path.strip_prefix(&here).unwrap_or(&path);
        cx.terminal.status("Writing", shown.display().to_string());
    }
    folder.finish()?;
    if let Some(file) = &args.changelog {
        update_changelog(cx, &release, file.clone().unwrap_or(beside))?;
    }

    let (mut findings, status) = session.judge(&release);
    findings.extend(judge::notes::too_long(RELEASE_NOTES, &text));
    let mut human = text;
    if args.accounting {
        human.push_str(&accounting::by_commit(&release.changes.accounting));
    }
    let data = report_data(&release, digest);
    let mut report = Report::with_data(&TOOL, target.subject, &data)
        .coverage(judge::coverage::coverage(&release))
        .findings(findings)
        .human(human)
        .summary(summary(&release));
    if let Some(baseline) = baseline(&release.range) {
        report = report.baseline(baseline);
    }
    if let Some(status) = status {
        report = report.status(status);
    }
    Ok(report)
}

/// The notes, with what people wrote between the marks of the ones before.
fn render_notes(
    folder: &PackageArtifacts,
    release: &Release,
    template: Option<&Path>,
) -> Result<String> {
    let fresh = match template {
        Some(path) => template::render(&read_template(path)?, release)?,
        None => notes::render(release)?,
    };
    let before = folder.read(RELEASE_NOTES)?;
    let before = before.as_deref().map(String::from_utf8_lossy);
    // What is committed is what the pull request, CI and the tag see; what stands in the folder is
    // a draft of this machine.
    let committed = release.words.notes.as_deref();
    let words = committed.or_else(|| before.as_deref().and_then(prose::prose));
    prose::with_prose(&fresh, words).ok_or_else(|| {
        Error::usage("the template has no place for the words people wrote into RELEASE_NOTES.md, which would be lost")
            .with_help("print `<!-- {{ prose_begin }} -->` and `<!-- {{ prose_end }} -->` in the template, or move those words elsewhere")
    })
}

/// A file, or one of the layouts that come with this tool.
fn read_template(path: &Path) -> Result<template::Source> {
    if let Some(source) = path.to_str().and_then(template::built_in)
        && !path.exists()
    {
        return Ok(source);
    }
    let unreadable = || Error::usage(format!("cannot read the template `{}`", path.display()));
    let names = template::built_in_names().join("`, `");
    let help = format!("name a file, or `{names}`");
    let mut text = String::new();
    let file = std::fs::File::open(path)
        .map_err(|error| unreadable().with_source(error).with_help(&help))?;
    let read = file.take(LONGEST_TEMPLATE + 1).read_to_string(&mut text);
    let length = read.map_err(|error| unreadable().with_source(error).with_help(&help))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > LONGEST_TEMPLATE {
        return Err(unreadable().with_help("it is longer than a template can be"));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(template::Source { name, text })
}

/// The longest template, in bytes: a device that never ends is none.
const LONGEST_TEMPLATE: u64 = 1 << 20;

fn summary(release: &Release) -> String {
    let from = release
        .range
        .before()
        .map_or("the beginning", |before| before.tag.as_str());
    format!(
        "{} since {from}, {}{}",
        counted(release.range.counted, "commit", "commits"),
        counted(release.changes.accounting.entries.len(), "line", "lines"),
        super::session::not_compared(release)
    )
}
