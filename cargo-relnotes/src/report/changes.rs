//! The sections of the notes that say what changed.
//!
//! Must never: decide what changed. It renders the composed release line by line.

use std::collections::BTreeSet;

use super::document::{Document, Part};
use super::words::{counted, severity, shipped};
use crate::model::account::{Accounting, Entry};
use crate::model::breaking::Source;
use crate::model::dependencies::{DependencyDelta, OneSided, Updated};
use crate::model::facts::BuildInfo;
use crate::model::links::Links;
use crate::model::manifest::ManifestDelta;
use crate::model::note::Block;
use crate::model::people::Contributor;
use crate::model::release::{Changes, Evidence};
use crate::model::sections::Section;
use crate::model::vulnerabilities::Hit;

/// How a section is written: at which level its heading stands, how many lines it has at most, and
/// where its links lead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'a> {
    pub(super) level: u8,
    pub(super) most: usize,
    pub(super) links: Option<&'a Links>,
}

/// The heading above the numbers of pull requests that have no line of their own.
pub(super) const UPKEEP_TITLE: &str = "Also in this release";

/// A section that is a list of lines and nothing else.
pub(super) fn plain(
    document: &mut Document,
    accounting: &Accounting,
    section: Section,
    style: Style<'_>,
) {
    let entries: Vec<&Entry> = accounting.section(section).collect();
    if !entries.is_empty() {
        document.heading(style.level, &[Part::Text(accounting.layout.title(section))]);
        write_lines(document, &entries, style);
    }
}

fn write_lines(document: &mut Document, entries: &[&Entry], style: Style<'_>) {
    for line in entries.iter().take(style.most) {
        write_entry(document, line, style.links);
    }
    write_more(document, entries.len().saturating_sub(style.most));
}

/// Says how many lines were left out.
fn write_more(document: &mut Document, left_out: usize) {
    if left_out > 0 {
        document.item(
            0,
            &[Part::Text(&format!(
                "and {left_out} more (all in relnotes.json)"
            ))],
        );
    }
}

fn write_entry(document: &mut Document, entry: &Entry, links: Option<&Links>) {
    let tail = tail_of(entry, links);
    if let Some(fragment) = &entry.fragment {
        let parts: Vec<Part<'_>> = tail.iter().map(Tail::part).collect();
        document.written_item(fragment, &parts);
        return;
    }
    let mut parts = Vec::new();
    if let Some(scope) = &entry.scope {
        parts.extend([Part::Strong(scope), Part::Text(": ")]);
    }
    parts.push(Part::Foreign(&entry.text));
    parts.extend(tail.iter().map(Tail::part));
    document.item(0, &parts);
}

/// A piece of what stands behind a line.
pub(super) enum Tail {
    Text(&'static str),
    Number(String),
    Link(String, String),
    Commit(String),
    CodeLink(String, String),
}

impl Tail {
    pub(super) fn part(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Number(text) => Part::Text(text),
            Self::Link(text, url) => Part::Link(text.clone(), url.clone()),
            Self::Commit(id) => Part::Code(id),
            Self::CodeLink(id, url) => Part::CodeLink(id, url.clone()),
        }
    }
}

/// ` (#12, GHSA-…, abc123…)`: pull requests, advisories and commits behind a line.
pub(super) fn tail_of(entry: &Entry, links: Option<&Links>) -> Vec<Tail> {
    const SHOWN: usize = 4;
    let mut pieces: Vec<Tail> = Vec::new();
    pieces.extend(entry.pulls.iter().map(|pull| pull_piece(*pull, links)));
    let closed = entry
        .closes
        .iter()
        .filter(|issue| !entry.pulls.contains(issue));
    for (at, issue) in closed.enumerate() {
        if at == 0 {
            pieces.push(Tail::Text("closes "));
        }
        let text = format!("#{issue}");
        pieces.push(match links.and_then(|links| links.issue(*issue)) {
            Some(address) => Tail::Link(text, address),
            None => Tail::Number(text),
        });
    }
    for id in &entry.advisories {
        pieces.push(Tail::Number(id.clone()));
    }
    for commit in entry.commits.iter().take(SHOWN) {
        let short = commit.short().to_owned();
        pieces.push(match links {
            Some(links) => {
                let address = links.commit(&short);
                Tail::CodeLink(short, address)
            }
            None => Tail::Commit(short),
        });
    }

    let mut tail = vec![Tail::Text(" (")];
    let mut follows_words = true;
    for piece in pieces {
        if !follows_words {
            tail.push(Tail::Text(", "));
        }
        follows_words = matches!(piece, Tail::Text(_));
        tail.push(piece);
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

/// The number of a pull request, and where it leads.
fn pull_piece(pull: u64, links: Option<&Links>) -> Tail {
    let mark = links.map_or('#', Links::pull_mark);
    let text = format!("{mark}{pull}");
    match links.and_then(|links| links.pull(pull)) {
        Some(address) => Tail::Link(text, address),
        None => Tail::Number(text),
    }
}

/// The numbers of pull requests that have no line of their own.
pub(super) fn upkeep(document: &mut Document, accounting: &Accounting, style: Style<'_>) {
    if accounting.upkeep.is_empty() {
        return;
    }
    document.heading(style.level, &[Part::Text(UPKEEP_TITLE)]);

    for (kind, pulls) in &accounting.upkeep {
        let mut pieces = vec![Tail::Text(kind.title())];
        for (at, pull) in pulls.iter().take(style.most).enumerate() {
            pieces.push(Tail::Text(if at == 0 { ": " } else { ", " }));
            pieces.push(pull_piece(*pull, style.links));
        }
        if let Some(left_out) = pulls.len().checked_sub(style.most).filter(|left| *left > 0) {
            pieces.push(Tail::Number(format!(" and {left_out} more")));
        }
        let parts: Vec<Part<'_>> = pieces.iter().map(Tail::part).collect();
        document.item(0, &parts);
    }
}

/// What an author says about a break, below its line.
fn write_note(document: &mut Document, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Paragraph(text) => document.item(1, &[Part::Foreign(text)]),
            Block::Item(text) => document.item(2, &[Part::Foreign(text)]),
            Block::Code { language, code } => document.code_in_item(language, code),
        }
    }
}

/// Breaking changes of both sources.
pub(super) fn breaking(document: &mut Document, changes: &Changes, style: Style<'_>) {
    if changes.breaking.is_empty() && changes.features_removed().next().is_none() {
        return;
    }
    document.heading(
        style.level,
        &[Part::Text(
            changes.accounting.layout.title(Section::Breaking),
        )],
    );

    for item in &changes.breaking {
        if let Some(line) = &item.entry {
            write_entry(document, line, style.links);
            write_note(document, &line.breaking);
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

    for feature in changes.features_removed() {
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
pub(super) fn security(
    document: &mut Document,
    accounting: &Accounting,
    fixed: &[Hit],
    is_library: bool,
    style: Style<'_>,
) {
    let entries: Vec<&Entry> = accounting.section(Section::Security).collect();
    if fixed.is_empty() && entries.is_empty() {
        return;
    }
    document.heading(
        style.level,
        &[Part::Text(accounting.layout.title(Section::Security))],
    );

    for hit in fixed {
        document.item(
            0,
            &[
                Part::Code(&hit.id),
                Part::Text(" no longer applies: "),
                Part::Foreign(&hit.title),
                Part::Text(" (in "),
                Part::Code(&hit.package),
                Part::Text(&severity(hit)),
                Part::Text(")"),
                Part::Text(&shipped(hit, is_library)),
            ],
        );
    }

    for line in entries {
        write_entry(document, line, style.links);
    }
}

/// What changes for those who build: `rust-version`, edition, features, binaries, targets.
pub(super) fn compatibility(
    document: &mut Document,
    manifest: Option<&ManifestDelta>,
    evidence: &Evidence,
    level: u8,
) {
    let Some(delta) = manifest else {
        return;
    };
    let mut lines: Vec<(String, String)> = Vec::new();
    let values = [
        ("Minimum Rust version (rust-version)", &delta.rust_version),
        ("Edition", &delta.edition),
    ];

    for (what, change) in values {
        if let Some(change) = change {
            let before = change.before.as_deref().unwrap_or("unsaid");
            let after = change.after.as_deref().unwrap_or("unsaid");
            lines.push((format!("{what}: "), format!("{before} → {after}")));
        }
    }

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

    lines.extend(target_changes(evidence));
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
fn target_changes(evidence: &Evidence) -> Vec<(String, String)> {
    let (Some(before), Some(now)) = (&evidence.build_before, evidence.facts.buildinfo.usable())
    else {
        return Vec::new();
    };
    let old = targets_of(before);
    let new = targets_of(&now.data);
    [
        only_in("Built for the first time for: ", &new, &old),
        only_in("No longer built for: ", &old, &new),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn targets_of(info: &BuildInfo) -> BTreeSet<String> {
    info.artifacts
        .iter()
        .map(|artifact| artifact.target.clone())
        .collect()
}

/// What the first set has and the second does not, as a line.
fn only_in(
    what: &str,
    these: &BTreeSet<String>,
    others: &BTreeSet<String>,
) -> Option<(String, String)> {
    let only: Vec<String> = these.difference(others).cloned().collect();
    (!only.is_empty()).then(|| (what.to_owned(), only.join(", ")))
}

/// What changed in the lockfile, or, where that is not known, what commits say.
pub(super) fn dependencies(document: &mut Document, changes: &Changes, style: Style<'_>) {
    let entries: Vec<&Entry> = changes.accounting.section(Section::Dependencies).collect();
    let delta = changes
        .dependencies
        .as_ref()
        .ok()
        .filter(|delta| !delta.is_empty());
    if entries.is_empty() && delta.is_none() {
        return;
    }
    document.heading(
        style.level,
        &[Part::Text(
            changes.accounting.layout.title(Section::Dependencies),
        )],
    );
    write_lines(document, &entries, style);
    if let Some(delta) = delta {
        direct_dependencies(document, delta);
        indirect_dependencies(document, delta);
    }
}

/// What the package asks for itself, a line each.
fn direct_dependencies(document: &mut Document, delta: &DependencyDelta) {
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
}

/// What comes with them, all in a line.
fn indirect_dependencies(document: &mut Document, delta: &DependencyDelta) {
    for (what, list) in [
        ("updated", indirectly_updated(&delta.updated)),
        ("added", indirect_names(&delta.added)),
        ("removed", indirect_names(&delta.removed)),
    ] {
        if !list.is_empty() {
            document.item(
                0,
                &[
                    Part::Text(&format!("Indirect, {what} ({}): ", list.len())),
                    Part::Text(&wrap_list(&list)),
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

fn indirectly_updated(list: &[Updated]) -> Vec<String> {
    list.iter()
        .filter(|one| !one.direct)
        .map(|one| format!("{} {} → {}", one.name, one.from, one.to))
        .collect()
}

fn indirect_names(list: &[OneSided]) -> Vec<String> {
    list.iter()
        .filter(|one| !one.direct)
        .map(|one| format!("{} {}", one.name, one.version))
        .collect()
}

/// A list that stays readable: what fits into a few lines, and how many more.
fn wrap_list(list: &[String]) -> String {
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
#[derive(Debug, Clone, Copy)]
pub(super) struct People<'a> {
    pub(super) people: &'a [Contributor],
    /// Whether nothing was released before, so that everybody is new.
    pub(super) is_first: bool,
    pub(super) links: Option<&'a Links>,
}

/// How many people have a line each.
const FEW: usize = 12;

pub(super) fn contributors(document: &mut Document, all: People<'_>, most: usize) {
    let People {
        people, is_first, ..
    } = all;
    if people.is_empty() {
        return;
    }
    document.heading(2, &[Part::Text("Contributors")]);
    if people.len() > FEW {
        let (new, known): (Vec<&Contributor>, Vec<&Contributor>) =
            people.iter().partition(|person| person.first && !is_first);
        write_names(document, "", &known, all.links, most);
        write_names(document, "For the first time: ", &new, all.links, most);
        return;
    }

    for person in people {
        let first = if person.first && !is_first {
            ", for the first time"
        } else {
            ""
        };
        let number = counted(person.commits, "commit", "commits");
        let behind = format!("{number}{first})");
        let mut parts = named(person, all.links);
        parts.push(Part::Text(&behind));
        document.item(0, &parts);
    }
}

/// `Jane Doe (janed, `: the name and the login, open for what is said of the person. A login is no
/// mention: nobody is notified.
fn named<'a>(person: &'a Contributor, links: Option<&Links>) -> Vec<Part<'a>> {
    let mut parts = vec![Part::Foreign(&person.name), Part::Text(" (")];
    if let Some(login) = &person.handle {
        parts.push(match links.and_then(|links| links.profile(login)) {
            Some(address) => Part::Link(login.clone(), address),
            None => Part::Code(login),
        });
        parts.push(Part::Text(", "));
    }
    parts
}

fn write_names(
    document: &mut Document,
    introduction: &str,
    people: &[&Contributor],
    links: Option<&Links>,
    most: usize,
) {
    if people.is_empty() {
        return;
    }
    let numbers: Vec<String> = people
        .iter()
        .map(|person| format!("{})", counted(person.commits, "commit", "commits")))
        .collect();

    let mut parts = vec![Part::Text(introduction)];
    for (at, (person, number)) in people.iter().zip(&numbers).take(most).enumerate() {
        if at > 0 {
            parts.push(Part::Text(", "));
        }
        parts.extend(named(person, links));
        parts.push(Part::Text(number));
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
