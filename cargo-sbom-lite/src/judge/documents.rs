//! What of somebody's SBOM can be looked up, and what cannot.
//!
//! A document is judged whole or not at all: whatever in it may be a crate and cannot be looked up,
//! and whatever it says is missing from it, is an entry of the coverage.

use std::collections::BTreeMap;

use release_gate::advisories::Advisories;
use release_gate::{Coverage, Rule};
use semver::Version;

use crate::model::locked::Locked;
use crate::model::purl::{CargoPurl, PackageUrl};
use crate::model::registry::is_mirror;
use crate::model::sbom::{Entry, Sbom};
use crate::model::source::Source;
use crate::rules;

/// What a document lists.
#[derive(Debug, Default)]
pub struct Listed {
    /// Cargo packages to look up, sorted.
    pub packages: Vec<Locked>,
    /// How many things are not judged, by rule, thing and reason.
    gaps: BTreeMap<(&'static str, String, String), (usize, &'static Rule)>,
}

impl Listed {
    /// The coverage of an audit of this list.
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::of(self.packages.len());
        for ((_, what, why), (count, rule)) in &self.gaps {
            coverage.not_judged(rule, what.clone(), *count, why.clone());
        }
        coverage
    }

    fn add_gap(&mut self, rule: &'static Rule, what: impl Into<String>, why: impl Into<String>) {
        let key = (rule.id, what.into(), why.into());
        self.gaps.entry(key).or_insert((0, rule)).0 += 1;
    }
}

/// Lists the packages of a document. `mirrors` are registries that serve what crates.io does.
pub fn list_packages(sbom: &Sbom, advisories: &Advisories, mirrors: &[String]) -> Listed {
    let mut listed = Listed::default();
    if let Some(main) = &sbom.main {
        list_entry(&mut listed, main, true, advisories);
    }
    for entry in sbom.components.values() {
        list_entry(&mut listed, entry, false, advisories);
    }

    for reference in &sbom.dangling {
        listed.add_gap(
            &rules::NOT_JUDGED_DOCUMENT,
            format!("`{reference}`"),
            "the document names it and does not have it",
        );
    }
    for (what, why) in &sbom.elsewhere {
        listed.add_gap(&rules::NOT_JUDGED_DOCUMENT, what.clone(), why.clone());
    }
    if sbom.components.is_empty() && !sbom.is_leaf {
        listed.add_gap(
            &rules::NOT_JUDGED_DOCUMENT,
            "what is described",
            "the document lists no component, and does not say that there are none",
        );
    }

    for package in &mut listed.packages {
        if let Source::Registry(url) = &package.source
            && is_mirror(url, mirrors)
        {
            package.source = Source::CratesIo;
        }
    }
    listed.packages.sort();
    listed.packages.dedup();
    listed
}

fn list_entry(listed: &mut Listed, entry: &Entry, is_main: bool, advisories: &Advisories) {
    let shown = shown(entry);
    let mut cargo: Vec<CargoPurl> = Vec::new();
    let mut others = Vec::new();
    for url in entry.purls() {
        match PackageUrl::parse(url) {
            PackageUrl::Cargo(package) => cargo.push(package),
            PackageUrl::Unreadable(why) => listed.add_gap(
                &rules::NOT_JUDGED_COMPONENT,
                format!("{shown} (`{url}`)"),
                format!("its package URL cannot be read: {why}"),
            ),
            PackageUrl::Repository => others.push((url, None)),
            PackageUrl::Other { name, version } => others.push((url, Some((name, version)))),
        }
    }

    if cargo.is_empty() {
        for (url, named) in others {
            list_other(listed, entry, (url, named), is_main, advisories);
        }
    }
    if entry.purl.is_none() {
        list_without_url(listed, entry, is_main, advisories);
    }
    list_cargo(listed, entry, &cargo, advisories);
    list_pedigree(listed, entry, advisories);
}

/// A component that is a cargo package by its URL. Everything else it says must agree with that.
fn list_cargo(listed: &mut Listed, entry: &Entry, cargo: &[CargoPurl], advisories: &Advisories) {
    let shown = shown(entry);
    for package in cargo {
        let version = if package.version.is_empty() {
            &entry.version
        } else {
            &package.version
        };
        match Version::parse(version) {
            Ok(version) => listed.packages.push(Locked {
                name: package.name.clone(),
                version,
                source: package.source.clone(),
                line: None,
                replaces_crates_io: false,
            }),
            Err(_) => listed.add_gap(
                &rules::NOT_JUDGED_COMPONENT,
                shown.clone(),
                format!("`{version}` is no version of a cargo package"),
            ),
        }
    }

    let Some(first) = cargo.first() else { return };
    if cargo.iter().any(|other| other != first) {
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            shown.clone(),
            "it has several package URLs, which name different packages",
        );
    }
    let is_same_version = entry.version.is_empty()
        || first.version.is_empty()
        || plain_version(&entry.version) == first.version;
    let is_same_name = canonical(&entry.name) == canonical(&first.name);
    // A part of a package (a program it builds) has a name of its own; the URL says so by a path.
    let is_part = !first.subpath.is_empty() && !concerns(entry, advisories);
    if !is_same_version || !(is_same_name || is_part) {
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            shown,
            format!("its package URL says {} {}", first.name, first.version),
        );
        // Whichever of the two it is: both are looked up.
        if let (true, Ok(version)) = (
            crate::model::purl::is_crate_name(&entry.name),
            Version::parse(plain_version(&entry.version)),
        ) {
            listed.packages.push(Locked {
                name: entry.name.clone(),
                version,
                source: Source::CratesIo,
                line: None,
                replaces_crates_io: false,
            });
        }
    }
}

/// A component of another ecosystem, or one that is named by its repository. One that is called
/// like a vulnerable crate may be that crate.
fn list_other(
    listed: &mut Listed,
    entry: &Entry,
    (url, named): (&str, Option<(String, String)>),
    is_main: bool,
    advisories: &Advisories,
) {
    let is_repository = named.is_none();
    let by_url = named.is_some_and(|(name, version)| is_vulnerable(&name, &version, advisories));
    if !is_main && (by_url || has_invisible(&entry.name) || concerns(entry, advisories)) {
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            format!("{} (`{url}`)", shown(entry)),
            "a crate that is called so is vulnerable, and its package URL says that it is something else",
        );
        return;
    }
    let rule = if is_repository && !is_main {
        &rules::NOT_JUDGED_REPOSITORY
    } else {
        &rules::NOT_JUDGED_OTHER
    };
    listed.add_gap(rule, format!("`{url}`"), "it is no package of crates.io");
}

/// A component without a package URL. Libraries have one; files, systems and the parts of a package
/// need none, and what is described need not be a package.
fn list_without_url(listed: &mut Listed, entry: &Entry, is_main: bool, advisories: &Advisories) {
    let is_library = matches!(entry.kind.as_deref(), None | Some("library" | "framework"));
    if !is_main && (is_library || has_invisible(&entry.name) || concerns(entry, advisories)) {
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            shown(entry),
            "it has no package URL",
        );
        return;
    }
    listed.add_gap(
        &rules::NOT_JUDGED_OTHER,
        shown(entry),
        "it has no package URL, and is no library",
    );
}

/// What a component was made from: the defects of the original may be in it.
fn list_pedigree(listed: &mut Listed, entry: &Entry, advisories: &Advisories) {
    for url in &entry.derived_from {
        let why = match PackageUrl::parse(url) {
            PackageUrl::Cargo(origin)
                if is_vulnerable(&origin.name, &origin.version, advisories) =>
            {
                "what it was made from is vulnerable, and whether the change repairs that is not known"
            }
            PackageUrl::Unreadable(_) => "what it was made from cannot be read",
            _ => continue,
        };
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            format!("{} (made from `{url}`)", shown(entry)),
            why,
        );
    }
}

fn shown(entry: &Entry) -> String {
    format!("{} {}", entry.name, entry.version)
        .trim_end()
        .to_owned()
}

fn canonical(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// Whether a name holds characters that nobody sees: it may be made to look like another one.
fn has_invisible(name: &str) -> bool {
    name.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
    })
}

fn plain_version(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).unwrap_or(version)
}

/// Whether an advisory concerns the crate that an entry is called after.
fn concerns(entry: &Entry, advisories: &Advisories) -> bool {
    is_vulnerable(&entry.name, &entry.version, advisories)
}

fn is_vulnerable(name: &str, version: &str, advisories: &Advisories) -> bool {
    Version::parse(plain_version(version))
        .is_ok_and(|version| advisories.concerning(name, &version).next().is_some())
}
