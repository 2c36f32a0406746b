//! Skeletons of security advisories, and notices about advisories of dependencies.
//!
//! Must never: pretend to be finished. What only people know is a `FILL-IN`, and `check` fails
//! until it is gone. A vulnerability of a dependency is no advisory against ourselves: it gets a
//! notice.

use release_gate::time::{iso_date, rfc3339};
use serde_json::json;

use super::document::{Document, DocumentError, Part};
use super::markdown::escape;
use super::words::{counted, severity};
use crate::model::account::{Accounting, Entry};
use crate::model::advisories::advisory_ids;
use crate::model::release::{About, Vulnerabilities};
use crate::model::sections::Section;
use crate::model::vulnerabilities::Hit;

/// A file to be written below `advisories/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Ids of the vulnerability, upper case: an advisory that names one of them is about it.
    pub ids: Vec<String>,
}

/// Everything due for a release, sorted by name.
///
/// # Errors
/// A defect: a document does not read back as it was put in.
pub fn render(
    about: &About,
    accounting: &Accounting,
    vulnerabilities: &Vulnerabilities,
) -> Result<Vec<File>, DocumentError> {
    let mut files = Vec::new();
    let own = accounting
        .section(Section::Security)
        .filter(|entry| is_own(vulnerabilities, entry));
    for (at, entry) in own.enumerate() {
        let name = format!("RUSTSEC-0000-0000-{}", at + 1);
        files.push(File {
            name: format!("{name}.md"),
            text: render_rustsec(about, entry),
            ids: own_ids(entry).collect(),
        });
        files.push(File {
            name: format!("{name}.osv.json"),
            text: render_osv(about, entry),
            ids: own_ids(entry).collect(),
        });
    }

    for hit in vulnerabilities.fixed() {
        files.push(File {
            name: format!("{}-fixed.md", hit.id),
            text: render_notice(about, hit, true)?,
            ids: Vec::new(),
        });
    }

    for (_, hit) in &vulnerabilities.standing {
        files.push(File {
            name: format!("{}-known.md", hit.id),
            text: render_notice(about, hit, false)?,
            ids: Vec::new(),
        });
    }

    files.sort_by(|a, b| a.name.cmp(&b.name));
    files.dedup_by(|a, b| a.name == b.name);

    Ok(files)
}

/// Whether a line about security is about our own code: what names an advisory of a dependency, or
/// updates one, is not.
fn is_own(vulnerabilities: &Vulnerabilities, entry: &Entry) -> bool {
    let text = entry.text.visible();
    let compared = vulnerabilities.compared.iter().flat_map(|delta| {
        delta
            .fixed
            .iter()
            .chain(&delta.present)
            .chain(&delta.introduced)
    });

    let mut hits = compared.chain(vulnerabilities.standing.iter().map(|(_, hit)| hit));
    let of_dependency = |id: &String| hits.any(|hit| hit.id == *id || hit.aliases.contains(id));
    let first = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_lowercase();

    let updates = matches!(
        first.as_str(),
        "bump" | "bumps" | "update" | "updates" | "upgrade" | "upgrades"
    );

    let scope = entry
        .scope
        .as_ref()
        .map(|scope| scope.visible().to_lowercase())
        .unwrap_or_default();

    let scoped = scope.starts_with("dep") || scope.contains("lock");
    let named: Vec<String> = own_ids(entry).collect();

    !named.iter().any(of_dependency)
        && !scoped
        && !(updates && (!named.is_empty() || scope != "security"))
}

/// An advisory about our own code as RustSec wants it: TOML front matter, then Markdown.
/// <https://github.com/RustSec/advisory-db#advisory-format>
pub fn render_rustsec(about: &About, entry: &Entry) -> String {
    format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-0000-0000\"\npackage = \"{package}\"\ndate = \"{date}\"\n\
         url = \"FILL-IN: https address of a public description\"\ncategories = [\"FILL-IN: such as denial-of-service\"]\n\
         cvss = \"FILL-IN: CVSS:3.1/AV:…\"\naliases = [{aliases}]\n\n[affected.functions]\n# FILL-IN: \"{package}::function\" = [\"< {version}\"]\n\n\
         [versions]\npatched = [\">= {version}\"]\nunaffected = [] # FILL-IN: versions before the flaw came in\n```\n\n# {title}\n\n\
         FILL-IN: what an attacker can do, under which conditions, and since which version.\n\n## Mitigation\n\nUpgrade to {version}. \
         FILL-IN: what to do where that is not possible.\n",
        aliases = own_ids(entry)
            .map(|id| format!("\"{id}\""))
            .collect::<Vec<_>>()
            .join(", "),
        package = about.package,
        date = iso_date(about.time),
        version = about.version,
        title = escape(&entry.text),
    )
}

/// Ids the line and its messages give the vulnerability.
fn own_ids(entry: &Entry) -> impl Iterator<Item = String> + '_ {
    advisory_ids(entry.text.visible()).chain(entry.advisories.iter().cloned())
}

/// The same as OSV: <https://ossf.github.io/osv-schema/>.
fn render_osv(about: &About, entry: &Entry) -> String {
    let time = rfc3339(about.time);
    let value = json!({
        "schema_version": "1.6.7",
        "id": "RUSTSEC-0000-0000",
        "modified": time,
        "published": time,
        "aliases": own_ids(entry).collect::<Vec<_>>(),
        "summary": entry.text.visible(),
        "details": "FILL-IN: what an attacker can do, under which conditions, and since which version.",
        "affected": [{
            "package": { "ecosystem": "crates.io", "name": about.package, "purl": format!("pkg:cargo/{}", about.package) },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "FILL-IN" }, { "fixed": about.version.to_string() }] }],
        }],
        "severity": [{ "type": "CVSS_V3", "score": "FILL-IN" }],
        "references": entry.commits.iter().filter_map(|commit| {
            about.links.as_ref().map(|links| json!({ "type": "FIX", "url": links.commit(commit.as_str()) }))
        }).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

/// A notice about an advisory of a dependency: which of our releases shipped it, and what to do.
fn render_notice(about: &About, hit: &Hit, is_fixed: bool) -> Result<String, DocumentError> {
    let mut document = Document::new();
    document.heading(
        1,
        &[Part::Text(&format!(
            "{}: {} and {}",
            hit.id, about.package, hit.package
        ))],
    );

    if !hit.title.is_empty() {
        document.paragraph(&[Part::Foreign(&hit.title)]);
    }
    let (state, ships) = if is_fixed {
        ("Fixed", "no longer ships")
    } else {
        ("Known issue", "ships")
    };

    document.item(
        0,
        &[Part::Text(&format!(
            "{state}: {} {} {ships} a vulnerable version.",
            about.package, about.version
        ))],
    );

    facts_of(&mut document, hit);
    shipped_releases(&mut document, hit);
    if about.is_library {
        document.item(0, &[Part::Text("As a library: these are the versions of its own lockfile, which does not bind its users; yours decides.")]);
    }
    document.item(0, &[Part::Text(&mitigation_words(about, hit, is_fixed))]);

    document.finish()
}

/// What the advisory says of itself.
fn facts_of(document: &mut Document, hit: &Hit) {
    document.item(
        0,
        &[
            Part::Text("Vulnerable package: "),
            Part::Code(&hit.package),
            Part::Text(" "),
            Part::Text(&hit.versions.join(", ")),
            Part::Text(&severity(hit)),
        ],
    );

    if !hit.aliases.is_empty() {
        let aliases = hit.aliases.join(", ");
        document.item(0, &[Part::Text("Also known as: "), Part::Text(&aliases)]);
    }

    if !hit.date.is_empty() {
        let known = if hit.public_before {
            ", before the last release"
        } else {
            ", after the last release"
        };
        document.item(
            0,
            &[
                Part::Text("Public since: "),
                Part::Text(&hit.date),
                Part::Text(known),
            ],
        );
    }
}

fn shipped_releases(document: &mut Document, hit: &Hit) {
    if hit.shipped.releases > 0 {
        let affected = format!(
            "Our releases that shipped it ({}): {}",
            counted(hit.shipped.releases, "release", "releases"),
            hit.shipped.sentence()
        );
        document.item(0, &[Part::Text(&affected)]);
    }
    if hit.shipped.unknown > 0 {
        let unknown = format!(
            "Nobody can tell of {}: no lockfile that can be read",
            counted(hit.shipped.unknown, "earlier release", "earlier releases")
        );
        document.item(0, &[Part::Text(&unknown)]);
    }
}

fn mitigation_words(about: &About, hit: &Hit, is_fixed: bool) -> String {
    if is_fixed {
        return format!(
            "Mitigation: upgrade to {} {}.",
            about.package, about.version
        );
    }
    match hit.patched.as_slice() {
        [] => "Mitigation: FILL-IN: no version with a repair is known here; say why users are not affected, or what they can do.".to_owned(),
        patched => format!(
            "Mitigation: update {} to {} in your own lockfile.",
            hit.package,
            patched.join(" or ")
        ),
    }
}
