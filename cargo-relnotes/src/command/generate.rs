//! `cargo relnotes`: notes, migration guide, advisories, changelog.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::cli::{Context, Outcome};
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Report, Result};

use super::{Composed, Session};
use crate::cli::{GenerateArgs, RangeArgs};
use crate::compose;
use crate::judge;
use crate::model::account::Bucket;
use crate::model::release::{Named, Release};
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
        let beside = package
            .manifest_path
            .as_std_path()
            .parent()
            .unwrap_or(Path::new(""))
            .join("CHANGELOG.md");
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
    let Composed {
        target,
        mut folder,
        release,
    } = composed;
    if release.predecessor.release.is_none() {
        let name = &release.package;
        cx.terminal.note(format!("no earlier release of {name} is tagged: these are the notes of a first release, over all of its history"));
    }
    let fresh = match &args.template {
        Some(path) => template::render(&read_template(path)?, &release)?,
        None => notes::render(&release)?,
    };
    let before = folder.read("RELEASE_NOTES.md")?;
    let before = before.as_deref().map(String::from_utf8_lossy);
    let prose = before.as_deref().and_then(notes::prose);
    let text = notes::with_prose(&fresh, prose).ok_or_else(|| {
        Error::usage("the template has no place for the words people wrote into RELEASE_NOTES.md, which would be lost")
            .with_help("print `<!-- {{ prose_begin }} -->` and `<!-- {{ prose_end }} -->` in the template, or move those words elsewhere")
    })?;
    let digest = sha256_bytes(notes::generated_part(&text).as_bytes());
    folder.write("RELEASE_NOTES.md", text.as_bytes())?;
    companions(cx, &mut folder, &release)?;
    folder.finish()?;
    if let Some(file) = &args.changelog {
        insert(cx, &release, file.clone().unwrap_or(beside))?;
    }
    let (mut findings, status) = session.judge(&release);
    findings.extend(judge::notes::too_long("RELEASE_NOTES.md", &text));
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

/// Writes the migration guide and the advisories. What somebody filled in stays; what is no longer
/// due and nobody touched goes.
fn companions(cx: &Context, folder: &mut PackageArtifacts, release: &Release) -> Result<()> {
    let ours = written_before(folder);
    let is_ours = |name: &str, bytes: &[u8]| ours.get(name) == Some(&sha256_bytes(bytes));
    let mut due: Vec<(String, String)> = Vec::new();
    if let Some(guide) = migration::render(release)? {
        let before = folder
            .read("MIGRATION.md")?
            .filter(|bytes| !is_ours("MIGRATION.md", bytes));
        let text = match before {
            Some(bytes) => migration::with_words(&guide, &String::from_utf8_lossy(&bytes)),
            None => guide,
        };
        due.push(("MIGRATION.md".to_owned(), text));
    }
    for file in advisory::render(release)? {
        let name = format!("advisories/{}", file.name);
        let kept = folder
            .read(&name)?
            .is_some_and(|bytes| !is_ours(&name, &bytes));
        let text = if kept { String::new() } else { file.text };
        due.push((name, text));
    }
    for (name, text) in due.iter().filter(|(_, text)| !text.is_empty()) {
        folder.write(name, text.as_bytes())?;
    }
    for name in ours
        .keys()
        .filter(|name| due.iter().all(|(other, _)| other != *name))
    {
        let Some(bytes) = folder.read(name)? else {
            continue;
        };
        if is_ours(name, &bytes) {
            std::fs::remove_file(folder.path(name))
                .or_judge(|| format!("cannot remove `{name}`"))?;
        } else {
            cx.terminal.note(format!(
                "{name} is no longer due; it was left alone because somebody changed it"
            ));
        }
    }
    Ok(())
}

/// The migration guide and advisories an earlier run wrote, with the digest of what it wrote.
fn written_before(folder: &PackageArtifacts) -> BTreeMap<String, Sha256Digest> {
    let manifest = folder.read(MANIFEST).ok().flatten();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let files = manifest.into_iter().flat_map(|manifest| manifest.files);
    let plain = |path: &str| {
        path == "MIGRATION.md"
            || path
                .strip_prefix("advisories/")
                .is_some_and(|name| !name.contains(['/', '\\']))
    };
    files
        .filter(|file| plain(&file.path))
        .map(|file| (file.path, file.sha256))
        .collect()
}

fn read_template(path: &Path) -> Result<template::Source> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::usage(format!("cannot read the template `{}`", path.display())).with_source(error)
    })?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(template::Source { name, text })
}

/// Puts the section into the changelog at `path`.
fn insert(cx: &Context, release: &Release, path: PathBuf) -> Result<()> {
    if release.named == Named::Past {
        let tag = release.tag.as_deref().unwrap_or_default();
        return Err(Error::judge(format!(
            "the changelog was left alone: version {} was released as {tag}, and its section is about that",
            release.version
        ))
        .with_help("set the version of the next release in Cargo.toml, then run this again"));
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let existing = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).or_judge(|| format!("cannot read `{name}`")),
    };
    match changelog::insert(existing.as_deref(), release)? {
        changelog::Inserted::Unchanged => cx
            .terminal
            .status("Fresh", format!("{name} holds this section already")),
        changelog::Inserted::HandWritten => {
            cx.terminal.note(format!(
                "{name} has a section for {} that people wrote; it was left alone",
                release.version
            ));
        }
        changelog::Inserted::Changed(_) if cx.args().dry_run => {
            cx.terminal.status(
                "Dry run",
                format!(
                    "the section of {} would be put into {name}",
                    release.version
                ),
            );
        }
        changelog::Inserted::Changed(text) => {
            write_atomic(&path, text.as_bytes())?;
            cx.terminal.status(
                "Changed",
                format!("{name} has the section of {}", release.version),
            );
            if changelog::has_unreleased_words(&text) {
                cx.terminal.note(format!(
                    "{name} still has words under “Unreleased”; move what belongs to {} between its marks",
                    release.version
                ));
            }
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
        "{} since {from}, {}{}",
        notes::count(release.counted, "commit"),
        notes::count(release.accounting.entries.len(), "line"),
        super::not_compared(release)
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
                    with.iter()
                        .map(|other| other.short().to_owned())
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            }
            Bucket::Hidden { rule } => format!("hidden by {rule}"),
        };
        text.push_str(&format!(
            "  {}  {place}: {}\n",
            commit.short(),
            subject.visible()
        ));
    }
    text.push_str(&format!(
        "{}\n",
        notes::accounting(&release.accounting.sums())
    ));
    text
}
