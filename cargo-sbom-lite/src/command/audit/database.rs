//! The advisory database: fetched, missing, or too old.

use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::advisories::{Advisories, ENV, locate, usual_folder};
use release_gate::error::JudgeExt as _;
use release_gate::facts::report::vulns::VulnsData;
use release_gate::fs::TEMPORARY;
use release_gate::process::Step;
use release_gate::text::one_line;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result, Status, Subject};

use crate::TOOL;
use crate::command::shared::{reports_of, whole_workspace};
use crate::model::url::{public_or_anonymous_url, redact_text};
use crate::rules;

/// Where RustSec keeps its database.
const URL: &str = "https://github.com/rustsec/advisory-db";

/// A copy that is older is fetched again, as cargo-audit does it.
const FRESH: Duration = Duration::from_secs(86_400);

/// How long a fetch may take. The database is small: what takes longer has no network.
const PATIENCE: Duration = Duration::from_secs(300);

/// Which database is asked for, and whether it may be fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// `--db`.
    pub(super) dir: Option<&'a Path>,
    /// Where it is fetched from, if not from RustSec.
    pub(super) url: Option<&'a str>,
    /// `--fetch`: now, whatever its age.
    pub(super) fetch: bool,
    /// `--no-fetch`.
    pub(super) no_fetch: bool,
}

/// The folder of the database, fetched where that is due. `None` where there is none. A fetch that
/// fails is a finding where there is a copy that can be used, and an error where there is none.
pub(super) fn find_or_fetch(
    cx: &Context,
    wanted: Wanted<'_>,
) -> Result<(Option<PathBuf>, Vec<Finding>)> {
    if wanted.fetch {
        if is_offline(cx) {
            return Err(
                Error::usage("--fetch needs the network, which --offline forbids")
                    .with_help("leave one of them out"),
            );
        }
        let dir = match wanted.dir {
            Some(dir) => dir.to_owned(),
            None => usual()?,
        };
        fetch_into(cx, &dir, wanted.url)?;
        return Ok((Some(dir), Vec::new()));
    }

    let found = locate(wanted.dir)?;
    let is_named = wanted.dir.is_some() || std::env::var_os(ENV).is_some_and(|dir| !dir.is_empty());
    if is_named || wanted.no_fetch || is_offline(cx) {
        return Ok((found, Vec::new()));
    }
    // What cargo-deny keeps, or an unpacked archive, is not ours to update.
    let usual = usual()?;
    let is_ours = found
        .as_ref()
        .is_none_or(|dir| *dir == usual && dir.join(".git").exists());
    if !is_ours || found.as_ref().is_some_and(|dir| is_fresh(dir)) {
        return Ok((found, Vec::new()));
    }
    match (fetch_into(cx, &usual, wanted.url), found) {
        (Ok(()), _) => Ok((Some(usual), Vec::new())),
        (Err(error), Some(dir)) => {
            let finding = Finding::new(
                &rules::NOT_FETCHED,
                "the advisory database could not be fetched; the copy on this machine was used",
            )
            .help(redact_text(&error.chain()));
            Ok((Some(dir), vec![finding]))
        }
        (Err(error), None) => {
            let finding = missing_database(&redact_text(&error.chain()));
            Ok((None, vec![finding]))
        }
    }
}

/// Whether the network must not be used: by a flag, or by cargo's own setting.
fn is_offline(cx: &Context) -> bool {
    cx.args().is_offline() || std::env::var("CARGO_NET_OFFLINE").is_ok_and(|value| value == "true")
}

fn usual() -> Result<PathBuf> {
    usual_folder().ok_or_else(|| {
        Error::judge("there is no home folder to keep the advisory database in")
            .with_help("name one with --db")
    })
}

/// Whether a copy was fetched within a day. git leaves a file behind that says when.
fn is_fresh(dir: &Path) -> bool {
    ["FETCH_HEAD", "HEAD"].iter().any(|name| {
        std::fs::metadata(dir.join(".git").join(name))
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|time| time.elapsed().is_ok_and(|age| age < FRESH))
    })
}

/// Clones the database, or brings a copy up to date.
fn fetch_into(cx: &Context, dir: &Path, url: Option<&str>) -> Result<()> {
    let url = url.unwrap_or(URL);
    if dir.join(".git").exists() {
        cx.terminal.status("Updating", "the advisory database");
        let step = Step::new("git")
            .arg("-C")
            .arg(dir)
            .args(["pull", "--quiet", "--ff-only"]);
        return run_git(cx, step);
    }

    cx.terminal.status(
        "Fetching",
        format!(
            "the advisory database from {}",
            public_or_anonymous_url(url)
        ),
    );
    // A clone that was broken off must not lie where a database is looked for.
    let parent = dir.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).or_judge(cannot_fetch)?;
    let place = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempdir_in(parent)
        .or_judge(cannot_fetch)?;
    let fresh = place.path().join("advisory-db");
    let step = Step::new("git")
        .args(["clone", "--quiet", "--depth", "1", "--", url])
        .arg(&fresh);
    run_git(cx, step)?;
    std::fs::rename(&fresh, dir).or_judge(cannot_fetch)
}

fn cannot_fetch() -> String {
    "the advisory database cannot be fetched".to_owned()
}

fn run_git(cx: &Context, step: Step) -> Result<()> {
    let step = step
        .inherit_network_env()
        .env("GIT_TERMINAL_PROMPT", "0")
        .timeout(PATIENCE);
    let help = format!("clone {URL} by hand and name it with --db or {ENV}");
    let finished = cx
        .runner
        .run(step)
        .map_err(|error| Error::from(error).with_help(help.clone()))?;
    if finished.is_success() {
        return Ok(());
    }

    let why = one_line(&finished.stderr_text());
    let why = if why.is_empty() {
        "git did not say why"
    } else {
        &why
    };
    Err(Error::judge(format!("{}: {}", cannot_fetch(), redact_text(why))).with_help(help))
}

/// There is no database, and the two ways on.
fn missing_database(why: &str) -> Finding {
    Finding::new(
        &rules::NO_DATABASE,
        format!("there is no advisory database, so nothing is known about vulnerabilities: {why}"),
    )
    .help(format!(
        "`--fetch` clones it while there is a network; or name a checkout with --db or {ENV}"
    ))
}

/// Without a database nothing is judged, and the report says what to do.
pub(super) fn without_database(cx: &Context, findings: Vec<Finding>) -> Outcome {
    let findings = if findings.is_empty() {
        vec![missing_database("none is on this machine")]
    } else {
        findings
    };

    let data = VulnsData {
        db: None,
        advisories: Vec::new(),
        packages: 0,
        yanked: Vec::new(),
    };

    let mut coverage = Coverage::default();
    coverage.not_judged(
        &rules::NOT_JUDGED_DATABASE,
        "the packages that were asked about",
        1,
        "there is no advisory database",
    );

    let report = |subject| {
        Report::with_data(&TOOL, subject, &data)
            .status(Status::Error)
            .findings(findings.clone())
            .coverage(coverage.clone())
    };

    match cx.loaded_project() {
        Some(project) => {
            let packages = whole_workspace(cx, project);
            Outcome::Reports(reports_of(project, &packages, report))
        }
        None => report(Subject::default()).print_only().into(),
    }
}

/// What is said of the database's age, and whether it is too old to judge by.
pub(super) fn judge_age(
    advisories: &Advisories,
    max_age: Option<u32>,
    today: i64,
) -> (Option<Finding>, bool) {
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
            "the age of the advisory database is not known: it is not a git checkout".to_owned(),
        )),
        _ => None,
    };

    let stale = old
        .as_ref()
        .is_some_and(|(rule, _)| rule.id == rules::OLD_DATABASE.id);
    let finding = old.map(|(rule, text)| Finding::new(rule, text).help("fetch the database again"));

    (finding, stale)
}
