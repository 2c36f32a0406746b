//! A verification summary of ours: that the release and the provenance beside it were verified.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::digest::sha256_bytes;
use release_gate::{Finding, Rule};

use super::keys::Keys;
use super::provenance::{HELP, check_subjects, open_envelope};
use super::verdict::Verdict;
use crate::format::bundle;
use crate::format::unique::check_unique_names;
use crate::model::provenance::{BUILDER, BuildLevel, STATEMENT};
use crate::model::summary::{self, Summary};
use crate::rules;

/// The attestations a summary names, as far as they lie beside it.
pub(crate) type Inputs = BTreeMap<String, Vec<u8>>;

/// Reads a summary that a known key signed.
///
/// # Errors
/// It is none; the reason.
pub(crate) fn open_summary(
    bytes: &[u8],
    keys: &Keys,
) -> Result<(summary::Statement, [u8; 32]), Box<Finding>> {
    let (payload, key) = open_envelope(bytes, keys)?;
    let parsed = check_unique_names(&payload).and_then(|()| serde_json::from_slice(&payload));
    let statement: summary::Statement = parsed.map_err(|_| {
        let text = "it is not a statement of a known kind";
        Box::new(refusal(&rules::PROVENANCE_MALFORMED, text))
    })?;
    Ok((statement, key.key.to_bytes()))
}

/// Judges a summary about the files that `verdict` says held, and the provenance beside it.
pub(crate) fn check_statement(
    statement: &summary::Statement,
    signer: &[u8; 32],
    inputs: &Inputs,
    keys: &Keys,
    verdict: &Verdict,
) -> Vec<Finding> {
    let said = &statement.predicate;
    let known = [
        (&*statement.kind, STATEMENT),
        (&statement.predicate_type, summary::PREDICATE),
        (&said.verifier.id, summary::VERIFIER),
        (&said.policy.uri, summary::POLICY),
        (&said.verification_result, "PASSED"),
    ];
    if known.iter().any(|(found, wanted)| found != wanted) {
        let text = "it is not one that `cargo sign attest --vsa` writes";
        return vec![refusal(&rules::PROVENANCE_MALFORMED, text)];
    }

    let mut findings = check_releases(said, signer, keys, verdict);
    findings.extend(check_inputs(said, inputs));
    let levels = allowed_levels(said, inputs, verdict);
    if !levels
        .iter()
        .any(|level| said.verified_levels == [summary::level_name(*level)])
    {
        let text = "it names another level than that of the provenance";
        findings.push(refusal(&rules::PROVENANCE_MALFORMED, text));
    }
    findings.extend(check_subjects(&statement.subject, &verdict.verified));
    findings
}

/// Whether the summary is about the releases that were signed, and its key may say so.
fn check_releases(
    said: &Summary,
    signer: &[u8; 32],
    keys: &Keys,
    verdict: &Verdict,
) -> Vec<Finding> {
    let releases: BTreeSet<_> = verdict
        .comments()
        .map(|comment| (&comment.project, &comment.version))
        .collect();
    let key = keys.keys.iter().find(|key| key.key.as_bytes() == signer);

    let mut findings = Vec::new();
    for (project, version) in releases {
        if said.resource_uri != summary::resource_uri(project, version) {
            let text = "it is about another package or version";
            findings.push(refusal(&rules::VERSION_MISMATCH, text));
        }
        if let Some((rule, why)) = key.and_then(|key| keys.refuses(&key.key, project, version)) {
            findings.push(refusal(rule, &why));
        }
    }
    findings
}

/// Each attestation that is named has to lie beside the summary, as it was.
fn check_inputs(said: &Summary, inputs: &Inputs) -> Vec<Finding> {
    said.input_attestations
        .iter()
        .filter(|input| {
            let digest = inputs
                .get(&input.uri)
                .map(|bytes| sha256_bytes(bytes).to_string());
            digest.is_none() || digest.as_ref() != input.digest.get("sha256")
        })
        .map(|_| {
            let text = "it was made from another provenance";
            refusal(&rules::PROVENANCE_SUBJECT, text)
        })
        .collect()
}

/// The levels the provenance beside the summary can have.
fn allowed_levels(said: &Summary, inputs: &Inputs, verdict: &Verdict) -> Vec<BuildLevel> {
    let of_a_bundle = said
        .input_attestations
        .iter()
        .filter_map(|input| inputs.get(&input.uri))
        .any(|bytes| bundle::is_bundle(bytes));
    if !of_a_bundle {
        return vec![BuildLevel::L1];
    }
    // Where the bundle was judged just now, that decides; else the signature vouches that it was
    // when the summary was made.
    let judged = verdict
        .builds
        .iter()
        .filter(|build| build.builder != BUILDER)
        .map(|build| build.level);
    judged.min().map_or_else(
        || vec![BuildLevel::L1, BuildLevel::L2, BuildLevel::L3],
        |level| vec![level],
    )
}

fn refusal(rule: &Rule, text: &str) -> Finding {
    Finding::new(rule, format!("verification summary: {text}")).help(HELP)
}
