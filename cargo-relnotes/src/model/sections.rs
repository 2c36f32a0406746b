//! Which section of the notes a change belongs to: a small table from types and first words.
//!
//! Must never: drop anything. What no line of the table knows lands in [`Section::Other`]; what is
//! hidden is hidden by a rule with a name, and counted.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use release_gate::git::CommitId;
use serde::Deserialize;

use super::advisories::names_an_advisory;
use super::commit::Commit;
use super::footers::body_and_footers;
use super::grammar::{Header, Style};
use super::housekeeping::{housekeeping, is_about_words, is_release_commit};
use super::upkeep::Upkeep;

/// A section of the notes, in the order in which they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Everything else worth a line.
    Other,
    /// Dependencies: often the longest section, and what fewest people look for.
    Dependencies,
    /// A section of the project's own, by its position in the configuration.
    Custom(u8),
}

impl Section {
    /// The sections of every project, in their usual order.
    pub const USUAL: [Self; 8] = [
        Self::Breaking,
        Self::Security,
        Self::Features,
        Self::Fixes,
        Self::Performance,
        Self::Deprecated,
        Self::Other,
        Self::Dependencies,
    ];

    /// The usual section of this id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::USUAL
            .into_iter()
            .find(|section| section.usual_names().0 == id)
    }

    /// Id and heading, where the project gives no others.
    fn usual_names(self) -> (&'static str, &'static str) {
        match self {
            Self::Breaking => ("breaking", "Breaking changes"),
            Self::Security => ("security", "Security"),
            Self::Features => ("features", "Features"),
            Self::Fixes => ("fixes", "Fixes"),
            Self::Performance => ("performance", "Performance"),
            Self::Deprecated => ("deprecated", "Deprecated"),
            Self::Dependencies => ("dependencies", "Dependencies"),
            Self::Other => ("other", "Other changes"),
            Self::Custom(_) => ("custom", "Other changes"),
        }
    }

    /// The heading, where the project gives no other.
    pub fn usual_title(self) -> &'static str {
        self.usual_names().1
    }

    /// The heading in a file that follows Keep a Changelog 1.1.
    pub fn keep_a_changelog(self) -> &'static str {
        match self {
            Self::Security => "Security",
            Self::Features => "Added",
            Self::Fixes => "Fixed",
            Self::Deprecated => "Deprecated",
            Self::Breaking
            | Self::Performance
            | Self::Dependencies
            | Self::Other
            | Self::Custom(_) => "Changed",
        }
    }
}

/// The sections of a project: in which order they are printed, and how they are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    order: Vec<Section>,
    /// Ids and headings that differ from the usual ones.
    names: BTreeMap<Section, (String, String)>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            order: Section::USUAL.to_vec(),
            names: BTreeMap::new(),
        }
    }
}

impl Layout {
    /// The sections a project names, in its order, before those it does not name. What it does not
    /// name keeps its usual place behind them, but for breaking changes and security, which nobody
    /// looks for at the end.
    pub fn new(named: &[(Section, String, String)]) -> Self {
        let is_named = |section: &Section| named.iter().any(|(other, ..)| other == section);
        let first = [Section::Breaking, Section::Security];
        let mut order: Vec<Section> = first.into_iter().filter(|one| !is_named(one)).collect();
        order.extend(named.iter().map(|(section, ..)| *section));
        let rest = Section::USUAL
            .into_iter()
            .filter(|one| !order.contains(one))
            .collect::<Vec<_>>();
        order.extend(rest);
        Self {
            order,
            names: named
                .iter()
                .map(|(section, id, title)| (*section, (id.clone(), title.clone())))
                .collect(),
        }
    }

    /// All sections in printing order.
    pub fn order(&self) -> &[Section] {
        &self.order
    }

    /// The word that reports and templates use.
    pub fn id(&self, section: Section) -> &str {
        match self.names.get(&section) {
            Some((id, _)) => id,
            None => section.usual_names().0,
        }
    }

    /// The heading.
    pub fn title(&self, section: Section) -> &str {
        match self.names.get(&section) {
            Some((_, title)) => title,
            None => section.usual_names().1,
        }
    }
}

/// Where a type goes: a section, or hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
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
    /// The section, or `None` where it is hidden.
    pub fn section(self) -> Option<Section> {
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

/// Areas that are not part of what is shipped.
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

/// Which changes belong to a section of the project's own. What is given has to fit, all of it.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// Conventional types, lower case.
    pub types: Vec<String>,
    /// Scopes and areas, lower case.
    pub scopes: Vec<String>,
    /// A regular expression over the subject.
    pub pattern: Option<Regex>,
    /// A regular expression over the body of a commit, footers aside.
    pub body: Option<Regex>,
    /// A regular expression over each footer of a commit.
    pub footer: Option<Regex>,
    /// A regular expression over the name of a commit's author.
    pub author: Option<Regex>,
    /// Commits that touch the section's paths and fit these, where it has any of them.
    pub commits: Option<BTreeSet<CommitId>>,
    /// The rule that hides its changes, where they have no line.
    pub skip: Option<String>,
}

impl Selector {
    /// Whether nothing was asked for: then it selects nothing.
    fn is_empty(&self) -> bool {
        self.types.is_empty()
            && self.scopes.is_empty()
            && self.pattern.is_none()
            && self.commits.is_none()
    }

    /// Whether it looks at more of a commit than its subject.
    pub fn asks_of_commits(&self) -> bool {
        self.body.is_some() || self.footer.is_some() || self.author.is_some()
    }

    /// Whether a commit's body, footers and author are what it looks for.
    pub fn fits(&self, commit: &Commit) -> bool {
        let (body, footers) = body_and_footers(&commit.message);
        let author = self.author.as_ref();
        self.body.as_ref().is_none_or(|one| one.is_match(&body))
            && author.is_none_or(|one| one.is_match(&commit.author.name))
            && self.footer.as_ref().is_none_or(|one| {
                let mut footers = footers.iter();
                footers.any(|footer| one.is_match(footer))
            })
    }

    /// Whether a change is one of the section's.
    fn selects(&self, header: &Header, commits: &[&CommitId]) -> bool {
        let kind = header.kind.as_deref().unwrap_or_default();
        let scope = header.scope.as_deref().unwrap_or_default().to_lowercase();
        let in_scope = self
            .scopes
            .iter()
            .any(|wanted| *wanted == scope || scope.split(',').any(|one| one.trim() == wanted));
        !self.is_empty()
            && (self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind))
            && (self.scopes.is_empty() || in_scope)
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(&header.subject()))
            && self
                .commits
                .as_ref()
                .is_none_or(|own| commits.iter().any(|id| own.contains(*id)))
    }
}

/// The table, with what a project changed about it.
#[derive(Debug, Clone, Default)]
pub struct Table {
    overrides: BTreeMap<String, Destination>,
    selectors: Vec<(Section, Selector)>,
    layout: Layout,
    /// Name of the package, lower case: `Bump demo to 1.1.0` is about its own release.
    package: Option<String>,
    /// Whether pull requests without a line are not named.
    hides_upkeep: bool,
}

impl Table {
    /// The default table with overrides by type (lower case).
    pub fn new(overrides: BTreeMap<String, Destination>) -> Self {
        Self {
            overrides: overrides
                .into_iter()
                .map(|(kind, destination)| (kind.to_lowercase(), destination))
                .collect(),
            ..Self::default()
        }
    }

    /// The same table with sections of the project's own.
    #[must_use]
    pub fn with_sections(mut self, layout: Layout, selectors: Vec<(Section, Selector)>) -> Self {
        self.layout = layout;
        self.selectors = selectors;
        self
    }

    /// The same table for a package of this name.
    #[must_use]
    pub fn for_package(mut self, name: &str) -> Self {
        self.package = Some(name.to_lowercase());
        self
    }

    /// The same table, which names pull requests without a line or does not.
    #[must_use]
    pub fn naming_upkeep(mut self, is_named: bool) -> Self {
        self.hides_upkeep = !is_named;
        self
    }

    /// The sections in their order.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    fn destination(&self, kind: &str) -> Option<Destination> {
        self.overrides.get(kind).copied().or_else(|| {
            TYPES
                .iter()
                .find(|(name, _)| *name == kind)
                .map(|(_, destination)| *destination)
        })
    }

    /// What a commit is about that has no line by this rule, where its pull request is named with
    /// others: not where the project itself asked to leave it out.
    pub(super) fn upkeep_of_rule(&self, rule: &str) -> Option<Upkeep> {
        let word = rule.strip_prefix("type-").or(rule.strip_prefix("area-"));
        let is_asked_for = word.is_some_and(|word| self.overrides.contains_key(word));
        Upkeep::of_rule(rule).filter(|_| !is_asked_for && !self.hides_upkeep)
    }

    /// Whether the table knows a conventional type.
    pub fn knows(&self, kind: &str) -> bool {
        let kind = kind.to_ascii_lowercase();
        let selected = self
            .selectors
            .iter()
            .any(|(_, selector)| selector.types.contains(&kind));
        selected || self.destination(&kind).is_some()
    }

    /// Where a change goes, breaking ones and updates of dependencies aside. `commits` are those it
    /// came with.
    pub fn placement(&self, header: &Header, commits: &[&CommitId]) -> Placement {
        let scope = header.scope.as_deref().unwrap_or("").to_lowercase();

        // Words and tests about security close nothing: the type says so.
        let is_about_words = matches!(
            header.kind.as_deref(),
            Some("doc" | "docs" | "test" | "tests" | "ci" | "style")
        );

        let in_scope = matches!(scope.as_str(), "security" | "sec") && !is_about_words;
        let names_one = names_an_advisory(&header.description) && !is_about_words;
        if names_one || in_scope {
            return Placement::In(Section::Security);
        }
        let selected = self
            .selectors
            .iter()
            .find(|(_, selector)| selector.selects(header, commits));

        if let Some((section, selector)) = selected {
            return match &selector.skip {
                Some(rule) => Placement::Hidden(rule.clone()),
                None => Placement::In(*section),
            };
        }

        if is_release_commit(header, self.package.as_deref()) {
            return Placement::Hidden("release-commit".to_owned());
        }
        if header.style != Style::Conventional
            && let Some(rule) = housekeeping(&header.description)
        {
            return Placement::Hidden(rule.to_owned());
        }

        match header.style {
            Style::Conventional => self.by_type(header.kind.as_deref().unwrap_or_default()),
            Style::Area => self.by_area(&scope, &header.description),
            Style::Free if is_autosquash(&header.description) => {
                Placement::Hidden("autosquash".to_owned())
            }
            Style::Free => Placement::In(by_verb(&header.description)),
        }
    }

    fn by_type(&self, kind: &str) -> Placement {
        let Some(destination) = self.destination(kind) else {
            return Placement::In(Section::Other);
        };
        match destination.section() {
            Some(section) => Placement::In(section),
            None => Placement::Hidden(format!("type-{kind}")),
        }
    }

    fn by_area(&self, scope: &str, text: &str) -> Placement {
        match self.overrides.get(scope).map(|place| place.section()) {
            Some(Some(section)) => Placement::In(section),
            Some(None) => Placement::Hidden(format!("area-{scope}")),
            None if is_hidden_area(scope) => Placement::Hidden(format!("area-{scope}")),
            None => Placement::In(by_verb(text)),
        }
    }
}

/// Whether an area is not part of what is shipped.
fn is_hidden_area(scope: &str) -> bool {
    let bare = scope.strip_suffix(".md").unwrap_or(scope);
    HIDDEN_AREAS.contains(&bare)
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
        table.placement(&grammar::header(subject, &|kind| table.knows(kind)), &[])
    }

    #[test]
    fn where_changes_go() {
        use Section::{Deprecated, Features, Fixes, Other, Performance, Security};
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
            ("Open development database", Other),
            ("Start development server", Other),
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
            ("Ready for 1.2.3", "release-commit"),
            ("Start 1.3.0-dev development", "release-commit"),
            ("Back to development", "release-commit"),
            ("Begin the next development cycle", "release-commit"),
            ("ci: x", "type-ci"),
            ("docs(security): add a policy", "type-docs"),
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
        let place = |subject: &str| {
            table.placement(&grammar::header(subject, &|kind| table.knows(kind)), &[])
        };
        assert_eq!(place("docs: x"), Placement::In(Section::Other));
        assert_eq!(place("feat: x"), Placement::Hidden("type-feat".to_owned()));
    }
}
