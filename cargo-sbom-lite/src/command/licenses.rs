//! `cargo sbom-lite licenses`.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::project::Project;
use release_gate::{Context, Error, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{counted, inventory_of, write_whole};
use crate::TOOL;
use crate::judge::licenses::{count_licenses, judge_licenses};
use crate::model::config::{Config, LicensePolicy};
use crate::model::inventory::Inventory;
use crate::model::purl::purl_of;
use crate::read::licenses::license_texts;
use crate::report::notices;

/// `licenses.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LicenseData {
    /// How many packages state each licence.
    pub licenses: BTreeMap<String, usize>,
}

pub(crate) fn run(cx: &mut Context, notices: Option<&Path>) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let policy = checked_policy(&config)?;
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();

    let mut reports = Vec::new();
    for package in packages {
        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let (inventory, mut findings) = inventory_of(cx, project, &package)?;
        findings.extend(judge_licenses(&inventory, &policy));
        if let Some(path) = notices {
            project.single()?;
            write_notices(cx, project, &inventory, path)?;
        }
        let licenses = count_licenses(&inventory);
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

/// The policy in canonical spelling; every exception gives a reason.
fn checked_policy(config: &Config) -> Result<LicensePolicy> {
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
    Ok(policy)
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
        .map(|package| (purl_of(&project.metadata, package), license_texts(package)))
        .collect();
    let (text, without) = notices::render_notices(inventory, &texts);
    if !without.is_empty() {
        cx.terminal
            .warn(format!("no licence text came with {}", without.join(", ")));
    }
    write_whole(cx, path, text.as_bytes())
}
