//! Rules about what notes say: breaks, Rust version, features, advisories, digests.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::CommitId;
use release_gate::{Finding, Level};

use super::subject::Notes;
use super::wording::same_in_other_words;
use crate::model::account::Entry;
use crate::model::breaking::{Breaking, Source};
use crate::model::facts::{CompatChange, Facts};
use crate::model::manifest::ManifestDelta;
use crate::model::spans::shown;
use crate::model::vulnerabilities::Hit;
use crate::read::page::{Block, Page};
use crate::rules;

/// Whether a word stands by itself in the text.
pub(super) fn names(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(is_inside_word)
                && !text[at + word.len()..].starts_with(is_inside_word)
        })
}

fn is_inside_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Lower-case words with single spaces between them.
fn plain_words(text: &str) -> String {
    text.to_lowercase()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The words of a text, lower case, cut at everything that is no letter or digit.
fn words_of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Whether the block, its heading or its introduction holds one of the words.
pub(super) fn is_about(page: &Page, block: &Block, topic: &[&str]) -> bool {
    let [heading, lead] = page.context(block);
    [heading, lead, &block.text]
        .into_iter()
        .flat_map(words_of)
        .any(|word| topic.contains(&word.as_str()))
}

/// All words of the page: headings and blocks, one to a line.
fn whole_text(page: &Page) -> String {
    let headings = page.headings.iter().map(|heading| heading.text.as_str());
    headings
        .chain(page.blocks.iter().map(|block| block.text.as_str()))
        .collect::<Vec<_>>()
        .join("\n")
}

pub(super) fn breaking(items: &[Breaking], notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let text = whole_text(page);
    let said = plain_words(&text);
    let mut findings = Vec::new();
    for item in items {
        let by_commit = item
            .entry
            .as_ref()
            .is_some_and(|entry| is_named(page, &text, &said, entry));
        if by_commit || item.changes.iter().any(|change| names_item(page, change)) {
            continue;
        }
        let what = match (&item.entry, item.changes.first()) {
            (Some(entry), _) => entry.text.visible().to_owned(),
            (None, Some(change)) => change.item.clone(),
            (None, None) => continue,
        };
        findings.push(
            match same_in_other_words(page, &what).filter(|_| item.entry.is_some()) {
                Some(sentence) => reworded(notes, &what, sentence),
                None => unlisted(notes, &what, item.source),
            },
        );
    }

    findings
}

/// Whether the notes name a line: by its number, by a commit, or in its words. `text` is all of the
/// page, `said` the same in plain words.
fn is_named(page: &Page, text: &str, said: &str, entry: &Entry) -> bool {
    let numbered = entry
        .pulls
        .iter()
        .chain(&entry.closes)
        .any(|pull| names(text, &format!("#{pull}")) || links_to(page, *pull));
    let hashed = entry.commits.iter().any(|commit| {
        let short = &commit.as_str()[..7];
        text.match_indices(short)
            .any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_hexdigit()))
    });
    numbered || hashed || names(said, &plain_words(&shown(&entry.text)))
}

/// Whether the notes name every one of some lines, wherever they do.
pub(super) fn all_named<'a>(page: &Page, entries: impl IntoIterator<Item = &'a Entry>) -> bool {
    let text = whole_text(page);
    let said = plain_words(&text);
    entries.into_iter().all(|entry| {
        is_named(page, &text, &said, entry)
            || same_in_other_words(page, entry.text.visible()).is_some()
    })
}

/// A break the notes leave out.
fn unlisted(notes: &Notes<'_>, what: &str, source: Source) -> Finding {
    let source = match source {
        Source::Marked => "a commit marks it",
        Source::Detected => "the API comparison found it",
        Source::Both => "a commit marks it and the API comparison found it",
    };
    Finding::new(
        &rules::BREAKING_UNLISTED,
        format!("the notes leave out a breaking change: {what}"),
    )
    .at(notes.path, None)
    .help("name it, and say what to do instead")
    .evidence("source", source)
}

/// A break the notes seem to name in words of their own.
fn reworded(notes: &Notes<'_>, what: &str, sentence: &str) -> Finding {
    let sentence: String = sentence.chars().take(200).collect();
    Finding::new(
        &rules::BREAKING_UNLISTED,
        format!("a breaking change is in the notes in other words: {what}"),
    )
    .level(Level::Warn)
    .at(notes.path, None)
    .help(format!("look whether this sentence means it: “{sentence}”"))
    .evidence("sentence", sentence)
}

/// Whether the page links to a pull request or issue of this number.
fn links_to(page: &Page, number: u64) -> bool {
    let ends = ["pull", "issues", "merge_requests"].map(|kind| format!("/{kind}/{number}"));
    page.addresses.iter().any(|address| {
        let address = address
            .split(['#', '?'])
            .next()
            .unwrap_or(address)
            .trim_end_matches('/');
        ends.iter().any(|end| address.ends_with(end))
    })
}

/// Whether the page names an item of the API. A name that is also a plain word (`new`, `feed`)
/// counts only as code, or together with its owner.
fn names_item(page: &Page, change: &CompatChange) -> bool {
    let path: Vec<&str> = change
        .item
        .split("::")
        .map(|part| part.split(['(', '<', ' ']).next().unwrap_or(part))
        .collect();
    let Some((name, owners)) = path.split_last() else {
        return false;
    };
    let owner = owners.last().copied().unwrap_or_default();
    let qualified = format!("{owner}::{name}");
    let telling = name.contains('_') || name.chars().skip(1).any(char::is_uppercase);
    // A type of one word, `Lexer`, is told from a word at the beginning of a sentence by standing
    // there as code or elsewhere.
    let is_type = name.starts_with(char::is_uppercase);
    page.blocks.iter().any(|block| {
        let as_code = block.code.iter().any(|code| has_part(code, name));
        let with_owner = !owner.is_empty() && names(&block.text, owner) && names(&block.text, name);
        let in_words = (telling && names(&block.text, name))
            || (is_type && names(&block.text, name) && !block.text.starts_with(name));
        names(&block.text, &qualified) || as_code || with_owner || in_words
    })
}

/// Words of a sentence about the Rust version.
pub(super) const RUST: &[&str] = &[
    "rust",
    "rustc",
    "msrv",
    "minimum",
    "minimal",
    "toolchain",
    "compiler",
];

/// Whether code holds a name as a part of its own.
fn has_part(code: &str, name: &str) -> bool {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|part| part == name)
}

/// Numbers with dots in them, as versions are written, without a trailing `.0` of three.
pub(super) fn versions_in(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_matches('.'))
        .filter(|word| word.contains('.'))
        .map(short_version)
        .collect()
}

pub(super) fn short_version(text: &str) -> String {
    text.strip_suffix(".0")
        .filter(|short| short.contains('.'))
        .unwrap_or(text)
        .to_owned()
}

pub(super) fn manifest(delta: &ManifestDelta, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    const FEATURE: &[&str] = &[
        "feature", "features", "flag", "flags", "removed", "remove", "removes", "removal",
        "removals", "gone", "dropped", "drop", "drops", "deleted", "renamed", "replaced", "merged",
    ];

    let mut findings = Vec::new();
    if let Some(raised) = delta.raised_rust_version() {
        let wanted = short_version(raised);
        // The number alone may be the version of anything.
        let said =
            page.blocks.iter().any(|block| {
                versions_in(&block.text).contains(&wanted) && is_about(page, block, RUST)
            }) || page.headings.iter().any(|heading| {
                versions_in(&heading.text).contains(&wanted)
                    && words_of(&heading.text).any(|word| RUST.contains(&word.as_str()))
            });
        if !said {
            findings.push(
                Finding::new(
                    &rules::MSRV_UNLISTED,
                    format!("rust-version is {raised} now and the notes do not say so"),
                )
                .at(notes.path, None)
                .help(format!(
                    "add a line such as: the minimum Rust version is {raised}"
                ))
                .evidence("rust_version", raised),
            );
        }
    }

    let said = |feature: &str| {
        page.blocks.iter().any(|block| {
            names(&block.text, feature)
                && (block.code.iter().any(|code| names(code, feature))
                    || is_about(page, block, FEATURE))
        })
    };

    for feature in delta
        .features_removed
        .iter()
        // Names that begin with an underscore are nobody's business by convention.
        .filter(|feature| !feature.starts_with('_') && !said(feature))
    {
        findings.push(
            Finding::new(
                &rules::FEATURE_REMOVED_UNLISTED,
                format!("the feature `{feature}` is gone and the notes do not say so"),
            )
            .at(notes.path, None)
            .help("name it under the breaking changes, or bring it back")
            .evidence("feature", feature.as_str()),
        );
    }

    findings
}

pub(super) fn fixed(fixed: &[Hit], notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let text = whole_text(page).to_uppercase();
    let said = |id: &str| names(&text, &id.to_uppercase());
    fixed
        .iter()
        .filter(|hit| !said(&hit.id) && !hit.aliases.iter().any(|alias| said(alias)))
        .map(|hit| {
            Finding::new(
                &rules::VULN_FIXED_UNLISTED,
                format!(
                    "{} no longer hits {} and the notes do not say so",
                    hit.id, hit.package
                ),
            )
            .level(if hit.locked_only {
                Level::Warn
            } else {
                Level::Deny
            })
            .at(notes.path, None)
            .help("name the advisory: it is the reason to upgrade")
            .evidence("id", hit.id.as_str())
            .evidence("public_before", hit.public_before)
        })
        .collect()
}

/// Digests beside the name of an artifact must be those of the artifact, and digests beside no name
/// must be those of something.
pub(super) fn digests(
    facts: &Facts,
    commit: &CommitId,
    notes: &Notes<'_>,
    page: &Page,
) -> Vec<Finding> {
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for artifact in facts
        .buildinfo
        .usable()
        .iter()
        .flat_map(|info| &info.data.artifacts)
    {
        known
            .entry(artifact.name.as_str())
            .or_default()
            .insert(artifact.sha256.to_string());
    }

    let own = facts.buildinfo.usable().map(|info| {
        (
            release_gate_facts::files::BUILDINFO,
            info.sha256.to_string(),
        )
    });

    for (name, digest) in own.into_iter().chain(facts.sbom.usable().map(|sbom| {
        (
            release_gate_facts::files::SBOM_CYCLONEDX_JSON,
            sbom.sha256.to_string(),
        )
    })) {
        known.entry(name).or_default().insert(digest);
    }

    let all: BTreeSet<&String> = known.values().flatten().collect();
    let named = |text: &str| {
        known
            .iter()
            .filter(|(name, _)| names(text, name))
            .max_by_key(|(name, _)| name.len())
    };

    let mut findings = Vec::new();
    for block in &page.blocks {
        let [heading, lead] = page.context(block);
        let near = named(&block.text)
            .or_else(|| named(lead))
            .or_else(|| named(heading));
        for digest in said_digests(&block.text).filter(|digest| *digest != commit.as_str()) {
            let lower = digest.to_lowercase();
            let message = match near {
                Some((name, right)) if !right.contains(&lower) => {
                    format!("the notes give `{name}` a digest it does not have")
                }
                None if !known.is_empty()
                    && !all.contains(&lower)
                    && is_about(page, block, DIGEST) =>
                {
                    "the notes give a digest that belongs to nothing that was built".to_owned()
                }
                _ => continue,
            };
            findings.push(
                Finding::new(&rules::DIGEST_MISMATCH, message)
                    .at(notes.path, None)
                    .help("make the notes again with `cargo relnotes --phase final`")
                    .evidence("found", digest),
            );
        }
    }

    findings
}

const DIGEST: &[&str] = &[
    "sha256",
    "sha",
    "digest",
    "digests",
    "checksum",
    "checksums",
    "hash",
    "hashes",
    "sha256sum",
];

/// Words that are meant as SHA-256 digests: 64 hexadecimal digits, give or take a few that were
/// lost or doubled.
fn said_digests(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| {
            (56..=72).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_hexdigit())
        })
}
