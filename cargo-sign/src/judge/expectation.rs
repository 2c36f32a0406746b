//! Whether a release is the one that the caller asked for.
//!
//! A signature says of which project and version a file is. Anyone who serves files can serve any
//! project and any older version that the key ever signed, so what was signed is compared with what
//! was asked. Where nothing that was signed says it, the question has no answer, and that is said.

use release_gate::git::parse_version_tag;
use release_gate::{Finding, Rule};
use release_gate_facts::report::verify::Expectation;

use super::verdict::{Verdict, shown};
use crate::archive::{is_archive, stem};
use crate::model::comment::TrustedComment;
use crate::rules;

const HELP: &str = "get the release that you want from where the project publishes it; do not use this one in its place";

/// Whether anything was asked.
pub(crate) fn is_empty(expected: &Expectation) -> bool {
    *expected == Expectation::default()
}

/// Compares what was signed with what was asked.
pub(crate) fn check_expectation(expected: &Expectation, verdict: &Verdict) -> Vec<Finding> {
    if is_empty(expected) || verdict.verified.is_empty() {
        return Vec::new();
    }
    let comments: Vec<&TrustedComment> = verdict.comments().collect();
    if comments.is_empty() {
        let text = "nothing that was signed says which project and version this is";
        return vec![Finding::new(&rules::NOT_JUDGED_IDENTITY, text).help(HELP)];
    }

    let mut findings = Vec::new();
    for comment in &comments {
        findings.extend(check_name(expected, comment));
        findings.extend(check_tag(expected, comment, verdict));
    }
    findings.extend(check_target(expected, verdict, &comments));
    findings.extend(check_reference(expected, verdict));
    findings
}

/// Project and version that a signature names.
fn check_name(expected: &Expectation, comment: &TrustedComment) -> Vec<Finding> {
    let said = [
        (
            &rules::PROJECT_MISMATCH,
            &comment.project,
            &expected.package,
        ),
        (
            &rules::VERSION_MISMATCH,
            &comment.version,
            &expected.version,
        ),
    ];
    said.into_iter()
        .filter_map(|(rule, signed, asked)| {
            let asked = asked.as_ref().filter(|asked| *asked != signed)?;
            Some(mismatch(rule, comment, asked))
        })
        .collect()
}

/// The version that a tag names.
fn check_tag(
    expected: &Expectation,
    comment: &TrustedComment,
    verdict: &Verdict,
) -> Option<Finding> {
    let tag = plain_tag(expected)?;
    match parse_version_tag(tag, &comment.project) {
        Some(found) if found.version.to_string() == comment.version => None,
        Some(_) => Some(mismatch(&rules::VERSION_MISMATCH, comment, tag)),
        // Another name of a tag says nothing about a version; then the provenance has to.
        None if !verdict.builds.is_empty() => None,
        None => {
            let text = format!(
                "the tag `{}` names no version of {}, and no provenance was judged",
                shown(tag),
                shown(&comment.project)
            );
            let help = "name the provenance with --provenance and --source-uri";
            Some(Finding::new(&rules::NOT_JUDGED_IDENTITY, text).help(help))
        }
    }
}

/// The tag that builds were made from.
fn check_reference(expected: &Expectation, verdict: &Verdict) -> Vec<Finding> {
    let Some(tag) = plain_tag(expected) else {
        return Vec::new();
    };
    let wanted = format!("refs/tags/{tag}");
    verdict
        .builds
        .iter()
        .filter(|build| build.reference.as_ref() != Some(&wanted))
        .map(|build| {
            let text = format!(
                "it was built from `{}`, and `{}` was asked for",
                shown(build.reference.as_deref().unwrap_or("none")),
                shown(&wanted)
            );
            Finding::new(&rules::PROVENANCE_SOURCE, text).help(HELP)
        })
        .collect()
}

/// The target that an archive's name ends with.
fn check_target(
    expected: &Expectation,
    verdict: &Verdict,
    comments: &[&TrustedComment],
) -> Option<Finding> {
    let target = expected.target.as_ref()?;
    let archives: Vec<&str> = verdict
        .verified
        .iter()
        .map(|verified| verified.file.as_str())
        .filter(|name| is_archive(name))
        .collect();

    let is_of_target = |name: &&str| {
        let folder = stem(name).unwrap_or(name);
        comments
            .iter()
            .any(|comment| folder == format!("{}-{}-{target}", comment.project, comment.version))
    };

    if archives.iter().any(is_of_target) {
        return None;
    }
    let names: Vec<String> = archives.iter().map(|name| shown(name)).collect();
    let text = if names.is_empty() {
        format!("there is no archive for {}", shown(target))
    } else {
        format!("no archive is for {}: {}", shown(target), names.join(", "))
    };

    Some(Finding::new(&rules::TARGET_MISMATCH, text).help(HELP))
}

/// The tag that was asked for, without `refs/tags/`.
fn plain_tag(expected: &Expectation) -> Option<&str> {
    let tag = expected.tag.as_deref()?;
    Some(tag.strip_prefix("refs/tags/").unwrap_or(tag))
}

fn mismatch(rule: &Rule, comment: &TrustedComment, asked: &str) -> Finding {
    let text = format!(
        "`{}` is signed as {} {}, and {} was asked for",
        shown(&comment.file),
        shown(&comment.project),
        shown(&comment.version),
        shown(asked)
    );
    Finding::new(rule, text)
        .evidence("file", comment.file.clone())
        .help(HELP)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use release_gate::digest::sha256_bytes;

    use super::super::verdict::Verified;
    use super::*;

    fn verdict(file: &str) -> Verdict {
        let comment = TrustedComment {
            timestamp: 1,
            file: file.to_owned(),
            project: "demo".to_owned(),
            version: "1.0.0".to_owned(),
            commit: "none".to_owned(),
            dirty: false,
            refused: false,
        };
        let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
        Verdict {
            verified: vec![Verified {
                file: file.to_owned(),
                digest: sha256_bytes(b"").into(),
                size: 0,
                signed: Some((key, comment)),
            }],
            ..Verdict::default()
        }
    }

    fn rules_of(expected: Expectation, verdict: &Verdict) -> Vec<String> {
        let findings = check_expectation(&expected, verdict);
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    fn expect(package: &str, version: &str, target: &str, tag: &str) -> Expectation {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Expectation {
            package: some(package),
            version: some(version),
            target: some(target),
            tag: some(tag),
        }
    }

    #[test]
    fn what_was_signed_is_compared_with_what_was_asked() {
        let archive = verdict("demo-1.0.0-x.tar.gz");
        for (package, version, target, tag, found) in [
            ("", "", "", "", &[][..]),
            ("demo", "1.0.0", "x", "v1.0.0", &[]),
            ("demo", "", "", "refs/tags/demo-v1.0.0", &[]),
            ("other", "", "", "", &["project-mismatch"]),
            ("demo", "1.0", "", "", &["version-mismatch"]),
            ("demo", "1.1.0", "", "", &["version-mismatch"]),
            ("", "", "y", "", &["target-mismatch"]),
            ("", "", "", "v1.1.0", &["version-mismatch"]),
            ("", "", "", "other-v1.0.0", &["not-judged-identity"]),
        ] {
            let expected = expect(package, version, target, tag);
            assert_eq!(rules_of(expected.clone(), &archive), found, "{expected:?}");
        }
    }

    #[test]
    fn what_nobody_signed_answers_no_question() {
        let mut unsigned = verdict("demo");
        unsigned.verified[0].signed = None;
        let asked = expect("demo", "", "", "");
        assert_eq!(rules_of(asked, &unsigned), ["not-judged-identity"]);
        assert_eq!(rules_of(Expectation::default(), &unsigned), [""; 0]);
    }
}
