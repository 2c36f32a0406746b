//! Rules about generated notes: whether they are what was recorded, and about what is there now.

use release_gate::Finding;
use release_gate::digest::sha256_bytes;
use release_gate_facts::report::relnotes::FactState;

use super::subject::Notes;
use crate::model::facts::Facts;
use crate::model::prose::generated_part;
use crate::model::release::{About, Phase, Range};
use crate::rules;

pub(super) fn recorded(about: &About, range: &Range, notes: &Notes<'_>) -> Vec<Finding> {
    let Some(recorded) = notes.recorded else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let from = range.before().map(|before| &before.commit);
    if recorded.range.to_commit != about.commit || recorded.range.from_commit.as_ref() != from {
        findings.push(
            Finding::new(
                &rules::RANGE_TAG_MISMATCH,
                "the notes were made for another range of commits",
            )
            .at(notes.path, None)
            .help("make them again with `cargo relnotes`"),
        );
    } else if recorded.sums.total != range.counted as u64 {
        findings.push(
            Finding::new(
                &rules::COMMIT_UNACCOUNTED,
                format!(
                    "the range has {} commits and the notes account for {}",
                    range.counted, recorded.sums.total
                ),
            )
            .at(notes.path, None)
            .help("make them again with `cargo relnotes`"),
        );
    }

    let digest = sha256_bytes(generated_part(notes.text).as_bytes());
    if recorded.notes_sha256 != digest {
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
pub(super) fn outdated(phase: Phase, facts: &Facts, notes: &Notes<'_>) -> Vec<Finding> {
    let Some(recorded) = notes.recorded else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if phase == Phase::Final && recorded.phase != Phase::Final {
        findings.push(made_before(
            notes,
            "the notes were made as a draft".to_owned(),
            Phase::Final,
        ));
    }

    for (file, now) in facts.states() {
        // What is gone or broken now has a rule of its own.
        if now.state != FactState::Usable {
            continue;
        }
        let then = recorded.facts.get(&file);
        let message = match then {
            Some(then) if *then == now => continue,
            Some(then) if then.state == FactState::Usable => {
                format!("{file} was written again after the notes were made")
            }
            _ => format!("{file} can be relied on now, and could not when the notes were made"),
        };
        findings.push(made_before(notes, message, recorded.phase).evidence("file", file));
    }

    findings
}

/// A finding about notes that were made before something else.
fn made_before(notes: &Notes<'_>, message: String, phase: Phase) -> Finding {
    Finding::new(&rules::NOTES_OUTDATED, message)
        .at(notes.path, None)
        .help(format!(
            "make them again with `cargo relnotes --phase {}`",
            match phase {
                Phase::Draft => "draft",
                Phase::Final => "final",
            }
        ))
}
