//! `cargo sign verify`.

mod args;
mod bytes;
mod download;
mod registry;

use std::path::{Path, PathBuf};

use release_gate::artifacts::PackageArtifacts;
use release_gate::project::Package;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status};
use release_gate_facts::files::RELEASE_FOLDER;
use release_gate_facts::report::pack::PackData;
use release_gate_facts::report::verify::{Expectation, VerifyData};
use release_gate_facts::{Envelope, Fact, ReportData as _};

pub(crate) use self::args::VerifyArgs;
use self::download::{Judged, judge_one, provenance};
use self::registry::Published;
use super::extract;
use super::release::judge_release;
use super::trust;
use crate::archive::is_archive;
use crate::inspect::{Evidence, check_identity, check_token};
use crate::judge::expectation::check_expectation;
use crate::judge::keys::Keys;
use crate::judge::provenance::LOG;
use crate::judge::verdict::Verdict;
use crate::memory::Memory;
use crate::model::companion::{LIST, PROVENANCE, published};
use crate::model::config::Config;
use crate::read::folder::unreadable_folder;
use crate::report::verify::{Told, plain_path, report, say_once};
use crate::rules;
use crate::tool::TOOL;

pub(crate) fn run(cx: &mut Context, args: &VerifyArgs) -> Result<Outcome> {
    if args.bytes_only {
        return bytes::run(cx, args);
    }
    if args.files.is_empty() {
        if let Some(asked) = asked_package(args, &args.expectation_of_project()?)
            && !is_of_project(cx, asked.name)
        {
            return Err(asked.tell_what_is_served(cx));
        }
        return verify_project(cx, args);
    }
    let expected = args.expectation(cx.args())?;
    let memory = Memory::of_user()?;
    if memory.is_none() {
        cx.terminal.warn(format!(
            "nothing is remembered: set {} to a folder",
            crate::memory::ENV
        ));
    }

    let mut verdict = Verdict::default();
    let mut all = Vec::new();
    for path in &args.files {
        cx.terminal.status("Verifying", plain_path(path));
        if !path.exists() {
            return Err(Error::judge(format!("there is no `{}`", plain_path(path))));
        }
        let own = own_release(cx, path);
        let folder = own.as_deref().unwrap_or(path);
        let mut one = judge_one(cx, args, memory.as_ref(), folder, own.is_some())?;
        let asked = check_expectation(&expected, &one.verdict);
        one.verdict.findings.extend(asked);
        if one.verdict.holds()
            && let Some(asked) = asked_package(args, &expected)
        {
            let finding = asked.check(cx, &one.folder(), &one.verdict)?;
            one.verdict.findings.extend(finding);
        }
        verdict.absorb(one.verdict.clone());
        all.push(one);
    }
    say_once(&mut verdict.findings);

    let told = Told {
        pinned: all.iter().all(|one| one.trust.keys.pinned),
        complete: all.iter().all(|one| !one.verdict.verified.is_empty()),
        expected,
        subject: None,
    };
    let report = conclude(cx, args, verdict, told, &mut |cx, holds| {
        if let Some(into) = args.extract.as_deref().filter(|_| holds) {
            let mut archives = Vec::new();
            for one in &mut all {
                archives.extend(one.archives()?);
            }
            extract::unpack(cx, into, &mut archives)?;
        }
        if holds && !cx.args().dry_run {
            remember(cx, memory.as_ref(), &all);
        }
        Ok(())
    })?;
    Ok(report.print_only().into())
}

/// Whether the project that the call is made in has a package of this name. Outside of any project
/// no release is at hand.
fn is_of_project(cx: &mut Context, name: &str) -> bool {
    cx.project()
        .is_ok_and(|project| project.selected().any(|package| *package.name == *name))
}

/// The package of a registry that the call names.
fn asked_package<'a>(args: &'a VerifyArgs, expected: &'a Expectation) -> Option<Published<'a>> {
    args.published.as_ref()?;
    Some(Published {
        name: expected.package.as_deref()?,
        version: expected.version.as_deref()?,
        registry: args.registry.as_deref(),
    })
}

/// Makes the report of a verdict, and does what may only be done where it passes: levels are known
/// before anything is written, printed as `OK` or remembered, and no level makes up for what does
/// not hold.
fn conclude(
    cx: &mut Context,
    args: &VerifyArgs,
    verdict: Verdict,
    told: Told,
    effects: &mut dyn FnMut(&Context, bool) -> Result<()>,
) -> Result<Report> {
    let all_hold = verdict.holds() && told.pinned;
    let heeds_levels = args.files.is_empty();
    let (mut report, ok_lines) = report(verdict, told);
    let passes = cx.settled_status(&report, heeds_levels)? == Status::Pass;
    let holds = all_hold && passes;
    if holds {
        report = report.human(ok_lines);
    } else if args.extract.is_some() {
        let text = "nothing was extracted: verification failed";
        if passes {
            // Findings were allowed: the call must not end as if it had done what was asked.
            report = report.findings([Finding::new(&rules::EXTRACT_REFUSED, text)]);
        } else {
            cx.terminal.warn(text);
        }
    }
    effects(cx, holds)?;
    Ok(report)
}

/// Remembers what held. A folder that cannot be written to does not make the release any worse.
fn remember(cx: &Context, memory: Option<&Memory>, all: &[Judged]) {
    let Some(memory) = memory else { return };
    for one in all.iter().filter(|one| !one.own) {
        if let Err(error) = one.trust.remember(memory, &one.verdict) {
            cx.terminal
                .warn(format!("nothing is remembered: {}", error.chain()));
        }
    }
}

/// The folder of the project's own release, where that or the artifact folder around it was named.
/// Only a project that was named has one: a download can be laid out like it.
fn own_release(cx: &mut Context, path: &Path) -> Option<PathBuf> {
    if cx.args().manifest_path().is_none() || !path.is_dir() {
        return None;
    }
    let root = cx.artifacts().ok()?.root().canonicalize().ok()?;
    let folder = path.canonicalize().ok()?;
    let release = folder.join(RELEASE_FOLDER);
    if folder.parent() == Some(&root) && release.is_dir() {
        return Some(release);
    }
    let above = folder.parent()?.parent()?;
    (folder.file_name() == release.file_name() && above == root).then_some(folder)
}

/// Without arguments: the release in the project's artifact folder.
fn verify_project(cx: &mut Context, args: &VerifyArgs) -> Result<Outcome> {
    cx.project()?;
    let root = cx.artifacts()?;
    let config: Config = cx.config()?;
    let keys = trust::of_project_or_named(cx.project()?, &config, &args.key)?;
    let keys = trust::with_named_keyring(keys, &args.named_keys())?;
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();
    let mut reports = Vec::new();
    for package in packages {
        let folder = root.for_package(&package.name, &package.version.to_string());
        reports.push(verify_package(cx, args, &package, &folder, &keys)?);
    }
    Ok(Outcome::Reports(reports))
}

fn verify_package(
    cx: &mut Context,
    args: &VerifyArgs,
    package: &Package,
    folder: &PackageArtifacts,
    keys: &Keys,
) -> Result<Report> {
    let subject = cx.project()?.subject(package);
    if nothing_packed(folder)? {
        let skipped = Report::new(VerifyData::NAME, &TOOL, subject).status(Status::Skipped);
        return Ok(skipped.summary("the build had no artifact to pack"));
    }

    let released = folder.release_dir();
    let mut verdict = judge_release(cx, &subject, &released, keys)?;
    let own = Evidence {
        path: folder.path(&published(PROVENANCE)),
        log: folder.path(LOG),
    };
    provenance(args, Some(own), &mut verdict, keys)?;
    if let Some(asked) = args.asked_identity(&released) {
        check_identity(&mut verdict, &asked, &released)?;
    }
    if !args.token.is_empty() {
        check_token(&mut verdict, &released, &args.token, &cx.runner)?;
    }
    let expected = args.expectation_of_project()?;
    let asked = check_expectation(&expected, &verdict);
    verdict.findings.extend(asked);
    if verdict.holds()
        && let Some(asked) = asked_package(args, &expected)
    {
        let finding = asked.check(cx, &released, &verdict)?;
        verdict.findings.extend(finding);
    }

    let mut archives = if args.extract.is_some() && verdict.holds() {
        extract::verified_in(&released, &verdict)?
    } else {
        Vec::new()
    };
    let told = Told {
        pinned: keys.pinned,
        complete: true,
        expected,
        subject: Some(subject),
    };
    conclude(cx, args, verdict, told, &mut |cx, holds| match args
        .extract
        .as_deref()
        .filter(|_| holds)
    {
        Some(into) => extract::unpack(cx, into, &mut archives),
        None => Ok(()),
    })
}

/// Whether `pack` said that there was nothing to pack.
fn nothing_packed(folder: &PackageArtifacts) -> Result<bool> {
    let Some(bytes) = folder.read(PackData::FILE)? else {
        return Ok(false);
    };
    let packed = match Fact::<Envelope<PackData>>::read(Some(&bytes)) {
        Fact::NotApplicable(_) => false,
        Fact::OtherShape(why) => {
            return Err(Error::judge(format!(
                "`{}` cannot be relied on: {why}",
                PackData::FILE
            )));
        }
        _ => true,
    };
    Ok(!packed && !has_release(&folder.release_dir())?)
}

/// Whether something that belongs to a release lies in its folder; that is judged, whatever a
/// report says.
fn has_release(dir: &Path) -> Result<bool> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable_folder(dir, error)),
    };
    let mut names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.any(|name| is_archive(&name) || name.starts_with(LIST)))
}
