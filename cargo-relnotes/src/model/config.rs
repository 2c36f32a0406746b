//! `[relnotes]` of `release-gates.toml`.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use release_gate::{Error, Result};
use schemars::JsonSchema;
use serde::Deserialize;

use super::corrections::{Correction, Corrections};
use super::facts::FACT_NAMES;
use super::links::Links;
use super::sections::{Destination, Layout, Section, Selector, Table};

/// The table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Forms of release tags, with `{version}` in them, or with its numbers, as in
    /// `v{major}_{minor}_{patch}`. Default: `v{version}`, `{version}`, and both with the package's
    /// name in front.
    pub tag_patterns: Vec<String>,
    /// The section of a conventional type or an area: `docs = "other"`, `ci = "hide"`.
    pub sections: BTreeMap<String, Destination>,
    /// Your own sections, in the order in which they are printed.
    pub section: Vec<SectionConfig>,
    /// Whether pull requests without a line, such as those about tests, are named by their numbers
    /// at the end. Default: yes.
    pub upkeep: Option<bool>,
    /// Corrections of single commits.
    pub commit: Vec<CommitConfig>,
    /// Replacements in the messages of all commits, before anything is read of them.
    pub rewrite: Vec<RewriteConfig>,
    /// Further folders, relative to the repository, whose commits belong to the package.
    pub paths: Vec<String>,
    /// Reports of other gates that a final release needs. Default: all of them.
    pub required_facts: Option<Vec<String>>,
    /// Address of the project, for links to issues. Default: `package.repository`.
    pub repository: Option<String>,
    /// Where to report a vulnerability, for SECURITY.md: an e-mail address or a link.
    pub security_contact: Option<String>,
    /// Sentences about supported versions, for SECURITY.md.
    pub security_policy: Option<String>,
    /// Whether first-time contributors are marked. This reads the whole history.
    pub first_timers: Option<bool>,
    /// A file, relative to the repository, with one person a line: `@login Name <address>`.
    pub contributors: Option<String>,
    /// Folder of the repository with your own words for each release, in `<version>.md`. Default:
    /// `release-notes`.
    pub notes_folder: Option<String>,
    /// Folder of the repository with fragments, such as `12.added.md`. Default: `changes`.
    pub fragments_folder: Option<String>,
    /// The migration guide in the repository. Default: `MIGRATION.md`.
    pub migration_guide: Option<String>,
    /// Folder of the repository with your advisories. Default: `advisories`.
    pub advisories_folder: Option<String>,
}

/// A section of one's own, or a usual one under another name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SectionConfig {
    /// Id of the section. The id of a usual section, such as `features`, moves or renames that one.
    pub id: String,
    /// Its heading. Default: that of the usual section.
    pub title: Option<String>,
    /// Conventional types of its changes.
    #[serde(default)]
    pub types: Vec<String>,
    /// Scopes and areas of its changes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Files and folders, relative to the repository, that its changes touch.
    #[serde(default)]
    pub paths: Vec<String>,
    /// A regular expression that matches the subjects of its changes.
    pub pattern: Option<String>,
    /// A regular expression that matches the bodies of its commits, footers aside.
    pub body: Option<String>,
    /// A regular expression that matches one of the footers of its commits, such as `Changelog:
    /// internal`.
    pub footer: Option<String>,
    /// A regular expression that matches the names of the authors of its commits.
    pub author: Option<String>,
    /// Whether its changes have no line.
    #[serde(default)]
    pub skip: bool,
}

/// What is said about one commit after the fact.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommitConfig {
    /// Id of the commit, or at least its first seven digits.
    pub id: String,
    /// Whether it is left out of the notes.
    #[serde(default)]
    pub skip: bool,
    /// The subject that it should have had.
    pub text: Option<String>,
    /// The id of the section it belongs to.
    pub section: Option<String>,
}

/// A replacement in the messages of all commits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RewriteConfig {
    /// A regular expression.
    pub pattern: String,
    /// What stands in its place; `${1}` is what its first group matched.
    pub replace: String,
}

impl Config {
    /// The replacements in messages, in their order.
    ///
    /// # Errors
    /// A usage error for a pattern that is not a regular expression.
    pub fn rewrites(&self) -> Result<Vec<(Regex, &str)>> {
        let rewrites = self.rewrite.iter();
        rewrites
            .map(|one| {
                let pattern = Regex::new(&one.pattern).map_err(|error| {
                    Error::usage(format!(
                        "the `pattern` {:?} of a [[relnotes.rewrite]] is not a regular expression",
                        one.pattern
                    ))
                    .with_source(error)
                })?;
                Ok((pattern, one.replace.as_str()))
            })
            .collect()
    }

    /// Names of the required facts.
    ///
    /// # Errors
    /// A usage error for a name that is none.
    pub fn required(&self) -> Result<Vec<String>> {
        let Some(names) = &self.required_facts else {
            return Ok(FACT_NAMES.iter().map(|name| (*name).to_owned()).collect());
        };
        for name in names {
            if !FACT_NAMES.contains(&name.as_str()) {
                return Err(Error::usage(format!(
                    "[relnotes] required-facts names `{name}`, which is not a fact"
                ))
                .with_help(format!("there are {}", FACT_NAMES.join(", "))));
            }
        }
        Ok(names.clone())
    }

    /// Where links lead: to the address that is set, else to that of the package.
    pub fn links(&self, of_package: Option<&str>) -> Option<Links> {
        Links::to(self.repository.as_deref().or(of_package)?)
    }

    /// The sections of the project's own, by their position, with what selects their changes. Tables
    /// of one id are one section with several ways to it.
    ///
    /// # Errors
    /// A usage error for a pattern that is not a regular expression, or too many sections.
    pub fn own_sections(&self) -> Result<Vec<(Section, &SectionConfig, Selector)>> {
        let mut custom = 0_u8;
        let mut found = Vec::new();
        for config in &self.section {
            let same = found
                .iter()
                .find(|(_, other, _): &&(Section, &SectionConfig, Selector)| other.id == config.id)
                .map(|(section, ..)| *section);
            let section = match same.or_else(|| Section::of_id(&config.id)) {
                Some(section) => section,
                None => {
                    let section = Section::Custom(custom);
                    custom = custom
                        .checked_add(1)
                        .ok_or_else(|| Error::usage("[relnotes] has too many sections"))?;
                    section
                }
            };
            found.push((section, config, selector(config)?));
        }
        Ok(found)
    }

    /// The table that places changes. `selectors` are those of [`Self::own_sections`], with the
    /// commits that their paths, bodies, footers and authors ask for.
    pub fn table(&self, own: Vec<(Section, &SectionConfig, Selector)>) -> Table {
        let mut seen = BTreeSet::new();
        let named: Vec<(Section, String, String)> = own
            .iter()
            .filter(|(section, config, _)| !config.skip && seen.insert(*section))
            .map(|(section, config, _)| {
                let title = config.title.clone();
                let title = title.unwrap_or_else(|| match section {
                    Section::Custom(_) => config.id.clone(),
                    usual => usual.usual_title().to_owned(),
                });
                (*section, config.id.clone(), title)
            })
            .collect();
        let selectors = own
            .into_iter()
            .map(|(section, _, selector)| (section, selector))
            .collect();
        Table::new(self.sections.clone())
            .with_sections(Layout::new(&named), selectors)
            .naming_upkeep(self.upkeep != Some(false))
    }

    /// What is said about single commits.
    ///
    /// # Errors
    /// A usage error for an id that is none, or a section nobody named.
    pub fn corrections(&self) -> Result<Corrections> {
        let own = self.own_sections()?;
        let mut list = Vec::new();
        for config in &self.commit {
            let id = config.id.to_ascii_lowercase();
            let is_id = (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit());
            if !is_id {
                return Err(Error::usage(format!(
                    "[[relnotes.commit]] names `{}`, which is not an id of a commit",
                    config.id
                ))
                .with_help("give at least the first seven digits of the id"));
            }
            let section = match &config.section {
                Some(name) => Some(section_named(name, &own)?),
                None => None,
            };
            list.push(Correction {
                id,
                skip: config.skip,
                text: config.text.clone(),
                section,
            });
        }

        Ok(Corrections::new(list))
    }
}

fn section_named(name: &str, own: &[(Section, &SectionConfig, Selector)]) -> Result<Section> {
    own.iter()
        .find(|(_, config, _)| config.id == name)
        .map(|(section, ..)| *section)
        .or_else(|| Section::of_id(name))
        .ok_or_else(|| {
            Error::usage(format!(
                "[[relnotes.commit]] names the section `{name}`, which there is not"
            ))
            .with_help("name a usual section (`features`, `fixes`, …) or the id of a `[[relnotes.section]]`")
        })
}

fn lower_case(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.to_lowercase()).collect()
}

fn selector(config: &SectionConfig) -> Result<Selector> {
    let read = |key: &str, text: &Option<String>| -> Result<Option<Regex>> {
        let Some(text) = text else { return Ok(None) };
        Regex::new(text).map(Some).map_err(|error| {
            Error::usage(format!(
                "the `{key}` of the section `{}` under [relnotes] is not a regular expression",
                config.id
            ))
            .with_source(error)
        })
    };
    Ok(Selector {
        types: lower_case(&config.types),
        scopes: lower_case(&config.scopes),
        pattern: read("pattern", &config.pattern)?,
        body: read("body", &config.body)?,
        footer: read("footer", &config.footer)?,
        author: read("author", &config.author)?,
        commits: None,
        skip: config.skip.then(|| format!("section-{}", config.id)),
    })
}
