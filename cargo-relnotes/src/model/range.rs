//! Which release came before, and which commits are in this one.
//!
//! Must never: take a position in a list for an answer. The commits of a release are a set
//! difference, `predecessor..release`; the predecessor is the highest lower SemVer tag that is an
//! ancestor, final releases looking past pre-releases. Ancestry is asked for through [`Ancestry`],
//! so that the rule is tested without a repository.

use release_gate::git::{CommitId, Tag, parse_version_tag};
use semver::Version;

/// A tag that stands for a version of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedRelease {
    /// The tag's name.
    pub tag: String,
    /// Its version.
    pub version: Version,
    /// The commit it leads to.
    pub commit: CommitId,
    /// Its time, seconds since 1970.
    pub time: i64,
}

/// The commits of a release: what can be reached from one commit and from none of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The commit released.
    pub to: CommitId,
    /// Other commits whose history belongs to it: earlier releases, made on lines of their own.
    pub also: Vec<CommitId>,
    /// Commits whose history was released before.
    pub without: Vec<CommitId>,
}

impl Span {
    /// All of history up to a commit.
    pub fn all(to: CommitId) -> Self {
        Self {
            to,
            also: Vec::new(),
            without: Vec::new(),
        }
    }
}

/// Answers whether a commit can be reached from another.
pub trait Ancestry {
    /// Why there was no answer.
    type Error;
    /// Whether `ancestor` is `descendant` or reachable from it.
    ///
    /// # Errors
    /// The repository could not be read.
    fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool, Self::Error>;
}

/// The releases of a package among a repository's tags, lowest version first.
///
/// `patterns` (with `{version}` in them) decide where given. Otherwise tags that name the package
/// count (`serde-v1.0.0`) and, only where no tag does, plain ones (`v1.0.0`): in a workspace those
/// belong to somebody else.
pub fn releases(tags: &[Tag], package: &str, patterns: &[String]) -> Vec<TaggedRelease> {
    let mut found: Vec<TaggedRelease> = if patterns.is_empty() {
        let parsed: Vec<_> = tags
            .iter()
            .filter_map(|tag| Some((tag, parse_version_tag(&tag.name, package)?)))
            .collect();
        let named = parsed.iter().any(|(_, parsed)| parsed.names_package);
        parsed
            .into_iter()
            .filter(|(_, parsed)| parsed.names_package == named)
            .map(|(tag, parsed)| tagged(tag, parsed.version))
            .collect()
    } else {
        tags.iter()
            .filter_map(|tag| {
                patterns
                    .iter()
                    .find_map(|pattern| match_pattern(&tag.name, pattern))
                    .map(|version| tagged(tag, version))
            })
            .collect()
    };
    sort(&mut found);
    found
}

/// A tag as the release of a version.
fn tagged(tag: &Tag, version: Version) -> TaggedRelease {
    TaggedRelease {
        tag: tag.name.clone(),
        version,
        commit: tag.commit.clone(),
        time: tag.time,
    }
}

/// Puts releases in order, lowest version first.
pub fn sort(releases: &mut [TaggedRelease]) {
    releases.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.tag.cmp(&b.tag)));
}

/// Plain tags (`v1.0.0`) as releases: where other tags name the package, whether one is its own has
/// to be found out.
pub fn plain(tags: &[Tag], package: &str) -> Vec<TaggedRelease> {
    tags.iter()
        .filter_map(|tag| {
            let parsed =
                parse_version_tag(&tag.name, package).filter(|parsed| !parsed.names_package)?;
            Some(tagged(tag, parsed.version))
        })
        .collect()
}

/// Tags that hold a version in a form that is not read, `v/1.0.0` or `release-1.0.0`: the pattern
/// that reads each, and what it would be.
pub fn near_misses(tags: &[Tag], known: &[TaggedRelease]) -> Vec<(String, TaggedRelease)> {
    tags.iter()
        .filter(|tag| {
            let mut same = known.iter().filter(|release| release.tag == tag.name);
            same.all(|release| is_final_in_words(&release.version))
        })
        .filter_map(|tag| {
            let (pattern, version) = pattern_of(&tag.name)?;
            let release = tagged(tag, version);
            // A version that has a tag needs no second one.
            let is_known = known.iter().any(|one| one.version == release.version);
            let is_read = matches!(pattern.as_str(), "{version}" | "v{version}");
            (!is_known && !is_read).then_some((pattern, release))
        })
        .collect()
}

/// The pattern that reads a tag's name as a version, and that version.
fn pattern_of(name: &str) -> Option<(String, Version)> {
    // A package's own name may hold digits, `sha2-1.0.0-release`.
    let mut starts = name.char_indices().filter(|(at, c)| {
        let before = name[..*at].chars().next_back();
        c.is_ascii_digit() && !before.is_some_and(|c| c.is_ascii_digit() || c == '.')
    });
    starts.find_map(|(start, _)| {
        let (before, rest) = name.split_at(start);
        if let Some((version, after)) = leading_version(rest) {
            return Some((format!("{before}{{version}}{after}"), version));
        }
        let (version, form) = spread_version(rest)?;
        Some((format!("{before}{form}"), version))
    })
}

/// A version whose numbers are not joined by dots, `1_0_0`, or are only two, `1.2`: what it is, and
/// the form that reads it.
fn spread_version(text: &str) -> Option<(Version, &'static str)> {
    const FORMS: &[&str] = &[
        "{major}_{minor}_{patch}",
        "{major}-{minor}-{patch}",
        "{major}.{minor}",
        "{major}_{minor}",
        "{major}-{minor}",
    ];
    let mut read = FORMS
        .iter()
        .filter_map(|form| Some((match_pattern(text, form)?, *form)));
    read.next()
}

/// Words behind a version that say that it is one, not that it is a pre-release.
const FINAL_WORDS: &[&str] = &["release", "final", "stable", "ga"];

/// Whether a tag such as `1.0.0-release` is a final release, though SemVer reads it as another one.
fn is_final_in_words(version: &Version) -> bool {
    FINAL_WORDS.contains(&version.pre.to_ascii_lowercase().as_str())
}

/// The version a text begins with, and what stands behind it: `1.0.0-release`, `1.0.0_final`.
fn leading_version(text: &str) -> Option<(Version, &str)> {
    match Version::parse(text) {
        Ok(version) if !is_final_in_words(&version) => Some((version, "")),
        _ => {
            let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
            let numbers = text[..end].trim_end_matches('.');
            let after = &text[numbers.len()..];
            let word = after.trim_start_matches(['-', '_', '.', '/']);
            FINAL_WORDS
                .contains(&word.to_ascii_lowercase().as_str())
                .then_some((Version::parse(numbers).ok()?, after))
        }
    }
}

/// Tags with two numbers, `v1.2` for 1.2.0, of versions that no other tag names. Some of them move,
/// so that whether one is a release has to be found out.
pub fn short(tags: &[Tag], package: &str, known: &[TaggedRelease]) -> Vec<TaggedRelease> {
    tags.iter()
        .filter(|tag| parse_version_tag(&tag.name, package).is_none())
        .filter_map(|tag| {
            let parsed = parse_version_tag(&format!("{}.0", tag.name), package)?;
            let is_known = known.iter().any(|one| one.version == parsed.version);
            (!is_known && parsed.version.pre.is_empty()).then(|| tagged(tag, parsed.version))
        })
        .collect()
}

/// What a pattern takes for one number of a version.
const NUMBERS: [&str; 3] = ["{major}", "{minor}", "{patch}"];

/// Whether a pattern says where the version stands: all of it, or at least its first two numbers.
pub fn is_pattern(pattern: &str) -> bool {
    let count = |part: &str| pattern.matches(part).count();
    match count("{version}") {
        0 => count("{major}") == 1 && count("{minor}") == 1 && count("{patch}") <= 1,
        1 => NUMBERS.iter().all(|part| count(part) == 0),
        _ => false,
    }
}

fn match_pattern(tag: &str, pattern: &str) -> Option<Version> {
    if let Some((before, after)) = pattern.split_once("{version}") {
        return Version::parse(tag.strip_prefix(before)?.strip_suffix(after)?).ok();
    }

    let mut numbers = [0_u64; 3];
    let (mut tag, mut pattern) = (tag, pattern);
    while !pattern.is_empty() {
        let number = NUMBERS.iter().position(|part| pattern.starts_with(part));
        if let Some(place) = number {
            let digits = tag.find(|c: char| !c.is_ascii_digit()).unwrap_or(tag.len());
            numbers[place] = tag[..digits].parse().ok()?;
            tag = &tag[digits..];
            pattern = &pattern[NUMBERS[place].len()..];
        } else {
            let literal = pattern.chars().next()?;
            tag = tag.strip_prefix(literal)?;
            pattern = &pattern[literal.len_utf8()..];
        }
    }
    tag.is_empty()
        .then(|| Version::new(numbers[0], numbers[1], numbers[2]))
}

/// What was found out about the release before this one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Predecessor {
    /// The previous release, or `None` for the first one.
    pub release: Option<TaggedRelease>,
    /// Tags of the same version as the chosen one that lead to other commits.
    pub rivals: Vec<TaggedRelease>,
    /// Higher candidates that were passed over because they are on another line of history.
    pub elsewhere: Vec<TaggedRelease>,
}

/// Finds the previous release `version` at `commit`.
///
/// `inclusive` also takes a tag of the very same version as a candidate: it is for a commit past
/// that release whose manifest still says the old version.
///
/// # Errors
/// Whatever [`Ancestry`] fails with.
pub fn predecessor<A: Ancestry>(
    releases: &[TaggedRelease],
    version: &Version,
    commit: &CommitId,
    inclusive: bool,
    ancestry: &A,
) -> Result<Predecessor, A::Error> {
    let mut result = Predecessor::default();
    for candidate in releases.iter().rev() {
        let skipped = !candidate.version.pre.is_empty() && version.pre.is_empty();
        let is_before = match candidate.version.cmp_precedence(version) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => inclusive,
            std::cmp::Ordering::Greater => false,
        };
        if !is_before || skipped {
            continue;
        }
        if let Some(chosen) = &result.release {
            if candidate.version.cmp_precedence(&chosen.version).is_ne() {
                break;
            }
            if candidate.commit != chosen.commit {
                result.rivals.push(candidate.clone());
            }
            continue;
        }
        if ancestry.is_ancestor(&candidate.commit, commit)? {
            result.release = Some(candidate.clone());
        } else {
            result.elsewhere.push(candidate.clone());
        }
    }

    if let Some(chosen) = &result.release {
        // What is passed over matters only where the same version has a second tag.
        let rivals = result
            .elsewhere
            .iter()
            .filter(|other| chosen.version.cmp_precedence(&other.version).is_eq());
        result.rivals.extend(rivals.cloned());
    }

    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits are numbers on lines: `line * 1000 + position`; a line starts from a point of line
    /// 0.
    struct Lines;
    impl Ancestry for Lines {
        type Error = std::convert::Infallible;
        fn is_ancestor(&self, a: &CommitId, b: &CommitId) -> Result<bool, Self::Error> {
            let number = |id: &CommitId| id.as_str().parse::<u32>().unwrap_or(0);
            let (a, b) = (number(a), number(b));
            Ok(if a / 1000 == b / 1000 {
                a <= b
            } else {
                a / 1000 == 0 && a <= 10
            })
        }
    }

    fn id(number: u32) -> CommitId {
        format!("{number:040}").parse().unwrap()
    }

    fn tag(name: &str, commit: u32) -> Tag {
        Tag {
            name: name.to_owned(),
            commit: id(commit),
            annotated: false,
            time: i64::from(commit),
        }
    }

    fn before(tags: &[Tag], version: &str, at: u32) -> Option<String> {
        let releases = releases(tags, "x", &[]);
        predecessor(&releases, &version.parse().unwrap(), &id(at), false, &Lines)
            .unwrap()
            .release
            .map(|r| r.tag)
    }

    #[test]
    fn highest_lower_ancestor() {
        let tags = [
            tag("v1.0.0", 5),
            tag("v1.9.0", 10),
            tag("v1.10.0", 20),
            tag("v2.0.0-rc.1", 30),
            tag("v2.0.0", 40),
        ];
        assert_eq!(
            before(&tags, "2.0.0", 40).as_deref(),
            Some("v1.10.0"),
            "a final looks past its candidates"
        );
        assert_eq!(before(&tags, "2.0.0-rc.1", 30).as_deref(), Some("v1.10.0"));
        assert_eq!(
            before(&tags, "2.0.0-rc.2", 35).as_deref(),
            Some("v2.0.0-rc.1")
        );
        assert_eq!(before(&tags, "1.10.0", 20).as_deref(), Some("v1.9.0"));
        assert_eq!(before(&tags, "1.0.0", 5), None, "the first release");
    }

    #[test]
    fn a_long_term_line_follows_its_own_history() {
        let tags = [
            tag("v1.0.0", 5),
            tag("v1.0.1", 1003),
            tag("v1.0.2", 1004),
            tag("v1.1.0", 30),
        ];
        assert_eq!(before(&tags, "1.0.2", 1004).as_deref(), Some("v1.0.1"));
        assert_eq!(
            before(&tags, "1.1.0", 30).as_deref(),
            Some("v1.0.0"),
            "v1.0.2 is not an ancestor"
        );
    }

    #[test]
    fn two_tags_for_one_version_are_ambiguous() {
        let tags = [tag("v1.0.0", 5), tag("1.0.0", 6)];
        let releases = releases(&tags, "x", &[]);
        let found =
            predecessor(&releases, &"1.1.0".parse().unwrap(), &id(20), false, &Lines).unwrap();
        assert_eq!((found.release.is_some(), found.rivals.len()), (true, 1));
    }

    #[test]
    fn forms_close_to_a_known_one_are_named_with_the_pattern_that_reads_them() {
        let near = |name: &str| {
            let tags = [tag(name, 1)];
            let known = releases(&tags, "x", &[]);
            let found = near_misses(&tags, &known).pop();
            found.map(|(pattern, release)| (pattern, release.version.to_string()))
        };
        for (name, pattern) in [
            ("release-1.0.0", "release-{version}"),
            ("v/1.0.0", "v/{version}"),
            ("1.0.0-release", "{version}-release"),
            ("v1.0.0_final", "v{version}_final"),
            ("V1.0.0.Final", "V{version}.Final"),
            ("v1_0_0", "v{major}_{minor}_{patch}"),
            ("REL-1-0-0", "REL-{major}-{minor}-{patch}"),
            ("release-1.0", "release-{major}.{minor}"),
            ("sha2-release-1.0.0", "sha2-release-{version}"),
            ("h2_v1_0_0", "h2_v{major}_{minor}_{patch}"),
        ] {
            let wanted = Some((pattern.to_owned(), "1.0.0".to_owned()));
            assert_eq!(near(name), wanted, "{name}");
            let read = match_pattern(name, pattern).map(|version| version.to_string());
            assert_eq!(read.as_deref(), Some("1.0.0"), "{name}");
        }
        assert_eq!(near("v1.0.0-rc.1"), None);
        assert_eq!(near("v1.0.0"), None);
        assert_eq!(near("nightly-2024.01.02x"), None);
        assert_eq!(near("v1_0_0_old"), None);
    }

    #[test]
    fn a_pattern_says_where_the_version_stands() {
        for good in [
            "v{version}",
            "r{major}_{minor}",
            "{major}.{minor}.{patch}-final",
        ] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in [
            "v",
            "v{version}{version}",
            "{version}-{major}",
            "{major}",
            "{minor}.{patch}",
        ] {
            assert!(!is_pattern(bad), "{bad}");
        }
        let read = |tag: &str, pattern: &str| {
            match_pattern(tag, pattern).map(|version| version.to_string())
        };
        assert_eq!(read("r1_12", "r{major}_{minor}").as_deref(), Some("1.12.0"));
        assert_eq!(read("r1_12_3", "r{major}_{minor}"), None);
        assert_eq!(read("r1_x", "r{major}_{minor}"), None);
        assert_eq!(read("r1_", "r{major}_{minor}"), None);
    }

    #[test]
    fn two_numbers_are_a_version_where_nothing_else_is() {
        let tags = [
            tag("v1.1", 1),
            tag("v1.2", 2),
            tag("v1.2.0", 3),
            tag("v2", 4),
        ];
        let known = releases(&tags, "x", &[]);
        let found = short(&tags, "x", &known);
        let names: Vec<&str> = found.iter().map(|one| one.tag.as_str()).collect();
        assert_eq!(names, ["v1.1"]);
    }

    #[test]
    fn tags_of_the_package_win_over_plain_ones() {
        let tags = [
            tag("v9.0.0", 1),
            tag("x-v1.0.0", 2),
            tag("x-y-v3.0.0", 3),
            tag("latest", 4),
        ];
        let found = releases(&tags, "x", &[]);
        assert_eq!(
            found.iter().map(|r| r.tag.as_str()).collect::<Vec<_>>(),
            ["x-v1.0.0"]
        );
        let found = releases(&tags, "x", &["v{version}".to_owned()]);
        assert_eq!(found[0].tag, "v9.0.0");
    }

    #[test]
    fn past_a_release_the_same_version_is_the_predecessor() {
        let releases = releases(&[tag("v1.0.0", 5)], "x", &[]);
        let found =
            predecessor(&releases, &"1.0.0".parse().unwrap(), &id(9), true, &Lines).unwrap();
        assert_eq!(found.release.unwrap().tag, "v1.0.0");
    }
}
