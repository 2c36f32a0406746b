//! Rules about the form of notes: sections, headings, length, what was left to be filled in.

use std::collections::BTreeSet;

use release_gate::{Finding, Level};

use super::content::{all_named, names};
use super::subject::Notes;
use crate::model::account::Accounting;
use crate::model::advisories::names_an_advisory;
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
        if lines == 0
            || usual.is_empty()
            || usual.iter().any(|name| words.contains(*name))
            || is_marked(section, page)
            || (section == Section::Security && all_named(page, accounting.section(section)))
        {
            continue;
        }
        // Anyone who leaves out fixes is brief; anyone who leaves out breaks and security misleads.
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

/// Whether lines say themselves what they are: `[**breaking**] …`, `Security: …`.
fn is_marked(section: Section, page: &Page) -> bool {
    let mark = match section {
        Section::Breaking => "breaking",
        Section::Security => "security",
        _ => return false,
    };
    page.blocks.iter().any(|block| {
        let lower = block.text.to_lowercase();
        let named = lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == mark);
        named || (section == Section::Security && names_an_advisory(&block.text))
    })
}

fn line_of(text: &str, offset: usize) -> u32 {
    u32::try_from(text[..offset.min(text.len())].matches('\n').count() + 1).unwrap_or(u32::MAX)
}

/// A file, or a section of it, that says nothing.
pub(super) fn nothing_said(notes: &Notes<'_>, page: &Page) -> Option<Finding> {
    page.blocks.is_empty().then(|| {
        Finding::new(&rules::SECTION_EMPTY, "the notes say nothing")
            .level(Level::Deny)
            .at(notes.path, None)
            .help("make them with `cargo relnotes`, or write what changed")
    })
}

pub(super) fn empty_sections(notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let mut findings = Vec::new();
    if page.blocks.is_empty() {
        return findings;
    }
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

/// Words nobody means to publish, whatever stands around them.
const NEVER_MEANT: &[&str] = &["FILL-IN", "CHANGEME", "RUSTSEC-0000-0000"];

/// Words that stand for something to be written, where they stand as a mark. A program may well
/// highlight TODO comments.
const MARKS: &[&str] = &["TODO", "FIXME", "TBD", "TBA", "XXX", "PLACEHOLDER"];

pub(super) fn placeholders(notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    // Words of commits are not ours to judge: only what people wrote for these notes.
    let prose_page;
    let (text, page, offset) = match (&notes.recorded, prose(notes.text)) {
        (Some(_), Some(prose)) => {
            prose_page = Page::read(prose);
            let offset = notes.text.find(prose).unwrap_or(0);
            (prose, &prose_page, offset)
        }
        (Some(_), None) => ("", &Page::default(), 0),
        (None, _) => (notes.text, page, 0),
    };

    let first = line_of(notes.text, offset) - 1;
    let mut findings = Vec::new();
    let headings = page
        .headings
        .iter()
        .map(|heading| (heading.text.as_str(), heading.offset));

    let blocks = page
        .blocks
        .iter()
        .map(|block| (block.prose.as_str(), block.offset));

    for (words, at) in blocks.chain(headings) {
        if let Some(word) = placeholder_in(words) {
            findings.push(placeholder(notes.path, word, first + line_of(text, at)));
        }
    }

    // A task that is not done is a promise, not a change.
    for (at, line) in text.lines().enumerate() {
        let item = line.trim_start().trim_start_matches(['-', '*', '+']);
        if item.starts_with(" [ ] ") {
            let line = first + 1 + u32::try_from(at).unwrap_or(0);
            findings.push(placeholder(notes.path, "[ ]", line));
        }
    }

    for (name, text) in notes.skeletons {
        for (at, line) in text.lines().enumerate() {
            if names(line, "FILL-IN") {
                let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
                findings.push(placeholder(name, "FILL-IN", line));
            }
        }
    }

    findings
}

fn placeholder(path: &str, word: &str, line: u32) -> Finding {
    Finding::new(&rules::PLACEHOLDER_LEFT, format!("`{word}` is still there"))
        .at(path, line)
        .help("fill it in, or remove the line")
}

/// The placeholder a block holds.
fn placeholder_in(words: &str) -> Option<&'static str> {
    if words.to_lowercase().contains("lorem ipsum") {
        return Some("lorem ipsum");
    }
    if let Some(word) = NEVER_MEANT.iter().find(|word| names(words, word)) {
        return Some(word);
    }
    MARKS.iter().copied().find(|mark| is_mark(words, mark))
}

/// Whether a word stands as a mark: alone, before a colon, in brackets, or by itself at the end.
fn is_mark(words: &str, mark: &str) -> bool {
    let bare = words.trim_matches(|c: char| !c.is_alphanumeric());
    if bare == mark {
        return true;
    }
    words.match_indices(mark).any(|(at, _)| {
        let before = words[..at].trim_end();
        let after = &words[at + mark.len()..];
        let begins_word = !words[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let last = before.rsplit(' ').next().unwrap_or_default().to_lowercase();
        let is_noun = matches!(
            last.as_str(),
            "a" | "an"
                | "the"
                | "each"
                | "every"
                | "any"
                | "of"
                | "for"
                | "as"
                | "and"
                | "or"
                | "with"
                | "show"
                | "shows"
                | "highlight"
        );
        let is_before_colon = (after.starts_with(':') || after.starts_with('(')) && !is_noun;
        let is_bracketed = before.ends_with(['(', '[']) && after.starts_with([')', ']', ':']);
        let ends = after
            .trim_matches(|c: char| !c.is_alphanumeric())
            .is_empty();
        let stands_alone =
            before.is_empty() || before.ends_with(['.', ':', '-', '–', '—', '!', ';']);
        begins_word && (is_before_colon || is_bracketed || (ends && stands_alone))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_told_from_a_word() {
        for text in [
            "TODO",
            "TODO: say something",
            "the date (TBD)",
            "removed. TBD",
            "2.0.0 - TBD",
            "FILL-IN what to do",
        ] {
            assert!(placeholder_in(text).is_some(), "{text}");
        }
        for text in [
            "Highlight TODO comments in sources",
            "The XXX and FIXME markers are bold",
            "TODO lists are shown",
            "support for TODO",
            "a TODO: marker is coloured",
        ] {
            assert!(placeholder_in(text).is_none(), "{text}");
        }
    }
}
