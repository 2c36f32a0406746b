//! `cargo sbom-lite audit --watch-tags N`: the lock files of the last releases against today's
//! database.

use release_gate::facts::report::watch::{WatchData, WatchedRelease};
use release_gate::git::{Git, parse_version_tag};
use release_gate::lock::Lock;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result, Status};
use semver::Version;

use super::report::{add_unreadable, is_blind, unreadable_findings};
use super::settings::Audit;
use crate::TOOL;
use crate::judge::audit::judge_hits;
use crate::judge::matching::{Build, find_hits};
use crate::model::locked::Locked;
use crate::read::lock;
use crate::rules;

pub(super) fn run(
    cx: &mut Context,
    audit: &Audit,
    mirrors: &[String],
    count: usize,
) -> Result<Outcome> {
    let project = cx.project()?;
    let git = project.repository()?;
    let path = project
        .relative(&project.root.join("Cargo.lock"))
        .ok_or_else(|| Error::judge("Cargo.lock lies outside the repository"))?;
    let names: Vec<String> = project
        .selected()
        .map(|package| package.name.to_string())
        .collect();
    let tags = release_tags(git, &names, count)?;

    let mut findings: Vec<Finding> = audit.findings.clone();
    let mut releases = Vec::new();
    let mut packages = Vec::new();
    let mut unjudged = false;
    for tag in tags {
        let judged = judge_release(git, &path, tag, audit, mirrors)?;
        unjudged |= judged
            .findings
            .iter()
            .any(|finding| finding.rule == rules::RELEASE_UNJUDGED.id);
        findings.extend(judged.findings);
        packages.extend(judged.packages);
        releases.push(judged.release);
    }
    findings.extend(unreadable_findings(&audit.advisories));

    let summary = summary_of(&releases);
    let subject = project.workspace_subject();
    let human = if cx.args().quiet {
        String::new()
    } else {
        table_of(&releases)
    };
    let mut coverage = coverage_of(&releases);
    packages.sort();
    packages.dedup();
    add_unreadable(&mut coverage, &audit.advisories, &packages);
    let is_blind = is_blind(cx, &coverage)?;
    let mut report = Report::with_data(&TOOL, subject, &WatchData { releases })
        .findings(findings)
        .coverage(coverage)
        .human(human)
        .summary(summary);
    if unjudged || audit.stale || is_blind {
        report = report.status(Status::Error);
    }
    Ok(report.print_only().into())
}

fn summary_of(releases: &[WatchedRelease]) -> String {
    let judged = releases.iter().filter(|release| release.packages.is_some());
    let affected = judged
        .clone()
        .filter(|release| !release.advisories.is_empty())
        .count();
    let all = judged.count();
    let shown = counted(all, "release", "releases");
    match (affected, all) {
        (_, 0) => "no release could be judged".to_owned(),
        (0, _) => format!("the packages of {shown} have no known advisory"),
        _ => format!("{affected} of {shown} have packages with known advisories"),
    }
}

/// A release whose lock file is missing or cannot be read was not judged.
fn coverage_of(releases: &[WatchedRelease]) -> Coverage {
    let (judged, others): (Vec<_>, Vec<_>) = releases
        .iter()
        .partition(|release| release.packages.is_some());
    let mut coverage = Coverage::of(judged.len());
    for release in others {
        coverage.not_judged(
            &rules::NOT_JUDGED_LOCK,
            format!("the release {}", release.tag),
            1,
            "its lock file is missing or cannot be read",
        );
    }
    coverage
}

/// The last release tags of the packages, newest first.
fn release_tags(git: &Git, names: &[String], count: usize) -> Result<Vec<String>> {
    let mut tags: Vec<(Version, String)> = git
        .tags()?
        .into_iter()
        .filter_map(|tag| {
            let parsed = names
                .iter()
                .find_map(|name| parse_version_tag(&tag.name, name))?;
            Some((parsed.version, tag.name))
        })
        .collect();
    tags.sort();
    tags.reverse();
    tags.truncate(count);
    if tags.is_empty() {
        return Err(Error::judge("there is no release tag to look at").with_help(
            "tags such as `v1.2.3` or `name-v1.2.3` are releases; a shallow clone may have none",
        ));
    }
    Ok(tags.into_iter().map(|(_, tag)| tag).collect())
}

/// A release, its packages, and what was found about it.
struct JudgedRelease {
    release: WatchedRelease,
    packages: Vec<Locked>,
    findings: Vec<Finding>,
}

impl JudgedRelease {
    fn unknown(tag: String, finding: Finding) -> Self {
        Self {
            release: WatchedRelease {
                tag,
                packages: None,
                advisories: Vec::new(),
            },
            packages: Vec::new(),
            findings: vec![finding],
        }
    }
}

fn judge_release(
    git: &Git,
    path: &str,
    tag: String,
    audit: &Audit,
    mirrors: &[String],
) -> Result<JudgedRelease> {
    let commit = git.resolve(&tag)?;
    let Some(bytes) = git.show(&commit, path)? else {
        let finding = Finding::new(&rules::RELEASE_UNJUDGED, format!("{tag} has no {path}"))
            .help(format!(
                "if {path} lay elsewhere then, audit it with `git show {tag}:PATH > Cargo.lock` and --lockfile; else commit it with each release"
            ));
        return Ok(JudgedRelease::unknown(tag, finding));
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lock = match Lock::parse(&text, &format!("{tag}:{path}")) {
        Ok(lock) => lock,
        Err(error) => {
            let finding = Finding::new(&rules::RELEASE_UNJUDGED, format!("{tag}: {error}"));
            return Ok(JudgedRelease::unknown(tag, finding));
        }
    };

    let packages = lock::locked_packages(&lock, &text, mirrors);
    let mut findings = Vec::new();
    if packages.is_empty() {
        findings.push(Finding::new(
            &rules::RELEASE_UNJUDGED,
            format!("{tag}: {path} names no package"),
        ));
    }
    let mut hits = find_hits(&packages, &audit.advisories, Build::default());
    for mut finding in judge_hits(&mut hits, &audit.policy, &tag) {
        // An ignore that matches no advisory is for the audit of today's lock file to say.
        if !finding.evidence.contains_key("id") {
            continue;
        }
        finding.message = format!("{tag}: {}", finding.message);
        finding.path = None;
        finding.line = None;
        findings.push(finding.evidence("tag", tag.clone()));
    }
    let release = WatchedRelease {
        tag,
        packages: Some(packages.len() as u64),
        advisories: hits,
    };
    Ok(JudgedRelease {
        release,
        packages,
        findings,
    })
}

fn table_of(releases: &[WatchedRelease]) -> String {
    let width = releases
        .iter()
        .map(|release| release.tag.len())
        .max()
        .unwrap_or(0);
    let mut human = String::new();
    for release in releases {
        let mut ids: Vec<String> = release
            .advisories
            .iter()
            .map(|hit| format!("{} ({} {})", hit.id, hit.package, hit.version))
            .collect();
        ids.dedup();
        let text = match (release.packages, ids.is_empty()) {
            (None, _) => "not judged".to_owned(),
            (Some(_), true) => "nothing known".to_owned(),
            (Some(_), false) => ids.join(", "),
        };
        human.push_str(&format!("  {:width$}  {text}\n", release.tag));
    }
    human
}
