//! What of somebody's SBOM can be looked up, and what cannot.
//!
//! A document is judged whole or not at all: whatever in it may be a crate and cannot be looked up,
//! and whatever it says is missing from it, is an entry of the coverage.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::advisories::{Advisories, Collection};
use release_gate::facts::report::vulns::AdvisoryKind;
use release_gate::{Coverage, Rule};
use semver::Version;

use crate::model::locked::Locked;
use crate::model::mention::is_invisible;
use crate::model::purl::{CargoPurl, PackageUrl};
use crate::model::registry::is_mirror;
use crate::model::sbom::{Entry, Sbom};
use crate::model::source::Source;
use crate::model::url::redact_text;
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
        // Addresses in somebody's document may hold a password.
        let key = (rule.id, redact_text(&what.into()), why.into());
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
        package.source = package.source.public();
    }
    listed.packages.sort();
    listed.packages.dedup();
    list_mentions(&mut listed, sbom, advisories);
    listed
}

/// Vulnerable crates that the document names, and that are not among its packages: by another kind
/// of package URL, in a part of the document that no component is in, under a name that looks like
/// theirs; and parts of it that are elsewhere.
fn list_mentions(listed: &mut Listed, sbom: &Sbom, advisories: &Advisories) {
    let looked_up: BTreeSet<(String, String)> = listed
        .packages
        .iter()
        .map(|package| (canonical(&package.name), package.version.to_string()))
        .collect();

    for ((name, version), url) in &sbom.mentions.others {
        if is_vulnerable(name, version, advisories) {
            listed.add_gap(
                &rules::NOT_JUDGED_REPOSITORY,
                format!("`{url}`"),
                format!("the crate {name} {version} is vulnerable, and this is a namesake of it"),
            );
        }
    }

    for ((name, version), text) in sbom.mentions.crates() {
        let is_hidden = is_vulnerable(name, version, advisories)
            && !looked_up.contains(&(canonical(name), version.clone()));
        if is_hidden {
            listed.add_gap(
                &rules::NOT_JUDGED_COMPONENT,
                format!("`{text}`"),
                format!(
                    "it may mean the crate {name} {version}, which is vulnerable and not among the packages of the document"
                ),
            );
        }
    }

    for link in &sbom.mentions.links {
        let is_own = sbom
            .own_link
            .as_ref()
            .is_some_and(|own| link.starts_with(own.as_str()));
        if !is_own {
            listed.add_gap(
                &rules::NOT_JUDGED_DOCUMENT,
                format!("`{link}`"),
                "it is in another document",
            );
        }
    }
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
            PackageUrl::Repository => others.push((url, true)),
            PackageUrl::Other { .. } => others.push((url, false)),
        }
    }

    for objection in &entry.objections {
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            shown.clone(),
            objection.clone(),
        );
    }
    if has_invisible(&entry.name) {
        listed.add_gap(
            &rules::NOT_JUDGED_COMPONENT,
            format!("{:?}", entry.name),
            "its name has invisible characters",
        );
    }
    if cargo.is_empty() {
        for (url, is_repository) in others {
            list_other(listed, url, is_repository && !is_main);
        }
    }
    if entry.purl.is_none() {
        list_without_url(listed, entry, is_main);
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
                format!("`{version}` is not a version of a cargo package"),
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

/// A component of another ecosystem, or one that is named by its repository.
fn list_other(listed: &mut Listed, url: &str, is_repository: bool) {
    let rule = if is_repository {
        &rules::NOT_JUDGED_REPOSITORY
    } else {
        &rules::NOT_JUDGED_OTHER
    };
    listed.add_gap(rule, format!("`{url}`"), "it is not a package of crates.io");
}

/// What needs no package URL: files, systems and the parts of a package, in the words of CycloneDX
/// and of both versions of SPDX. Of whatever is called otherwise nobody knows.
const NO_LIBRARIES: &[&str] = &[
    "application",
    "archive",
    "bom",
    "configuration",
    "container",
    "cryptographic-asset",
    "data",
    "device",
    "device-driver",
    "devicedriver",
    "diskimage",
    "documentation",
    "evidence",
    "executable",
    "file",
    "filesystemimage",
    "firmware",
    "install",
    "machine-learning-model",
    "manifest",
    "model",
    "operating-system",
    "operatingsystem",
    "operating_system",
    "other",
    "patch",
    "platform",
    "requirement",
    "source",
    "specification",
    "test",
];

/// A component without a package URL. What is described need not be a package.
fn list_without_url(listed: &mut Listed, entry: &Entry, is_main: bool) {
    let is_library = entry
        .kind
        .as_deref()
        .is_none_or(|kind| !NO_LIBRARIES.contains(&kind));
    let (rule, why) = if is_library && !is_main {
        (&rules::NOT_JUDGED_COMPONENT, "it has no package URL")
    } else {
        (
            &rules::NOT_JUDGED_OTHER,
            "it has no package URL, and is not a library",
        )
    };
    listed.add_gap(rule, shown(entry), why);
}

/// What a component was made from: the defects of the original may be in it.
fn list_pedigree(listed: &mut Listed, entry: &Entry, advisories: &Advisories) {
    for url in &entry.derived_from {
        let why = match PackageUrl::parse(url) {
            PackageUrl::Cargo(origin) if may_be_vulnerable(&origin, advisories) => {
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
    name.chars().any(is_invisible)
}

fn plain_version(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).unwrap_or(version)
}

/// Whether an advisory concerns the crate that an entry is called after.
fn concerns(entry: &Entry, advisories: &Advisories) -> bool {
    is_vulnerable(&entry.name, &entry.version, advisories)
}

/// Whether a version of a crate has a known vulnerability. That nobody maintains it is none.
fn is_vulnerable(name: &str, version: &str, advisories: &Advisories) -> bool {
    Version::parse(plain_version(version)).is_ok_and(|version| {
        advisories
            .concerning(name, &version)
            .any(|advisory| is_of_weight(advisory.kind))
    })
}

/// As [`is_vulnerable`], where the version may be missing: then any vulnerability counts.
fn may_be_vulnerable(origin: &CargoPurl, advisories: &Advisories) -> bool {
    if Version::parse(plain_version(&origin.version)).is_ok() {
        return is_vulnerable(&origin.name, &origin.version, advisories);
    }
    advisories
        .about(Collection::Crates, &origin.name)
        .iter()
        .any(|advisory| !advisory.withdrawn && is_of_weight(advisory.kind))
}

fn is_of_weight(kind: AdvisoryKind) -> bool {
    matches!(
        kind,
        AdvisoryKind::Vulnerability | AdvisoryKind::Malicious | AdvisoryKind::Unknown
    )
}
