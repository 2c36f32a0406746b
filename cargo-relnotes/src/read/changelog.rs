//! A changelog as somebody wrote it: where each release begins and ends.
//!
//! Must never: change a byte. It says where things are; [`crate::report::changelog`] writes.

use semver::Version;

use super::page::Page;

/// Where the section begins whose heading is at `offset`: at its begin mark, where it has one.
pub(crate) fn marked_start(text: &str, offset: usize) -> usize {
    let above = text[..offset].trim_end();
    let line = above.rfind('\n').map_or(0, |at| at + 1);
    if above[line..].starts_with("<!-- relnotes: begin ") {
        line
    } else {
        offset
    }
}

/// Where the definitions of links at the end of a file begin.
pub(crate) fn above_links(text: &str) -> usize {
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
pub(crate) fn versions<'a>(text: &'a str, package: &str) -> Vec<(Version, usize, &'a str)> {
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
