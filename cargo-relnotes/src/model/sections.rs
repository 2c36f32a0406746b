//! Which section of the notes a change belongs to: a small table from types and first words.
//!
//! Must never: drop anything. What no line of the table knows lands in [`Section::Other`]; what is
//! hidden is hidden by a rule with a name, and counted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grammar::{Header, Style};
use super::housekeeping::{housekeeping, is_about_words, is_release_commit};

/// A section of the notes, in the order in which they are printed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// What users have to change.
    Breaking,
    /// Security.
    Security,
    /// New things.
    Features,
    /// Repairs.
    Fixes,
    /// Speed and size.
    Performance,
    /// What will go away.
    Deprecated,
    /// Dependencies.
    Dependencies,
    /// Everything else worth a line.
    Other,
}

impl Section {
    /// All sections in printing order.
    pub const ALL: [Self; 8] = [
        Self::Breaking,
        Self::Security,
        Self::Features,
        Self::Fixes,
        Self::Performance,
        Self::Deprecated,
        Self::Dependencies,
        Self::Other,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking changes",
            Self::Security => "Security",
            Self::Features => "Features",
            Self::Fixes => "Fixes",
            Self::Performance => "Performance",
            Self::Deprecated => "Deprecated",
            Self::Dependencies => "Dependencies",
            Self::Other => "Other changes",
        }
    }

    /// The heading in a file that follows Keep a Changelog 1.1.
    pub fn keep_a_changelog(self) -> &'static str {
        match self {
            Self::Security => "Security",
            Self::Features => "Added",
            Self::Fixes => "Fixed",
            Self::Deprecated => "Deprecated",
            Self::Breaking | Self::Performance | Self::Dependencies | Self::Other => "Changed",
        }
    }
}

/// Where a type goes: a section, or hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Destination {
    /// See [`Section::Security`].
    Security,
    /// See [`Section::Features`].
    Features,
    /// See [`Section::Fixes`].
    Fixes,
    /// See [`Section::Performance`].
    Performance,
    /// See [`Section::Deprecated`].
    Deprecated,
    /// See [`Section::Dependencies`].
    Dependencies,
    /// See [`Section::Other`].
    Other,
    /// Not listed, but counted under the rule `type-<type>`.
    Hide,
}

impl Destination {
    fn section(self) -> Option<Section> {
        Some(match self {
            Self::Security => Section::Security,
            Self::Features => Section::Features,
            Self::Fixes => Section::Fixes,
            Self::Performance => Section::Performance,
            Self::Deprecated => Section::Deprecated,
            Self::Dependencies => Section::Dependencies,
            Self::Other => Section::Other,
            Self::Hide => return None,
        })
    }
}

/// Conventional types and areas with a meaning of their own.
const TYPES: &[(&str, Destination)] = &[
    ("feat", Destination::Features),
    ("feature", Destination::Features),
    ("features", Destination::Features),
    ("fix", Destination::Fixes),
    ("fixes", Destination::Fixes),
    ("bugfix", Destination::Fixes),
    ("hotfix", Destination::Fixes),
    ("bug", Destination::Fixes),
    ("perf", Destination::Performance),
    ("security", Destination::Security),
    ("sec", Destination::Security),
    ("deprecate", Destination::Deprecated),
    ("deprecated", Destination::Deprecated),
    ("deps", Destination::Dependencies),
    ("dep", Destination::Dependencies),
    ("revert", Destination::Other),
    ("change", Destination::Other),
    ("build", Destination::Hide),
    ("chore", Destination::Hide),
    ("ci", Destination::Hide),
    ("doc", Destination::Hide),
    ("docs", Destination::Hide),
    ("refactor", Destination::Hide),
    ("release", Destination::Hide),
    ("style", Destination::Hide),
    ("test", Destination::Hide),
    ("tests", Destination::Hide),
];

/// Areas that are no part of what is shipped.
const HIDDEN_AREAS: &[&str] = &[
    "bench",
    "benches",
    "benchmarks",
    "changelog",
    "ci",
    "doc",
    "docs",
    "example",
    "examples",
    "github",
    "readme",
    "release",
    "test",
    "tests",
];

/// First words of messages that follow no convention.
const VERBS: &[(&str, Section)] = &[
    ("add", Section::Features),
    ("adds", Section::Features),
    ("added", Section::Features),
    ("allow", Section::Features),
    ("implement", Section::Features),
    ("introduce", Section::Features),
    ("support", Section::Features),
    ("fix", Section::Fixes),
    ("fixes", Section::Fixes),
    ("fixed", Section::Fixes),
    ("correct", Section::Fixes),
    ("optimize", Section::Performance),
    ("optimise", Section::Performance),
    ("deprecate", Section::Deprecated),
    ("deprecates", Section::Deprecated),
];

/// Where one change goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// Into a section.
    In(Section),
    /// Nowhere, by the rule of this name.
    Hidden(String),
}

/// The table, with what a project changed about it.
#[derive(Debug, Clone, Default)]
pub struct Table {
    overrides: BTreeMap<String, Destination>,
}

impl Table {
    /// The default table with overrides by type (lower case).
    pub fn new(overrides: BTreeMap<String, Destination>) -> Self {
        Self {
            overrides: overrides
                .into_iter()
                .map(|(kind, place)| (kind.to_lowercase(), place))
                .collect(),
        }
    }

    fn place(&self, kind: &str) -> Option<Destination> {
        self.overrides.get(kind).copied().or_else(|| {
            TYPES
                .iter()
                .find(|(name, _)| *name == kind)
                .map(|(_, place)| *place)
        })
    }

    /// Whether the table knows a conventional type.
    pub fn knows(&self, kind: &str) -> bool {
        self.place(&kind.to_ascii_lowercase()).is_some()
    }

    /// Where a change goes, breaking ones aside.
    pub fn placement(&self, header: &Header) -> Placement {
        let scope = header.scope.as_deref().unwrap_or("").to_lowercase();
        if names_an_advisory(&header.description) || matches!(scope.as_str(), "security" | "sec") {
            return Placement::In(Section::Security);
        }
        if is_dependency_update(header, &scope) {
            return Placement::In(Section::Dependencies);
        }
        if is_release_commit(header) {
            return Placement::Hidden("release-commit".to_owned());
        }
        if header.style != Style::Conventional
            && let Some(rule) = housekeeping(&header.description)
        {
            return Placement::Hidden(rule.to_owned());
        }
        match header.style {
            Style::Conventional => match self.place(header.kind.as_deref().unwrap_or_default()) {
                Some(place) => place.section().map_or_else(
                    || {
                        Placement::Hidden(format!(
                            "type-{}",
                            header.kind.as_deref().unwrap_or_default()
                        ))
                    },
                    Placement::In,
                ),
                None => Placement::In(Section::Other),
            },
            Style::Area => match self.overrides.get(&scope).map(|place| place.section()) {
                Some(Some(section)) => Placement::In(section),
                Some(None) => Placement::Hidden(format!("area-{scope}")),
                None if HIDDEN_AREAS.contains(&scope.as_str())
                    || HIDDEN_AREAS
                        .iter()
                        .any(|area| scope.strip_suffix(".md") == Some(area)) =>
                {
                    Placement::Hidden(format!("area-{scope}"))
                }
                None => Placement::In(by_verb(&header.description)),
            },
            Style::Free if is_autosquash(&header.description) => {
                Placement::Hidden("autosquash".to_owned())
            }
            Style::Free => Placement::In(by_verb(&header.description)),
        }
    }
}

fn by_verb(text: &str) -> Section {
    // A repaired sentence is no repair of the program.
    if is_about_words(text) {
        return Section::Other;
    }
    let first = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("")
        .to_lowercase();
    VERBS
        .iter()
        .find(|(verb, _)| *verb == first)
        .map_or(Section::Other, |(_, section)| *section)
}

/// Whether a text names a published advisory.
pub fn names_an_advisory(text: &str) -> bool {
    advisory_ids(text).next().is_some()
}

/// The ids of published advisories in a text, upper case.
pub fn advisory_ids(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter_map(|word| {
            let upper = word.to_ascii_uppercase();
            let parts: Vec<&str> = upper.split('-').collect();
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let is_id = match parts[..] {
                ["RUSTSEC" | "CVE", year, number] => {
                    year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
                }
                ["GHSA", a, b, c] => [a, b, c].iter().all(|part| part.len() == 4),
                _ => false,
            };
            is_id.then_some(upper)
        })
}

fn is_dependency_update(header: &Header, scope: &str) -> bool {
    if matches!(
        scope,
        "deps" | "deps-dev" | "dep" | "dependencies" | "cargo-deps" | "crates"
    ) && header.style != Style::Free
    {
        return true;
    }
    let mut words = header.description.split_whitespace();
    let verb = words.next().unwrap_or("").to_lowercase();
    if !matches!(verb.as_str(), "bump" | "bumps" | "update" | "upgrade") {
        return false;
    }
    // `Bump serde from 1.0.1 to 1.0.2`, `Update Rust crate libc to v0.2.147`.
    let rest: Vec<&str> = words.collect();
    rest.iter()
        .position(|word| *word == "to")
        .is_some_and(|at| {
            (1..=6).contains(&at)
                && rest.get(at + 1).is_some_and(|version| {
                    version
                        .trim_matches(['`', 'v'])
                        .starts_with(|c: char| c.is_ascii_digit())
                })
                && rest[0].to_lowercase() != "version"
                && !rest[..at].iter().any(|word| {
                    matches!(word.to_lowercase().as_str(), "msrv" | "version" | "edition")
                })
        })
}

fn is_autosquash(text: &str) -> bool {
    ["fixup! ", "squash! ", "amend! "]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::grammar;

    fn place(subject: &str) -> Placement {
        let table = Table::default();
        table.placement(&grammar::header(subject, &|kind| table.knows(kind)))
    }

    #[test]
    fn where_changes_go() {
        use Section::{Dependencies, Deprecated, Features, Fixes, Other, Performance, Security};
        for (subject, section) in [
            ("feat: x", Features),
            ("FEAT(cli): x", Features),
            ("fix(parser)!: x", Fixes),
            ("perf: x", Performance),
            ("sync: fix a race", Fixes),
            ("time: deprecate `x`", Deprecated),
            ("Add thing", Features),
            ("A sentence without a convention", Other),
            ("unknown(scope): x", Other),
            ("chore: x for CVE-2024-12345", Security),
            ("fix(security): x", Security),
            ("chore(deps): bump x", Dependencies),
            ("Bump serde from 1.0.1 to 1.0.2", Dependencies),
            ("Update Rust crate libc to v0.2.147", Dependencies),
            ("Update MSRV to 1.70", Other),
            ("Add changelog parser", Features),
            ("Test for correct categorization", Other),
            ("process: add example for reading `Child` stdout", Other),
            ("Fix minor typo in the issue template", Other),
            ("Add support for doc comments", Features),
            ("Fix typo detection in the linter", Fixes),
        ] {
            assert_eq!(place(subject), Placement::In(section), "{subject}");
        }
        for (subject, rule) in [
            ("chore: tidy", "type-chore"),
            ("chore: Release", "release-commit"),
            ("v1.2.3", "release-commit"),
            ("ignore-0.4.22", "release-commit"),
            ("Bump version to 1.2.3", "release-commit"),
            ("ci: x", "type-ci"),
            ("README.md: x", "area-readme.md"),
            ("fixup! feat: x", "autosquash"),
            ("Write changelog for #2756", "changelog-edit"),
            ("updated CHANGELOG.md", "changelog-edit"),
            ("Run cargo fmt", "formatting"),
            ("Fix a typo (#12)", "typo"),
            ("Add CHANGELOG entry for .debdiff => diff", "changelog-edit"),
            (
                "Update changelog to mention theme improvements",
                "changelog-edit",
            ),
            (
                "Refer to PR instead of issue in CHANGELOG",
                "changelog-edit",
            ),
            ("Mention --completion in the README", "documentation"),
            (
                "Update README.md to mention `--strip-ansi`",
                "documentation",
            ),
            ("Add regression test for #2541", "tests-only"),
        ] {
            assert_eq!(
                place(subject),
                Placement::Hidden(rule.to_owned()),
                "{subject}"
            );
        }
    }

    #[test]
    fn a_project_can_change_the_table() {
        let table = Table::new(BTreeMap::from([
            ("docs".to_owned(), Destination::Other),
            ("feat".to_owned(), Destination::Hide),
        ]));
        let place =
            |subject: &str| table.placement(&grammar::header(subject, &|kind| table.knows(kind)));
        assert_eq!(place("docs: x"), Placement::In(Section::Other));
        assert_eq!(place("feat: x"), Placement::Hidden("type-feat".to_owned()));
    }

    #[test]
    fn ids_of_advisories() {
        let ids: Vec<_> =
            advisory_ids("see CVE-2024-1234, rustsec-2020-0001 and GHSA-abcd-efgh-ijkl; not CVE-x")
                .collect();
        assert_eq!(
            ids,
            ["CVE-2024-1234", "RUSTSEC-2020-0001", "GHSA-ABCD-EFGH-IJKL"]
        );
    }
}
