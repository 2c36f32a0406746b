//! Rules about the form of notes: sections, headings, length, what was left to be filled in.

use std::collections::BTreeSet;

use release_gate::{Finding, Level};

use super::content::names;
use super::subject::Notes;
use crate::model::account::Accounting;
use crate::model::prose::{LONGEST_BODY, prose};
use crate::model::sections::Section;
use crate::read::page::Page;
use crate::rules;

/// Names under which people expect a section.
fn usual_names(section: Section) -> &'static [&'static str] {
    match section {
        Section::Breaking => &[
            "breaking",
            "changed",
            "incompatible",
            "migration",
            "removed",
            "removals",
        ],
        Section::Security => &["security", "vulnerabilities", "fixed", "fixes"],
        Section::Features => &[
            "added",
            "additions",
            "features",
            "feature",
            "new",
            "enhancements",
            "improvements",
            "changes",
            "highlights",
        ],
        Section::Fixes => &["fixed", "fixes", "bugfixes", "bug", "changes", "changed"],
        Section::Deprecated => &[
            "deprecated",
            "deprecations",
            "deprecation",
            "changes",
            "changed",
        ],
        Section::Performance | Section::Dependencies | Section::Other | Section::Custom(_) => &[],
    }
}

pub(super) fn sections(accounting: &Accounting, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    // Some projects set the names of their sections in bold, or write them with a colon.
    let headings = page.headings.iter().map(|heading| heading.text.as_str());
    let leads = page
        .blocks
        .iter()
        .filter(|block| block.leads)
        .map(|block| block.text.as_str());
    let words: BTreeSet<String> = headings
        .chain(leads)
        .flat_map(|heading| heading.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .collect();
    let mut findings = Vec::new();
    for section in Section::USUAL {
        let lines = accounting.section(section).count();
        let usual = usual_names(section);
        if lines == 0 || usual.is_empty() || usual.iter().any(|name| words.contains(*name)) {
            continue;
        }
        // Whoever leaves out fixes is brief; whoever leaves out breaks and security misleads.
        let level = if matches!(section, Section::Breaking | Section::Security) {
            Level::Deny
        } else {
            Level::Warn
        };
        findings.push(
            Finding::new(
                &rules::SECTION_MISSING,
                format!(
                    "{lines} of the changes belong under “{}”, which the notes do not have",
                    section.usual_title()
                ),
            )
            .level(level)
            .at(notes.path, None)
            .help(format!(
                "add a heading “{}” (or “{}”)",
                section.usual_title(),
                section.keep_a_changelog()
            ))
            .evidence("section", section.usual_title()),
        );
    }
    findings
}

fn line_of(text: &str, offset: usize) -> u32 {
    u32::try_from(text[..offset.min(text.len())].matches('\n').count() + 1).unwrap_or(u32::MAX)
}

pub(super) fn empty_sections(notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, heading) in page.headings.iter().enumerate() {
        let deeper = page
            .headings
            .get(at + 1)
            .is_some_and(|next| next.level > heading.level);
        if !heading.filled && !deeper {
            findings.push(
                Finding::new(
                    &rules::SECTION_EMPTY,
                    format!("there is nothing under “{}”", heading.text),
                )
                .at(notes.path, line_of(notes.text, heading.offset))
                .help("fill the section or remove its heading"),
            );
        }
    }
    findings
}

pub(super) fn duplicates(notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A heading may be repeated under another parent.
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut known: BTreeSet<Vec<(u8, String)>> = BTreeSet::new();
    for heading in &page.headings {
        let (level, heading, offset) = (heading.level, &heading.text, heading.offset);
        path.retain(|(above, _)| *above < level);
        path.push((level, heading.trim().to_lowercase()));
        if !known.insert(path.clone()) {
            findings.push(
                Finding::new(
                    &rules::HEADING_DUPLICATE,
                    format!("“{heading}” is a heading twice"),
                )
                .at(notes.path, line_of(notes.text, offset))
                .help("merge the two sections"),
            );
        }
    }
    if notes.version_headings > 1 {
        findings.push(
            Finding::new(
                &rules::HEADING_DUPLICATE,
                format!("{} headings name this version", notes.version_headings),
            )
            .at(notes.path, None)
            .help("merge the sections of this version"),
        );
    }
    findings
}

pub(super) fn too_long(path: &str, text: &str) -> Option<Finding> {
    let length = text.chars().count();
    (length > LONGEST_BODY).then(|| {
        Finding::new(
            &rules::BODY_TOO_LONG,
            format!(
                "the notes have {length} characters, more than the {LONGEST_BODY} a release body may have"
            ),
        )
        .at(path, None)
        .help("shorten them with a template, or publish them as a file and link to it")
        .evidence("characters", length)
    })
}

pub(super) fn placeholders(notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    const OURS: &[&str] = &["FILL-IN"];
    const THEIRS: &[&str] = &[
        "TODO",
        "FIXME",
        "TBD",
        "TBA",
        "XXX",
        "FILL-IN",
        "CHANGEME",
        "PLACEHOLDER",
        "RUSTSEC-0000-0000",
    ];
    let mut findings = Vec::new();
    let mut found = |path: &str, word: &str, line: u32| {
        findings.push(
            Finding::new(&rules::PLACEHOLDER_LEFT, format!("`{word}` is still there"))
                .at(path, line)
                .help("fill it in, or remove the line"),
        );
    };
    // Words of commits are not ours to judge: only what people wrote for these notes.
    let prose_page;
    let (text, page, offset) = match (&notes.recorded, prose(notes.text)) {
        (Some(_), Some(prose)) => {
            prose_page = Page::read(prose);
            (prose, &prose_page, notes.text.find(prose).unwrap_or(0))
        }
        (Some(_), None) => ("", &Page::default(), 0),
        (None, _) => (notes.text, page, 0),
    };
    let first = line_of(notes.text, offset) - 1;
    let headings = page
        .headings
        .iter()
        .map(|heading| (heading.text.as_str(), heading.offset));
    for (words, at) in page
        .blocks
        .iter()
        .map(|block| (block.prose.as_str(), block.offset))
        .chain(headings)
    {
        let lorem = words
            .to_lowercase()
            .contains("lorem ipsum")
            .then_some("lorem ipsum");
        if let Some(word) = THEIRS
            .iter()
            .copied()
            .find(|word| names(words, word))
            .or(lorem)
        {
            found(notes.path, word, first + line_of(text, at));
        }
    }
    // A task that is not done is a promise, not a change.
    for (at, line) in text.lines().enumerate() {
        if line
            .trim_start()
            .trim_start_matches(['-', '*', '+'])
            .starts_with(" [ ] ")
        {
            found(
                notes.path,
                "[ ]",
                first + 1 + u32::try_from(at).unwrap_or(0),
            );
        }
    }
    for (name, text) in notes.skeletons {
        for (at, line) in text.lines().enumerate() {
            if let Some(word) = OURS.iter().find(|word| names(line, word)) {
                found(name, word, u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
        }
    }
    findings
}
