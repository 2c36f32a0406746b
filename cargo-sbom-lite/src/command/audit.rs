//! `cargo sbom-lite audit`: the packages of a project, an SBOM, a program or old releases against
//! RustSec's advisories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;
use release_gate::process::Step;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status, Subject, time};

use super::{Config, counted, inventory, write_whole};
use crate::TOOL;
use crate::cli::AuditArgs;
use crate::judge::audit::{
    Build, Data, Db, Hit, Policy, Threshold, hits, judge, yanked, yanked_finding,
};
use crate::judge::fix;
use crate::judge::reachability::{Reachability, reachability};
use crate::model::inventory::Source;
use crate::model::locked::Locked;
use crate::model::program::Functions;
use crate::model::sbom::Sbom;
use crate::read::advisories::{self, Advisories};
use crate::read::index::Index;
use crate::read::{binary, document, lock, symbols};
use crate::report::{osv, vex};
use crate::rules;

/// What every report of one call shares.
pub(super) struct Audit {
    pub(super) advisories: Advisories,
    pub(super) policy: Policy,
    /// About the database.
    pub(super) findings: Vec<Finding>,
    /// The database is older than allowed, so that nothing can be judged by it.
    pub(super) stale: bool,
}

pub(crate) fn run(cx: &mut Context, args: &AuditArgs) -> Result<Outcome> {
    if args.sbom.is_none() && args.binary.is_none() && args.lockfile.is_none() {
        cx.project()?;
    }
    let config: Config = cx.config()?;
    let today = today()?;
    let fetched = args
        .fetch
        .then(|| fetch(cx, args.db.as_deref()))
        .transpose()?;
    let Some(dir) = advisories::find(fetched.as_deref().or(args.db.as_deref()))? else {
        return no_database(cx);
    };
    cx.terminal
        .detail("Reading", format!("advisories of {}", dir.display()));
    let advisories = advisories::open(&dir, &cx.runner)?;
    let (findings, stale) =
        about_database(&advisories, args.max_db_age.or(config.max_db_age), today);
    let policy = Policy {
        fail_on: args.fail_on.or(config.fail_on).unwrap_or(Threshold::High),
        ignore: ignores(&config)?,
        today: time::iso_date(today),
    };
    let audit = Audit {
        advisories,
        policy,
        findings,
        stale,
    };
    if let Some(count) = args.watch_tags {
        return super::watch::run(cx, &audit, count as usize);
    }
    if let Some(path) = &args.sbom {
        return of_sbom(cx, &audit, path, args);
    }
    if let Some(path) = &args.binary {
        return of_binary(cx, &audit, path, args);
    }
    if let Some(path) = &args.lockfile {
        return of_lock(cx, &audit, path, args);
    }
    of_project(cx, &audit, args)
}

/// The ignores of the configuration, each with a reason and a date that can be compared.
fn ignores(config: &Config) -> Result<Vec<crate::judge::audit::Ignore>> {
    for ignore in &config.ignore {
        if ignore.reason.trim().is_empty() {
            return Err(
                Error::usage(format!("the ignore of {} gives no reason", ignore.id))
                    .with_help("say why it can be lived with, for whoever looks at it next"),
            );
        }
        if !is_date(&ignore.until) {
            return Err(Error::usage(format!(
                "the ignore of {} ends on `{}`, which is no date",
                ignore.id, ignore.until
            ))
            .with_help("write it as `until = \"2030-12-31\"`"));
        }
    }
    Ok(config.ignore.clone())
}

/// Whether a text is `YYYY-MM-DD`, the only form in which dates can be compared as text.
fn is_date(text: &str) -> bool {
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let within = |part: &str, most: u8| {
        part.parse::<u8>()
            .is_ok_and(|number| (1..=most).contains(&number))
    };
    digits(year, 4) && digits(month, 2) && digits(day, 2) && within(month, 12) && within(day, 31)
}

fn of_project(cx: &mut Context, audit: &Audit, args: &AuditArgs) -> Result<Outcome> {
    let project = cx.project()?;
    let text = lock::text(&project.root.join("Cargo.lock"))?;
    let packages = lock::packages(&lock::parse(&text, "Cargo.lock")?, &text);
    let requirements = fix::requirements(&project.metadata);
    let selected: Vec<_> = project.selected().cloned().collect();
    let targets = vec![host(cx)?];
    let mut reports = Vec::new();
    let mut documents = Vec::new();
    for package in selected {
        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let subject = project.subject(&package);
        let (inventory, more) = inventory(cx, project, &package)?;
        let build = Build {
            inventory: Some(&inventory),
            targets: &targets,
            requirements: Some(&requirements),
        };
        let mut found = hits(&packages, &audit.advisories, build);
        if args.reachability && found.iter().any(|hit| hit.scope == "artifact") {
            look_inside(cx, &package, &mut found)?;
        }
        let main = inventory.main.purl();
        let mut findings = audit.findings.clone();
        findings.extend(more);
        reports.push(report(
            cx,
            audit,
            found.clone(),
            &packages,
            subject,
            findings,
            Vec::new(),
        ));
        documents.push((main, found));
    }
    write_vex(cx, audit, args, &documents)?;
    Ok(Outcome::Reports(reports))
}

/// Builds the package with debug information and looks for the functions that advisories name.
fn look_inside(cx: &Context, package: &Package, hits: &mut [Hit]) -> Result<()> {
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    cx.terminal.status(
        "Building",
        format!("{} with debug information, to look into it", package.name),
    );
    let spec = format!("{}@{}", package.name, package.version);
    let step = Step::cargo()
        .inherit_network_env()
        .inherit(["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"])
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "2")
        .env("CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO", "off")
        .env(
            "CARGO_TARGET_DIR",
            project
                .target_dir
                .join("release-gates")
                .join("reachability")
                .into_os_string(),
        )
        .args(["build", "--release", "--message-format=json", "-p", &spec])
        .args(cx.args().manifest_args())
        .args(cx.args().feature_args())
        .args(cx.args().target_args())
        .args(cx.args().lock_args());
    let finished = cx.runner.run(step)?.success()?;
    let mut programs = Vec::new();
    for line in finished.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(line) else {
            continue;
        };
        if message["reason"] == "compiler-artifact"
            && message["package_id"] == package.id.repr
            && let Some(path) = message["executable"].as_str()
        {
            programs.push(path.to_owned());
        }
    }
    // A function is absent only if it is in none of the programs, and each of them can be read.
    let mut functions: Option<Functions> = None;
    for path in &programs {
        let bytes = std::fs::read(path)
            .map_err(|error| Error::judge(format!("cannot read `{path}`")).with_source(error))?;
        match symbols::functions(&bytes) {
            Some(more) => {
                let all = functions.get_or_insert_default();
                all.symbols.extend(more.symbols);
                all.debug_only.extend(more.debug_only);
            }
            None => {
                functions = None;
                break;
            }
        }
    }
    mark(hits, functions.as_ref(), programs.is_empty());
    Ok(())
}

fn mark(hits: &mut [Hit], functions: Option<&Functions>, library: bool) {
    for hit in hits
        .iter_mut()
        .filter(|hit| hit.scope == "artifact" || hit.scope == "unknown")
    {
        hit.reachability = if library {
            Reachability::unknown("the package has no program: what is linked depends on its users")
        } else {
            reachability(&hit.functions, functions)
        };
    }
}

fn of_sbom(cx: &Context, audit: &Audit, path: &Path, args: &AuditArgs) -> Result<Outcome> {
    let (bytes, name) = read(path)?;
    let sbom = document::parse(&bytes, &name)?;
    let (packages, others, unjudged) = packages_of(&sbom, &name);
    let blind = !unjudged.is_empty();
    let mut findings = audit.findings.clone();
    findings.extend(unjudged);
    if packages.is_empty() {
        return Err(Error::judge(format!(
            "`{name}` names no cargo package, so there is nothing to look up"
        ))
        .with_help("components need package URLs such as `pkg:cargo/serde@1.0.0`"));
    }
    let found = hits(&packages, &audit.advisories, Build::default());
    let product = sbom
        .main
        .as_ref()
        .map_or_else(|| name.clone(), |main| main.key());
    write_vex(cx, audit, args, &[(product, found.clone())])?;
    let mut report = report(
        cx,
        audit,
        found,
        &packages,
        Subject::default(),
        findings,
        others,
    );
    if blind {
        report = report.status(Status::Error);
    }
    Ok(report.print_only().into())
}

/// Cargo packages to look up, what is of another kind, and findings about what cannot be looked up.
fn packages_of(sbom: &Sbom, name: &str) -> (Vec<Locked>, Vec<String>, Vec<Finding>) {
    let (mut packages, mut others, mut unjudged) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut cannot = |what: String| {
        unjudged.push(Finding::new(&rules::SBOM_UNJUDGED, what).help(format!(
            "write `{name}` with a tool that gives each package its URL and exact version"
        )));
    };
    for (main, entry) in sbom
        .main
        .iter()
        .map(|main| (true, main))
        .chain(sbom.components.values().map(|entry| (false, entry)))
    {
        let shown = format!("{} {}", entry.name, entry.version);
        match (&entry.purl, entry.cargo()) {
            (_, Some(cargo)) => {
                let version = if cargo.version.is_empty() {
                    &entry.version
                } else {
                    &cargo.version
                };
                match semver::Version::parse(version) {
                    Ok(version) => packages.push(Locked {
                        name: cargo.name,
                        version,
                        // A path in a document is only where its maker had it; its advisories are
                        // those of crates.io's.
                        source: match cargo.source {
                            Source::Path(_) => Source::CratesIo,
                            source => source,
                        },
                        line: None,
                    }),
                    Err(_) => cannot(format!(
                        "the version of {shown} is no version of a cargo package"
                    )),
                }
            }
            (Some(purl), None) if is_cargo(purl) => {
                cannot(format!("the package URL `{purl}` cannot be read"));
            }
            (Some(purl), None) if purl.starts_with("pkg:") => drop(others.insert(purl.clone())),
            (Some(purl), None) => cannot(format!("`{purl}` of {shown} is no package URL")),
            // What is described need not be a package; files, systems and the parts of a package
            // have no URL of their own.
            (None, None)
                if main
                    || !matches!(entry.kind.as_deref(), None | Some("library" | "framework")) =>
            {
                others.insert(shown);
            }
            (None, None) => cannot(format!("{shown} has no package URL")),
        }
    }
    for reference in &sbom.dangling {
        cannot(format!(
            "the dependency graph names `{reference}`, which is no component"
        ));
    }
    packages.sort();
    packages.dedup();
    (packages, others.into_iter().collect(), unjudged)
}

fn is_cargo(purl: &str) -> bool {
    let lower = purl.to_ascii_lowercase();
    lower
        .strip_prefix("pkg:")
        .is_some_and(|rest| rest.trim_start_matches('/').starts_with("cargo/"))
}

fn of_binary(cx: &Context, audit: &Audit, path: &Path, args: &AuditArgs) -> Result<Outcome> {
    let (bytes, name) = read(path)?;
    let list = binary::packages(&bytes, &name)?;
    if list.packages.is_empty() {
        return Err(Error::judge(format!(
            "the list in `{name}` names no package, so there is nothing to look up"
        ))
        .with_help("build it again with `cargo auditable build`"));
    }
    let mut findings = audit.findings.clone();
    if !list.complete {
        findings.push(
            Finding::new(
                &rules::BINARY_INCOMPLETE,
                format!(
                    "`{name}` has no embedded list; panic messages name {} packages",
                    list.packages.len()
                ),
            )
            .help("build it with `cargo auditable build`, or audit its SBOM"),
        );
    }
    let mut found = hits(&list.packages, &audit.advisories, Build::default());
    mark(&mut found, symbols::functions(&bytes).as_ref(), false);
    write_vex(cx, audit, args, &[(name, found.clone())])?;
    let report = report(
        cx,
        audit,
        found,
        &list.packages,
        Subject::default(),
        findings,
        Vec::new(),
    );
    Ok(report.print_only().into())
}

fn of_lock(cx: &Context, audit: &Audit, path: &Path, args: &AuditArgs) -> Result<Outcome> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = lock::text(path)?;
    let packages = lock::packages(&lock::parse(&text, &name)?, &text);
    if packages.is_empty() {
        return Err(Error::judge(format!(
            "`{name}` names no package, so there is nothing to look up"
        ))
        .with_help("is it the lock file of the right project?"));
    }
    let build = Build {
        targets: &cx.args().target,
        ..Build::default()
    };
    let found = hits(&packages, &audit.advisories, build);
    write_vex(cx, audit, args, &[(name, found.clone())])?;
    let findings = audit.findings.clone();
    let report = report(
        cx,
        audit,
        found,
        &packages,
        Subject::default(),
        findings,
        Vec::new(),
    );
    Ok(report.print_only().into())
}

fn read(path: &Path) -> Result<(Vec<u8>, String)> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|error| Error::judge(format!("cannot read `{shown}`")).with_source(error))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok((bytes, name))
}

pub(super) fn report(
    cx: &Context,
    audit: &Audit,
    mut hits: Vec<Hit>,
    packages: &[Locked],
    subject: Subject,
    mut findings: Vec<Finding>,
    not_looked_up: Vec<String>,
) -> Report {
    findings.extend(judge(&mut hits, &audit.policy));
    let index = advisories::cargo_home()
        .map(|home| Index::below(&home))
        .unwrap_or_default();
    let yanked = yanked(packages, |name, version| index.is_yanked(name, version));
    findings.extend(yanked.iter().map(|package| yanked_finding(package)));
    let mut yanked: Vec<String> = yanked
        .iter()
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    yanked.sort();
    // What is published about a package that is judged, and cannot be read, may be anything.
    let blind = packages.iter().any(|package| {
        let folder = format!("crates/{}/", package.name);
        audit
            .advisories
            .unreadable
            .iter()
            .any(|file| file.starts_with(&folder))
    });
    let packages = packages.len();
    let advisories = &audit.advisories;
    let db = Db {
        commit: advisories.commit.as_ref().map(ToString::to_string),
        date: advisories.time.map(time::iso_date),
        advisories: advisories.count,
    };
    let state = db
        .date
        .clone()
        .map_or_else(|| "of unknown date".to_owned(), |date| format!("of {date}"));
    let mut summary = format!(
        "{} against {} {state}",
        counted(packages, "package", "packages"),
        counted(db.advisories, "advisory", "advisories")
    );
    if !not_looked_up.is_empty() {
        summary.push_str(&format!(
            "; {} other components not looked up",
            not_looked_up.len()
        ));
    }
    let human = if cx.args().quiet {
        String::new()
    } else {
        table(&hits)
    };
    let data = Data {
        db: Some(db),
        advisories: hits,
        packages,
        yanked,
        not_looked_up,
    };
    let report = Report::new("vulns", &TOOL, subject)
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary);
    if audit.stale || blind {
        report.status(Status::Error)
    } else {
        report
    }
}

fn table(hits: &[Hit]) -> String {
    let widest = |of: fn(&Hit) -> String| hits.iter().map(|hit| of(hit).len()).max().unwrap_or(0);
    let package = |hit: &Hit| format!("{} {}", hit.package, hit.version);
    let width = widest(package);
    let mut out = String::new();
    for hit in hits {
        let severity = if hit.kind == "vulnerability" {
            &hit.severity
        } else {
            &hit.kind
        };
        let linked = if hit.reachability.result == "unknown" {
            ""
        } else {
            hit.reachability.result.as_str()
        };
        let line = format!(
            "  {:17}  {severity:12}  {:10}  {:width$}  {linked}",
            hit.id,
            hit.scope,
            package(hit)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// `--fetch`: the advisory database, cloned or brought up to date by git.
fn fetch(cx: &Context, db: Option<&Path>) -> Result<PathBuf> {
    if cx.args().is_offline() {
        return Err(
            Error::usage("--fetch needs the network, which --offline forbids")
                .with_help("leave one of them out"),
        );
    }
    let dir = match db {
        Some(dir) => dir.to_owned(),
        None => advisories::usual().ok_or_else(|| {
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

/// `--vex FILE` and `--osv FILE`: one document each over all packages.
fn write_vex(
    cx: &Context,
    audit: &Audit,
    args: &AuditArgs,
    products: &[(String, Vec<Hit>)],
) -> Result<()> {
    if let Some(path) = &args.osv {
        let mut hits: Vec<Hit> = products
            .iter()
            .flat_map(|(_, hits)| hits.iter().cloned())
            .collect();
        hits.sort_by(|a, b| (&a.package, &a.version, &a.id).cmp(&(&b.package, &b.version, &b.id)));
        hits.dedup_by(|a, b| (&a.package, &a.version, &a.id) == (&b.package, &b.version, &b.id));
        let source = match products {
            [(name, _)]
                if args.sbom.is_some() || args.lockfile.is_some() || args.binary.is_some() =>
            {
                name.as_str()
            }
            _ => "Cargo.lock",
        };
        write_whole(cx, path, &osv::document(source, &hits)?)?;
    }
    let Some(path) = &args.vex else { return Ok(()) };
    let mut products = products.to_vec();
    for (_, hits) in &mut products {
        // Marks what is ignored, so that the reason gets into the document.
        judge(hits, &audit.policy);
    }
    // The moment is that of the judgement's inputs, not the clock's.
    let epoch = match cx.loaded_project() {
        Some(project) => project.epoch()?,
        None => time::source_date_epoch()?,
    };
    let epoch = epoch.or(audit.advisories.time).unwrap_or(0);
    write_whole(
        cx,
        path,
        &vex::document(&products, vex::Format::of(path), epoch)?,
    )
}

/// Without a database nothing is judged, and the report says what to do.
fn no_database(cx: &mut Context) -> Result<Outcome> {
    let finding = Finding::new(
        &rules::NO_DATABASE,
        "there is no advisory database, so nothing is known about vulnerabilities",
    )
    .help(format!(
        "`--fetch` clones it; or name a checkout with --db or {}",
        advisories::ENV
    ));
    let data = Data {
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
fn about_database(
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

/// The moment of the audit: the clock's, or `RELEASE_GATES_TODAY` in seconds since 1970. It decides
/// about ages and expiry only; SOURCE_DATE_EPOCH does not count, since builds set it to a past that
/// would make what has expired valid again.
fn today() -> Result<i64> {
    let clock = || {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs()
    };
    match std::env::var("RELEASE_GATES_TODAY") {
        Ok(text) => text.parse().map_err(|_| {
            Error::usage(format!(
                "RELEASE_GATES_TODAY is `{text}`, which is no number of seconds since 1970"
            ))
        }),
        Err(_) => Ok(i64::try_from(clock()).unwrap_or(i64::MAX)),
    }
}

/// The triple of this machine, as rustc has it.
pub(super) fn host(cx: &Context) -> Result<String> {
    let root = cx
        .loaded_project()
        .map(|project| project.root.clone())
        .unwrap_or_default();
    let step = Step::new("rustc")
        .inherit(["RUSTC"])
        .arg("-vV")
        .current_dir(root);
    let text = cx.runner.run(step)?.success()?.stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| {
            Error::judge("`rustc -vV` names no host").with_help("is this rustc the real one?")
        })
}
