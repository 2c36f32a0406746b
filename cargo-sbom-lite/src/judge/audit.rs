//! Which advisories concern which packages of a build, and how much each weighs.

use std::collections::BTreeMap;

use release_gate::{Finding, Rule};
use rustsec::Collection;
use rustsec::advisory::{Advisory, Informational, Severity};
use rustsec::database::Query;
use rustsec::platforms::Platform;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fix::{self, Requirements};
use super::reachability::Reachability;
use crate::model::inventory::{Inventory, Role, Source};
use crate::model::locked::Locked;
use crate::read::advisories::Advisories;
use crate::rules;

/// `vulns.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Data {
    /// The database that was used; `null` where there was none.
    pub db: Option<Db>,
    /// What was found, sorted by package, version and id.
    pub advisories: Vec<Hit>,
    /// How many packages were looked up.
    pub packages: usize,
    /// Packages whose version was yanked, as `name version`, sorted.
    #[serde(default)]
    pub yanked: Vec<String>,
    /// Components of the input that are no cargo packages and were not looked up, sorted.
    #[serde(default)]
    pub not_looked_up: Vec<String>,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// `artifact`, `build-time`, `not-built` (in no build unit), or `unknown` (the input does not
    /// say).
    pub scope: String,
    /// Where the package comes from: `crates.io`, `registry`, `git` or `path`. An advisory is
    /// about the one of crates.io.
    pub source: String,
    /// The targets it is limited to, none of which is built for; empty: it applies.
    pub only_on: Vec<String>,
    /// The functions it names, as canonical paths.
    pub functions: Vec<String>,
    /// Whether those are in the artifact.
    pub reachability: Reachability,
    /// What mends it.
    pub fix: String,
    /// Its line in Cargo.lock, counted from 1.
    pub line: Option<u32>,
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
    /// Last day, `YYYY-MM-DD`: a decision to live with something is looked at again.
    pub until: String,
}

/// What decides over findings.
#[derive(Debug, Clone)]
pub struct Policy {
    /// See [`Threshold`].
    pub fail_on: Threshold,
    /// Ignores.
    pub ignore: Vec<Ignore>,
    /// The day ignores are measured against, `YYYY-MM-DD`.
    pub today: String,
}

/// What is known about the build that the packages are part of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Build<'a> {
    /// The unit graph's inventory; `None` where only a list of packages is known.
    pub inventory: Option<&'a Inventory>,
    /// The triples that are built for; empty: not known. With an inventory its own targets count,
    /// and this is the host.
    pub targets: &'a [String],
    /// Who requires what; `None` where only a list of packages is known.
    pub requirements: Option<&'a Requirements>,
}

/// Looks every package up.
pub fn hits(packages: &[Locked], advisories: &Advisories, build: Build<'_>) -> Vec<Hit> {
    let mut roles: BTreeMap<(&str, &str, &str), (Role, String)> = BTreeMap::new();
    for component in build
        .inventory
        .into_iter()
        .flat_map(|inventory| inventory.all())
    {
        let key = (
            component.name.as_str(),
            component.version.as_str(),
            kind(&component.source),
        );
        let entry = roles
            .entry(key)
            .or_insert((component.role, component.purl()));
        if component.role < entry.0 {
            *entry = (component.role, component.purl());
        }
    }
    let none = Requirements::new();
    let host = build.targets.first().cloned().unwrap_or_default();
    let platforms: BTreeMap<String, Vec<String>> = build
        .inventory
        .into_iter()
        .flat_map(|inventory| inventory.all())
        .map(|component| {
            let triple = |platform: &String| {
                if platform == "host" {
                    host.clone()
                } else {
                    platform.clone()
                }
            };
            (
                component.purl(),
                component.platforms.iter().map(triple).collect(),
            )
        })
        .collect();
    let mut hits = Vec::new();
    for (package, name) in packages.iter().flat_map(|package| {
        advisories
            .names_of(&package.name)
            .map(move |name| (package, name))
    }) {
        let query = Query::new()
            .collection(Collection::Crates)
            .withdrawn(false)
            .package_name(name.clone())
            .package_version(package.version.clone());
        let version = package.version.to_string();
        for advisory in advisories.database.query(&query) {
            let role = roles.get(&(
                package.name.as_str(),
                version.as_str(),
                kind(&package.source),
            ));
            let scope = match (build.inventory, role) {
                // What a document says of itself makes nothing "not affected".
                (None, _) => "unknown",
                (Some(_), Some((Role::Shipped, _))) => "artifact",
                (Some(_), Some((Role::BuildTime, _))) => "build-time",
                (Some(_), None) => "not-built",
            };
            let path = build
                .inventory
                .zip(role)
                .map(|(inventory, (_, purl))| inventory.path_to(purl))
                .unwrap_or_default();
            let meta = &advisory.metadata;
            let patched = advisory.versions.patched();
            let mut aliases: Vec<String> = meta.aliases.iter().map(ToString::to_string).collect();
            aliases.sort();
            hits.push(Hit {
                id: meta.id.to_string(),
                aliases,
                title: meta.title.split_whitespace().collect::<Vec<_>>().join(" "),
                package: package.name.clone(),
                version: version.clone(),
                kind: match &meta.informational {
                    None => "vulnerability".to_owned(),
                    Some(Informational::Other(other)) => other.clone(),
                    Some(kind) => kind.as_str().to_owned(),
                },
                severity: advisory.severity().map_or("unknown", severity).to_owned(),
                patched: patched.iter().map(ToString::to_string).collect(),
                path,
                scope: scope.to_owned(),
                source: kind(&package.source).to_owned(),
                only_on: match (build.inventory, role) {
                    // Built for the platforms its units are for: a build script's packages run on
                    // the host.
                    (Some(_), Some((_, purl))) => {
                        only_on(advisory, &platforms.get(purl).cloned().unwrap_or_default())
                    }
                    // In no unit of this build: nothing is known about where it would be.
                    (Some(_), None) => Vec::new(),
                    (None, _) => only_on(advisory, build.targets),
                },
                functions: functions(advisory, &package.version),
                reachability: Reachability::unknown(
                    "there is no program with debug information to look into",
                ),
                fix: fix::advice(
                    &package.name,
                    &package.version,
                    patched,
                    build.requirements.unwrap_or(&none),
                ),
                line: package.line,
                published: meta.date.as_str().to_owned(),
                url: meta.id.url(),
                ignored: None,
            });
        }
    }
    hits.sort_by(|a, b| {
        (&a.package, &a.version, &a.id, &a.source).cmp(&(&b.package, &b.version, &b.id, &b.source))
    });
    hits.dedup();
    hits
}

fn kind(source: &Source) -> &'static str {
    match source {
        Source::CratesIo => "crates.io",
        Source::Registry(_) => "registry",
        Source::Git { .. } => "git",
        Source::Path(_) => "path",
    }
}

/// The systems and processors an advisory is limited to, when none of the targets is one of them.
fn only_on(advisory: &Advisory, targets: &[String]) -> Vec<String> {
    let Some(affected) = &advisory.affected else {
        return Vec::new();
    };
    let platforms: Option<Vec<&Platform>> = targets
        .iter()
        .map(|triple| Platform::find(triple))
        .collect();
    // A triple that is not known may be any system.
    let Some(platforms) = platforms.filter(|list| !list.is_empty()) else {
        return Vec::new();
    };
    let concerned = platforms.iter().any(|platform| {
        (affected.os.is_empty() || affected.os.contains(&platform.target_os))
            && (affected.arch.is_empty() || affected.arch.contains(&platform.target_arch))
    });
    if concerned {
        return Vec::new();
    }
    let os = affected.os.iter().map(|os| os.as_str().to_owned());
    let arch = affected.arch.iter().map(|arch| arch.as_str().to_owned());
    os.chain(arch).collect()
}

/// The functions an advisory names for a version.
fn functions(advisory: &Advisory, version: &semver::Version) -> Vec<String> {
    let Some(affected) = &advisory.affected else {
        return Vec::new();
    };
    affected
        .functions
        .iter()
        .filter(|(_, versions)| {
            versions.is_empty() || versions.iter().any(|req| req.matches(version))
        })
        .map(|(path, _)| path.to_string())
        .collect()
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

/// The packages whose version was yanked. `is_yanked` answers for a name and version; `None` where
/// it does not know.
pub fn yanked(packages: &[Locked], is_yanked: impl Fn(&str, &str) -> Option<bool>) -> Vec<&Locked> {
    packages
        .iter()
        .filter(|package| package.source == Source::CratesIo)
        .filter(|package| is_yanked(&package.name, &package.version.to_string()) == Some(true))
        .collect()
}

/// What is said of a package whose version was yanked.
pub fn yanked_finding(package: &Locked) -> Finding {
    let Locked {
        name,
        version,
        line,
        ..
    } = package;
    let finding = Finding::new(&rules::YANKED, format!("{name} {version} was yanked"))
        .help(format!("`cargo update -p {name}@{version}`"))
        .evidence("package", name.clone())
        .evidence("version", version.to_string());
    match line {
        Some(line) => finding.at("Cargo.lock", *line),
        None => finding,
    }
}

/// Judges hits by a policy and marks those that are ignored.
pub fn judge(hits: &mut [Hit], policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ignore in &policy.ignore {
        let matched = hits
            .iter_mut()
            .filter(|hit| hit.id == ignore.id || hit.aliases.contains(&ignore.id));
        let expired = ignore.until < policy.today;
        let mut any = false;
        for hit in matched {
            any = true;
            if !expired {
                hit.ignored = Some(ignore.reason.clone());
            }
        }
        if expired {
            findings.push(
                Finding::new(
                    &rules::IGNORE_EXPIRED,
                    format!("the ignore of {} ended on {}", ignore.id, ignore.until),
                )
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

fn rule(hit: &Hit, fail_on: Threshold) -> &'static Rule {
    if hit.ignored.is_some() {
        return &rules::IGNORED;
    }
    match hit.kind.as_str() {
        // Somebody's own package may bear any name; the advisory is about the one of that name on
        // crates.io.
        _ if hit.source != "crates.io" => &rules::OTHER_SOURCE,
        "vulnerability" if hit.scope == "not-built" => &rules::NOT_BUILT,
        "vulnerability" if !hit.only_on.is_empty() => &rules::OTHER_TARGET,
        // Four in ten vulnerabilities carry no score: unknown is no excuse.
        "vulnerability" if below(&hit.severity, fail_on) => &rules::BELOW,
        "vulnerability" => &rules::VULNERABLE,
        "unmaintained" => &rules::UNMAINTAINED,
        "unsound" => &rules::UNSOUND,
        _ => &rules::NOTICE,
    }
}

fn finding(hit: &Hit, fail_on: Threshold) -> Finding {
    let what = format!(
        "{} {}: {} ({})",
        hit.package, hit.version, hit.title, hit.id
    );
    let mut finding = Finding::new(rule(hit, fail_on), what)
        .evidence("id", hit.id.clone())
        .evidence("package", hit.package.clone())
        .evidence("version", hit.version.clone())
        .evidence("severity", hit.severity.clone())
        .evidence("scope", hit.scope.clone())
        .evidence("source", hit.source.clone())
        .evidence("reachability", hit.reachability.result.clone())
        .evidence("published", hit.published.clone())
        .evidence("path", hit.path.clone());
    if let Some(line) = hit.line {
        finding = finding.at("Cargo.lock", line);
    }
    if let Some(reason) = &hit.ignored {
        return finding
            .evidence("ignored", reason.clone())
            .help(format!("ignored: {reason}"));
    }
    let mut help = hit.fix.clone();
    if hit.path.len() > 1 {
        help.push_str(&format!("; it comes in by {}", hit.path.join(" > ")));
    }
    if !hit.only_on.is_empty() {
        help.push_str(&format!("; it concerns {} only", hit.only_on.join(", ")));
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
    use release_gate::Level;

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
            scope: scope.into(),
            source: "crates.io".into(),
            ..Hit::default()
        }
    }

    fn judged(hit: Hit, fail_on: Threshold, ignore: Vec<Ignore>) -> Vec<(String, Level)> {
        let policy = Policy {
            fail_on,
            ignore,
            today: "2026-01-01".into(),
        };
        judge(&mut [hit], &policy)
            .into_iter()
            .map(|finding| (finding.rule, finding.level))
            .collect()
    }

    #[test]
    fn the_threshold_decides_and_no_score_fails() {
        let rule = |severity: &str, on| {
            judged(hit("vulnerability", severity, "artifact"), on, vec![])[0]
                .0
                .clone()
        };
        assert_eq!(
            rule("medium", Threshold::High),
            "vulnerability-below-threshold"
        );
        assert_eq!(rule("high", Threshold::High), "vulnerability");
        assert_eq!(rule("unknown", Threshold::Critical), "vulnerability");
        assert_eq!(rule("low", Threshold::Low), "vulnerability");
        assert_eq!(
            judged(
                hit("vulnerability", "critical", "not-built"),
                Threshold::Low,
                vec![]
            )[0]
            .0,
            "vulnerability-not-built"
        );
        assert_eq!(
            judged(
                hit("unmaintained", "unknown", "artifact"),
                Threshold::Low,
                vec![]
            )[0]
            .0,
            "unmaintained"
        );
    }

    #[test]
    fn ignores_have_reasons_dates_and_must_match() {
        let ignore = |id: &str, until: &str| {
            vec![Ignore {
                id: id.into(),
                reason: "r".into(),
                until: until.into(),
            }]
        };
        let vulnerable = || hit("vulnerability", "high", "artifact");
        let by_alias = judged(
            vulnerable(),
            Threshold::High,
            ignore("CVE-2024-1", "2026-12-31"),
        );
        assert_eq!(by_alias, [("advisory-ignored".to_owned(), Level::Note)]);
        let expired = judged(
            vulnerable(),
            Threshold::High,
            ignore("RUSTSEC-2024-0001", "2025-12-31"),
        );
        assert_eq!(expired[0].0, "ignore-expired");
        assert_eq!(expired[1].1, Level::Deny);
        assert_eq!(
            judged(
                vulnerable(),
                Threshold::High,
                ignore("RUSTSEC-1999-0001", "2026-12-31")
            )[0]
            .0,
            "ignore-unmatched"
        );
    }

    #[test]
    fn other_sources_and_other_targets_do_not_fail_and_are_said() {
        let fork = Hit {
            source: "git".into(),
            ..hit("vulnerability", "high", "artifact")
        };
        assert_eq!(
            judged(fork, Threshold::Low, vec![]),
            [("advisory-other-source".to_owned(), Level::Warn)]
        );
        let windows = Hit {
            only_on: vec!["windows".into()],
            ..hit("vulnerability", "high", "artifact")
        };
        assert_eq!(
            judged(windows, Threshold::Low, vec![]),
            [("vulnerability-other-target".to_owned(), Level::Warn)]
        );
    }
}
