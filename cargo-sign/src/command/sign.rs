//! `cargo sign sign FILE…`.

use std::time::SystemTime;

use release_gate::digest::{sha256_files, sha256_parts};
use release_gate::{Context, Error, Finding, Outcome, Report, Result, exit};

use super::{Config, Release, sign_file, trust};
use crate::cli::SignArgs;
use crate::judge::{Keys, check_file};
use crate::{TOOL, key, rules};

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
        refused: !super::facts::refusals(&folder, &subject)?.0.is_empty(),
        epoch: project.epoch()?.unwrap_or(0),
    };
    let mut signatures = Vec::new();
    let committed = trust::of_project(project, &config)?;
    let signing = key::load(args.key.key.as_deref(), args.key.passphrase.source())?
        .published_among(committed.iter().flat_map(|keys| &keys.keys));
    let mut findings = Vec::new();
    let check_with = committed.unwrap_or_else(|| Keys::new(vec![signing.public()], true));
    for path in &args.files {
        if dry_run {
            cx.terminal
                .status("Would write", format!("{}.sig", path.display()));
            continue;
        }
        let sig = sign_file(&signing, &release, path, Some(&check_with))?;
        cx.terminal.status("Signed", sig.display().to_string());
        signatures.push(sig);
        let (mut verdict, _) = check_file(path, &check_with)?;
        super::tell_open(cx, &mut verdict);
        if !verdict.holds() {
            findings.push(
                Finding::new(
                    &rules::SELF_CHECK,
                    format!(
                        "`{}` does not verify with {}",
                        path.display(),
                        super::COMMITTED_KEY
                    ),
                )
                .help("sign with the key whose public half is committed"),
            );
        }
    }
    // Only a release that is being made has a log.
    if folder.dir().is_dir() && !signatures.is_empty() {
        let digests = sha256_files(&signatures).map_err(|(path, error)| {
            Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
        })?;
        let digests: Vec<&[u8]> = digests
            .iter()
            .map(|(digest, _)| &digest.as_bytes()[..])
            .collect();
        let exit_code = if findings.is_empty() {
            exit::PASS
        } else {
            exit::FAIL
        };
        super::log(cx, &mut folder, started, exit_code, sha256_parts(&digests))?;
        folder.finish()?;
    }
    Ok(Report::new("sign", &TOOL, subject)
        .findings(findings)
        .summary(signing.public().fingerprint())
        .print_only()
        .into())
}
