//! `cargo relnotes`: notes, migration guide, advisories, changelog.

use std::path::{Path, PathBuf};

use release_gate::cli::{Context, Outcome};
use release_gate::digest::sha256_bytes;
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Report, Result};

use super::{Composed, Session};
use crate::cli::{GenerateArgs, RangeArgs};
use crate::compose;
use crate::model::account::Bucket;
use crate::model::release::Release;
use crate::report::{advisory, changelog, migration, notes, template};

/// Writes the notes of every selected package.
///
/// # Errors
/// The release cannot be composed, or something cannot be written.
pub fn run(cx: &mut Context, range: &RangeArgs, args: &GenerateArgs) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    let mut reports = Vec::new();
    for package in &session.packages {
        if let Some(refused) = session.refuse_shallow(cx, "relnotes", package)? {
            reports.push(refused);
            continue;
        }
        let composed = session.compose(cx, package)?;
        let beside =
            package.manifest_path.as_std_path().parent().unwrap_or(Path::new("")).join("CHANGELOG.md");
        reports.push(one(cx, &session, composed, args, beside)?);
    }
    Ok(Outcome::Reports(reports))
}

fn one(
    cx: &mut Context,
    session: &Session,
    composed: Composed,
    args: &GenerateArgs,
    beside: PathBuf,
) -> Result<Report> {
    let Composed { target, mut folder, release } = composed;
    if release.predecessor.release.is_none() {
        let name = &release.package;
        cx.terminal.note(format!("no earlier release of {name} is tagged: these are the notes of a first release, over all of its history"));
    }
    let fresh = match &args.template {
        Some(path) => template::render(&read_template(path)?, &release)?,
        None => notes::render(&release)?,
    };
    let before = folder.read("RELEASE_NOTES.md")?;
    let prose = before.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(notes::prose);
    let text = notes::with_prose(&fresh, prose);
    let digest = sha256_bytes(notes::generated_part(&text).as_bytes());
    folder.write("RELEASE_NOTES.md", text.as_bytes())?;
    if let Some(guide) = migration::render(&release)? {
        folder.write("MIGRATION.md", guide.as_bytes())?;
    }
    for file in advisory::render(&release)? {
        let name = format!("advisories/{}", file.name);
        // A skeleton somebody filled in is not made empty again.
        if folder.read(&name)?.is_none() {
            folder.write(&name, file.text.as_bytes())?;
        }
    }
    folder.finish()?;
    if let Some(file) = &args.changelog {
        insert(cx, &release, file.clone().unwrap_or(beside))?;
    }
    let (findings, status) = session.judge(&release);
    let mut human = text;
    if args.accounting {
        human.push_str(&accounting(&release));
    }
    let mut report = Report::new("relnotes", &crate::TOOL, target.subject)
        .findings(findings)
        .data(&release.data(digest))
        .human(human)
        .summary(summary(&release));
    if let Some(baseline) = compose::baseline(&release) {
        report = report.baseline(baseline);
    }
    if let Some(status) = status {
        report = report.status(status);
    }
    Ok(report)
}

fn read_template(path: &Path) -> Result<template::Source> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::usage(format!("cannot read the template `{}`", path.display())).with_source(error)
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(template::Source { name, text })
}

/// Puts the section into the changelog at `path`.
fn insert(cx: &Context, release: &Release, path: PathBuf) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let existing = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).or_judge(|| format!("cannot read `{name}`")),
    };
    match changelog::insert(existing.as_deref(), release)? {
        changelog::Inserted::Unchanged => {
            cx.terminal.status("Fresh", format!("{name} holds this section already"))
        }
        changelog::Inserted::HandWritten => {
            cx.terminal.note(format!(
                "{name} has a section for {} that people wrote; it was left alone",
                release.version
            ));
        }
        changelog::Inserted::Changed(_) if cx.args().dry_run => {
            cx.terminal
                .status("Dry run", format!("the section of {} would be put into {name}", release.version));
        }
        changelog::Inserted::Changed(text) => {
            write_atomic(&path, text.as_bytes())?;
            cx.terminal.status("Changed", format!("{name} has the section of {}", release.version));
        }
    }
    Ok(())
}

fn summary(release: &Release) -> String {
    let from = release
        .predecessor
        .release
        .as_ref()
        .map_or_else(|| "the beginning".to_owned(), |before| before.tag.clone());
    format!(
        "{} since {from}, {}",
        notes::count(release.counted, "commit"),
        notes::count(release.accounting.entries.len(), "line")
    )
}

/// One line a commit: where it went.
fn accounting(release: &Release) -> String {
    let mut text = String::from("\nwhere every commit went, newest first:\n");
    for (commit, subject, bucket) in &release.accounting.buckets {
        let place = match bucket {
            Bucket::Listed { section } => format!("listed in {}", section.title()),
            Bucket::Folded { into: Some(into) } => format!("folded into {}", into.short()),
            Bucket::Folded { into: None } => "folded into the dependency table".to_owned(),
            Bucket::Merge => "merge".to_owned(),
            Bucket::Cancelled { with } => {
                format!(
                    "cancelled with {}",
                    with.iter().map(|other| other.short().to_owned()).collect::<Vec<_>>().join(", ")
                )
            }
            Bucket::Hidden { rule } => format!("hidden by {rule}"),
        };
        text.push_str(&format!("  {}  {place}: {}\n", commit.short(), subject.visible()));
    }
    text.push_str(&format!("{}\n", notes::accounting(&release.accounting.sums())));
    text
}
