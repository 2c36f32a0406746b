//! `cargo sbom-lite licenses` and `cargo sbom-lite pins`.

use std::collections::BTreeMap;

use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, inventory};
use crate::judge::{licenses as judge_licenses, pins as judge_pins};
use crate::read::lock;
use crate::{TOOL, rules};

/// `licenses.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LicenseData {
    /// How many packages state each licence.
    pub licenses: BTreeMap<String, usize>,
}

/// `pins.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PinData {
    /// How many packages Cargo.lock names.
    pub packages: usize,
}

pub(crate) fn licenses(cx: &mut Context) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();
    let mut reports = Vec::new();
    for package in packages {
        let project = cx.loaded_project().ok_or_else(|| Error::judge("the project was not loaded"))?;
        let (inventory, mut findings) = inventory(cx, project, &package)?;
        findings.extend(judge_licenses::judge(&inventory, &config.licenses));
        let licenses = judge_licenses::summary(&inventory);
        let human =
            licenses.iter().map(|(license, count)| format!("  {count:5}  {license}\n")).collect::<String>();
        let summary = format!("{} licences of {} packages", licenses.len(), inventory.components.len() + 1);
        let report = Report::new("licenses", &TOOL, project.subject(&package))
            .findings(findings)
            .data(&LicenseData { licenses });
        reports.push(report.human(human).summary(summary));
    }
    Ok(Outcome::Reports(reports))
}

pub(crate) fn pins(cx: &mut Context) -> Result<Outcome> {
    cx.project()?;
    let _config: Config = cx.config()?;
    let args = cx.args().clone();
    let runner = cx.runner.clone();
    let project = cx.project()?;
    // Asked before anything could write the lock file anew: `cargo metadata` above may have.
    let step = release_gate::process::Step::cargo().inherit_network_env().args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ]);
    let locked = runner.run(step.args(args.manifest_args()).args(args.feature_args()))?;
    let mut findings = Vec::new();
    let lock_path = project.root.join("Cargo.lock");
    let tracked = match (&project.git, &project.commit) {
        (Some(git), Some(commit)) => {
            let path = project.relative(&lock_path).unwrap_or_default();
            git.show(commit, &path)?.is_some()
        }
        _ => true,
    };
    if !locked.is_success() || !tracked {
        let why =
            if tracked { "Cargo.lock does not match Cargo.toml" } else { "Cargo.lock is not committed" };
        findings.push(
            Finding::new(&rules::PIN_LOCK, why)
                .at("Cargo.lock", None)
                .help("run `cargo generate-lockfile` and commit Cargo.lock"),
        );
    }
    let lock = lock::read(&lock_path)?;
    findings.extend(judge_pins::judge(&project.metadata, &lock));
    let data = PinData { packages: lock.packages.len() };
    let summary = format!("{} packages in Cargo.lock", lock.packages.len());
    let reports = project.selected().map(|package| {
        Report::new("pins", &TOOL, project.subject(package))
            .findings(findings.clone())
            .data(&data)
            .summary(summary.clone())
    });
    Ok(Outcome::Reports(reports.collect()))
}
