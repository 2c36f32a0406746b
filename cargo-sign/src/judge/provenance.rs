//! Provenance: an envelope by a key that is trusted, about exactly the files that held, from the
//! source that was named.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::digest::sha256_bytes;
use release_gate::{Error, Finding, Result, Rule};

use super::file::{small, small_named};
use super::{Keys, Verdict, shown};
use crate::format::bundle;
use crate::format::dsse::{self, DsseError};
use crate::format::public_key::PublicKey;
use crate::model::provenance::{
    BUILD_TYPE, BUILDER, Build, PREDICATE, STATEMENT, Statement, Subject, source,
};
use crate::model::summary;
use crate::rules;

/// The audit log beside a release.
pub(crate) const LOG: &str = "buildlog.jsonl";
/// What the provenance calls the log's last line, whose digest pins every line before it.
pub(crate) const LOG_HEAD: &str = "buildlog.jsonl#head";
const HELP: &str =
    "get the provenance again from where the release was published; do not use the release without";
/// Largest audit log read, in bytes.
const LOG_LIMIT: usize = 256 << 20;

/// What provenance has to say.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Where the source lives.
    pub source_uri: String,
    /// The tag, where one is asked for.
    pub source_tag: Option<String>,
    /// The branch, where one is asked for.
    pub source_branch: Option<String>,
    /// The builder; else whoever holds the key.
    pub builder_id: Option<String>,
    /// The instances of Sigstore that are believed; else those this program was built with.
    pub trusted_root: Option<PathBuf>,
}

/// Judges provenance about the files that `verdict` says held.
///
/// # Errors
/// A file is there and cannot be read, or there is no provenance.
pub fn check_provenance(
    verdict: &mut Verdict,
    path: &Path,
    expected: &Expected,
    keys: &Keys,
) -> Result<()> {
    let refuse = |verdict: &mut Verdict, rule: &Rule, text: String| {
        verdict.refuse(Finding::new(rule, format!("provenance: {text}")).help(HELP));
    };
    let bytes = read(path)?;
    if bundle::is_bundle(&bytes) {
        return check_bundle(verdict, &bytes, expected);
    }
    let Some((payload, key)) = opened(verdict, &bytes, keys) else {
        return Ok(());
    };
    let statement: Statement = match serde_json::from_slice(&payload) {
        Ok(statement) => statement,
        Err(error) => {
            refuse(
                verdict,
                &rules::PROVENANCE_MALFORMED,
                format!("it is no statement of a known kind: {error}"),
            );
            return Ok(());
        }
    };
    let (build, run) = (
        &statement.predicate.build_definition,
        &statement.predicate.run_details,
    );
    let asked = &build.external_parameters;
    if let Some((rule, why)) = keys.refuses(&key.key, &asked.package, &asked.version) {
        refuse(verdict, rule, why);
    }
    let commit = build
        .resolved_dependencies
        .first()
        .filter(|first| source(&first.uri) == source(&asked.repository));
    let commit = commit
        .and_then(|first| first.digest.get("gitCommit"))
        .map_or("none", String::as_str);
    let tag = expected
        .source_tag
        .as_ref()
        .map(|tag| format!("refs/tags/{tag}"));
    let reference = asked.reference.as_deref().unwrap_or("none");
    let mut wanted: Vec<(&Rule, &str, &str, &str)> = vec![
        (
            &rules::PROVENANCE_MALFORMED,
            "statement type",
            &statement.kind,
            STATEMENT,
        ),
        (
            &rules::PROVENANCE_MALFORMED,
            "predicate type",
            &statement.predicate_type,
            PREDICATE,
        ),
        (
            &rules::PROVENANCE_MALFORMED,
            "build type",
            &build.build_type,
            BUILD_TYPE,
        ),
        (
            &rules::PROVENANCE_BUILDER,
            "builder",
            &run.builder.id,
            expected.builder_id.as_deref().unwrap_or(BUILDER),
        ),
        (
            &rules::PROVENANCE_SOURCE,
            "source",
            source(&asked.repository),
            source(&expected.source_uri),
        ),
    ];
    wanted.extend(
        tag.as_deref()
            .map(|tag| (&rules::PROVENANCE_SOURCE, "tag", reference, tag)),
    );
    let branch = expected
        .source_branch
        .as_ref()
        .map(|branch| format!("refs/heads/{branch}"));
    wanted.extend(
        branch
            .as_deref()
            .map(|branch| (&rules::PROVENANCE_SOURCE, "branch", reference, branch)),
    );
    let comments: Vec<_> = verdict
        .held
        .iter()
        .filter_map(|held| held.signed.as_ref())
        .map(|(_, c)| c.clone())
        .collect();
    for comment in &comments {
        wanted.push((
            &rules::PROJECT_MISMATCH,
            "package",
            &asked.package,
            &comment.project,
        ));
        wanted.push((
            &rules::VERSION_MISMATCH,
            "version",
            &asked.version,
            &comment.version,
        ));
        wanted.push((&rules::COMMIT_MISMATCH, "commit", commit, &comment.commit));
    }
    wanted.dedup();
    for (rule, what, found, wanted) in wanted {
        if found != wanted {
            refuse(
                verdict,
                rule,
                format!("its {what} is `{}`, not `{}`", shown(found), shown(wanted)),
            );
        }
    }
    check_subjects(verdict, &statement.subject);
    check_log(verdict, path, &statement)?;
    if verdict.holds() {
        let built = Build {
            level: 1,
            builder: run.builder.id.clone(),
            source: asked.repository.clone(),
            reference: asked.reference.clone(),
            commit: commit.to_owned(),
        };
        verdict.remarks.push(format!("OK  provenance  {built}"));
        verdict.built.push(built);
    }
    Ok(())
}

/// Reads provenance of whatever kind.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    small_named(path, dsse::MAX_LEN)?.ok_or_else(|| {
        Error::judge(format!("there is no `{}`", path.display()))
            .with_help("get it from where the release was published")
    })
}

#[cfg(feature = "sigstore")]
use super::bundle::check as check_bundle;

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

/// Opens the envelope; `None` where it is refused.
fn opened<'a>(
    verdict: &mut Verdict,
    bytes: &[u8],
    keys: &'a Keys,
) -> Option<(Vec<u8>, &'a PublicKey)> {
    match dsse::open(bytes, &keys.keys) {
        Ok(opened) => Some(opened),
        Err(error) => {
            let rule = match error {
                DsseError::Malformed(_) => &rules::PROVENANCE_MALFORMED,
                DsseError::Key(_) => &rules::KEY_MISMATCH,
                DsseError::Signature => &rules::PROVENANCE_INVALID,
            };
            verdict.refuse(Finding::new(rule, format!("provenance: {error}")).help(HELP));
            None
        }
    }
}

/// Every file that held has to be named once, with its digest.
fn check_subjects(verdict: &mut Verdict, subjects: &[Subject]) {
    for held in verdict.held.clone() {
        let mut named = subjects.iter().filter(|subject| subject.name == held.file);
        let digest = named
            .next()
            .and_then(|subject| subject.digest.get("sha256"));
        if digest != Some(&held.sha256.to_string()) || named.next().is_some() {
            let text = format!("provenance: it is not about this `{}`", shown(&held.file));
            verdict.refuse(Finding::new(&rules::PROVENANCE_SUBJECT, text).help(HELP));
        }
    }
}

/// Judges a verification summary of ours about the files that `verdict` says held, and the
/// provenance beside it.
///
/// # Errors
/// A file is there and cannot be read, or there is no summary.
pub fn check_summary(verdict: &mut Verdict, path: &Path, keys: &Keys) -> Result<()> {
    let Some((payload, key)) = opened(verdict, &read(path)?, keys) else {
        return Ok(());
    };
    let refuse = |verdict: &mut Verdict, rule: &Rule, text: &str| {
        verdict.refuse(Finding::new(rule, format!("verification summary: {text}")).help(HELP));
    };
    let Ok(statement) = serde_json::from_slice::<summary::Statement>(&payload) else {
        refuse(
            verdict,
            &rules::PROVENANCE_MALFORMED,
            "it is no statement of a known kind",
        );
        return Ok(());
    };
    let said = &statement.predicate;
    let known = [
        (&*statement.kind, STATEMENT),
        (&statement.predicate_type, summary::PREDICATE),
        (&said.verifier.id, summary::VERIFIER),
        (&said.policy.uri, summary::POLICY),
        (&said.verification_result, "PASSED"),
    ];
    if known.iter().any(|(found, wanted)| found != wanted) {
        refuse(
            verdict,
            &rules::PROVENANCE_MALFORMED,
            "it is not one that `cargo sign attest --vsa` writes",
        );
    }
    let comments = verdict
        .held
        .iter()
        .filter_map(|held| held.signed.as_ref())
        .map(|(_, comment)| comment);
    let releases: BTreeSet<_> = comments
        .map(|comment| (comment.project.clone(), comment.version.clone()))
        .collect();
    for (project, version) in releases {
        if said.resource_uri != summary::resource_uri(&project, &version) {
            refuse(
                verdict,
                &rules::VERSION_MISMATCH,
                "it is about another package or version",
            );
        }
        if let Some((rule, why)) = keys.refuses(&key.key, &project, &version) {
            refuse(verdict, rule, &why);
        }
    }
    let mut levels = vec![1];
    for input in &said.input_attestations {
        let plain = crate::model::path::check(&input.uri).is_ok();
        let beside = if plain {
            small(&path.with_file_name(&input.uri), dsse::MAX_LEN)?
        } else {
            None
        };
        if beside
            .as_ref()
            .is_some_and(|bytes| bundle::is_bundle(bytes))
        {
            // Where the bundle was judged just now, that decides; else the signature vouches that
            // it was when the summary was made.
            let judged = verdict
                .built
                .iter()
                .filter(|built| built.builder != BUILDER)
                .map(|built| built.level);
            levels = judged
                .min()
                .map_or_else(|| vec![1, 2, 3], |level| vec![level]);
        }
        let digest = beside.map(|bytes| sha256_bytes(&bytes).to_string());
        if digest.is_none() || digest.as_ref() != input.digest.get("sha256") {
            refuse(
                verdict,
                &rules::PROVENANCE_SUBJECT,
                "it was made from another provenance",
            );
        }
    }
    if !levels
        .iter()
        .any(|level| said.verified_levels == [summary::level(*level)])
    {
        refuse(
            verdict,
            &rules::PROVENANCE_MALFORMED,
            "it names another level than that of the provenance",
        );
    }
    check_subjects(verdict, &statement.subject);
    Ok(())
}

/// The audit log is not published with every release; where it lies beside the provenance it has to
/// be the one that was attested.
fn check_log(verdict: &mut Verdict, provenance: &Path, statement: &Statement) -> Result<()> {
    let logs = &statement.predicate.run_details.byproducts;
    let Some(bytes) = small(&provenance.with_file_name(LOG), LOG_LIMIT)? else {
        if logs.iter().any(|log| [LOG, LOG_HEAD].contains(&&*log.uri)) {
            let text = format!(
                "`{LOG}` was attested and does not lie beside the provenance: it was not judged"
            );
            let help = "ask the project for it, where it matters how the release was made";
            verdict.refuse(Finding::new(&rules::NOT_COVERED, text).help(help));
        }
        return Ok(());
    };
    let refuse = |text: String| {
        Finding::new(&rules::AUDIT_LOG, text)
            .help("the log was changed after the release was attested; do not rely on it")
    };
    if let Err(error) = release_gate::audit::verify(&bytes) {
        verdict.refuse(refuse(format!("`{LOG}`: {error}")));
        return Ok(());
    }
    let attested = |name: &str| {
        logs.iter()
            .find(|log| log.uri == name)
            .and_then(|log| log.digest.get("sha256"))
    };
    if attested(LOG) == Some(&sha256_bytes(&bytes).to_string()) {
        return Ok(());
    }
    // Steps may follow the attested ones; none of those may be missing or changed.
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    match attested(LOG_HEAD)
        .filter(|head| lines.any(|line| sha256_bytes(line).to_string() == **head))
    {
        None => verdict.refuse(refuse(format!("`{LOG}` does not hold what was attested"))),
        Some(_) => verdict.refuse(Finding::new(
            &rules::NOT_COVERED,
            format!(
                "`{LOG}`: {} entries follow the last one that was attested",
                lines.count()
            ),
        )),
    }
    Ok(())
}
