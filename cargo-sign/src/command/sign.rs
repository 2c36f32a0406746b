//! `cargo sign sign FILE…`.

use release_gate::{Context, Finding, Outcome, Report, Result};

use super::{Config, Release, public, sign_file, trust};
use crate::cli::SignArgs;
use crate::judge::{Keys, check_file};
use crate::{TOOL, key, rules};

pub(crate) fn run(cx: &mut Context, args: &SignArgs) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let dry_run = cx.args().dry_run;
    let project = cx.project()?;
    let package = project.single()?;
    let release = Release {
        project: package.name.to_string(),
        version: package.version.to_string(),
        commit: project.commit.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string),
        dirty: project.dirty,
        epoch: project.epoch()?.unwrap_or(0),
    };
    let subject = project.subject(package);
    let committed = trust::of_project(project, &config)?;
    let signing = key::load(args.key.key.as_deref(), args.key.passphrase.source())?;
    let mut findings = Vec::new();
    let check_with = committed.unwrap_or_else(|| Keys::new(vec![public(&signing)], true));
    for path in &args.files {
        if dry_run {
            cx.terminal.status("Would write", format!("{}.sig", path.display()));
            continue;
        }
        let sig = sign_file(&signing, &release, path)?;
        cx.terminal.status("Signed", sig.display().to_string());
        let (verdict, _) = check_file(path, &check_with)?;
        if !verdict.holds() {
            findings.push(
                Finding::new(
                    &rules::SELF_CHECK,
                    format!("`{}` does not verify with {}", path.display(), super::COMMITTED_KEY),
                )
                .help("sign with the key whose public half is committed"),
            );
        }
    }
    Ok(Report::new("sign", &TOOL, subject)
        .findings(findings)
        .summary(public(&signing).fingerprint())
        .print_only()
        .into())
}
