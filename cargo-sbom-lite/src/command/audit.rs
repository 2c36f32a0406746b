//! `cargo sbom-lite audit`.

use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status, Subject, time};
use rustsec::Lockfile;

use super::{Config, inventory};
use crate::TOOL;
use crate::cli::AuditArgs;
use crate::judge::audit::{Data, Db, Hit, Policy, Threshold, hits, judge};
use crate::model::inventory::Inventory;
use crate::read::advisories::{self, Advisories};
use crate::read::{document, lock};
use crate::rules;

pub(crate) fn run(cx: &mut Context, args: &AuditArgs) -> Result<Outcome> {
    if args.sbom.is_none() {
        cx.project()?;
    }
    let config: Config = cx.config()?;
    let today = today(cx)?;
    let Some(dir) = advisories::find(args.db.as_deref())? else {
        return no_database(cx);
    };
    cx.terminal.detail("Reading", format!("advisories of {}", dir.display()));
    let advisories = advisories::open(&dir, &cx.runner)?;
    let about = about_database(&advisories, args.max_db_age.or(config.max_db_age), today);
    for ignore in &config.ignore {
        if ignore.until.as_deref().is_some_and(|until| !is_date(until)) {
            let until = ignore.until.as_deref().unwrap_or_default();
            return Err(Error::usage(format!(
                "the ignore of {} ends on `{until}`, which is no date",
                ignore.id
            ))
            .with_help("write it as `until = \"2030-12-31\"`"));
        }
    }
    let policy = Policy {
        fail_on: args.fail_on.or(config.fail_on).unwrap_or(Threshold::High),
        ignore: config.ignore.clone(),
        today: Some(time::iso_date(today)),
    };
    if let Some(path) = &args.sbom {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| Error::judge(format!("cannot read `{name}`")).with_source(error))?;
        let lock = lock_of(&document::parse(&bytes, &name)?)?;
        let report = report(cx, &lock, &advisories, None, Subject::default(), &policy, about);
        return Ok(report.print_only().into());
    }
    let project = cx.project()?;
    let lock = lock::read(&project.root.join("Cargo.lock"))?;
    let packages: Vec<_> = project.selected().cloned().collect();
    let mut reports = Vec::new();
    for package in packages {
        let project = cx.loaded_project().ok_or_else(|| Error::judge("the project was not loaded"))?;
        let subject = project.subject(&package);
        let (inventory, more) = inventory(cx, project, &package)?;
        // Every package's report says how far the database can be relied on.
        let mut findings = about.clone();
        findings.extend(more);
        reports.push(report(cx, &lock, &advisories, Some(&inventory), subject, &policy, findings));
    }
    Ok(Outcome::Reports(reports))
}

/// Whether a text is `YYYY-MM-DD`, the only form in which dates can be compared as text.
fn is_date(text: &str) -> bool {
    let digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

fn report(
    cx: &Context,
    lock: &Lockfile,
    advisories: &Advisories,
    inventory: Option<&Inventory>,
    subject: Subject,
    policy: &Policy,
    mut findings: Vec<Finding>,
) -> Report {
    let mut hits = hits(lock, advisories, inventory);
    findings.extend(judge(&mut hits, policy));
    let db = Db {
        commit: advisories.commit.as_ref().map(ToString::to_string),
        date: advisories.time.map(time::iso_date),
        advisories: advisories.count,
    };
    let state = db.date.clone().map_or_else(|| "of unknown date".to_owned(), |date| format!("of {date}"));
    let summary = format!("{} packages against {} advisories {state}", lock.packages.len(), db.advisories);
    let human = if cx.args().quiet { String::new() } else { table(&hits) };
    let data = Data { db: Some(db), advisories: hits, packages: lock.packages.len() };
    Report::new("vulns", &TOOL, subject).findings(findings).data(&data).human(human).summary(summary)
}

fn table(hits: &[Hit]) -> String {
    let mut out = String::new();
    for hit in hits {
        out.push_str(&format!(
            "  {:18} {:9} {:11} {} {}\n",
            hit.id, hit.severity, hit.scope, hit.package, hit.version
        ));
    }
    out
}

/// Without a database nothing is judged, and the report says what to do.
fn no_database(cx: &mut Context) -> Result<Outcome> {
    let finding = Finding::new(
        &rules::NO_DATABASE,
        "there is no advisory database, so nothing is known about vulnerabilities",
    )
    .help(format!("clone RustSec's advisory-db and name it with --db or {}", advisories::ENV));
    let data = Data { db: None, advisories: Vec::new(), packages: 0 };
    let report = |subject| {
        Report::new("vulns", &TOOL, subject).status(Status::Error).findings([finding.clone()]).data(&data)
    };
    Ok(match cx.loaded_project() {
        Some(project) => {
            Outcome::Reports(project.selected().map(|package| report(project.subject(package))).collect())
        }
        None => report(Subject::default()).into(),
    })
}

fn about_database(advisories: &Advisories, max_age: Option<u32>, today: i64) -> Vec<Finding> {
    let mut findings: Vec<Finding> = advisories
        .unreadable
        .iter()
        .map(|file| {
            Finding::new(&rules::BAD_ADVISORY, format!("`{file}` of the advisory database cannot be read"))
                .help("fetch the database again")
        })
        .collect();
    if let Some(days) = max_age {
        let age = advisories.time.map(|time| (today - time).div_euclid(86_400));
        let old = match age {
            Some(age) if age <= i64::from(days) => None,
            Some(age) => Some(format!("the advisory database is {age} days old, and {days} are allowed")),
            None => Some("the age of the advisory database is not known: it is no git checkout".to_owned()),
        };
        findings.extend(
            old.map(|text| Finding::new(&rules::OLD_DATABASE, text).help("fetch the database again")),
        );
    }
    findings
}

/// The day of the audit: SOURCE_DATE_EPOCH where it is set, else the clock. It decides about ages and expiry and appears in no report.
fn today(_cx: &Context) -> Result<i64> {
    let clock =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(time::source_date_epoch()?.unwrap_or_else(|| i64::try_from(clock()).unwrap_or(i64::MAX)))
}

/// The cargo packages of an SBOM as a lock file, so that one matcher decides for both.
fn lock_of(sbom: &document::Sbom) -> Result<Lockfile> {
    let mut text = String::from("version = 4\n");
    for entry in sbom.components.values() {
        let cargo = entry.purl.as_deref().is_some_and(|purl| purl.starts_with("pkg:cargo/"));
        if cargo && semver::Version::parse(&entry.version).is_ok() {
            let name = toml::Value::String(entry.name.clone());
            text.push_str(&format!("[[package]]\nname = {name}\nversion = \"{}\"\n", entry.version));
            if !entry.purl.as_deref().is_some_and(|purl| purl.contains(['?', '#'])) {
                text.push_str("source = \"registry+https://github.com/rust-lang/crates.io-index\"\n");
            }
        }
    }
    text.parse().map_err(|error: cargo_lock_error| {
        Error::judge("the SBOM's packages cannot be read").with_source(error)
    })
}

#[expect(non_camel_case_types, reason = "a local name for a re-exported error")]
type cargo_lock_error = rustsec::cargo_lock::Error;
