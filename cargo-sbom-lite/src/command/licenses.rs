//! `cargo sbom-lite licenses`.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::facts::report::licenses::{LicenseText, LicensesData, PolicyState};
use release_gate::project::Project;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Error, Outcome, Report, Result};

use super::shared::{add_left_out, check_targets, inventories_of, whole_workspace, write_whole};
use crate::judge::licenses::{count_licenses, judge_licenses, judged_components};
use crate::model::config::{Config, LicensePolicy};
use crate::model::inventory::Inventory;
use crate::model::purl::purl_of;
use crate::read::licenses::{Recognizer, license_file, license_texts};
use crate::report::notices;
use crate::{TOOL, rules};

pub(crate) fn run(cx: &mut Context, notices: Option<&Path>) -> Result<Outcome> {
    cx.project()?;
    check_targets(cx)?;
    let config: Config = cx.config()?;
    let policy = checked_policy(&config)?;
    let project = cx.project()?;
    if notices.is_some() {
        project.single()?;
    }
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let packages = judged_packages(cx, project);
    let recognizer = Recognizer::new();
    let texts: Vec<LicenseText> = project
        .metadata
        .packages
        .iter()
        .filter_map(|package| license_file(package, &recognizer))
        .collect();
    let (inventories, findings) = inventories_of(cx, project, &packages, &config.mirrors)?;

    let mut reports = Vec::new();
    for (package, inventory) in packages.iter().zip(&inventories) {
        if let Some(path) = notices {
            write_notices(cx, project, inventory, path, &config.mirrors)?;
        }
        let report = report_of(project, package, inventory, &policy, &texts);
        reports.push(report.findings(findings.clone()));
    }
    let mut left_out = Coverage::default();
    add_left_out(&mut left_out, project, &packages);
    Ok(Outcome::Reports(
        reports
            .into_iter()
            .map(|report| report.coverage(left_out.clone()))
            .collect(),
    ))
}

/// The packages that were named, else all members that may be published; a workspace that publishes
/// nothing is taken whole.
fn judged_packages(cx: &Context, project: &Project) -> Vec<Package> {
    let all = whole_workspace(cx, project);
    let is_named = !cx.args().workspace.package.is_empty();
    let published: Vec<Package> = all
        .iter()
        .filter(|package| !package.publish.as_ref().is_some_and(Vec::is_empty))
        .cloned()
        .collect();
    if is_named || published.is_empty() {
        all
    } else {
        published
    }
}

fn report_of(
    project: &Project,
    package: &Package,
    inventory: &Inventory,
    policy: &LicensePolicy,
    texts: &[LicenseText],
) -> Report {
    let texts: Vec<LicenseText> = texts
        .iter()
        .filter(|text| {
            inventory.all().any(|component| {
                component.name == text.package && component.version == text.version
            })
        })
        .cloned()
        .collect();

    let mut coverage = Coverage::of(judged_components(inventory).count());
    for text in texts.iter().filter(|text| text.license.is_none()) {
        coverage.not_judged(
            &rules::NOT_JUDGED_LICENSE,
            format!("`{}` of {} {}", text.file, text.package, text.version),
            1,
            "its text is none that is known for certain",
        );
    }

    let findings = judge_licenses(inventory, policy, &texts);
    let licenses = count_licenses(inventory);
    let human = licenses
        .iter()
        .map(|(license, count)| format!("  {count:5}  {license}\n"))
        .collect::<String>();

    let state = if policy.is_configured() {
        ""
    } else {
        ", no policy"
    };

    let summary = format!(
        "{} of {}{state}",
        counted(licenses.len() as u64, "licence", "licences"),
        counted(inventory.components.len() as u64 + 1, "package", "packages")
    );

    let data = LicensesData {
        policy: if policy.is_configured() {
            PolicyState::Configured
        } else {
            PolicyState::None
        },
        licenses,
        texts,
    };

    Report::with_data(&TOOL, project.subject(package), &data)
        .findings(findings)
        .coverage(coverage)
        .human(human)
        .summary(summary)
}

/// The policy in canonical spelling; every exception gives a reason.
fn checked_policy(config: &Config) -> Result<LicensePolicy> {
    let policy = config.licenses.canonical().map_err(|id| {
        Error::usage(format!("`{id}` in the licence policy is not an SPDX id"))
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
        .with_help("say what was read, for anyone who looks at it next"));
    }
    Ok(policy)
}

/// `--notices FILE`.
fn write_notices(
    cx: &Context,
    project: &Project,
    inventory: &Inventory,
    path: &Path,
    mirrors: &[String],
) -> Result<()> {
    let texts = project
        .metadata
        .packages
        .iter()
        .map(|package| {
            (
                purl_of(&project.metadata, package, mirrors),
                license_texts(package),
            )
        })
        .collect();
    let (text, without) = notices::render_notices(inventory, &texts);
    if !without.is_empty() {
        cx.terminal
            .warn(format!("no licence text came with {}", without.join(", ")));
    }
    write_whole(cx, path, text.as_bytes())
}
