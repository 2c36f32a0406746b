//! A published advisory as RustSec's database holds it: TOML front matter in Markdown, and which
//! versions it calls vulnerable.
//!
//! Must never: read a requirement leniently. What RustSec's own tools refuse is refused here, so
//! that nothing is called harmless that nobody could judge. <https://github.com/RustSec/advisory-db#advisory-format>

use std::cmp::Ordering;

use semver::{Comparator, Op, Prerelease, Version, VersionReq};
use serde::Deserialize;

/// An advisory about a package.
#[derive(Debug, Clone)]
pub struct Published {
    /// `RUSTSEC-…`.
    pub id: String,
    /// The package.
    pub package: String,
    /// Day of publication.
    pub date: String,
    /// `CVE-…`, `GHSA-…`.
    pub aliases: Vec<String>,
    /// The first heading.
    pub title: String,
    /// `low`, `medium`, `high`, `critical`, where somebody rated it.
    pub severity: Option<String>,
    /// Requirements that name the versions with the repair.
    pub patched: Vec<String>,
    /// Whether it calls versions vulnerable: neither withdrawn nor only a remark (unmaintained,
    /// unsound, notice).
    pub is_vulnerability: bool,
    unaffected: Vec<Range>,
}

#[derive(Deserialize)]
struct FrontMatter {
    advisory: Head,
    #[serde(default)]
    versions: Option<Versions>,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
    informational: Option<toml::Value>,
    withdrawn: Option<toml::Value>,
}

#[derive(Deserialize)]
struct Versions {
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

impl Published {
    /// Reads an advisory.
    ///
    /// # Errors
    /// Why it cannot be relied on.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        let body = text
            .strip_prefix("```toml")
            .ok_or("it does not begin with front matter")?;
        let (front, markdown) = body
            .split_once("\n```")
            .ok_or("its front matter has no end")?;
        let title = markdown
            .trim_start()
            .strip_prefix("# ")
            .ok_or("it has no heading")?;
        let FrontMatter { advisory, versions } =
            toml::from_str(front).map_err(|error| error.message().to_owned())?;
        let versions = versions.ok_or("it names no versions")?;
        let severity = match &advisory.cvss {
            Some(vector) => {
                let vector: cvss::Cvss = vector
                    .parse()
                    .map_err(|error: cvss::Error| error.to_string())?;
                Some(vector.severity().to_string())
            }
            None => None,
        };
        Ok(Self {
            unaffected: ranges(&versions)?,
            id: advisory.id,
            package: advisory.package,
            date: advisory.date,
            aliases: advisory.aliases,
            title: title
                .lines()
                .next()
                .unwrap_or_default()
                .trim_end()
                .to_owned(),
            severity,
            patched: versions.patched.iter().map(ToString::to_string).collect(),
            is_vulnerability: advisory.informational.is_none() && advisory.withdrawn.is_none(),
        })
    }

    /// Whether it calls a version vulnerable: everything is, but for what it says is not.
    pub fn hits(&self, version: &Version) -> bool {
        self.is_vulnerability && !self.unaffected.iter().any(|range| range.holds(version))
    }
}

/// Versions between two bounds, in the order of precedence; a bound says whether it belongs to
/// them.
#[derive(Debug, Clone, Default)]
struct Range {
    start: Option<(Version, bool)>,
    end: Option<(Version, bool)>,
}

impl Range {
    fn holds(&self, version: &Version) -> bool {
        let above = self.start.as_ref().is_none_or(|(start, inclusive)| {
            match version.cmp_precedence(start) {
                Ordering::Greater => true,
                Ordering::Equal => *inclusive,
                Ordering::Less => false,
            }
        });
        let below =
            self.end
                .as_ref()
                .is_none_or(|(end, inclusive)| match version.cmp_precedence(end) {
                    Ordering::Less => true,
                    Ordering::Equal => *inclusive,
                    Ordering::Greater => false,
                });
        above && below
    }

    /// Whether this range may begin where another ends, or before.
    fn begins_before_end_of(&self, other: &Self) -> bool {
        match (&self.start, &other.end) {
            (Some((start, a)), Some((end, b))) => start < end || (*a && *b && start == end),
            _ => true,
        }
    }
}

fn ranges(versions: &Versions) -> Result<Vec<Range>, String> {
    let ranges: Vec<Range> = versions
        .unaffected
        .iter()
        .chain(&versions.patched)
        .map(range)
        .collect::<Result<_, _>>()?;
    for (at, a) in ranges.iter().enumerate() {
        let overlaps = |b: &Range| a.begins_before_end_of(b) && b.begins_before_end_of(a);
        if ranges[at + 1..].iter().any(overlaps) {
            return Err("its ranges of versions overlap".to_owned());
        }
    }
    Ok(ranges)
}

/// A requirement as one range. At most one lower and one upper bound; an operator that sets both
/// stands alone.
fn range(requirement: &VersionReq) -> Result<Range, String> {
    let odd = || format!("the requirement `{requirement}` is of no form known here");
    let mut range = Range::default();
    for comparator in &requirement.comparators {
        let version = lowest(comparator);
        let (start, end) = match comparator.op {
            Op::Greater => (Some((version, false)), None),
            Op::GreaterEq => (Some((version, true)), None),
            Op::Less => (None, Some((version, false))),
            Op::LessEq => (None, Some((version, true))),
            Op::Exact => (Some((version.clone(), true)), Some((version, true))),
            Op::Caret | Op::Tilde => {
                let end = next(comparator).ok_or_else(odd)?;
                (Some((version, true)), Some((end, false)))
            }
            _ => return Err(odd()),
        };
        let both = start.is_some() && end.is_some();
        if (both && requirement.comparators.len() > 1)
            || (start.is_some() && range.start.is_some())
            || (end.is_some() && range.end.is_some())
        {
            return Err(odd());
        }
        range.start = start.or(range.start);
        range.end = end.or(range.end);
    }
    if range.begins_before_end_of(&range) {
        Ok(range)
    } else {
        Err(odd())
    }
}

fn lowest(comparator: &Comparator) -> Version {
    Version {
        major: comparator.major,
        minor: comparator.minor.unwrap_or(0),
        patch: comparator.patch.unwrap_or(0),
        pre: comparator.pre.clone(),
        build: semver::BuildMetadata::EMPTY,
    }
}

/// The first version `^` or `~` does not reach any more: the lowest pre-release of the next number.
fn next(comparator: &Comparator) -> Option<Version> {
    let (major, minor, patch) = (comparator.major, comparator.minor, comparator.patch);
    let up = |number: u64| number.checked_add(1);
    let mut version = match (comparator.op, major, minor, patch) {
        (Op::Tilde, major, Some(minor), _) => Version::new(major, up(minor)?, 0),
        (Op::Caret, 0, Some(0), Some(patch)) => Version::new(0, 0, up(patch)?),
        (Op::Caret, 0, Some(minor), _) => Version::new(0, up(minor)?, 0),
        (_, major, _, _) => Version::new(up(major)?, 0, 0),
    };
    version.pre = Prerelease::new("0").ok()?;
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(patched: &str, unaffected: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"x\"\ndate = \"2024-02-03\"\ncvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\n\n[versions]\npatched = [{patched}]\nunaffected = [{unaffected}]\n```\n\n# Title\n\nText.\n"
        )
    }

    #[test]
    fn what_it_says() {
        let advisory = Published::parse(&text("\">= 1.0.5\"", "\"< 0.3\"")).unwrap();
        assert_eq!(
            (advisory.title.as_str(), advisory.severity.as_deref()),
            ("Title", Some("high"))
        );
        let hits = |version: &str| advisory.hits(&version.parse().unwrap());
        assert!(hits("0.3.0") && hits("1.0.5-rc.1") && hits("1.0.4+build"));
        assert!(!hits("1.0.5") && !hits("0.2.9") && !hits("0.3.0-alpha"));
        assert!(
            Published::parse(&text("\">= 1.0.5\", \">= 1.0\"", "")).is_err(),
            "ranges that overlap"
        );
        for garbage in [
            "",
            "garbage",
            "```toml\n```\n# x",
            "```toml\nx = \n```\n\n# x\n",
        ] {
            assert!(Published::parse(garbage).is_err(), "{garbage}");
        }
    }

    fn requirement() -> impl Strategy<Value = String> {
        let number = || 0_u64..4;
        let version = (
            number(),
            proptest::option::of((number(), proptest::option::of(number()))),
            any::<bool>(),
        )
            .prop_map(|(major, rest, pre)| match rest {
                None => format!("{major}"),
                Some((minor, None)) => format!("{major}.{minor}"),
                Some((minor, Some(patch))) => {
                    format!("{major}.{minor}.{patch}{}", if pre { "-rc.1" } else { "" })
                }
            });
        let operator = prop_oneof![
            Just(">="),
            Just(">"),
            Just("<"),
            Just("<="),
            Just("^"),
            Just("~"),
            Just("="),
            Just("")
        ];
        proptest::collection::vec((operator, version), 1..3).prop_map(|list| {
            list.iter()
                .map(|(op, version)| format!("{op} {version}"))
                .collect::<Vec<_>>()
                .join(", ")
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// RustSec's own library is the oracle: what it refuses is refused, and the same versions are vulnerable.
        #[test]
        fn agrees_with_rustsec(
            patched in proptest::collection::vec(requirement(), 0..3), unaffected in proptest::collection::vec(requirement(), 0..2),
            versions in proptest::collection::vec((0_u64..5, 0_u64..5, 0_u64..5, 0_usize..4), 20),
        ) {
            let list = |list: &[String]| list.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ");
            let text = text(&list(&patched), &list(&unaffected));
            let ours = Published::parse(&text);
            // The oracle asserts what its own check lets through: `= 1` beside `> 1`.
            let starts: Vec<_> = ours.iter().flat_map(|ours| &ours.unaffected).map(|range| range.start.clone().map(|(version, _)| version)).collect();
            prop_assume!(starts.iter().enumerate().all(|(at, start)| !starts[at + 1..].contains(start)));
            let theirs = text.parse::<rustsec::Advisory>();
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?}", ours, theirs);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                for (major, minor, patch, kind) in versions {
                    let end = ["", "-0", "-rc.1", "+build"][kind];
                    let version: Version = format!("{major}.{minor}.{patch}{end}").parse().unwrap();
                    prop_assert_eq!(ours.hits(&version), theirs.versions.is_vulnerable(&version), "{} {}", text, version);
                }
            }
        }
    }
}
