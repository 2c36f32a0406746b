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
pub(super) mod settings;
pub mod watch;

use std::path::PathBuf;

use release_gate::advisories::Advisories;
use release_gate::{Context, Error, Outcome, Report, Result, time};

use self::settings::{Audit, Audited};
use crate::model::config::{AuditPolicy, Config, Threshold};

/// Flags of `audit`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// A checkout of RustSec's advisory-db, or a folder of OSV records [default:
    /// $RELEASE_GATES_ADVISORY_DB, else cargo's advisory-db folder]; a second one adds what the
    /// first does not have
    #[arg(long, value_name = "DIR")]
    pub db: Vec<PathBuf>,
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
    /// [default: when that copy is missing or older than a day]
    #[arg(long, conflicts_with = "no_fetch")]
    pub fetch: bool,
    /// Never fetch the advisory database
    #[arg(long)]
    pub no_fetch: bool,
    /// Ignore an advisory in this call, by its id or an alias (may be given more than once)
    #[arg(long, value_name = "ID")]
    pub ignore: Vec<String>,
    /// Let the statements of a VEX document count: OpenVEX or CycloneDX, with author and
    /// justification (may be given more than once)
    #[arg(long, value_name = "FILE")]
    pub accept_vex: Vec<PathBuf>,
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

/// Flags of cargo that mean something for a project only.
const PROJECT_FLAGS: &str = "-p, --workspace, --exclude, --features and --manifest-path";

pub(crate) fn run(cx: &mut Context, args: &Args) -> Result<Outcome> {
    let is_project = args.sbom.is_none() && args.binary.is_none() && args.lockfile.is_none();
    if is_project {
        cx.project()?;
    } else {
        refuse_project_flags(cx, args)?;
    }
    let config: Config = cx.config()?;
    let today = settings::today()?;
    let wanted = database::Wanted {
        dir: args.db.first().map(PathBuf::as_path),
        url: config.db_url.as_deref(),
        fetch: args.fetch,
        no_fetch: args.no_fetch,
    };
    let (dir, fetched) = database::find_or_fetch(cx, wanted)?;
    let Some(dir) = dir else {
        return Ok(database::without_database(cx, fetched));
    };
    cx.terminal
        .detail("Reading", format!("advisories of {}", dir.display()));
    let mut advisories = Advisories::open(&dir, &cx.runner)?;
    for more in args.db.iter().skip(1) {
        advisories.merge(Advisories::open(more, &cx.runner)?);
    }
    let max_age = args.max_db_age.or(config.max_db_age);
    let (age, stale) = database::judge_age(&advisories, max_age, today);
    let findings = age.into_iter().chain(fetched).collect();
    let audit = Audit {
        advisories,
        policy: AuditPolicy {
            fail_on: args.fail_on.or(config.fail_on).unwrap_or(Threshold::High),
            ignore: settings::checked_ignores(&config)?,
            ignore_once: args.ignore.clone(),
            vex: settings::vex_statements(cx, &config, &args.accept_vex)?,
            today: time::iso_date(today),
        },
        findings,
        stale,
    };

    if let Some(count) = args.watch_tags {
        return watch::run(cx, &audit, &config.mirrors, count as usize);
    }
    let audited = audit_input(cx, &audit, &config.mirrors, args)?;
    if let Some(path) = &args.osv {
        documents::write_osv(cx, path, &audit, &audited)?;
    }
    if let Some(path) = &args.vex {
        documents::write_vex(cx, path, &audit, &audited)?;
    }
    let reports: Result<Vec<Report>> = audited
        .into_iter()
        .map(|one| report::report_of(cx, &audit, one))
        .collect();
    Ok(Outcome::Reports(reports?))
}

/// What the flags name, else the project.
fn audit_input(
    cx: &mut Context,
    audit: &Audit,
    mirrors: &[String],
    args: &Args,
) -> Result<Vec<Audited>> {
    if let Some(path) = &args.sbom {
        return Ok(vec![sbom::audit_sbom(audit, path, mirrors)?]);
    }
    if let Some(path) = &args.binary {
        return Ok(vec![binary::audit_binary(audit, path)?]);
    }
    if let Some(path) = &args.lockfile {
        return Ok(vec![lockfile::audit_lockfile(cx, audit, path, mirrors)?]);
    }
    project::audit_project(cx, audit, mirrors, args.reachability)
}

/// A flag that means nothing to a call is refused, not swallowed.
fn refuse_project_flags(cx: &Context, args: &Args) -> Result<()> {
    let shared = cx.args();
    let selects = shared.workspace.workspace
        || shared.workspace.all
        || !shared.workspace.package.is_empty()
        || !shared.workspace.exclude.is_empty();
    let has_features = !shared.feature_list().is_empty();
    if selects || has_features || shared.manifest_path().is_some() {
        return Err(Error::usage(format!(
            "{PROJECT_FLAGS} mean nothing where a file is audited"
        ))
        .with_help("leave them out"));
    }
    if !shared.target.is_empty() && args.lockfile.is_none() {
        return Err(
            Error::usage("--target means nothing where an SBOM or a program is audited")
                .with_help("leave it out: what is in them is looked up for every target"),
        );
    }
    Ok(())
}
