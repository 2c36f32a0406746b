//! A CHANGELOG.md after Keep a Changelog 1.1: one section for each release, put in once and
//! replaced in place.
//!
//! Must never: touch a line outside its own marks, or a section people wrote by hand.

use release_gate::time::iso_date;
use semver::Version;

use super::changes;
use super::document::{Document, DocumentError};
use super::notes;
use super::page::Page;
use crate::model::release::Release;

/// What a file that does not exist yet starts with.
const INTRODUCTION: &str = "# Changelog\n\nAll notable changes to this project are documented in this file. The format is based on \
                            [Keep a Changelog](https://keepachangelog.com/en/1.1.0/), and this project adheres to \
                            [Semantic Versioning](https://semver.org/spec/v2.0.0.html).\n\n## [Unreleased]\n";

/// Why a changelog was left alone.
#[derive(Debug, thiserror::Error)]
pub enum ChangelogError {
    /// The section does not read back as it was put in.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Two headings name one version.
    #[error("{count} headings name version {version}")]
    TwoHeadings {
        /// The version.
        version: Version,
        /// How many.
        count: usize,
    },
    /// A begin mark without its end, or the other way round.
    #[error("the marks around version {version} are not a pair")]
    Marks {
        /// The version.
        version: Version,
    },
}

impl From<ChangelogError> for release_gate::Error {
    fn from(error: ChangelogError) -> Self {
        match error {
            ChangelogError::Document(error) => error.into(),
            other => Self::judge(format!("the changelog was left alone: {other}"))
                .with_help("mend the file by hand, then run this again"),
        }
    }
}

/// What became of a changelog.
#[derive(Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The new text.
    Changed(String),
    /// It holds this section already, to the letter.
    Unchanged,
    /// People wrote the section of this version by hand; it was left alone.
    HandWritten,
}

/// Puts the section of a release into a changelog, or replaces the one put in before. Words between
/// the marks for people stay.
///
/// # Errors
/// Two headings name the version, or the marks are broken.
pub fn insert(existing: Option<&str>, release: &Release) -> Result<Inserted, ChangelogError> {
    let crlf = existing.is_some_and(|text| text.contains("\r\n"));
    let before = existing.map(|text| text.replace("\r\n", "\n"));
    let text = before.as_deref().unwrap_or(INTRODUCTION);
    let version = &release.version;
    let (begin, end) = (
        format!("<!-- relnotes: begin {version} -->"),
        format!("<!-- relnotes: end {version} -->"),
    );
    let headings = versions(text, &release.package);
    let mine = headings
        .iter()
        .filter(|(found, ..)| found == version)
        .count();
    if mine > 1 {
        return Err(ChangelogError::TwoHeadings {
            version: version.clone(),
            count: mine,
        });
    }
    let brackets = headings
        .first()
        .is_none_or(|(_, _, line)| line.contains('['));
    let fresh = section(release, brackets)?;
    let changed = match (text.find(&begin), text.find(&end)) {
        (Some(start), Some(stop)) if start < stop => {
            let stop = stop + end.len();
            let kept = notes::with_prose(&fresh, notes::prose(&text[start..stop])).unwrap_or(fresh);
            format!(
                "{}{begin}\n{}\n{end}{}",
                &text[..start],
                kept.trim_end(),
                &text[stop..]
            )
        }
        (None, None) if mine == 1 => return Ok(Inserted::HandWritten),
        (None, None) => {
            // Above the newest release, below what is unreleased.
            let at = match headings.first() {
                Some((_, offset, _)) => marked_start(text, *offset),
                None => above_links(text),
            };
            let (above, below) = (text[..at].trim_end(), text[at..].trim_start_matches('\n'));
            let gap = if below.is_empty() { "" } else { "\n" };
            format!(
                "{above}\n\n{begin}\n{}\n{end}\n{gap}{below}",
                fresh.trim_end()
            )
        }
        _ => {
            return Err(ChangelogError::Marks {
                version: version.clone(),
            });
        }
    };
    if before.as_deref() == Some(changed.as_str()) {
        return Ok(Inserted::Unchanged);
    }
    Ok(Inserted::Changed(if crlf {
        changed.replace('\n', "\r\n")
    } else {
        changed
    }))
}

/// Where the section begins whose heading is at `offset`: at its begin mark, where it has one.
fn marked_start(text: &str, offset: usize) -> usize {
    let above = text[..offset].trim_end();
    let line = above.rfind('\n').map_or(0, |at| at + 1);
    if above[line..].starts_with("<!-- relnotes: begin ") {
        line
    } else {
        offset
    }
}

/// Where the definitions of links at the end of a file begin.
fn above_links(text: &str) -> usize {
    let mut at = text.len();
    for line in text.split_inclusive('\n').rev() {
        let defines = line.starts_with('[') && line.contains("]: ");
        if !defines && !line.trim().is_empty() {
            break;
        }
        at -= line.len();
    }
    at
}

/// Whether people wrote something below “Unreleased”, which is for them to move.
pub fn has_unreleased_words(text: &str) -> bool {
    let page = Page::read(text);
    let is = |at: usize| {
        page.headings.get(at).is_some_and(|heading| {
            heading
                .text
                .trim_matches(['[', ']'])
                .to_lowercase()
                .starts_with("unreleased")
        })
    };
    // Its own sections (“Added”) are deeper.
    let mut under = false;
    for (at, heading) in page.headings.iter().enumerate() {
        under = is(at) || (under && heading.level > 2);
        if under && page.blocks.iter().any(|block| block.below == Some(at)) {
            return true;
        }
    }
    false
}

/// Headings that name a version, in order: the version, where the heading starts, its line.
/// `package` may stand before the version.
fn versions<'a>(text: &'a str, package: &str) -> Vec<(Version, usize, &'a str)> {
    let page = Page::read(text);
    let named = page
        .headings
        .iter()
        .filter(|heading| heading.level <= 3)
        .filter_map(|heading| {
            let words = heading
                .text
                .split(|c: char| c.is_whitespace() || "[]()".contains(c));
            let mut words = words.filter(|word| !word.is_empty());
            let first = words.next()?;
            let version = |word: &str| {
                Version::parse(word.trim_start_matches('v').trim_end_matches([':', ','])).ok()
            };
            let introduces = || {
                first == package || matches!(first.to_lowercase().as_str(), "version" | "release")
            };
            let version = version(first).or_else(|| {
                introduces()
                    .then(|| words.next().and_then(version))
                    .flatten()
            })?;
            Some((
                version,
                heading.offset,
                text[heading.offset..].lines().next().unwrap_or_default(),
            ))
        });
    named.collect()
}

/// What a file holds about one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<'a> {
    /// No heading names any version: the whole file is about one release.
    OneRelease,
    /// The part about this version, and how many headings name it.
    Part(&'a str, usize),
    /// Other versions have sections and this one has none; what is not released yet has this one.
    Others(Option<&'a str>),
}

/// The part of a changelog about one version.
pub fn part<'a>(text: &'a str, version: &Version, package: &str) -> Held<'a> {
    let headings = versions(text, package);
    if headings.is_empty() {
        return Held::OneRelease;
    }
    let page = Page::read(text);
    let unreleased = page.headings.iter().find(|heading| {
        heading.level <= 3
            && heading
                .text
                .trim_matches(['[', ']'])
                .to_lowercase()
                .starts_with("unreleased")
    });
    // A section ends where the next release begins.
    let starts = || {
        headings
            .iter()
            .map(|(_, offset, _)| marked_start(text, *offset))
    };
    let end = |start: usize| {
        let unreleased = unreleased.map(|heading| heading.offset);
        starts()
            .chain(unreleased)
            .filter(|other| *other > start)
            .min()
            .unwrap_or(text.len())
    };
    let count = headings
        .iter()
        .filter(|(found, ..)| found == version)
        .count();
    match headings.iter().find(|(found, ..)| found == version) {
        Some((_, start, _)) => Held::Part(&text[*start..end(*start)], count),
        None => Held::Others(unreleased.map(|heading| &text[heading.offset..end(heading.offset)])),
    }
}

fn section(release: &Release, brackets: bool) -> Result<String, DocumentError> {
    let version = if brackets {
        format!("[{}]", release.version)
    } else {
        release.version.to_string()
    };
    let mut document = Document::new();
    document.mark(notes::PROSE_BEGIN);
    document.mark(notes::PROSE_END);
    changes::keep_a_changelog(&mut document, release);
    Ok(format!(
        "## {version} - {}\n\n{}",
        iso_date(release.time),
        document.finish()?
    ))
}
