//! A record in the OSV schema (<https://ossf.github.io/osv-schema/>), as osv.dev's export of
//! crates.io has them: advisories of GitHub, malicious packages, and RustSec's own once more.

use release_gate_facts::report::vulns::{AdvisoryKind, Severity};
use semver::Version;
use serde::Deserialize;

use super::published::{Collection, OsvEnd, OsvRange, Published, Ranges};
use crate::text::collapse_white_space;

/// The ecosystem that is read; all others are somebody else's.
const ECOSYSTEM: &str = "crates.io";

#[derive(Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    published: String,
    #[serde(default)]
    modified: String,
    withdrawn: Option<String>,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    severity: Vec<Score>,
    database_specific: Option<DatabaseSpecific>,
}

#[derive(Deserialize)]
struct Affected {
    /// What is known by commits of a repository only has none.
    package: Option<Package>,
    #[serde(default)]
    ranges: Vec<EventRange>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    severity: Vec<Score>,
    database_specific: Option<DatabaseSpecific>,
    ecosystem_specific: Option<EcosystemSpecific>,
}

/// What RustSec's records have beside the schema: functions, systems and processors.
#[derive(Deserialize)]
struct EcosystemSpecific {
    affects: Option<Affects>,
}

#[derive(Default, Deserialize)]
struct Affects {
    #[serde(default)]
    arch: Vec<String>,
    #[serde(default)]
    os: Vec<String>,
    #[serde(default)]
    functions: Vec<String>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct EventRange {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

#[derive(Deserialize)]
struct Score {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct DatabaseSpecific {
    informational: Option<String>,
    severity: Option<String>,
}

/// Reads a record: one advisory for each package of crates.io that it names. The error says why it
/// cannot be relied on.
pub(super) fn parse_record(bytes: &[u8]) -> Result<Vec<Published>, String> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    record
        .affected
        .iter()
        .filter_map(|affected| Some((affected, affected.package.as_ref()?)))
        .filter(|(_, package)| package.is_of_crates_io())
        .map(|(affected, package)| published_of(&record, affected, package))
        .collect()
}

impl Package {
    /// A word behind a colon says which part of an ecosystem is meant.
    fn is_of_crates_io(&self) -> bool {
        let ecosystem = self.ecosystem.split(':').next().unwrap_or_default();
        ecosystem.eq_ignore_ascii_case(ECOSYSTEM)
    }
}

fn published_of(
    record: &Record,
    affected: &Affected,
    package: &Package,
) -> Result<Published, String> {
    let mut aliases = record.aliases.clone();
    aliases.sort();
    let informational = affected
        .database_specific
        .as_ref()
        .and_then(|specific| specific.informational.as_deref());
    let (kind, unknown_kind) = kind_of(&record.id, informational);
    let date = if record.published.is_empty() {
        &record.modified
    } else {
        &record.published
    };
    let title = if record.summary.is_empty() {
        &record.id
    } else {
        &record.summary
    };

    let affects = affected
        .ecosystem_specific
        .as_ref()
        .and_then(|specific| specific.affects.as_ref());

    Ok(Published {
        id: record.id.clone(),
        aliases,
        collection: Collection::Crates,
        package: package.name.clone(),
        title: collapse_white_space(title),
        kind,
        unknown_kind,
        severity: severity_of(record, affected),
        date: date.get(..10).unwrap_or_default().to_owned(),
        withdrawn: record.withdrawn.is_some(),
        ranges: ranges_of(affected)?,
        functions: affects
            .iter()
            .flat_map(|affects| &affects.functions)
            .map(|path| (path.clone(), Vec::new()))
            .collect(),
        systems: affects
            .map(|affects| affects.os.clone())
            .unwrap_or_default(),
        processors: affects
            .map(|affects| affects.arch.clone())
            .unwrap_or_default(),
        url: Some(format!("https://osv.dev/vulnerability/{}", record.id)),
    })
}

fn kind_of(id: &str, informational: Option<&str>) -> (AdvisoryKind, Option<String>) {
    match informational {
        _ if id.starts_with("MAL-") => (AdvisoryKind::Malicious, None),
        None => (AdvisoryKind::Vulnerability, None),
        Some("unmaintained") => (AdvisoryKind::Unmaintained, None),
        Some("unsound") => (AdvisoryKind::Unsound, None),
        Some("notice") => (AdvisoryKind::Notice, None),
        Some(other) => (AdvisoryKind::Unknown, Some(other.to_owned())),
    }
}

/// By the highest CVSS vector; else by GitHub's own word, which covers advisories without a vector.
fn severity_of(record: &Record, affected: &Affected) -> Severity {
    let scored = record
        .severity
        .iter()
        .chain(&affected.severity)
        .filter(|score| score.kind.starts_with("CVSS"))
        .filter_map(|score| score.score.parse::<cvss::Cvss>().ok())
        .map(|vector| match vector.severity() {
            cvss::Severity::None => Severity::None,
            cvss::Severity::Low => Severity::Low,
            cvss::Severity::Medium => Severity::Medium,
            cvss::Severity::High => Severity::High,
            cvss::Severity::Critical => Severity::Critical,
        })
        .max();

    let word = record
        .database_specific
        .as_ref()
        .and_then(|specific| specific.severity.as_deref());

    scored.unwrap_or(match word {
        Some("LOW") => Severity::Low,
        Some("MODERATE" | "MEDIUM") => Severity::Medium,
        Some("HIGH") => Severity::High,
        Some("CRITICAL") => Severity::Critical,
        _ => Severity::Unknown,
    })
}

/// Ranges of the types SEMVER and ECOSYSTEM; for crates.io both are semantic versions. A range of
/// another type (GIT) beside them says nothing about releases.
fn ranges_of(affected: &Affected) -> Result<Ranges, String> {
    let mut ranges = Vec::new();
    for range in &affected.ranges {
        if range.kind == "SEMVER" || range.kind == "ECOSYSTEM" {
            ranges.extend(pairs_of(&range.events)?);
        }
    }
    let versions = affected
        .versions
        .iter()
        .map(|text| version_of(text))
        .collect::<Result<Vec<Version>, String>>()?;
    if ranges.is_empty() && versions.is_empty() {
        return Err("it names no version".to_owned());
    }
    Ok(Ranges::Osv { ranges, versions })
}

/// Events sorted into pairs, as the schema's algorithm reads them: by version, whatever their order
/// in the record, which counts at one version only. RustSec's export has ranges that end where they
/// begin.
fn pairs_of(events: &[Event]) -> Result<Vec<OsvRange>, String> {
    let mut sorted = Vec::new();
    for event in events {
        if let Some(text) = &event.introduced {
            sorted.push((version_of(text)?, None));
        }
        if let Some(text) = &event.fixed {
            let fixed = version_of(text)?;
            sorted.push((fixed.clone(), Some(OsvEnd::Fixed(fixed))));
        }
        if let Some(text) = &event.last_affected {
            let last = version_of(text)?;
            sorted.push((last.clone(), Some(OsvEnd::LastAffected(last))));
        }
    }
    sorted.sort_by(|(a, _), (b, _)| a.cmp_precedence(b));

    let mut pairs: Vec<OsvRange> = Vec::new();
    for (version, end) in sorted {
        let Some(end) = end else {
            pairs.push(OsvRange {
                introduced: version,
                end: OsvEnd::Open,
            });
            continue;
        };
        match pairs.last_mut() {
            Some(pair) if pair.end == OsvEnd::Open => pair.end = end,
            // The repair of a later branch: all before it is repaired already.
            Some(_) => {}
            None => return Err("a range ends that did not begin".to_owned()),
        }
    }
    Ok(pairs)
}

/// `0` stands for the beginning.
fn version_of(text: &str) -> Result<Version, String> {
    let text = if text == "0" { "0.0.0-0" } else { text };
    Version::parse(text).map_err(|error| format!("`{text}` is not a version: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_of_the_ecosystem_is_an_advisory_of_its_own() {
        let record = br#"{"id":"GHSA-aaaa-bbbb-cccc","summary":"S","published":"2024-02-03T00:00:00Z",
            "aliases":["CVE-2024-1"],"database_specific":{"severity":"HIGH"},
            "affected":[
              {"package":{"ecosystem":"crates.io","name":"a"},
               "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"last_affected":"2.1.0"}]}]},
              {"package":{"ecosystem":"npm","name":"b"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;
        let list = parse_record(record).unwrap();
        assert_eq!(list.len(), 1);
        let one = &list[0];
        assert_eq!((one.package.as_str(), one.severity), ("a", Severity::High));
        for (version, concerned) in [
            ("0.0.1", true),
            ("1.2.0-rc.1", true),
            ("1.2.0", false),
            ("2.0.0", true),
            ("2.1.0", true),
            ("2.1.1", false),
        ] {
            assert_eq!(
                one.concerns(&version.parse().unwrap()),
                concerned,
                "{version}"
            );
        }
    }

    #[test]
    fn events_count_by_their_versions_and_not_by_their_order() {
        let record = br#"{"id":"GHSA-aaaa-bbbb-cccc","affected":[
            {"ranges":[{"type":"GIT","repo":"https://example.org/a","events":[{"introduced":"0"}]}]},
            {"package":{"ecosystem":"Crates.io","name":"a"},
             "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
             "ranges":[{"type":"SEMVER","events":[{"fixed":"2.1.0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"introduced":"1.5.0"},{"fixed":"1.5.0"},{"introduced":"0"}]}]}]}"#;
        let list = parse_record(record).unwrap();
        let [one] = &list[..] else { panic!("{list:?}") };
        assert_eq!(one.severity, Severity::Critical);
        for (version, concerned) in [
            ("1.1.9", true),
            ("1.2.0", false),
            ("1.5.0", false),
            ("1.6.0", false),
            ("2.0.0", true),
            ("2.1.0", false),
        ] {
            assert_eq!(
                one.concerns(&version.parse().unwrap()),
                concerned,
                "{version}"
            );
        }
    }

    /// A record as RustSec exports it.
    #[test]
    fn functions_and_systems_of_rustsecs_records_are_read() {
        let record = br#"{"id":"RUSTSEC-2024-0019","modified":"2024-03-04T12:00:00Z","published":"2024-03-04T12:00:00Z","aliases":["CVE-2024-27308"],"related":[],"summary":"S","details":"D","severity":[],
            "affected":[{"package":{"ecosystem":"crates.io","name":"mio","purl":"pkg:cargo/mio"},
              "ecosystem_specific":{"affects":{"arch":[],"os":["windows"],"functions":["mio::windows::NamedPipe::new"]},"affected_functions":null},
              "database_specific":{"categories":[],"cvss":null,"informational":null},
              "ranges":[{"type":"SEMVER","events":[{"introduced":"0.7.2"},{"fixed":"0.8.11"}]}],"versions":[]}],
            "references":[],"database_specific":{"license":"CC0-1.0"}}"#;
        let one = parse_record(record).unwrap().remove(0);
        let version = "0.8.10".parse().unwrap();
        assert!(one.concerns(&version));
        assert_eq!(one.functions_of(&version), ["mio::windows::NamedPipe::new"]);
        let linux = ["x86_64-unknown-linux-gnu".to_owned()];
        assert_eq!(one.only_elsewhere(&linux), ["windows"]);
    }

    #[test]
    fn malicious_packages_are_of_a_kind_of_their_own_and_nonsense_is_refused() {
        let malicious = br#"{"id":"MAL-2024-1","affected":[{"package":{"ecosystem":"crates.io","name":"a"},"versions":["1.0.0"]}]}"#;
        assert_eq!(
            parse_record(malicious).unwrap()[0].kind,
            AdvisoryKind::Malicious
        );
        for bad in [
            r#"{"id":"X","affected":[{"package":{"ecosystem":"crates.io","name":"a"}}]}"#,
            r#"{"id":"X","affected":[{"package":{"ecosystem":"crates.io","name":"a"},"versions":["one"]}]}"#,
            r#"{"id":"X","affected":[{"package":{"ecosystem":"crates.io","name":"a"},"ranges":[{"type":"SEMVER","events":[{"fixed":"1.0.0"}]}]}]}"#,
        ] {
            assert!(parse_record(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
