//! `cargo sbom-lite audit`: the packages of a project, an SBOM, a program or old releases against
//! RustSec's advisories.

mod binary;
mod database;
mod documents;
mod lockfile;
mod project;
mod reachability;
mod report;
mod sbom;
mod settings;
pub mod watch;

use std::path::PathBuf;

use release_gate::{Context, Outcome, Result, time};

use self::settings::Audit;
use crate::model::config::{AuditPolicy, Config, Threshold};
use crate::read::advisories;

/// Flags of `audit`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// A checkout of RustSec's advisory-db [default: $RELEASE_GATES_ADVISORY_DB, else cargo's
    /// advisory-db folder]
    #[arg(long, value_name = "DIR")]
    pub db: Option<PathBuf>,
    /// Audit the packages of this SBOM instead of the project
    #[arg(long, value_name = "FILE", conflicts_with_all = ["binary", "watch_tags", "reachability"])]
    pub sbom: Option<PathBuf>,
    /// Audit the packages of this program: the list `cargo auditable` embeds, else what panic
    /// messages name
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch_tags", "reachability"])]
    pub binary: Option<PathBuf>,
    /// Audit this Cargo.lock, without the project around it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sbom", "binary", "watch_tags", "reachability"])]
    pub lockfile: Option<PathBuf>,
    /// Build with debug information and say whether the functions that advisories name are in the
    /// program
    #[arg(long, conflicts_with = "watch_tags")]
    pub reachability: bool,
    /// Write a VEX document there: CycloneDX for `*.cdx.json`, else OpenVEX
    #[arg(long, value_name = "FILE", conflicts_with = "watch_tags")]
    pub vex: Option<PathBuf>,
    /// Write the vulnerabilities there, in the shape of osv-scanner's JSON
    #[arg(long, value_name = "FILE", conflicts_with = "watch_tags")]
    pub osv: Option<PathBuf>,
    /// Fetch the advisory database first, by git, to where cargo-audit keeps it (or to --db)
    #[arg(long)]
    pub fetch: bool,
    /// Audit the lock files of the last N release tags instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub watch_tags: Option<u32>,
    /// From which severity on a vulnerability fails; one without a score always does
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Threshold>,
    /// Fail when the database is older than this many days
    #[arg(long, value_name = "DAYS")]
    pub max_db_age: Option<u32>,
}

pub(crate) fn run(cx: &mut Context, args: &Args) -> Result<Outcome> {
    if args.sbom.is_none() && args.binary.is_none() && args.lockfile.is_none() {
        cx.project()?;
    }
    let config: Config = cx.config()?;
    let today = settings::today()?;
    let fetched = args
        .fetch
        .then(|| database::fetch_database(cx, args.db.as_deref()))
        .transpose()?;
    let Some(dir) = advisories::find_database(fetched.as_deref().or(args.db.as_deref()))? else {
        return database::without_database(cx);
    };
    cx.terminal
        .detail("Reading", format!("advisories of {}", dir.display()));
    let advisories = advisories::open_database(&dir, &cx.runner)?;
    let max_age = args.max_db_age.or(config.max_db_age);
    let (findings, stale) = database::judge_database(&advisories, max_age, today);
    let audit = Audit {
        advisories,
        policy: AuditPolicy {
            fail_on: args.fail_on.or(config.fail_on).unwrap_or(Threshold::High),
            ignore: settings::checked_ignores(&config)?,
            today: time::iso_date(today),
        },
        findings,
        stale,
    };

    if let Some(count) = args.watch_tags {
        return watch::run(cx, &audit, count as usize);
    }
    let audited = if let Some(path) = &args.sbom {
        vec![sbom::audit_sbom(&audit, path)?]
    } else if let Some(path) = &args.binary {
        vec![binary::audit_binary(&audit, path)?]
    } else if let Some(path) = &args.lockfile {
        vec![lockfile::audit_lockfile(cx, &audit, path)?]
    } else {
        project::audit_project(cx, &audit, args.reachability)?
    };
    if let Some(path) = &args.osv {
        documents::write_osv(cx, path, &audited)?;
    }
    if let Some(path) = &args.vex {
        documents::write_vex(cx, path, &audit, &audited)?;
    }
    Ok(Outcome::Reports(
        audited
            .into_iter()
            .map(|one| report::report_of(cx, &audit, one))
            .collect(),
    ))
}
