//! Rules about notes that exist: whether they agree with the release they are about.
//!
//! Must never: insist on a layout. Hand-written notes pass when they name what readers need to know; only what
//! this tool generated is held to the letter.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::git::CommitId;
use release_gate::{Finding, Level};

use crate::model::breaking::Source;
use crate::model::release::Release;
use crate::model::sections::Section;
use crate::model::untrusted::is_unwanted;
use crate::report::markdown::{BREAK, Seen, parse_back, without_breaks};
use crate::report::notes::{PROSE_BEGIN, PROSE_END, generated_part, prose};
use crate::rules;

/// The longest body GitHub accepts for a release, in characters.
pub const LONGEST_BODY: usize = 125_000;

/// What `relnotes.json` said when the notes were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The commit the notes are about.
    pub to: Option<CommitId>,
    /// The commit they start from.
    pub from: Option<CommitId>,
    /// How many commits they account for.
    pub total: u64,
    /// Digest of the generated part.
    pub notes_sha256: Option<Sha256Digest>,
}

/// Notes to be checked.
#[derive(Debug, Clone)]
pub struct Notes<'a> {
    /// How findings call the file.
    pub path: &'a str,
    /// The part about this release.
    pub text: &'a str,
    /// Headings of the file that name this version, where it holds several releases.
    pub version_headings: usize,
    /// What was recorded when they were generated, if they were.
    pub recorded: Option<Recorded>,
    /// Skeletons beside the notes: name and text.
    pub skeletons: &'a [(String, String)],
}

/// Everything wrong with the notes.
pub fn judge(release: &Release, notes: &Notes<'_>) -> Vec<Finding> {
    let seen = parse_back(notes.text);
    let text = without_breaks(&seen.text);
    let mut findings = Vec::new();
    findings.extend(recorded(release, notes));
    findings.extend(breaking(release, notes, &text));
    findings.extend(manifest(release, notes, &text));
    findings.extend(fixed(release, notes, &text));
    findings.extend(digests(release, notes, &text));
    findings.extend(sections(release, notes, &seen));
    findings.extend(empty_sections(notes, &seen));
    findings.extend(duplicates(notes, &seen));
    findings.extend(too_long(notes));
    findings.extend(placeholders(notes));
    findings.extend(unsafe_markup(notes, &seen));
    findings
}

fn recorded(release: &Release, notes: &Notes<'_>) -> Vec<Finding> {
    let Some(recorded) = &notes.recorded else { return Vec::new() };
    let mut findings = Vec::new();
    let from = release.predecessor.release.as_ref().map(|before| &before.commit);
    if recorded.to.as_ref() != Some(&release.to) || recorded.from.as_ref() != from {
        findings.push(
            Finding::new(&rules::RANGE_TAG_MISMATCH, "the notes were made for another range of commits")
                .at(notes.path, None)
                .help("make them again with `cargo relnotes`"),
        );
    } else if recorded.total != release.counted as u64 {
        findings.push(
            Finding::new(
                &rules::COMMIT_UNACCOUNTED,
                format!(
                    "the range has {} commits and the notes account for {}",
                    release.counted, recorded.total
                ),
            )
            .at(notes.path, None)
            .help("make them again with `cargo relnotes`"),
        );
    }
    let digest = sha256_bytes(generated_part(notes.text).as_bytes());
    if recorded.notes_sha256 != Some(digest) {
        findings.push(
            Finding::new(&rules::NOTES_EDITED, "the generated part is not what relnotes.json describes")
                .at(notes.path, None)
                .help("put your own words between the marks, or make the notes again with `cargo relnotes`")
                .evidence("found", digest.to_string()),
        );
    }
    findings
}

/// Whether the notes say it, spaces and case aside.
fn says(text: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    plain(text).contains(&plain(wanted))
}

/// Whether a word stands by itself in the text.
fn names(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(inside) && !text[at + word.len()..].starts_with(inside))
}

fn breaking(release: &Release, notes: &Notes<'_>, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in &release.breaking {
        let by_commit = item.entry.as_ref().is_some_and(|entry| {
            let numbered = entry.pull.is_some_and(|pull| names(text, &format!("#{pull}")));
            let hashed = entry.commits.iter().any(|commit| text.contains(&commit.as_str()[..7]));
            numbered || hashed || says(text, &crate::report::markdown::shown(&entry.text))
        });
        let by_item = item.changes.iter().any(|change| {
            let name = change.item.rsplit("::").next().unwrap_or(&change.item);
            names(text, name)
        });
        if by_commit || by_item {
            continue;
        }
        let what = match (&item.entry, item.changes.first()) {
            (Some(entry), _) => entry.text.visible().to_owned(),
            (None, Some(change)) => change.item.clone(),
            (None, None) => continue,
        };
        let source = match item.source {
            Source::Marked => "a commit marks it",
            Source::Detected => "the API comparison found it",
            Source::Both => "a commit marks it and the API comparison found it",
        };
        findings.push(
            Finding::new(&rules::BREAKING_UNLISTED, format!("the notes leave out a breaking change: {what}"))
                .at(notes.path, None)
                .help("name it, and say what to do instead")
                .evidence("source", source),
        );
    }
    findings
}

fn manifest(release: &Release, notes: &Notes<'_>, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(delta) = &release.manifest else { return findings };
    if let Some(raised) = delta.raised_rust_version() {
        let short = raised.strip_suffix(".0").filter(|short| short.contains('.')).unwrap_or(raised);
        if !names(text, raised) && !names(text, short) {
            findings.push(
                Finding::new(
                    &rules::MSRV_UNLISTED,
                    format!("rust-version is {raised} now and the notes do not say so"),
                )
                .at(notes.path, None)
                .help(format!("add a line such as: the minimum Rust version is {raised}"))
                .evidence("rust_version", raised),
            );
        }
    }
    for feature in delta.features_removed.iter().filter(|feature| !names(text, feature)) {
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

fn fixed(release: &Release, notes: &Notes<'_>, text: &str) -> Vec<Finding> {
    let fixed = release.vulnerabilities.iter().flat_map(|delta| &delta.fixed);
    fixed
        .filter(|hit| !names(text, &hit.id) && !hit.aliases.iter().any(|alias| names(text, alias)))
        .map(|hit| {
            Finding::new(
                &rules::VULN_FIXED_UNLISTED,
                format!("{} no longer hits {} and the notes do not say so", hit.id, hit.package),
            )
            .at(notes.path, None)
            .help("name the advisory: it is the reason to upgrade")
            .evidence("id", hit.id.as_str())
            .evidence("public_before", hit.public_before)
        })
        .collect()
}

/// Digests beside the name of an artifact must be those of the artifact.
fn digests(release: &Release, notes: &Notes<'_>, text: &str) -> Vec<Finding> {
    let facts = &release.facts;
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for artifact in facts.buildinfo.usable().iter().flat_map(|info| &info.data.artifacts) {
        known.entry(artifact.name.as_str()).or_default().insert(artifact.sha256.to_string());
    }
    let own = facts.buildinfo.usable().map(|info| ("buildinfo.json", info.sha256.to_string()));
    for (name, digest) in
        own.into_iter().chain(facts.sbom.usable().map(|sbom| ("sbom.cdx.json", sbom.sha256.to_string())))
    {
        known.entry(name).or_default().insert(digest);
    }
    let mut findings = Vec::new();
    for line in text.lines() {
        let said = line.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
        let Some((name, right)) =
            known.iter().filter(|(name, _)| names(line, name)).max_by_key(|(name, _)| name.len())
        else {
            continue;
        };
        for digest in said.filter(|digest| !right.contains(&digest.to_lowercase())) {
            findings.push(
                Finding::new(
                    &rules::DIGEST_MISMATCH,
                    format!("the notes give `{name}` a digest it does not have"),
                )
                .at(notes.path, None)
                .help("make the notes again with `cargo relnotes --phase final`")
                .evidence("found", digest),
            );
        }
    }
    findings
}

/// Names under which people expect a section.
fn usual_names(section: Section) -> &'static [&'static str] {
    match section {
        Section::Breaking => &["breaking", "changed", "incompatible", "migration", "removed", "removals"],
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
        Section::Deprecated => &["deprecated", "deprecations", "deprecation", "changes", "changed"],
        Section::Performance | Section::Dependencies | Section::Other => &[],
    }
}

fn sections(release: &Release, notes: &Notes<'_>, seen: &Seen) -> Vec<Finding> {
    let words: BTreeSet<String> = seen
        .headings
        .iter()
        .flat_map(|(_, heading)| heading.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .collect();
    let mut findings = Vec::new();
    for section in Section::ALL {
        let lines = release.accounting.section(section).count();
        let usual = usual_names(section);
        if lines == 0 || usual.is_empty() || usual.iter().any(|name| words.contains(*name)) {
            continue;
        }
        // Whoever leaves out fixes is brief; whoever leaves out breaks and security misleads.
        let level =
            if matches!(section, Section::Breaking | Section::Security) { Level::Deny } else { Level::Warn };
        findings.push(
            Finding::new(
                &rules::SECTION_MISSING,
                format!(
                    "{lines} of the changes belong under “{}”, which the notes do not have",
                    section.title()
                ),
            )
            .level(level)
            .at(notes.path, None)
            .help(format!("add a heading “{}” (or “{}”)", section.title(), section.keep_a_changelog()))
            .evidence("section", section.title()),
        );
    }
    findings
}

fn line_of(text: &str, offset: usize) -> u32 {
    u32::try_from(text[..offset.min(text.len())].matches('\n').count() + 1).unwrap_or(u32::MAX)
}

fn empty_sections(notes: &Notes<'_>, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, ((level, heading), offset)) in seen.headings.iter().zip(&seen.offsets).enumerate() {
        let next = seen.offsets.get(at + 1).copied().unwrap_or(notes.text.len());
        let deeper = seen.headings.get(at + 1).is_some_and(|(next, _)| next > level);
        let body = notes.text[*offset..next].split_once('\n').map_or("", |(_, body)| body);
        let marks = [PROSE_BEGIN, PROSE_END]
            .iter()
            .fold(body.to_owned(), |body, mark| body.replace(&format!("<!-- {mark} -->"), ""));
        if marks.trim().is_empty() && !deeper {
            findings.push(
                Finding::new(&rules::SECTION_EMPTY, format!("there is nothing under “{heading}”"))
                    .at(notes.path, line_of(notes.text, *offset))
                    .help("fill the section or remove its heading"),
            );
        }
    }
    findings
}

fn duplicates(notes: &Notes<'_>, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A heading may be repeated under another parent.
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut known: BTreeSet<Vec<(u8, String)>> = BTreeSet::new();
    for ((level, heading), offset) in seen.headings.iter().zip(&seen.offsets) {
        path.retain(|(above, _)| above < level);
        path.push((*level, heading.trim().to_lowercase()));
        if !known.insert(path.clone()) {
            findings.push(
                Finding::new(&rules::HEADING_DUPLICATE, format!("“{heading}” is a heading twice"))
                    .at(notes.path, line_of(notes.text, *offset))
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

fn too_long(notes: &Notes<'_>) -> Option<Finding> {
    let length = notes.text.chars().count();
    (length > LONGEST_BODY).then(|| {
        Finding::new(
            &rules::BODY_TOO_LONG,
            format!(
                "the notes have {length} characters, more than the {LONGEST_BODY} a release body may have"
            ),
        )
        .at(notes.path, None)
        .help("shorten them with a template, or publish them as a file and link to it")
        .evidence("characters", length)
    })
}

fn placeholders(notes: &Notes<'_>) -> Vec<Finding> {
    const OURS: &[&str] = &["FILL-IN", "RUSTSEC-0000-0000"];
    const THEIRS: &[&str] = &["TODO", "FIXME", "TBD", "XXX", "FILL-IN"];
    let mut findings = Vec::new();
    let mut look = |path: &str, text: &str, first_line: u32, words: &[&str]| {
        for (at, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| names(line, word)) {
                let number = first_line + u32::try_from(at).unwrap_or(0);
                findings.push(
                    Finding::new(&rules::PLACEHOLDER_LEFT, format!("`{word}` is still there"))
                        .at(path, number)
                        .help("fill it in, or remove the line"),
                );
            }
        }
    };
    // Words of commits are not ours to judge: only what people wrote for these notes.
    match (&notes.recorded, prose(notes.text)) {
        (Some(_), Some(prose)) => {
            let before = notes.text.find(prose).map_or(1, |offset| line_of(notes.text, offset));
            look(notes.path, prose, before, THEIRS);
        }
        (Some(_), None) => {}
        (None, _) => look(notes.path, notes.text, 1, THEIRS),
    }
    for (name, text) in notes.skeletons {
        look(name, text, 1, OURS);
    }
    findings
}

fn unsafe_markup(notes: &Notes<'_>, seen: &Seen) -> Vec<Finding> {
    const TAGS: &[&str] = &[
        "script", "iframe", "object", "embed", "style", "form", "input", "svg", "math", "link", "meta",
        "base",
    ];
    let mut wrong: BTreeSet<String> = BTreeSet::new();
    for html in &seen.html {
        let lower = html.to_lowercase();
        let tag = lower
            .trim_start_matches(['<', '/'])
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or("");
        if TAGS.contains(&tag) {
            wrong.insert(format!("<{tag}>"));
        }
        let handler = lower.match_indices(" on").any(|(at, _)| {
            let word: String = lower[at + 3..].chars().take_while(char::is_ascii_alphabetic).collect();
            !word.is_empty() && lower[at + 3 + word.len()..].trim_start().starts_with('=')
        });
        if handler && lower.starts_with('<') && !lower.starts_with("<!--") {
            wrong.insert("an event handler".to_owned());
        }
        if lower.contains("javascript:") || lower.contains("data:text") {
            wrong.insert("a `javascript:` address".to_owned());
        }
    }
    let images = seen.other.iter().filter_map(|other| other.strip_prefix("image "));
    for url in seen.links.iter().map(String::as_str).chain(images) {
        let scheme = url.trim_start().split(':').next().unwrap_or("").to_lowercase();
        if matches!(scheme.as_str(), "javascript" | "data" | "vbscript" | "file") && url.contains(':') {
            wrong.insert(format!("a `{scheme}:` address"));
        }
    }
    let html = seen.html.concat();
    if html.matches("<!--").count() > html.matches("-->").count() {
        wrong.insert("a comment that is never closed".to_owned());
    }
    let bad = |c: char| is_unwanted(c) && !matches!(c, '\n' | '\r' | '\t' | BREAK);
    if let Some(c) = notes.text.chars().find(|c| bad(*c)) {
        wrong.insert(format!("the character U+{:04X}", u32::from(c)));
    }
    wrong
        .into_iter()
        .map(|what| {
            Finding::new(&rules::UNSAFE_MARKUP, format!("the notes hold {what}"))
                .at(notes.path, None)
                .help("write it as code (between back-ticks) if it is meant to be shown, or remove it")
        })
        .collect()
}
