//! The report of one audit.

use release_gate::advisories::Advisories;
use release_gate::facts::report::vulns::{AdvisoryKind, Database, Hit, Linkage, VulnsData};
use release_gate::folders::cargo_home;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Finding, Level, Report, Result, Status, time};

use super::settings::{Audit, Audited};
use crate::TOOL;
use crate::judge::audit::judge_hits;
use crate::judge::yanked::{YankedPackages, yanked_finding};
use crate::model::locked::Locked;
use crate::read::index::Index;
use crate::rules;

/// Judges what was looked up.
pub(super) fn report_of(cx: &Context, audit: &Audit, audited: Audited) -> Result<Report> {
    let advisories = &audit.advisories;
    let packages = &audited.packages;
    let mut hits = audited.hits;
    let mut findings = audit.findings.clone();
    findings.extend(unreadable_findings(advisories));
    findings.extend(audited.findings);
    findings.extend(judge_hits(&mut hits, &audit.policy, &audited.product));

    let index = cargo_home()
        .map(|home| Index::below(&home))
        .unwrap_or_default();
    let known = YankedPackages::among(packages, |name, version| index.is_yanked(name, version));
    findings.extend(known.yanked.iter().map(|package| yanked_finding(package)));
    let mut coverage = audited.coverage;
    add_gaps(&mut coverage, audit, packages, known.unknown);

    let db = state_of(advisories);
    let data = VulnsData {
        packages: packages.len() as u64,
        yanked: known.facts(),
        db: Some(db),
        advisories: hits,
    };
    let mut report = Report::with_data(&TOOL, audited.subject.clone().unwrap_or_default(), &data)
        .findings(findings)
        .summary(summary_of(&data))
        .human(if cx.args().quiet {
            String::new()
        } else {
            table_of(&data.advisories)
        });
    if audited
        .subject
        .as_ref()
        .is_none_or(|subject| subject.package.is_none())
    {
        report = report.print_only();
    }
    if audited.keep_only {
        report = report.keep_only();
    }
    if audit.stale || is_blind(cx, &coverage)? {
        report = report.status(Status::Error);
    }
    Ok(report.coverage(coverage))
}

/// Whether something that was not judged forbids a verdict: what cannot be looked up may be
/// anything, unless somebody has allowed that.
pub(super) fn is_blind(cx: &Context, coverage: &Coverage) -> Result<bool> {
    for rule in [
        &rules::NOT_JUDGED_COMPONENT,
        &rules::NOT_JUDGED_DOCUMENT,
        &rules::NOT_JUDGED_PROGRAM,
        &rules::NOT_JUDGED_ADVISORY,
    ] {
        let is_denied = rule.id == rules::NOT_JUDGED_ADVISORY.id || cx.level(rule)? == Level::Deny;
        let kind = rule.coverage_kind().unwrap_or_default();
        let found = coverage.not_judged.iter().any(|entry| {
            entry.kind == kind
                && (rule.id != rules::NOT_JUDGED_ADVISORY.id || entry.why.starts_with(ABOUT))
        });
        if is_denied && found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How the reason of an entry begins, where the file may be about a package that is judged.
const ABOUT: &str = "it may be about a package that is judged";

/// The files of the database that cannot be read; those that may be about a package forbid a
/// verdict.
pub(super) fn add_unreadable(
    coverage: &mut Coverage,
    advisories: &Advisories,
    packages: &[Locked],
) {
    for file in advisories.unreadable() {
        let concerns = packages.iter().any(|package| {
            advisories
                .unreadable_about(&package.name)
                .any(|about| about.path == file.path)
        });
        let why = if concerns {
            format!("{ABOUT}, and cannot be read")
        } else {
            "it cannot be read".to_owned()
        };
        coverage.not_judged(
            &rules::NOT_JUDGED_ADVISORY,
            format!("`{}`", file.path),
            1,
            why,
        );
    }
}

/// What the database and this machine do not know.
fn add_gaps(coverage: &mut Coverage, audit: &Audit, packages: &[Locked], yanked_unknown: usize) {
    let advisories = &audit.advisories;
    add_unreadable(coverage, advisories, packages);

    if advisories.time.is_none() {
        coverage.not_judged(
            &rules::NOT_JUDGED_AGE,
            "the age of the advisory database",
            1,
            "it is not a git checkout",
        );
    }

    if yanked_unknown > 0 {
        coverage.not_judged(
            &rules::NOT_JUDGED_YANKED,
            "whether packages were yanked",
            yanked_unknown,
            "this machine has no copy of the index for them",
        );
    }
}

/// What of the database cannot be read, as far as the lookups came upon it.
pub(super) fn unreadable_findings(advisories: &Advisories) -> impl Iterator<Item = Finding> {
    advisories.unreadable().into_iter().map(|file| {
        Finding::new(
            &rules::BAD_ADVISORY,
            format!("`{}` of the advisory database cannot be read", file.path),
        )
        .help("fetch the database again")
    })
}

fn state_of(advisories: &Advisories) -> Database {
    Database {
        commit: advisories.commit.clone(),
        date: advisories.time.map(time::iso_date),
        advisories: advisories.count() as u64,
    }
}

fn summary_of(data: &VulnsData) -> String {
    let packages = counted(data.packages, "package", "packages");
    let Some(db) = &data.db else {
        return packages;
    };
    let date = match &db.date {
        Some(date) => format!("of {date}"),
        None => "of unknown date".to_owned(),
    };
    let advisories = counted(db.advisories, "advisory", "advisories");
    format!("{packages} against {advisories} {date}")
}

fn table_of(hits: &[Hit]) -> String {
    let width = hits
        .iter()
        .map(|hit| hit.package.len() + hit.version.len() + 1)
        .max()
        .unwrap_or(0);

    let mut out = String::new();
    for hit in hits {
        let severity = if hit.kind == AdvisoryKind::Vulnerability {
            hit.severity.as_str()
        } else {
            hit.kind.as_str()
        };
        let linked = match hit.reachability.result {
            Linkage::Unknown => "",
            known => known.as_str(),
        };
        let line = format!(
            "  {:17}  {severity:12}  {:10}  {:width$}  {linked}",
            hit.id,
            hit.scope.as_str(),
            format!("{} {}", hit.package, hit.version)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }

    out
}
