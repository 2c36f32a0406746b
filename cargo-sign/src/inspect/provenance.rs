//! Provenance and verification summaries, read and judged about the files that held.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[cfg(not(feature = "sigstore"))]
use release_gate::Error;
use release_gate::{Finding, Result};
use release_gate_facts::files::RELEASE_FOLDER;

use crate::format::bundle::{self, is_bundle};
use crate::format::dsse;
use crate::judge::keys::Keys;
use crate::judge::provenance::{Expected, LOG, check_statement};
use crate::judge::summary::{self, Inputs};
use crate::judge::verdict::Verdict;
use crate::model::companion::{BUNDLE, LIST, PROVENANCE, SUMMARY, TOKEN, bundle_of};
use crate::model::provenance::describe;
use crate::read::file::read_bounded;
use crate::read::provenance::read_provenance;
use crate::rules;

/// Largest audit log read, in bytes.
const LOG_LIMIT: usize = 256 << 20;

/// Provenance, and the audit log that it may speak of.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The provenance.
    pub path: PathBuf,
    /// Where the audit log would be.
    pub log: PathBuf,
}

impl Evidence {
    /// Provenance in a folder: the audit log lies beside it; that of a release which was not
    /// published yet lies above its folder.
    pub fn beside(path: &Path) -> Self {
        let beside = path.with_file_name(LOG);
        let above = path
            .parent()
            .filter(|dir| dir.ends_with(RELEASE_FOLDER))
            .map(|dir| dir.with_file_name(LOG))
            .filter(|above| above.is_file() && !beside.exists());
        Self {
            path: path.to_owned(),
            log: above.unwrap_or(beside),
        }
    }
}

/// Judges provenance about the files that `verdict` says held.
///
/// # Errors
/// A file is there and cannot be read, or there is no provenance.
pub fn check_provenance(
    verdict: &mut Verdict,
    evidence: &Evidence,
    expected: &Expected,
    keys: &Keys,
) -> Result<()> {
    let bytes = read_provenance(&evidence.path)?;
    if is_bundle(&bytes) {
        return check_bundle(verdict, &bytes, expected);
    }
    let log = read_bounded(&evidence.log, LOG_LIMIT)?;
    let judged = check_statement(
        &bytes,
        log.as_deref(),
        Some(expected),
        keys,
        &verdict.verified,
    );
    let build = verdict.take(judged);
    if let Some(build) = build.filter(|_| verdict.holds()) {
        verdict
            .remarks
            .push(format!("OK  provenance  {}", describe(&build)));
        verdict.builds.push(build);
    }
    Ok(())
}

/// Judges the Sigstore bundles of a file.
#[cfg(feature = "sigstore")]
fn check_bundle(verdict: &mut Verdict, bytes: &[u8], expected: &Expected) -> Result<()> {
    let roots = crate::read::provenance::read_roots(expected.trusted_root.as_deref())?;
    let judged = crate::judge::bundle::check_bundles(bytes, &roots, expected, verdict);
    verdict.absorb(judged);
    Ok(())
}

/// Nothing that cannot be judged passes.
#[cfg(not(feature = "sigstore"))]
fn check_bundle(_: &mut Verdict, _: &[u8], _: &Expected) -> Result<()> {
    Err(Error::judge(
        "the provenance is a Sigstore bundle, which this build of the program cannot judge",
    )
    .with_help(
        "install it with the feature `sigstore`: `cargo install cargo-sign --features sigstore`",
    ))
}

/// Judges the evidence that lies beside a release, as far as no source has to be known for it, and
/// returns the names of what was looked at. A file of such a name that is none of ours is a file
/// like any other.
///
/// # Errors
/// Something that is there cannot be read.
pub(super) fn check_evidence_beside(
    verdict: &mut Verdict,
    dir: &Path,
    keys: &Keys,
) -> Result<BTreeSet<String>> {
    let mut looked_at = BTreeSet::new();
    let provenance = dir.join(PROVENANCE);
    if is_regular(&provenance) {
        let bytes = read_provenance(&provenance)?;
        if is_bundle(&bytes) {
            check_form_only(verdict, PROVENANCE, &bytes);
        } else {
            let log = read_bounded(&Evidence::beside(&provenance).log, LOG_LIMIT)?;
            let judged = check_statement(&bytes, log.as_deref(), None, keys, &verdict.verified);
            verdict.take(judged);
        }
        looked_at.insert(PROVENANCE.to_owned());
    }

    let summary = dir.join(SUMMARY);
    let has_summary = is_regular(&summary);
    if has_summary {
        check_summary(verdict, &summary, keys)?;
        looked_at.insert(SUMMARY.to_owned());
    }

    let bundle = dir.join(BUNDLE);
    if is_regular(&bundle) {
        // A summary that holds says that the bundle it was made from was verified.
        if !has_summary {
            check_form_only(verdict, BUNDLE, &read_provenance(&bundle)?);
        }
        looked_at.insert(BUNDLE.to_owned());
    }

    let of_list = bundle_of(LIST);
    if is_regular(&dir.join(&of_list)) {
        check_form_only(verdict, &of_list, &read_provenance(&dir.join(&of_list))?);
        looked_at.insert(of_list);
    }

    if is_regular(&dir.join(TOKEN)) {
        let why = "it is by a security token, and none was named with --token";
        let what = format!("`{TOKEN}`");
        verdict
            .coverage
            .not_judged(&rules::NOT_JUDGED_EVIDENCE, what, 1, why);
        looked_at.insert(TOKEN.to_owned());
    }

    Ok(looked_at)
}

fn is_regular(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// A bundle cannot be judged without a source to expect; what is no bundle at all is refused.
fn check_form_only(verdict: &mut Verdict, name: &str, bytes: &[u8]) {
    if let Err(error) = bundle::split(bytes) {
        let finding = Finding::new(&rules::BUNDLE_MALFORMED, format!("`{name}`: {error}"));
        verdict.refuse(finding.help("remove it; it is not evidence for anything"));
        return;
    }
    let why = "it is a Sigstore bundle, and neither a source (--source-uri) nor an identity (--identity) was named";
    verdict
        .coverage
        .not_judged(&rules::NOT_JUDGED_EVIDENCE, format!("`{name}`"), 1, why);
}

/// Judges a verification summary of ours about the files that `verdict` says held, and the
/// provenance beside it.
///
/// # Errors
/// A file is there and cannot be read, or there is no summary.
pub fn check_summary(verdict: &mut Verdict, path: &Path, keys: &Keys) -> Result<()> {
    let bytes = read_provenance(path)?;
    let (statement, signer) = match summary::open_summary(&bytes, keys) {
        Ok(opened) => opened,
        Err(finding) => {
            verdict.refuse(*finding);
            return Ok(());
        }
    };

    let mut inputs = Inputs::new();
    for input in &statement.predicate.input_attestations {
        if crate::model::path::check(&input.uri).is_ok()
            && let Some(bytes) = read_bounded(&path.with_file_name(&input.uri), dsse::MAX_LEN)?
        {
            inputs.insert(input.uri.clone(), bytes);
        }
    }
    let findings = summary::check_statement(&statement, &signer, &inputs, keys, verdict);
    verdict.findings.extend(findings);
    Ok(())
}
