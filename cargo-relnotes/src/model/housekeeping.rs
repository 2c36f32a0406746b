//! Messages without a convention that are about nothing anybody ships: the changelog, formatting,
//! tests, spelling, releases.
//!
//! Must never: hide what it is not sure about. Each of these has a rule with a name, and what none
//! of them knows is listed.

use super::grammar::{Header, without_pull};

/// First words of such messages.
const VERBS: &[&str] = &[
    "add", "added", "adds", "adapt", "apply", "correct", "edit", "fix", "fixed", "improve",
    "mention", "ran", "refer", "reword", "run", "tidy", "tweak", "update", "updated", "updates",
    "write",
];

/// The rule that hides a message, if one does.
pub(super) fn housekeeping(text: &str) -> Option<&'static str> {
    const FILLERS: &[&str] = &[
        "a",
        "an",
        "for",
        "entry",
        "entries",
        "failing",
        "few",
        "integration",
        "more",
        "missing",
        "new",
        "regression",
        "some",
        "the",
        "unit",
    ];
    let lower = without_pull(text).to_lowercase();
    let words: Vec<&str> = lower
        .split_whitespace()
        .map(|word| word.trim_matches(['`', '.', ',', ':']))
        .filter(|word| !word.starts_with('#') && !word.is_empty())
        .collect();
    let rest: Vec<&str> = words
        .iter()
        .copied()
        .skip_while(|word| VERBS.contains(word))
        .filter(|word| !FILLERS.contains(word))
        .collect();
    let is = |names: &[&str]| rest.first().is_some_and(|first| names.contains(first));
    let verb = words.first().is_some_and(|first| VERBS.contains(first));
    match rest.len() {
        1 if is(&["typo", "typos"]) => Some("typo"),
        1 if is(&["rustfmt", "fmt", "clippy"]) => Some("formatting"),
        2 if rest[..] == ["cargo", "fmt"] => Some("formatting"),
        _ if edits(&words, &["changelog", "changelog.md", "changelogs"]) => Some("changelog-edit"),
        _ if verb && edits(&words, &["readme", "readme.md", "contributing.md"]) => {
            Some("documentation")
        }
        _ if verb && is(&["test", "tests"]) && ends_with_tests(&words) => Some("tests-only"),
        _ => None,
    }
}

/// Whether tests are what was changed (`test for x`), not what the program does with tests (`test
/// filtering by name`).
fn ends_with_tests(words: &[&str]) -> bool {
    const THEN: &[&str] = &[
        "after", "and", "as", "because", "before", "by", "case", "cases", "code", "coverage",
        "covering", "data", "failing", "failure", "failures", "file", "files", "fixture",
        "fixtures", "for", "from", "helper", "helpers", "in", "of", "on", "showing", "suite",
        "that", "to", "under", "utils", "when", "where", "which", "with", "without",
    ];
    let at = words
        .iter()
        .position(|word| matches!(*word, "test" | "tests"));
    at.and_then(|at| words.get(at + 1))
        .is_none_or(|next| THEN.contains(next) || next.starts_with('('))
}

/// Whether a message is about one of these files: it ends with the name, or goes on with what was
/// written there.
fn edits(words: &[&str], files: &[&str]) -> bool {
    const THEN: &[&str] = &[
        "entry", "entries", "for", "to", "with", "and", "update", "updates", "edit", "fix", "typo",
    ];
    let Some(at) = words.iter().position(|word| files.contains(word)) else {
        return false;
    };
    let first = at == 0 || VERBS.contains(&words[0]);
    first
        && words
            .get(at + 1)
            .is_none_or(|next| THEN.contains(next) || next.starts_with('('))
}

/// Whether a message is about words: documentation, examples, spelling.
pub(super) fn is_about_words(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "doc",
        "docs",
        "documentation",
        "doctest",
        "doctests",
        "example",
        "examples",
        "grammar",
        "readme",
        "spelling",
        "typo",
        "typos",
        "wording",
    ];
    let lower = text.to_lowercase();
    let mut words = lower
        .split_whitespace()
        .map(|word| word.trim_matches(['`', '.', ',', ':', '(', ')']))
        .peekable();
    while let Some(word) = words.next() {
        // `doc comments` are part of the language, `typo detection` and `support for docs` are
        // things to have.
        if matches!(word, "support" | "allow" | "option" | "flag") {
            return false;
        }
        let next = words.peek().copied().unwrap_or_default();
        let other = match word {
            "doc" => next.starts_with("comment"),
            "typo" | "typos" => !matches!(next, "" | "in" | "on" | "of" | "at" | "and"),
            _ => false,
        };
        if WORDS.contains(&word) && !other {
            return true;
        }
    }
    false
}

/// Words of which nothing but the making of a release can be said.
const RELEASE_WORDS: &[&str] = &[
    "a",
    "back",
    "begin",
    "bump",
    "bumps",
    "bumped",
    "bumping",
    "chore",
    "crate",
    "cut",
    "cutting",
    "cycle",
    "dev",
    "development",
    "final",
    "for",
    "from",
    "into",
    "iteration",
    "make",
    "new",
    "next",
    "number",
    "numbers",
    "of",
    "open",
    "patch",
    "minor",
    "major",
    "prep",
    "prepare",
    "prepares",
    "preparing",
    "publish",
    "ready",
    "release",
    "released",
    "releases",
    "releasing",
    "set",
    "start",
    "tag",
    "the",
    "to",
    "update",
    "version",
    "versions",
    "→",
    "->",
    "=>",
];

/// One of these has to be there, beside a version.
const RELEASE_VERBS: &[&str] = &[
    "bump",
    "bumps",
    "bumped",
    "cut",
    "dev",
    "development",
    "prep",
    "prepare",
    "publish",
    "ready",
    "release",
    "released",
    "releasing",
    "tag",
    "version",
    "versions",
];

/// `1.2.3`, `v1.2.3`, `Release 1.2.3`, `chore: Release`, `Bump version to 1.2.3`, `chore(release):
/// prepare for 1.2.3`, `Cut v1.2.3`, `1.2.3 release [skip ci]`.
pub(super) fn is_release_commit(header: &Header, package: Option<&str>) -> bool {
    let text = without_pull(&header.description).to_lowercase();
    let text = text.split(" [").next().unwrap_or_default();
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(['.', ',', ':', '!', '`', '"', '(', ')']))
        .filter(|word| !word.is_empty() && Some(*word) != package)
        .collect();

    if words.is_empty() || words.len() > 9 {
        return false;
    }
    let versions = words.iter().filter(|word| is_version(word)).count();
    let others: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !is_version(word))
        .collect();

    let is_plain = others.iter().all(|word| RELEASE_WORDS.contains(word));
    let means_release = others.iter().any(|word| RELEASE_VERBS.contains(word));

    match words[..] {
        ["version", "bump"] | ["bump", "version" | "versions"] => true,
        ["cargo-release", "version", word] => is_version(word),
        // `ignore-0.4.22`: a release of another package of the workspace.
        [word] => is_version(word) || names_version(word) || word == "release",
        ["release", word] => is_version(word) || names_version(word),
        ["bump" | "set" | "update" | "prepare", .., "version"] => is_plain,
        // `Back to development`, `Start the next development cycle`.
        [.., "development"] | [.., "development", "version" | "cycle" | "iteration"] => is_plain,
        _ if versions > 0 => means_release && (is_plain || is_named_release(&words, &others)),
        _ => false,
    }
}

/// `Release demo 1.2.3`, `demo: prepare release of 0.4.0`: one word beside those of a release, with
/// the version at the end.
fn is_named_release(words: &[&str], others: &[&str]) -> bool {
    let last_is_version = words.last().is_some_and(|word| is_version(word));
    let first = words.first().copied().unwrap_or_default();
    last_is_version && others.len() <= 4 && matches!(first, "release" | "prepare" | "publish")
}

/// `1.2.3`, `v1.2`, `1.0.0-rc.1`; a single number is none.
fn is_version(word: &str) -> bool {
    let bare = word.trim_start_matches('v');
    let numbers = bare.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = numbers.split('.').collect();
    (2..=3).contains(&parts.len())
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// `ignore-0.4.22`, `ignore@0.4.22`.
fn names_version(word: &str) -> bool {
    ['-', '@', '/'].iter().any(|mark| {
        word.split_once(*mark).is_some() && word.rsplit(*mark).next().is_some_and(is_version)
    })
}
