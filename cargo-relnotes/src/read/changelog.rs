//! A changelog as somebody wrote it: where each release begins and ends.
//!
//! Must never: change a byte. It says where things are; `report` writes.

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

/// A heading that names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionHeading<'a> {
    /// The version; a heading with two numbers (`1.86`) names the first release of them.
    pub(crate) version: Version,
    /// Where it starts.
    pub(crate) offset: usize,
    /// Its first line, as it stands in the file.
    pub(crate) line: &'a str,
    /// Its level; 0 where it is a paragraph in bold.
    pub(crate) level: u8,
}

/// Headings that name a version, in order. `package` may stand before the version.
pub(crate) fn versions<'a>(text: &'a str, package: &str) -> Vec<VersionHeading<'a>> {
    let page = Page::read(text);
    let heading = |words: &str, offset: usize, level: u8| {
        Some(VersionHeading {
            version: heading_version(words, package)?,
            offset,
            line: text.get(offset..)?.lines().next().unwrap_or_default(),
            level,
        })
    };

    let mut found: Vec<VersionHeading<'_>> = page
        .headings
        .iter()
        .filter_map(|one| heading(&one.text, one.offset, one.level))
        .collect();

    // Deep headings, and paragraphs in bold, are headings of releases only where there are no others.
    if found.iter().any(|one| one.level <= 3) {
        found.retain(|one| one.level <= 3);
    } else if found.is_empty() {
        found = page
            .blocks
            .iter()
            .filter(|block| text[block.offset..].trim_start().starts_with("**"))
            .filter_map(|block| heading(&block.text, block.offset, 0))
            .collect();
    }

    found.sort_by_key(|one| one.offset);

    found
}

/// The version a heading names: `[1.0.0] - 2023-11-14`, `demo-v1.0.0`, `What's new in 1.0`,
/// `🎉 v1.0.0`, `Cargo 1.86 (2025-04-03)`.
fn heading_version(words: &str, package: &str) -> Option<Version> {
    const BEFORE: &[&str] = &[
        "v",
        "version",
        "release",
        "released",
        "what's",
        "what’s",
        "whats",
        "new",
        "in",
        "changes",
        "changelog",
        "notes",
        "for",
        "of",
        "the",
    ];
    let package_words: Vec<String> = package
        .to_lowercase()
        .split(['-', '_'])
        .map(str::to_owned)
        .collect();
    let words = words
        .split(|c: char| c.is_whitespace() || "[]()".contains(c))
        .filter(|word| word.chars().any(char::is_alphanumeric));
    for word in words.take(6) {
        let word = word.trim_end_matches([':', ',', '.', '!']);
        if let Some(version) = loose_version(word) {
            return Some(version);
        }
        if let Some(version) = named_version(word, package) {
            return Some(version);
        }
        let lower = word.to_lowercase();
        let is_package = lower == package.to_lowercase() || package_words.contains(&lower);
        if !is_package && !BEFORE.contains(&lower.as_str()) {
            return None;
        }
    }
    None
}

/// `demo-v1.0.0`, `demo@1.0.0`.
fn named_version(word: &str, package: &str) -> Option<Version> {
    let rest = word.strip_prefix(package)?;
    loose_version(rest.strip_prefix(['-', '@', '/', '_'])?)
}

/// A version, or its first two numbers.
fn loose_version(word: &str) -> Option<Version> {
    let bare = word.strip_prefix(['v', 'V']).unwrap_or(word);
    Version::parse(bare).ok().or_else(|| {
        let (major, minor) = bare.split_once('.')?;
        Some(Version::new(plain_number(major)?, plain_number(minor)?, 0))
    })
}

fn plain_number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// Whether a heading is the one of what is not released yet.
pub(crate) fn is_unreleased(heading: &str) -> bool {
    heading
        .trim_matches(['[', ']', ' '])
        .to_lowercase()
        .starts_with("unreleased")
}

/// What a file holds about one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held<'a> {
    /// No heading names any version: the whole file is about one release.
    OneRelease,
    /// There are sections for versions.
    Part {
        /// The one of this version.
        text: &'a str,
        /// How many headings name this version.
        headings: usize,
        /// Those of its release candidates.
        candidates: Vec<&'a str>,
    },
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
    let unreleased = page
        .headings
        .iter()
        .find(|heading| heading.level <= 3 && is_unreleased(&heading.text))
        .map(|heading| heading.offset);

    let section = |start: usize| &text[start..section_end(text, &headings, unreleased, start)];
    let mut mine = headings.iter().filter(|one| one.version == *version);
    let Some(first) = mine.next() else {
        return Held::Others(unreleased.map(section));
    };

    Held::Part {
        text: section(first.offset),
        headings: 1 + mine.count(),
        candidates: headings
            .iter()
            // What was said of the candidates of a release is said of the release.
            .filter(|one| is_candidate(&one.version, version))
            .map(|one| section(one.offset))
            .collect(),
    }
}

/// Whether a version is a candidate of a release.
fn is_candidate(candidate: &Version, release: &Version) -> bool {
    let same = (candidate.major, candidate.minor, candidate.patch)
        == (release.major, release.minor, release.patch);
    same && release.pre.is_empty() && !candidate.pre.is_empty()
}

/// Where a section ends that starts at an offset: where the next release begins, or what is not
/// released yet.
fn section_end(
    text: &str,
    headings: &[VersionHeading<'_>],
    unreleased: Option<usize>,
    start: usize,
) -> usize {
    headings
        .iter()
        .map(|one| marked_start(text, one.offset))
        .chain(unreleased)
        .filter(|other| *other > start)
        .min()
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_many_hands() {
        for (heading, version) in [
            ("[1.1.0] - 2023-11-15", Some("1.1.0")),
            ("demo-v1.0.0 - 2023-11-14", Some("1.0.0")),
            ("1.0 (2023-11-14)", Some("1.0.0")),
            ("What's new in 1.0.0", Some("1.0.0")),
            ("🎉 v1.0.0", Some("1.0.0")),
            ("Version 1.0.0", Some("1.0.0")),
            ("Demo 1.86 (2025-04-03)", Some("1.86.0")),
            ("1.0.0-rc.1", Some("1.0.0-rc.1")),
            ("other-v1.0.0", None),
            ("Upgrade to hyper 1.0", None),
            ("Added", None),
            ("2023-11-14", None),
        ] {
            let found = heading_version(heading, "demo").map(|version| version.to_string());
            assert_eq!(found.as_deref(), version, "{heading}");
        }
    }

    #[test]
    fn candidates_count_for_their_release() {
        let text = "## 2.0.0\n\n- a\n\n## 2.0.0-rc.1\n\n- b\n\n## 1.0.0\n\n- c\n";
        let Held::Part {
            text, candidates, ..
        } = part(text, &Version::new(2, 0, 0), "demo")
        else {
            panic!("there is a section");
        };
        assert!(text.contains("- a") && !text.contains("- b"));
        assert_eq!(candidates, ["## 2.0.0-rc.1\n\n- b\n\n"]);
    }
}
