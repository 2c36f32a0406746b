//! Rules about notes that exist: whether they agree with the release they are about.
//!
//! Must never: insist on a layout. Hand-written notes pass when they name what readers need to
//! know; only what this tool generated is held to the letter.

mod content;
mod form;
mod markup;

use std::collections::BTreeMap;

use release_gate::Finding;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::git::CommitId;

use crate::model::release::{Phase, Release};
use crate::report::notes::{LONGEST_BODY, generated_part};
use crate::report::page::Page;
use crate::rules;

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
    /// `draft` or `final`.
    pub phase: String,
    /// The facts they were made from: see [`Facts::states`](crate::model::facts::Facts::states).
    pub facts: BTreeMap<String, String>,
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
    let page = Page::read(notes.text);
    let mut findings = Vec::new();
    findings.extend(recorded(release, notes));
    findings.extend(outdated(release, notes));
    findings.extend(content::breaking(release, notes, &page));
    findings.extend(content::manifest(release, notes, &page));
    findings.extend(content::fixed(release, notes, &page));
    findings.extend(content::digests(release, notes, &page));
    findings.extend(form::sections(release, notes, &page));
    findings.extend(form::empty_sections(notes, &page));
    findings.extend(form::duplicates(notes, &page));
    findings.extend(form::too_long(notes.path, notes.text));
    findings.extend(form::placeholders(notes, &page));
    findings.extend(markup::unsafe_markup(notes, &page));
    findings
}

/// The file is a changelog without a section for the release.
pub fn no_section(path: &str, version: &semver::Version) -> Finding {
    Finding::new(
        &rules::SECTION_MISSING,
        format!("{path} has sections for other versions and none for {version}"),
    )
    .at(path, None)
    .help("put it in with `cargo relnotes --changelog`, or write one")
}

/// The notes were generated, and what was recorded about them is gone.
pub fn unrecorded(path: &str) -> Finding {
    let message = "the notes were generated, and relnotes.json, which says how, is not beside them";
    Finding::new(&rules::NOTES_EDITED, message)
        .at(path, None)
        .help("make them again with `cargo relnotes`")
}

/// Whether the length of generated notes is more than a forge accepts.
pub fn too_long(path: &str, text: &str) -> Option<Finding> {
    form::too_long(path, text)
}

fn recorded(release: &Release, notes: &Notes<'_>) -> Vec<Finding> {
    let Some(recorded) = &notes.recorded else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let from = release
        .predecessor
        .release
        .as_ref()
        .map(|before| &before.commit);
    if recorded.to.as_ref() != Some(&release.to) || recorded.from.as_ref() != from {
        findings.push(
            Finding::new(
                &rules::RANGE_TAG_MISMATCH,
                "the notes were made for another range of commits",
            )
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

/// Facts that came, went or changed since the notes were generated.
fn outdated(release: &Release, notes: &Notes<'_>) -> Vec<Finding> {
    let Some(recorded) = &notes.recorded else {
        return Vec::new();
    };
    let outdated = |message: String, phase: &str| {
        Finding::new(&rules::NOTES_OUTDATED, message)
            .at(notes.path, None)
            .help(format!(
                "make them again with `cargo relnotes --phase {phase}`"
            ))
    };
    let mut findings = Vec::new();
    if release.phase == Phase::Final && recorded.phase != "final" {
        findings.push(outdated(
            "the notes were made as a draft".to_owned(),
            "final",
        ));
    }
    for (file, now) in release.facts.states() {
        let then = recorded.facts.get(file).map_or("missing", String::as_str);
        // What is gone or broken now has a rule of its own.
        let is_usable = now.len() == 64;
        if is_usable && then != now {
            let message = if then.len() == 64 {
                format!("{file} was written again after the notes were made")
            } else {
                format!(
                    "{file} can be relied on now, and could not when the notes were made ({then})"
                )
            };
            findings.push(outdated(message, &recorded.phase).evidence("file", file));
        }
    }
    findings
}
