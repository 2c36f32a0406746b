//! The sections of the notes that say what changed.
//!
//! Must never: decide what changed. It renders the composed release line by line.

use std::collections::BTreeSet;

use super::document::{Document, Part};
use super::notes::count;
use crate::model::account::Entry;
use crate::model::breaking::{Breaking, Source};
use crate::model::dependencies::{OneSided, Updated};
use crate::model::facts::BuildInfo;
use crate::model::manifest::Change;
use crate::model::people::Contributor;
use crate::model::release::Release;
use crate::model::sections::Section;
use crate::model::untrusted::Untrusted;
use crate::model::vulnerabilities::Hit;

/// A section that is a list of lines and nothing else, `most` of them at most.
pub(super) fn plain(
    document: &mut Document,
    release: &Release,
    section: Section,
    level: u8,
    most: usize,
) {
    let entries: Vec<&Entry> = release.accounting.section(section).collect();
    if !entries.is_empty() {
        document.heading(level, &[Part::Text(section.title())]);
        lines(document, release, &entries, most);
    }
}

fn lines(document: &mut Document, release: &Release, entries: &[&Entry], most: usize) {
    entries
        .iter()
        .take(most)
        .for_each(|line| entry(document, release, line));
    more(document, entries.len().saturating_sub(most));
}

/// Says how many lines were left out.
fn more(document: &mut Document, left_out: usize) {
    if left_out > 0 {
        document.item(
            0,
            &[Part::Text(&format!(
                "and {left_out} more (all in relnotes.json)"
            ))],
        );
    }
}

fn entry(document: &mut Document, release: &Release, entry: &Entry) {
    let tail = tail(release, entry);
    let mut parts = Vec::new();
    if let Some(scope) = &entry.scope {
        parts.extend([Part::Strong(scope), Part::Text(": ")]);
    }
    parts.push(Part::Foreign(&entry.text));
    parts.extend(tail.iter().map(Tail::part));
    document.item(0, &parts);
}

enum Tail {
    Text(&'static str),
    Number(String),
    Link(String, String),
    Commit(String),
}

impl Tail {
    fn part(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Number(text) => Part::Text(text),
            Self::Link(text, url) => Part::Link(text.clone(), url.clone()),
            Self::Commit(id) => Part::Code(id),
        }
    }
}

/// ` (#12, abc123…)`: the pull request and the commits behind a line.
fn tail(release: &Release, entry: &Entry) -> Vec<Tail> {
    let mut tail = vec![Tail::Text(" (")];
    if let Some(pull) = entry.pull {
        let text = format!("#{pull}");
        tail.push(match &release.repository {
            Some(base) => Tail::Link(text, format!("{base}/issues/{pull}")),
            None => Tail::Number(text),
        });
        tail.push(Tail::Text(", "));
    }
    const SHOWN: usize = 4;
    for (at, commit) in entry.commits.iter().take(SHOWN).enumerate() {
        if at > 0 {
            tail.push(Tail::Text(", "));
        }
        tail.push(Tail::Commit(commit.short().to_owned()));
    }
    if entry.commits.len() > SHOWN {
        tail.push(Tail::Number(format!(
            " and {} more",
            entry.commits.len() - SHOWN
        )));
    }
    tail.push(Tail::Text(")"));
    tail
}

/// Breaking changes of both sources.
pub(super) fn breaking(document: &mut Document, release: &Release, level: u8) {
    let removed = release
        .manifest
        .iter()
        .flat_map(|delta| &delta.features_removed)
        .collect::<Vec<_>>();
    if release.breaking.is_empty() && removed.is_empty() {
        return;
    }
    document.heading(level, &[Part::Text(Section::Breaking.title())]);
    for item in &release.breaking {
        if let Some(line) = &item.entry {
            entry(document, release, line);
            for note in &line.breaking {
                document.item(1, &[Part::Foreign(note)]);
            }
        }
        for change in &item.changes {
            let said = if item.source == Source::Detected {
                ", found by comparing the API and named by no commit"
            } else {
                ""
            };
            let parts = [
                Part::Code(&change.item),
                Part::Text(": "),
                Part::Text(&change.rule),
                Part::Text(said),
            ];
            document.item(usize::from(item.entry.is_some()), &parts);
        }
    }
    for feature in removed {
        document.item(
            0,
            &[
                Part::Text("The feature "),
                Part::Code(feature),
                Part::Text(" is gone"),
            ],
        );
    }
}

/// Advisories this release closes, and what commits say about security.
pub(super) fn security(document: &mut Document, release: &Release, level: u8) {
    let fixed = release
        .vulnerabilities
        .as_ref()
        .map(|delta| delta.fixed.as_slice())
        .unwrap_or_default();
    let entries: Vec<&Entry> = release.accounting.section(Section::Security).collect();
    if fixed.is_empty() && entries.is_empty() {
        return;
    }
    document.heading(level, &[Part::Text(Section::Security.title())]);
    for hit in fixed {
        let (severity, shipped) = (severity(hit), shipped(hit, release.is_library));
        document.item(
            0,
            &[
                Part::Code(&hit.id),
                Part::Text(" no longer applies: "),
                Part::Foreign(&hit.title),
                Part::Text(" (in "),
                Part::Code(&hit.package),
                Part::Text(&severity),
                Part::Text(")"),
                Part::Text(&shipped),
            ],
        );
    }
    entries
        .into_iter()
        .for_each(|line| entry(document, release, line));
}

/// `, severity high`, and where it is not used.
pub(super) fn severity(hit: &Hit) -> String {
    let severity = hit
        .severity
        .as_deref()
        .map(|severity| format!(", severity {severity}"))
        .unwrap_or_default();
    let only = if hit.locked_only {
        ", only in Cargo.lock: for tests or other packages"
    } else {
        ""
    };
    format!("{severity}{only}")
}

/// Which of our releases shipped it, as a sentence behind a line.
pub(super) fn shipped(hit: &Hit, is_library: bool) -> String {
    let unknown = match hit.shipped.unknown {
        0 => String::new(),
        unknown => format!(
            " ({} without a readable lockfile: unknown)",
            count(unknown, "release")
        ),
    };
    if hit.shipped.releases == 0 {
        return unknown;
    }
    let binding = if is_library {
        " (by its own lockfile, which does not bind users of the library)"
    } else {
        ""
    };
    format!(
        ". {} shipped it{binding}: {}{unknown}",
        count(hit.shipped.releases, "release"),
        hit.shipped.sentence()
    )
}

/// What changes for those who build: `rust-version`, edition, features, binaries.
pub(super) fn compatibility(document: &mut Document, release: &Release, level: u8) {
    let Some(delta) = release.manifest.as_ref() else {
        return;
    };
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut value = |what: &str, change: &Option<Change>| {
        if let Some(change) = change {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "unsaid".to_owned());
            lines.push((
                format!("{what}: "),
                format!("{} → {}", side(&change.before), side(&change.after)),
            ));
        }
    };
    value("Minimum Rust version (rust-version)", &delta.rust_version);
    value("Edition", &delta.edition);
    let lists = [
        ("New features: ", &delta.features_added),
        ("On by default now: ", &delta.default_added),
        ("No longer on by default: ", &delta.default_removed),
        ("New binaries: ", &delta.bins_added),
        ("Binaries that are gone: ", &delta.bins_removed),
    ];
    for (what, names) in lists {
        if !names.is_empty() {
            lines.push((
                what.to_owned(),
                names.iter().cloned().collect::<Vec<_>>().join(", "),
            ));
        }
    }
    lines.extend(targets(release));
    if lines.is_empty() {
        return;
    }
    document.heading(level, &[Part::Text("Compatibility")]);
    for (what, value) in &lines {
        document.item(0, &[Part::Text(what), Part::Code(value)]);
    }
}

/// Targets that are built now and were not before, and the other way round, where both builds are
/// known.
fn targets(release: &Release) -> Vec<(String, String)> {
    let (Some(before), Some(now)) = (&release.build_before, release.facts.buildinfo.usable())
    else {
        return Vec::new();
    };
    let of = |info: &BuildInfo| -> BTreeSet<String> {
        info.artifacts
            .iter()
            .filter_map(|artifact| artifact.target.clone())
            .collect()
    };
    let (old, new) = (of(before), of(&now.data));
    let list = |what: &str, a: &BTreeSet<String>, b: &BTreeSet<String>| {
        let only: Vec<String> = a.difference(b).cloned().collect();
        (!only.is_empty()).then(|| (what.to_owned(), only.join(", ")))
    };
    [
        list("Built for the first time for: ", &new, &old),
        list("No longer built for: ", &old, &new),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What changed in the lockfile, or, where that is not known, what commits say.
pub(super) fn dependencies(document: &mut Document, release: &Release, level: u8, most: usize) {
    let entries: Vec<&Entry> = release.accounting.section(Section::Dependencies).collect();
    let delta = release
        .dependencies
        .as_ref()
        .ok()
        .filter(|delta| !delta.is_empty());
    if entries.is_empty() && delta.is_none() {
        return;
    }
    document.heading(level, &[Part::Text(Section::Dependencies.title())]);
    lines(document, release, &entries, most);
    let Some(delta) = delta else { return };
    for change in &delta.source_changes {
        document.item(
            0,
            &[
                Part::Code(&change.name),
                Part::Text(" comes from somewhere else: "),
                Part::Code(&change.from),
                Part::Text(" → "),
                Part::Code(&change.to),
            ],
        );
    }
    for one in delta.updated.iter().filter(|one| one.direct) {
        document.item(
            0,
            &[
                Part::Code(&one.name),
                Part::Text(&format!(" {} → {}", one.from, one.to)),
            ],
        );
    }
    for (what, list) in [("added", &delta.added), ("removed", &delta.removed)] {
        for one in list.iter().filter(|one| one.direct) {
            document.item(
                0,
                &[
                    Part::Code(&one.name),
                    Part::Text(&format!(" {} {what}", one.version)),
                ],
            );
        }
    }
    let moved = |list: &[Updated]| {
        list.iter()
            .filter(|one| !one.direct)
            .map(|one| format!("{} {} → {}", one.name, one.from, one.to))
            .collect::<Vec<_>>()
    };
    let sided = |list: &[OneSided]| {
        list.iter()
            .filter(|one| !one.direct)
            .map(|one| format!("{} {}", one.name, one.version))
            .collect::<Vec<_>>()
    };
    for (what, list) in [
        ("updated", moved(&delta.updated)),
        ("added", sided(&delta.added)),
        ("removed", sided(&delta.removed)),
    ] {
        if !list.is_empty() {
            document.item(
                0,
                &[
                    Part::Text(&format!("Indirect, {what} ({}): ", list.len())),
                    Part::Text(&wrapped(&list)),
                ],
            );
        }
    }
    if !delta.new_duplicates.is_empty() {
        document.item(
            0,
            &[
                Part::Text("Now in several versions: "),
                Part::Text(&delta.new_duplicates.join(", ")),
            ],
        );
    }
}

/// A list that stays readable: what fits into a few lines, and how many more.
fn wrapped(list: &[String]) -> String {
    const MOST: usize = 800;
    let mut text = String::new();
    for (at, one) in list.iter().enumerate() {
        if text.len() + one.len() > MOST {
            return format!(
                "{text}, and {} more (all in relnotes.json)",
                list.len() - at
            );
        }
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(one);
    }
    text
}

/// Who took part.
pub(super) fn contributors(document: &mut Document, release: &Release, most: usize) {
    if release.contributors.is_empty() {
        return;
    }
    document.heading(2, &[Part::Text("Contributors")]);
    let first_release = release.predecessor.release.is_none();
    let is_new = |person: &&Contributor| person.first && !first_release;
    if release.contributors.len() > FEW {
        let (new, known): (Vec<&Contributor>, Vec<&Contributor>) = release
            .contributors
            .iter()
            .partition(|person| is_new(person));
        names(document, "", &known, most);
        names(document, "For the first time: ", &new, most);
        return;
    }
    for person in &release.contributors {
        let first = if is_new(&person) {
            ", for the first time"
        } else {
            ""
        };
        document.item(
            0,
            &[
                Part::Foreign(&person.name),
                Part::Text(&format!(" ({}{first})", count(person.commits, "commit"))),
            ],
        );
    }
}

/// How many people have a line each.
const FEW: usize = 12;

fn names(document: &mut Document, introduction: &str, people: &[&Contributor], most: usize) {
    if people.is_empty() {
        return;
    }
    let numbers: Vec<String> = people
        .iter()
        .map(|person| format!(" ({})", count(person.commits, "commit")))
        .collect();
    let mut parts = vec![Part::Text(introduction)];
    for (at, (person, number)) in people.iter().zip(&numbers).take(most).enumerate() {
        if at > 0 {
            parts.push(Part::Text(", "));
        }
        parts.extend([Part::Foreign(&person.name), Part::Text(number)]);
    }
    let more = format!(
        " and {} more (all in relnotes.json)",
        people.len().saturating_sub(most)
    );
    if people.len() > most {
        parts.push(Part::Text(&more));
    }
    document.item(0, &parts);
}

/// Order of the sections in a file that follows Keep a Changelog.
const KEEP_A_CHANGELOG: [&str; 6] = [
    "Added",
    "Changed",
    "Deprecated",
    "Removed",
    "Fixed",
    "Security",
];

/// The changes under the names Keep a Changelog 1.1 gives them; breaking ones say so.
pub(super) fn keep_a_changelog(document: &mut Document, release: &Release) {
    let breaking_label = Untrusted::new("Breaking");
    let start = document.len();
    for name in KEEP_A_CHANGELOG {
        let entries: Vec<&Entry> = release
            .accounting
            .entries
            .iter()
            .filter(|entry| entry.section.keep_a_changelog() == name)
            .collect();
        let removed: Vec<&String> = match name {
            "Removed" => release
                .manifest
                .iter()
                .flat_map(|delta| &delta.features_removed)
                .collect(),
            _ => Vec::new(),
        };
        let raised = release
            .manifest
            .as_ref()
            .and_then(|delta| delta.raised_rust_version())
            .filter(|_| name == "Changed");
        let fixed = match (&release.vulnerabilities, name) {
            (Ok(delta), "Security") => delta.fixed.as_slice(),
            _ => &[],
        };
        let detected: Vec<&Breaking> = match name {
            "Changed" => release
                .breaking
                .iter()
                .filter(|item| item.source == Source::Detected)
                .collect(),
            _ => Vec::new(),
        };
        if entries.is_empty()
            && removed.is_empty()
            && raised.is_none()
            && fixed.is_empty()
            && detected.is_empty()
        {
            continue;
        }
        document.heading(3, &[Part::Text(name)]);
        for line in entries {
            let tail = tail(release, line);
            let mut parts = Vec::new();
            if line.section == Section::Breaking {
                parts.extend([Part::Strong(&breaking_label), Part::Text(": ")]);
            }
            if let Some(scope) = &line.scope {
                parts.extend([Part::Strong(scope), Part::Text(": ")]);
            }
            parts.push(Part::Foreign(&line.text));
            parts.extend(tail.iter().map(Tail::part));
            document.item(0, &parts);
        }
        for change in detected.iter().flat_map(|item| &item.changes) {
            let parts = [
                Part::Strong(&breaking_label),
                Part::Text(": "),
                Part::Code(&change.item),
                Part::Text(": "),
                Part::Text(&change.rule),
            ];
            document.item(0, &parts);
        }
        if let Some(version) = raised {
            document.item(
                0,
                &[
                    Part::Text("The minimum Rust version is "),
                    Part::Code(version),
                ],
            );
        }
        for feature in removed {
            document.item(
                0,
                &[
                    Part::Strong(&breaking_label),
                    Part::Text(": the feature "),
                    Part::Code(feature),
                ],
            );
        }
        for hit in fixed {
            document.item(
                0,
                &[
                    Part::Code(&hit.id),
                    Part::Text(" no longer applies: "),
                    Part::Foreign(&hit.title),
                ],
            );
        }
    }
    if document.len() == start {
        document.paragraph(&[Part::Text("Nothing changed for those who use it.")]);
    }
}
