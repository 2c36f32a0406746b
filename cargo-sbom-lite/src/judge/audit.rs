//! Which advisories concern which packages of a build, and how much each weighs.

use std::collections::BTreeMap;

use release_gate::{Finding, Level};
use rustsec::advisory::{Informational, Severity};
use rustsec::{Lockfile, database::Query};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::inventory::{Inventory, Role};
use crate::read::advisories::Advisories;
use crate::rules;

/// `vulns.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Data {
    /// The database that was used; `null` where there was none.
    pub db: Option<Db>,
    /// What was found, sorted by package, version and id.
    pub advisories: Vec<Hit>,
    /// How many packages of the lock file were looked at.
    pub packages: usize,
}

/// The state of the database.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Db {
    /// Its commit, `null` when it is no git checkout.
    pub commit: Option<String>,
    /// Date of that commit, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// How many advisories it has.
    pub advisories: usize,
}

/// One advisory about one locked package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// `RUSTSEC-2024-0001`.
    pub id: String,
    /// CVE and GHSA ids.
    pub aliases: Vec<String>,
    /// Its title.
    pub title: String,
    /// The package.
    pub package: String,
    /// The locked version.
    pub version: String,
    /// `vulnerability`, `unmaintained`, `unsound` or `notice`.
    pub kind: String,
    /// `none`, `low`, `medium`, `high`, `critical`, or `unknown` where the advisory has no score.
    pub severity: String,
    /// Version requirements that mend it; empty: none does.
    pub patched: Vec<String>,
    /// The shortest way from the audited package to it; empty when it is in no build unit.
    pub path: Vec<String>,
    /// `artifact`, `build-time`, `not-built` (in no build unit), or `unknown` (the input had no unit graph).
    pub scope: String,
    /// When it was published, `YYYY-MM-DD`.
    pub published: String,
    /// Where to read more.
    pub url: Option<String>,
    /// Whether an ignore of the configuration covers it, and why.
    pub ignored: Option<String>,
}

/// From which severity on a vulnerability fails the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// Any score above none.
    Low,
    /// CVSS 4.0 and above.
    Medium,
    /// CVSS 7.0 and above.
    High,
    /// CVSS 9.0 and above.
    Critical,
}

/// An advisory somebody decided to live with, until a date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Id or alias.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// What decides over findings.
#[derive(Debug, Clone)]
pub struct Policy {
    /// See [`Threshold`].
    pub fail_on: Threshold,
    /// Ignores.
    pub ignore: Vec<Ignore>,
    /// The day ignores are measured against, `YYYY-MM-DD`.
    pub today: Option<String>,
}

/// Looks every locked package up. `inventory` is `None` where only a lock file or SBOM is known.
pub fn hits(lock: &Lockfile, advisories: &Advisories, inventory: Option<&Inventory>) -> Vec<Hit> {
    let database = &advisories.database;
    let mut found = database.query_vulnerabilities(lock, &Query::crate_scope());
    found.extend(database.query_vulnerabilities(lock, &Query::crate_scope().informational(true)));
    // Cargo.lock may hold a name and version twice, from two sources; the build's side is asked by name and version.
    let mut roles: BTreeMap<(&str, &str), (Role, String)> = BTreeMap::new();
    for component in inventory
        .into_iter()
        .flat_map(|inventory| std::iter::once(&inventory.main).chain(inventory.components.values()))
    {
        let entry =
            roles.entry((&component.name, &component.version)).or_insert((component.role, component.purl()));
        if component.role < entry.0 {
            *entry = (component.role, component.purl());
        }
    }
    let mut hits: Vec<Hit> = found
        .into_iter()
        .map(|hit| {
            let (name, version) = (hit.package.name.to_string(), hit.package.version.to_string());
            let role = roles.get(&(name.as_str(), version.as_str()));
            let scope = match (inventory, role) {
                (None, _) => "unknown",
                (Some(_), Some((Role::Shipped, _))) => "artifact",
                (Some(_), Some((Role::BuildTime, _))) => "build-time",
                (Some(_), None) => "not-built",
            };
            let path =
                inventory.zip(role).map(|(inventory, (_, purl))| inventory.path_to(purl)).unwrap_or_default();
            let advisory = &hit.advisory;
            Hit {
                id: advisory.id.to_string(),
                aliases: advisory.aliases.iter().map(ToString::to_string).collect(),
                title: advisory.title.split_whitespace().collect::<Vec<_>>().join(" "),
                package: name,
                version,
                kind: match &advisory.informational {
                    None => "vulnerability".to_owned(),
                    Some(Informational::Other(other)) => other.clone(),
                    Some(kind) => kind.as_str().to_owned(),
                },
                severity: advisory
                    .cvss
                    .as_ref()
                    .map_or("unknown", |cvss| severity(cvss.severity()))
                    .to_owned(),
                patched: hit.versions.patched().iter().map(ToString::to_string).collect(),
                path,
                scope: scope.to_owned(),
                published: advisory.date.as_str().to_owned(),
                url: advisory.id.url(),
                ignored: None,
            }
        })
        .collect();
    hits.sort_by(|a, b| (&a.package, &a.version, &a.id).cmp(&(&b.package, &b.version, &b.id)));
    hits.dedup();
    hits
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::None => "none",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// Judges hits by a policy and marks those that are ignored.
pub fn judge(hits: &mut [Hit], policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ignore in &policy.ignore {
        let matched = hits.iter_mut().filter(|hit| hit.id == ignore.id || hit.aliases.contains(&ignore.id));
        let expired =
            ignore.until.as_deref().zip(policy.today.as_deref()).is_some_and(|(until, today)| until < today);
        let mut any = false;
        for hit in matched {
            any = true;
            if !expired {
                hit.ignored = Some(ignore.reason.clone());
            }
        }
        if expired {
            let until = ignore.until.as_deref().unwrap_or_default();
            findings.push(
                Finding::new(&rules::IGNORE_EXPIRED, format!("the ignore of {} ended on {until}", ignore.id))
                    .help("renew the date with a reason, or update the dependency"),
            );
        } else if !any {
            findings.push(
                Finding::new(
                    &rules::IGNORE_UNMATCHED,
                    format!("the ignore of {} matches no advisory", ignore.id),
                )
                .help("take it out of the configuration"),
            );
        }
    }
    findings.extend(hits.iter().map(|hit| finding(hit, policy.fail_on)));
    findings
}

fn finding(hit: &Hit, fail_on: Threshold) -> Finding {
    let what = format!("{} {}: {} ({})", hit.package, hit.version, hit.title, hit.id);
    let rule = match hit.kind.as_str() {
        "vulnerability" if hit.scope == "not-built" => &rules::NOT_BUILT,
        // Four in ten advisories carry no score: unknown is no excuse.
        "vulnerability" if below(&hit.severity, fail_on) => &rules::BELOW,
        "vulnerability" => &rules::VULNERABLE,
        "unmaintained" => &rules::UNMAINTAINED,
        "unsound" => &rules::UNSOUND,
        _ => &rules::NOTICE,
    };
    let mut finding = Finding::new(rule, what)
        .at("Cargo.lock", None)
        .evidence("id", hit.id.clone())
        .evidence("package", hit.package.clone())
        .evidence("version", hit.version.clone())
        .evidence("severity", hit.severity.clone())
        .evidence("scope", hit.scope.clone())
        .evidence("path", hit.path.clone());
    let mut help = match &hit.patched[..] {
        [] => {
            format!("no release mends it: replace `{}`, or ignore it with a reason and a date", hit.package)
        }
        patched => format!("`cargo update -p {}@{}` to {}", hit.package, hit.version, patched.join(" or ")),
    };
    if hit.path.len() > 1 {
        help.push_str(&format!("; it comes in by {}", hit.path.join(" > ")));
    }
    if let Some(reason) = &hit.ignored {
        finding = finding.level(Level::Note).evidence("ignored", reason.clone());
        help = format!("ignored: {reason}");
    }
    finding.help(help)
}

fn below(severity: &str, threshold: Threshold) -> bool {
    let rank = match severity {
        "none" => 0,
        "low" => 1,
        "medium" => 2,
        "high" => 3,
        "critical" => 4,
        _ => return false,
    };
    rank < threshold as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(kind: &str, severity: &str, scope: &str) -> Hit {
        Hit {
            id: "RUSTSEC-2024-0001".into(),
            aliases: vec!["CVE-2024-1".into()],
            title: "t".into(),
            package: "p".into(),
            version: "1.0.0".into(),
            kind: kind.into(),
            severity: severity.into(),
            patched: vec![">=1.0.1".into()],
            path: vec![],
            scope: scope.into(),
            published: "2024-01-01".into(),
            url: None,
            ignored: None,
        }
    }

    fn judged(hit: Hit, fail_on: Threshold, ignore: Vec<Ignore>) -> Vec<(String, Level)> {
        let policy = Policy { fail_on, ignore, today: Some("2026-01-01".into()) };
        judge(&mut [hit], &policy).into_iter().map(|finding| (finding.rule, finding.level)).collect()
    }

    #[test]
    fn the_threshold_decides_and_no_score_fails() {
        let rule =
            |severity: &str, on| judged(hit("vulnerability", severity, "artifact"), on, vec![])[0].0.clone();
        assert_eq!(rule("medium", Threshold::High), "vulnerability-below-threshold");
        assert_eq!(rule("high", Threshold::High), "vulnerability");
        assert_eq!(rule("unknown", Threshold::Critical), "vulnerability");
        assert_eq!(rule("low", Threshold::Low), "vulnerability");
        assert_eq!(
            judged(hit("vulnerability", "critical", "not-built"), Threshold::Low, vec![])[0].0,
            "vulnerability-not-built"
        );
        assert_eq!(
            judged(hit("unmaintained", "unknown", "artifact"), Threshold::Low, vec![])[0].0,
            "unmaintained"
        );
    }

    #[test]
    fn ignores_have_reasons_dates_and_must_match() {
        let ignore = |id: &str, until: &str| {
            vec![Ignore { id: id.into(), reason: "r".into(), until: Some(until.into()) }]
        };
        let vulnerable = || hit("vulnerability", "high", "artifact");
        let by_alias = judged(vulnerable(), Threshold::High, ignore("CVE-2024-1", "2026-12-31"));
        assert_eq!(by_alias, [("vulnerability".to_owned(), Level::Note)]);
        let expired = judged(vulnerable(), Threshold::High, ignore("RUSTSEC-2024-0001", "2025-12-31"));
        assert_eq!(expired[0].0, "ignore-expired");
        assert_eq!(expired[1].1, Level::Deny);
        assert_eq!(
            judged(vulnerable(), Threshold::High, ignore("RUSTSEC-1999-0001", "2026-12-31"))[0].0,
            "ignore-unmatched"
        );
    }
}
