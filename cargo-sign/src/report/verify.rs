//! `verify.json`, and what people are told of it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use release_gate::public_key::PublicKey;
use release_gate::text::counted;
use release_gate::{Finding, Report, Status, Subject};
use release_gate_facts::ReportData as _;
use release_gate_facts::report::verify::{Expectation, VerifiedFile, VerifyData};

use crate::judge::verdict::{FileDigest, Verdict, Verified};
use crate::model::comment::TrustedComment;
use crate::model::provenance::Build;
use crate::rules;
use crate::tool::TOOL;

/// `verify.json`'s data.
fn data_of(verified: &[Verified], builds: Vec<Build>, expected: Expectation) -> VerifyData {
    let mut keys = Vec::new();
    for (key, _) in verified.iter().filter_map(|file| file.signed.as_ref()) {
        let fingerprint = PublicKey::new(*key).fingerprint();
        if !keys.contains(&fingerprint) {
            keys.push(fingerprint);
        }
    }
    let files = verified.iter().map(|file| VerifiedFile {
        name: file.file.clone(),
        sha256: file.digest.sha256(),
        blake2b512: match file.digest {
            FileDigest::Sha256(_) => None,
            FileDigest::Prehash(prehash) => Some(prehash.to_hex()),
        },
        size: file.size,
    });
    VerifyData {
        files: files.collect(),
        keys,
        provenance: builds,
        expected,
    }
}

/// What is known of a verdict beside itself.
#[derive(Debug)]
pub(crate) struct Told {
    /// The keys came from somewhere else than the download.
    pub(crate) pinned: bool,
    /// Something of each argument held.
    pub(crate) complete: bool,
    /// What the caller asked for.
    pub(crate) expected: Expectation,
    /// What was judged, where it is not told by the signatures alone.
    pub(crate) subject: Option<Subject>,
}

/// The report of a verdict, and what people are told where it holds.
pub(crate) fn report(verdict: Verdict, told: Told) -> (Report, String) {
    let ok_lines = ok_lines(&verdict);
    let subject = told
        .subject
        .or_else(|| verdict.comments().next().map(signed_subject))
        .unwrap_or_default();
    let coverage = verdict.judged();
    let data = data_of(&verdict.verified, verdict.builds, told.expected);
    let mut findings = verdict.findings;
    if !told.pinned {
        findings.push(unpinned(&data.keys));
    }

    let summary = counted(data.files.len() as u64, "file", "files");
    // Whatever is allowed: where nothing was verified, nothing passes.
    let unless_failed = if data.files.is_empty() || !told.complete {
        Status::Error
    } else {
        Status::Pass
    };
    let report = Report::new(VerifyData::NAME, &TOOL, subject)
        .unless_failed(unless_failed)
        .coverage(coverage)
        .findings(findings)
        .data(&data)
        .summary(summary);
    (report, ok_lines)
}

/// A line for each file that held, then what else is to be said.
fn ok_lines(verdict: &Verdict) -> String {
    let mut lines: Vec<String> = verdict.verified.iter().map(ok_line).collect();
    lines.extend(verdict.remarks.iter().cloned());
    lines.into_iter().map(|line| line + "\n").collect()
}

fn ok_line(verified: &Verified) -> String {
    let file = plain(&verified.file);
    let Some((key, comment)) = &verified.signed else {
        return format!("OK  {file}");
    };
    format!(
        "OK  {file}  {} {}  commit {}  key {}",
        plain(&comment.project),
        plain(&comment.version),
        plain(&comment.commit),
        PublicKey::new(*key).fingerprint()
    )
}

fn signed_subject(comment: &TrustedComment) -> Subject {
    Subject {
        package: Some(comment.project.clone()),
        version: Some(comment.version.clone()),
        commit: comment.commit.parse().ok(),
        dirty: comment.dirty,
        ..Subject::default()
    }
}

fn unpinned(keys: &[String]) -> Finding {
    let help = format!(
        "compare the fingerprint {} with one you trust, then name that with --key, or the key in a folder of its own",
        keys.join(", ")
    );
    Finding::new(
        &rules::KEY_UNPINNED,
        "UNPINNED: the key came with the download",
    )
    .help(help)
}

/// Shows what others wrote: nothing in it is obeyed by a terminal, or looks like a line of ours.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(escaped).collect()
}

fn escaped(c: char) -> String {
    match c {
        // A path of Windows stays what it is.
        '\\' | '\'' | '"' => c.to_string(),
        _ => c.escape_debug().to_string(),
    }
}

/// Shows a path on the terminal: names of files that others made may hold what it would obey.
pub(crate) fn plain_path(path: &Path) -> String {
    plain(&path.to_string_lossy())
}

/// How many findings by one rule are reported one by one.
const BY_ONE_RULE: usize = 200;

/// Leaves each finding once. What there is too much of to be read is counted: anyone who made a
/// download decides how much is wrong with it.
pub(crate) fn say_once(findings: &mut Vec<Finding>) {
    let mut said = HashSet::new();
    let mut by_rule = BTreeMap::<String, usize>::new();
    let mut left_out = BTreeMap::<String, (usize, Finding)>::new();
    findings.retain(|finding| {
        // Levels are set later, so that nothing which decides is left out.
        let named = serde_json::to_string(&(&finding.path, &finding.help, &finding.evidence))
            .unwrap_or_default();
        if !said.insert((finding.rule.clone(), finding.message.clone(), named)) {
            return false;
        }
        let count = by_rule.entry(finding.rule.clone()).or_default();
        *count += 1;
        if *count > BY_ONE_RULE {
            left_out
                .entry(finding.rule.clone())
                .and_modify(|(count, _)| *count += 1)
                .or_insert_with(|| (1, finding.clone()));
        }
        *count <= BY_ONE_RULE
    });

    findings.extend(left_out.into_values().map(|(count, finding)| Finding {
        message: format!("and {count} more of the kind `{}`", finding.rule),
        evidence: BTreeMap::new(),
        ..finding
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_say_once_and_too_many_are_counted() {
        let missing =
            |number: usize| Finding::new(&rules::FILE_MISSING, format!("`{number}` is missing"));
        let mut findings: Vec<_> = (0..20_000).chain(0..20_000).map(missing).collect();
        findings.push(Finding::new(
            &rules::DIGEST_MISMATCH,
            "`a` is not the one that was listed",
        ));
        let before = std::time::Instant::now();
        say_once(&mut findings);
        assert!(
            before.elapsed() < std::time::Duration::from_secs(5),
            "{:?}",
            before.elapsed()
        );
        assert_eq!(findings.len(), BY_ONE_RULE + 2);
        assert_eq!(findings[BY_ONE_RULE].rule, "digest-mismatch");
        assert_eq!(
            findings[BY_ONE_RULE + 1].message,
            "and 19800 more of the kind `file-missing`"
        );
        assert_eq!(findings[BY_ONE_RULE + 1].level, release_gate::Level::Deny);
    }
}
