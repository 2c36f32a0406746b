//! `cargo sbom-lite pins`.

use release_gate::process::{Finished, Step};
use release_gate::project::Project;
use release_gate::{Context, Finding, Outcome, Report, Result, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::counted;
use crate::judge::pins::judge_pins;
use crate::model::config::Config;
use crate::read::{lock, vendor};
use crate::{TOOL, rules};

/// `pins.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PinData {
    /// How many packages Cargo.lock names.
    pub packages: usize,
}

pub(crate) fn run(cx: &mut Context) -> Result<Outcome> {
    let locked = ask_locked(cx)?;
    if !locked.is_success() {
        return lock_differs(cx, &locked);
    }
    cx.project()?;
    let _config: Config = cx.config()?;
    let project = cx.project()?;
    let mut findings = Vec::new();
    if !is_committed(project)? {
        findings.push(
            Finding::new(&rules::PIN_LOCK, "Cargo.lock is not committed as it is")
                .at("Cargo.lock", None)
                .help("commit Cargo.lock"),
        );
    }
    let lock = lock::read_lock(&project.root.join("Cargo.lock"))?;
    let vendored = vendor::vendored_copies(&project.metadata)?;
    findings.extend(judge_pins(&project.metadata, &lock, &vendored));

    let data = PinData {
        packages: lock.packages.len(),
    };
    let mut summary = format!(
        "{} in Cargo.lock",
        counted(lock.packages.len(), "package", "packages")
    );
    if !vendored.is_empty() {
        summary.push_str(&format!(
            ", {}",
            counted(vendored.len(), "vendored copy", "vendored copies")
        ));
    }
    let reports = project.selected().map(|package| {
        Report::new("pins", &TOOL, project.subject(package))
            .findings(findings.clone())
            .data(&data)
            .summary(summary.clone())
    });
    Ok(Outcome::Reports(reports.collect()))
}

/// `cargo metadata --locked`, asked before the project is read: without the flag, cargo writes a
/// lock file that does not match anew.
fn ask_locked(cx: &Context) -> Result<Finished> {
    let args = cx.args();
    let offline = args.is_offline().then_some("--offline");
    let step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(offline);
    Ok(cx.runner.run(step)?)
}

/// The verdict where cargo does not take the lock file as it is.
fn lock_differs(cx: &mut Context, locked: &Finished) -> Result<Outcome> {
    let stderr = locked.stderr_text();
    let drifted = stderr.contains("--locked") || stderr.contains("Cargo.lock");
    if !drifted {
        // Anything else is no statement about the lock file: reading the project names it.
        cx.project()?;
    }
    cx.config::<Config>()?;
    let finding = Finding::new(
        &rules::PIN_LOCK,
        "Cargo.lock is missing or does not match Cargo.toml",
    )
    .at("Cargo.lock", None)
    .help("run `cargo generate-lockfile` or `cargo update --workspace`, and commit Cargo.lock");
    let report = Report::new("pins", &TOOL, Subject::default())
        .findings([finding])
        .data(&PinData { packages: 0 })
        .summary("the rest is judged once it matches");
    Ok(report.print_only().into())
}

/// Whether Cargo.lock is what the commit holds; without a repository there is nothing to compare.
fn is_committed(project: &Project) -> Result<bool> {
    let lock = project.root.join("Cargo.lock");
    match (&project.git, &project.commit) {
        (Some(git), Some(commit)) => {
            let path = project.relative(&lock).unwrap_or_default();
            let committed = git.show(commit, &path)?;
            Ok(committed.is_some() && committed == std::fs::read(&lock).ok())
        }
        (Some(_), None) => Ok(false),
        _ => Ok(true),
    }
}
