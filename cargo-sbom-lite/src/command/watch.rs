//! `cargo sbom-lite audit --watch-tags N`: the lock files of the last releases against today's
//! database.

use release_gate::git::parse_version_tag;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::audit::Audit;
use crate::TOOL;
use crate::judge::audit::{Build, Hit, hits, judge};
use crate::read::lock;
use crate::rules;

/// `watch.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WatchData {
    /// The releases looked at, newest first.
    pub releases: Vec<Release>,
}

/// One release.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// Its tag.
    pub tag: String,
    /// Packages in its lock file; `null` where it has none.
    pub packages: Option<usize>,
    /// What is known about them today.
    pub advisories: Vec<Hit>,
}

pub(super) fn run(cx: &mut Context, audit: &Audit, count: usize) -> Result<Outcome> {
    let project = cx.project()?;
    let git = project.repository()?;
    let path = project
        .relative(&project.root.join("Cargo.lock"))
        .ok_or_else(|| Error::judge("Cargo.lock lies outside the repository"))?;
    let names: Vec<String> = project
        .selected()
        .map(|package| package.name.to_string())
        .collect();
    let mut tags: Vec<(Version, String)> = git
        .tags()?
        .into_iter()
        .filter_map(|tag| {
            Some((
                names
                    .iter()
                    .find_map(|name| parse_version_tag(&tag.name, name))?
                    .version,
                tag.name,
            ))
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
    let mut findings: Vec<Finding> = audit.findings.clone();
    let mut releases = Vec::new();
    let mut unjudged = false;
    for (_, tag) in tags {
        let commit = git.resolve(&tag)?;
        let text = git
            .show(&commit, &path)?
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let parsed =
            text.map(|text| lock::parse(&text, &format!("{tag}:{path}")).map(|lock| (lock, text)));
        match parsed {
            Some(Ok((lock, text))) => {
                let packages = lock::packages(&lock, &text);
                if packages.is_empty() {
                    unjudged = true;
                    findings.push(Finding::new(
                        &rules::RELEASE_UNJUDGED,
                        format!("{tag}: {path} names no package"),
                    ));
                }
                let mut found = hits(&packages, &audit.advisories, Build::default());
                let judged = judge(&mut found, &audit.policy);
                // An ignore that matches no advisory is for the audit of today's lock file to say.
                findings.extend(
                    judged
                        .into_iter()
                        .filter(|finding| finding.evidence.contains_key("id"))
                        .map(|mut finding| {
                            finding.message = format!("{tag}: {}", finding.message);
                            (finding.path, finding.line) = (None, None);
                            finding.evidence("tag", tag.clone())
                        }),
                );
                releases.push(Release {
                    tag,
                    packages: Some(packages.len()),
                    advisories: found,
                });
            }
            Some(Err(error)) => {
                unjudged = true;
                findings.push(Finding::new(
                    &rules::RELEASE_UNJUDGED,
                    format!("{tag}: {error}"),
                ));
                releases.push(Release {
                    tag,
                    packages: None,
                    advisories: Vec::new(),
                });
            }
            None => {
                unjudged = true;
                findings.push(
                    Finding::new(&rules::RELEASE_UNJUDGED, format!("{tag} has no {path}")).help(
                        "commit Cargo.lock with each release, so that what it shipped can be known",
                    ),
                );
                releases.push(Release {
                    tag,
                    packages: None,
                    advisories: Vec::new(),
                });
            }
        }
    }
    let width = releases
        .iter()
        .map(|release| release.tag.len())
        .max()
        .unwrap_or(0);
    let mut human = String::new();
    for release in &releases {
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
    let affected = releases
        .iter()
        .filter(|release| !release.advisories.is_empty())
        .count();
    let summary = format!(
        "{affected} of {} releases are affected by something known",
        releases.len()
    );
    let subject = project.workspace_subject();
    let human = if cx.args().quiet {
        String::new()
    } else {
        human
    };
    let mut report = Report::new("watch", &TOOL, subject)
        .findings(findings)
        .data(&WatchData { releases })
        .human(human)
        .summary(summary);
    if unjudged || audit.stale {
        report = report.status(Status::Error);
    }
    Ok(report.print_only().into())
}
