//! `cargo sbom-lite licenses` and `cargo sbom-lite pins`.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::process::Step;
use release_gate::project::Project;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Config, counted, inventory, write_whole};
use crate::judge::{licenses as judge_licenses, pins as judge_pins};
use crate::model::inventory::{Inventory, purl_of};
use crate::read::licenses::texts;
use crate::read::{lock, vendor};
use crate::report::notices;
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

pub(crate) fn licenses(cx: &mut Context, notices: Option<&Path>) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let policy = config.licenses.canonical().map_err(|id| {
        Error::usage(format!("`{id}` in the licence policy is no SPDX id"))
            .with_help("the list is at https://spdx.org/licenses/; case counts")
    })?;
    if let Some(exception) = policy
        .exceptions
        .iter()
        .find(|exception| exception.reason.trim().is_empty())
    {
        return Err(Error::usage(format!(
            "the licence exception for `{}` gives no reason",
            exception.package
        ))
        .with_help("say what was read, for whoever looks at it next"));
    }
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();
    let mut reports = Vec::new();
    for package in packages {
        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let (inventory, mut findings) = inventory(cx, project, &package)?;
        findings.extend(judge_licenses::judge(&inventory, &policy));
        if let Some(path) = notices {
            if cx
                .loaded_project()
                .is_some_and(|project| project.selected().count() > 1)
            {
                project.single()?;
            }
            write_notices(cx, project, &inventory, path)?;
        }
        let licenses = judge_licenses::summary(&inventory);
        let human = licenses
            .iter()
            .map(|(license, count)| format!("  {count:5}  {license}\n"))
            .collect::<String>();
        let summary = format!(
            "{} of {}",
            counted(licenses.len(), "licence", "licences"),
            counted(inventory.components.len() + 1, "package", "packages")
        );
        let report = Report::new("licenses", &TOOL, project.subject(&package))
            .findings(findings)
            .data(&LicenseData { licenses });
        reports.push(report.human(human).summary(summary));
    }
    Ok(Outcome::Reports(reports))
}

/// `--notices FILE`.
fn write_notices(
    cx: &Context,
    project: &Project,
    inventory: &Inventory,
    path: &Path,
) -> Result<()> {
    let texts = project
        .metadata
        .packages
        .iter()
        .map(|package| (purl_of(&project.metadata, package), texts(package)))
        .collect();
    let (text, without) = notices::render(inventory, &texts);
    if !without.is_empty() {
        cx.terminal
            .warn(format!("no licence text came with {}", without.join(", ")));
    }
    write_whole(cx, path, text.as_bytes())
}

pub(crate) fn pins(cx: &mut Context) -> Result<Outcome> {
    let args = cx.args().clone();
    // Asked before the project is read: without --locked, cargo writes a lock file that does not
    // match anew.
    let step =
        Step::cargo()
            .inherit_network_env()
            .args(["metadata", "--format-version", "1", "--locked"]);
    let offline = if args.is_offline() {
        vec!["--offline"]
    } else {
        Vec::new()
    };
    let step = step
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(offline);
    let locked = cx.runner.run(step)?;
    let stderr = locked.stderr_text();
    let drifted = stderr.contains("--locked") || stderr.contains("Cargo.lock");
    if !locked.is_success() && !drifted {
        // Anything else is no statement about the lock file: reading the project names it.
        cx.project()?;
    }
    if !locked.is_success() {
        cx.config::<Config>()?;
        let finding = Finding::new(
            &rules::PIN_LOCK,
            "Cargo.lock is missing or does not match Cargo.toml",
        )
        .at("Cargo.lock", None)
        .help("run `cargo generate-lockfile` or `cargo update --workspace`, and commit Cargo.lock");
        let report = Report::new("pins", &TOOL, release_gate::Subject::default())
            .findings([finding])
            .data(&PinData { packages: 0 })
            .summary("the rest is judged once it matches");
        return Ok(report.print_only().into());
    }
    cx.project()?;
    let _config: Config = cx.config()?;
    let project = cx.project()?;
    let mut findings = Vec::new();
    let lock_path = project.root.join("Cargo.lock");
    let tracked = match (&project.git, &project.commit) {
        (Some(git), Some(commit)) => {
            let path = project.relative(&lock_path).unwrap_or_default();
            let committed = git.show(commit, &path)?;
            committed.is_some() && committed == std::fs::read(&lock_path).ok()
        }
        (Some(_), None) => false,
        _ => true,
    };
    if !tracked {
        findings.push(
            Finding::new(&rules::PIN_LOCK, "Cargo.lock is not committed as it is")
                .at("Cargo.lock", None)
                .help("commit Cargo.lock"),
        );
    }
    let lock = lock::read(&lock_path)?;
    let vendored = vendor::vendored(&project.metadata)?;
    findings.extend(judge_pins::judge(&project.metadata, &lock, &vendored));
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
