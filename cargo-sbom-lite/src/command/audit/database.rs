//! The advisory database: fetched, missing, or too old.

use std::path::{Path, PathBuf};

use release_gate::process::Step;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status, Subject};

use crate::TOOL;
use crate::model::vulnerability::VulnerabilityData;
use crate::read::advisories::{self, Advisories};
use crate::rules;

/// `--fetch`: the advisory database, cloned or brought up to date by git.
pub(super) fn fetch_database(cx: &Context, db: Option<&Path>) -> Result<PathBuf> {
    if cx.args().is_offline() {
        return Err(
            Error::usage("--fetch needs the network, which --offline forbids")
                .with_help("leave one of them out"),
        );
    }
    let dir = match db {
        Some(dir) => dir.to_owned(),
        None => advisories::usual_folder().ok_or_else(|| {
            Error::judge("there is no home folder to keep the advisory database in")
                .with_help("name one with --db")
        })?,
    };
    let step = if dir.join(".git").exists() {
        cx.terminal.status("Updating", dir.display().to_string());
        Step::new("git")
            .arg("-C")
            .arg(&dir)
            .args(["pull", "--quiet", "--ff-only"])
    } else {
        cx.terminal.status("Fetching", advisories::URL);
        Step::new("git")
            .args(["clone", "--quiet", "--depth", "1", "--", advisories::URL])
            .arg(&dir)
    };
    cx.runner
        .run(step.inherit_network_env())?
        .success()
        .map_err(|error| {
            Error::judge("the advisory database cannot be fetched")
                .with_source(error)
                .with_help("clone it by hand and name it with --db")
        })?;
    Ok(dir)
}

/// Without a database nothing is judged, and the report says what to do.
pub(super) fn without_database(cx: &mut Context) -> Result<Outcome> {
    let finding = Finding::new(
        &rules::NO_DATABASE,
        "there is no advisory database, so nothing is known about vulnerabilities",
    )
    .help(format!(
        "`--fetch` clones it; or name a checkout with --db or {}",
        advisories::ENV
    ));
    let data = VulnerabilityData {
        db: None,
        advisories: Vec::new(),
        packages: 0,
        yanked: Vec::new(),
        not_looked_up: Vec::new(),
    };
    let report = |subject| {
        Report::new("vulns", &TOOL, subject)
            .status(Status::Error)
            .findings([finding.clone()])
            .data(&data)
    };
    Ok(match cx.loaded_project() {
        Some(project) => Outcome::Reports(
            project
                .selected()
                .map(|package| report(project.subject(package)))
                .collect(),
        ),
        None => report(Subject::default()).print_only().into(),
    })
}

/// Findings about the database, and whether it is too old to judge by.
pub(super) fn judge_database(
    advisories: &Advisories,
    max_age: Option<u32>,
    today: i64,
) -> (Vec<Finding>, bool) {
    let mut findings: Vec<Finding> = advisories
        .unreadable
        .iter()
        .map(|file| {
            Finding::new(
                &rules::BAD_ADVISORY,
                format!("`{file}` of the advisory database cannot be read"),
            )
            .help("fetch the database again")
        })
        .collect();
    let age = advisories
        .time
        .map(|time| (today - time).div_euclid(86_400));
    let old = match (max_age, age) {
        (None, Some(age)) if age > 90 => Some((
            &rules::AGING_DATABASE,
            format!("the advisory database is {age} days old"),
        )),
        (Some(days), Some(age)) if age > i64::from(days) => Some((
            &rules::OLD_DATABASE,
            format!("the advisory database is {age} days old, and {days} are allowed"),
        )),
        (Some(_), None) => Some((
            &rules::OLD_DATABASE,
            "the age of the advisory database is not known: it is no git checkout".to_owned(),
        )),
        _ => None,
    };
    let stale = old
        .as_ref()
        .is_some_and(|(rule, _)| rule.id == rules::OLD_DATABASE.id);
    findings
        .extend(old.map(|(rule, text)| Finding::new(rule, text).help("fetch the database again")));
    (findings, stale)
}
