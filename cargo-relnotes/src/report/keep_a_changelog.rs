//! The changes under the names Keep a Changelog 1.1 gives them.
//!
//! <https://keepachangelog.com/en/1.1.0/>

use super::changes::{Tail, tail_of};
use super::document::{Document, Part};
use crate::model::account::Entry;
use crate::model::breaking::Source;
use crate::model::facts::CompatChange;
use crate::model::links::Links;
use crate::model::release::{Changes, Chapter};
use crate::model::sections::Section;
use crate::model::untrusted::Untrusted;
use crate::model::vulnerabilities::Hit;

/// Order of the sections in a file that follows Keep a Changelog.
const SECTIONS: [&str; 6] = [
    "Added",
    "Changed",
    "Deprecated",
    "Removed",
    "Fixed",
    "Security",
];

/// What stands under one heading.
struct Group<'a> {
    entries: Vec<&'a Entry>,
    detected: Vec<&'a CompatChange>,
    rust_version: Option<&'a str>,
    features_removed: Vec<&'a String>,
    fixed: &'a [Hit],
}

impl<'a> Group<'a> {
    fn of(name: &str, changes: &'a Changes, fixed: &'a [Hit]) -> Self {
        let entries = changes.accounting.entries.iter();
        let detected = changes
            .breaking
            .iter()
            .filter(|item| item.source == Source::Detected && name == "Changed");
        Self {
            entries: entries
                .filter(|entry| entry.section.keep_a_changelog() == name)
                .collect(),
            detected: detected.flat_map(|item| &item.changes).collect(),
            rust_version: changes
                .manifest
                .as_ref()
                .and_then(|delta| delta.raised_rust_version())
                .filter(|_| name == "Changed"),
            features_removed: changes
                .features_removed()
                .filter(|_| name == "Removed")
                .collect(),
            fixed: if name == "Security" { fixed } else { &[] },
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.detected.is_empty()
            && self.rust_version.is_none()
            && self.features_removed.is_empty()
            && self.fixed.is_empty()
    }

    fn write(&self, document: &mut Document, links: Option<&Links>) {
        let breaking_label = Untrusted::new("Breaking");
        for line in &self.entries {
            let tail = tail_of(line, links);
            if let Some(fragment) = &line.fragment {
                let parts: Vec<Part<'_>> = tail.iter().map(Tail::part).collect();
                document.written_item(fragment, &parts);
                continue;
            }
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

        for change in &self.detected {
            let parts = [
                Part::Strong(&breaking_label),
                Part::Text(": "),
                Part::Code(&change.item),
                Part::Text(": "),
                Part::Text(&change.rule),
            ];
            document.item(0, &parts);
        }

        if let Some(version) = self.rust_version {
            let parts = [
                Part::Text("The minimum Rust version is "),
                Part::Code(version),
            ];
            document.item(0, &parts);
        }

        for feature in &self.features_removed {
            let parts = [
                Part::Strong(&breaking_label),
                Part::Text(": the feature "),
                Part::Code(feature),
            ];
            document.item(0, &parts);
        }

        for hit in self.fixed {
            let parts = [
                Part::Code(&hit.id),
                Part::Text(" no longer applies: "),
                Part::Foreign(&hit.title),
            ];
            document.item(0, &parts);
        }
    }
}

/// The headings of Keep a Changelog with the lines below each, empty ones left out.
pub(super) fn grouped(changes: &Changes) -> Vec<(&'static str, Vec<&Entry>)> {
    let groups = SECTIONS.into_iter().map(|name| {
        let entries = changes.accounting.entries.iter();
        let own = entries.filter(|entry| entry.section.keep_a_changelog() == name);
        (name, own.collect::<Vec<_>>())
    });
    groups.filter(|(_, entries)| !entries.is_empty()).collect()
}

/// Which headings the groups get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Headings<'a> {
    /// Their level.
    pub(super) level: u8,
    /// Headings people wrote for the same release: a second one of the name says where it is from.
    pub(super) taken: &'a [String],
}

/// Writes all changes; breaking ones say so.
pub(super) fn write_changes(document: &mut Document, chapter: Chapter<'_>, headings: Headings<'_>) {
    let start = document.len();
    for name in SECTIONS {
        let group = Group::of(name, chapter.changes, chapter.fixed);
        if !group.is_empty() {
            let is_taken = headings.taken.iter().any(|other| other == name);
            let from = if is_taken { " (from the commits)" } else { "" };
            document.heading(headings.level, &[Part::Text(name), Part::Text(from)]);
            group.write(document, chapter.links);
        }
    }
    if document.len() == start {
        document.paragraph(&[Part::Text("No user-visible changes.")]);
    }
}
