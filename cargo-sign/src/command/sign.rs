//! `cargo sign sign FILE…`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{sha256_files, sha256_parts};
use release_gate::{Context, Error, Finding, Outcome, Report, Result, exit};

use super::audit_log::log;
use super::key_args::KeyArgs;
use super::signing::{sign_file, tell_open};
use super::trust;
use crate::inspect::check_file;
use crate::inspect::gates::refusals;
use crate::judge::keys::Keys;
use crate::model::config::{COMMITTED_KEY, Config};
use crate::model::release::Release;
use crate::rules;
use crate::tool::TOOL;

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Files to sign
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

pub(crate) fn run(cx: &mut Context, args: &SignArgs) -> Result<Outcome> {
    let started = SystemTime::now();
    cx.project()?;
    let root = cx.artifacts()?;
    let config: Config = cx.config()?;
    let dry_run = cx.args().dry_run;
    let project = cx.project()?;
    let package = project.single()?;
    let subject = project.subject(package);
    let mut folder = root.for_package(&package.name, &package.version.to_string());
    let release = Release {
        project: package.name.to_string(),
        version: package.version.to_string(),
        commit: project
            .commit
            .as_ref()
            .map_or_else(|| "none".to_owned(), ToString::to_string),
        dirty: project.dirty,
        refused: !refusals(&folder, &subject)?.0.is_empty(),
        epoch: project.epoch()?.unwrap_or(0),
    };

    let committed = trust::of_project(project, &config)?;
    let signing = args
        .key
        .load()?
        .published_among(committed.iter().flat_map(|keys| &keys.keys));
    let check_with = committed.unwrap_or_else(|| Keys::new(vec![signing.public()], true));
    let mut signatures = Vec::new();
    let mut findings = Vec::new();
    for path in &args.files {
        if dry_run {
            cx.terminal
                .status("Would write", format!("{}.sig", path.display()));
            continue;
        }
        let signature = sign_file(&signing, &release, path, Some(&check_with))?;
        cx.terminal
            .status("Signed", signature.display().to_string());
        signatures.push(signature);
        findings.extend(self_check(cx, path, &check_with)?);
    }
    // Only a release that is being made has a log.
    if folder.dir().is_dir() && !signatures.is_empty() {
        log_signatures(cx, &mut folder, started, &signatures, findings.is_empty())?;
        folder.finish()?;
    }

    Ok(Report::new("sign", &TOOL, subject)
        .findings(findings)
        .summary(signing.public().fingerprint())
        .print_only()
        .into())
}

/// Verifies what was just signed as a user would.
fn self_check(cx: &Context, path: &Path, keys: &Keys) -> Result<Option<Finding>> {
    let (mut verdict, _) = check_file(path, keys)?;
    tell_open(cx, &mut verdict);
    if verdict.holds() {
        return Ok(None);
    }
    let text = format!("`{}` does not verify with {COMMITTED_KEY}", path.display());
    let help = "sign with the key whose public half is committed";
    Ok(Some(Finding::new(&rules::SELF_CHECK, text).help(help)))
}

fn log_signatures(
    cx: &Context,
    folder: &mut PackageArtifacts,
    started: SystemTime,
    signatures: &[PathBuf],
    holds: bool,
) -> Result<()> {
    let digests = sha256_files(signatures).map_err(|(path, error)| {
        Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
    })?;
    let digests: Vec<&[u8]> = digests
        .iter()
        .map(|(digest, _)| &digest.as_bytes()[..])
        .collect();
    let exit_code = if holds { exit::PASS } else { exit::FAIL };
    log(cx, folder, started, exit_code, sha256_parts(&digests))
}
