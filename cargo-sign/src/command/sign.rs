//! `cargo sign sign FILE…`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{sha256_files, sha256_parts};
use release_gate::{Context, Error, Finding, Outcome, Report, Result, exit};
use release_gate_facts::Coverage;

use super::audit_log::log;
use super::key_args::KeyArgs;
use super::signing::{Signature, make_signature, refuse_tracked_key, tell_open};
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

    refuse_tracked_key(project, args.key.key.as_deref())?;
    let committed = trust::of_project(project, &config)?;
    let signing = args
        .key
        .load()?
        .published_among(committed.iter().flat_map(|keys| &keys.keys));
    let check_with = committed.unwrap_or_else(|| Keys::new(vec![signing.public()], true));
    let mut signatures = Vec::new();
    let mut findings = Vec::new();
    for path in &args.files {
        match make_signature(&signing, &release, path, &check_with)? {
            Ok(signature) => signatures.push(signature),
            Err(problems) => findings.extend(refused(path, problems)),
        }
    }
    // All or none: half of what was asked for looks like all of it.
    let written = if findings.is_empty() {
        write_signatures(cx, &signatures, &check_with, &args.files)?
    } else {
        Vec::new()
    };
    // Only a release that is being made has a log.
    if folder.dir().is_dir() && !written.is_empty() {
        log_signatures(cx, &mut folder, started, &written)?;
        folder.finish()?;
    }

    let coverage = Coverage::of(args.files.len());
    Ok(Report::new("sign", &TOOL, subject)
        .findings(findings)
        .coverage(coverage)
        .summary(signing.public().fingerprint())
        .print_only()
        .into())
}

/// Why a file was not signed.
fn refused(path: &Path, problems: Vec<Finding>) -> Vec<Finding> {
    let text = format!("`{}` was not signed", path.display());
    let help = format!(
        "fix what is named below; the key that signs has to be the one whose public half is committed as {COMMITTED_KEY}, or one of the keyring"
    );
    let mut findings = vec![Finding::new(&rules::SELF_CHECK, text).help(help)];
    findings.extend(problems);
    findings
}

/// Writes what was made, and says where others still have to sign.
fn write_signatures(
    cx: &Context,
    signatures: &[Signature],
    keys: &Keys,
    files: &[PathBuf],
) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (signature, file) in signatures.iter().zip(files) {
        if cx.args().dry_run {
            cx.terminal
                .status("Would write", signature.path.display().to_string());
            continue;
        }
        signature.write()?;
        cx.terminal
            .status("Signed", signature.path.display().to_string());
        written.push(signature.path.clone());
        let mut verdict = check_file(file, keys)?;
        tell_open(cx, &mut verdict);
    }
    Ok(written)
}

fn log_signatures(
    cx: &Context,
    folder: &mut PackageArtifacts,
    started: SystemTime,
    signatures: &[PathBuf],
) -> Result<()> {
    let digests = sha256_files(signatures).map_err(|(path, error)| {
        Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
    })?;
    let digests: Vec<&[u8]> = digests
        .iter()
        .map(|(digest, _)| &digest.as_bytes()[..])
        .collect();
    log(cx, folder, started, exit::PASS, sha256_parts(&digests))
}
