//! Messages without a convention that are about nothing anybody ships: the changelog, formatting,
//! tests, spelling, releases.
//!
//! Must never: hide what it is not sure about. Each of these has a rule with a name, and what none
//! of them knows is listed.

use super::grammar::{Header, Style, without_pull};

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
        _ if verb && is(&["test", "tests"]) => Some("tests-only"),
        _ => None,
    }
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

/// `1.2.3`, `v1.2.3`, `Release 1.2.3`, `chore: Release`, `Bump version to 1.2.3`, `chore(release):
/// prepare for 1.2.3`.
pub(super) fn is_release_commit(header: &Header) -> bool {
    let text = header.description.to_lowercase();
    let is_version = |word: &str| {
        let word = word.trim_start_matches('v').trim_end_matches(['.', ',']);
        semver::Version::parse(word).is_ok()
    };
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !word.starts_with("(#"))
        .collect();
    if words.is_empty() || words.len() > 6 {
        return false;
    }
    let last_is_version = words.last().is_some_and(|word| is_version(word));
    match words[0] {
        word if words.len() == 1 && is_version(word) => true,
        // `ignore-0.4.22`: a release of another package of the workspace.
        word if words.len() == 1
            && word
                .rsplit_once('-')
                .is_some_and(|(_, end)| end.contains('.') && is_version(end)) =>
        {
            true
        }
        "release" => words.len() == 1 || last_is_version,
        "bump" | "prepare" | "set" | "update" => {
            words.contains(&"version") && (last_is_version || words.len() <= 3)
                || words[0] == "prepare" && last_is_version
        }
        _ => {
            words.len() <= 3
                && last_is_version
                && header.style == Style::Free
                && words.contains(&"version")
        }
    }
}
