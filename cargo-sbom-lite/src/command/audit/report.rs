//! The report of one audit.

use release_gate::{Context, Report, Status, time};

use super::settings::{Audit, Audited};
use crate::TOOL;
use crate::command::shared::counted;
use crate::judge::audit::judge_hits;
use crate::judge::yanked::{yanked_finding, yanked_packages};
use crate::model::locked::Locked;
use crate::model::vulnerability::{AdvisoryKind, Db, Hit, Linkage, VulnerabilityData};
use crate::read::advisories::{self, Advisories};
use crate::read::index::Index;

/// Judges what was looked up.
pub(super) fn report_of(cx: &Context, audit: &Audit, audited: Audited) -> Report {
    let advisories = &audit.advisories;
    let packages = &audited.packages;
    let mut hits = audited.hits;
    let mut findings = audit.findings.clone();
    findings.extend(audited.findings);
    findings.extend(judge_hits(&mut hits, &audit.policy));

    let index = advisories::cargo_home()
        .map(|home| Index::below(&home))
        .unwrap_or_default();
    let yanked = yanked_packages(packages, |name, version| index.is_yanked(name, version));
    findings.extend(yanked.iter().map(|package| yanked_finding(package)));

    let db = state_of(advisories);
    let summary = summary_of(packages.len(), &db, &audited.not_looked_up);
    let human = if cx.args().quiet {
        String::new()
    } else {
        table_of(&hits)
    };
    let blind = audit.stale || audited.incomplete || is_unreadable(packages, advisories);
    let data = VulnerabilityData {
        db: Some(db),
        advisories: hits,
        packages: packages.len(),
        yanked: sorted_names(&yanked),
        not_looked_up: audited.not_looked_up,
    };
    let mut report = Report::new("vulns", &TOOL, audited.subject.clone().unwrap_or_default())
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary);
    if audited.subject.is_none() {
        report = report.print_only();
    }
    if blind {
        report = report.status(Status::Error);
    }
    report
}

/// Whether something published about a package that is judged cannot be read: it may be anything.
fn is_unreadable(packages: &[Locked], advisories: &Advisories) -> bool {
    packages.iter().any(|package| {
        let folder = format!("crates/{}/", package.name);
        advisories
            .unreadable
            .iter()
            .any(|file| file.starts_with(&folder))
    })
}

fn state_of(advisories: &Advisories) -> Db {
    Db {
        commit: advisories.commit.as_ref().map(ToString::to_string),
        date: advisories.time.map(time::iso_date),
        advisories: advisories.count,
    }
}

fn summary_of(packages: usize, db: &Db, not_looked_up: &[String]) -> String {
    let date = match &db.date {
        Some(date) => format!("of {date}"),
        None => "of unknown date".to_owned(),
    };
    let mut summary = format!(
        "{} against {} {date}",
        counted(packages, "package", "packages"),
        counted(db.advisories, "advisory", "advisories")
    );
    if !not_looked_up.is_empty() {
        summary.push_str(&format!(
            "; {} other components not looked up",
            not_looked_up.len()
        ));
    }
    summary
}

fn sorted_names(packages: &[&Locked]) -> Vec<String> {
    let mut names: Vec<String> = packages
        .iter()
        .map(|package| format!("{} {}", package.name, package.version))
        .collect();
    names.sort();
    names
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
