//! All rules about notes, in the order in which they are reported.

use release_gate::Finding;

use super::subject::Notes;
use super::{claims, content, form, markup, record};
use crate::model::release::Release;
use crate::read::page::Page;
use crate::rules;

/// Everything wrong with the notes.
pub fn judge(release: &Release, notes: &Notes<'_>) -> Vec<Finding> {
    let Release {
        about,
        range,
        changes,
        vulnerabilities,
        evidence,
        ..
    } = release;

    let page = Page::read(notes.text);
    let mut all = page.clone();
    for candidate in notes.candidates {
        all.append(Page::read(candidate));
    }
    let mut findings = Vec::new();
    findings.extend(record::recorded(about, range, notes));
    findings.extend(record::outdated(about.phase, &evidence.facts, notes));
    findings.extend(content::breaking(&changes.breaking, notes, &all));
    findings.extend(
        changes
            .manifest
            .iter()
            .flat_map(|delta| content::manifest(delta, notes, &all)),
    );

    findings.extend(content::fixed(vulnerabilities.fixed(), notes, &all));
    findings.extend(content::digests(
        &evidence.facts,
        &about.commit,
        notes,
        &page,
    ));

    findings.extend(form::sections(&changes.accounting, notes, &all));
    findings.extend(form::nothing_said(notes, &page));
    findings.extend(form::empty_sections(notes, &page));
    findings.extend(claims::false_claims(release, notes, &page));
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
