//! Provenance: an envelope by a key that is trusted, about exactly the files that held, from the
//! source that was named.

use std::path::PathBuf;

use release_gate::digest::sha256_bytes;
use release_gate::public_key::PublicKey;
use release_gate::{Finding, Rule};

use super::keys::Keys;
use super::verdict::{Judged, Verified, nothing_denied, shown};
use crate::format::dsse::{self, DsseError};
use crate::format::unique::check_unique_names;
use crate::model::comment::TrustedComment;
use crate::model::provenance::{
    BUILD_TYPE, BUILDER, Build, BuildLevel, PREDICATE, STATEMENT, Statement, Subject, source,
};
use crate::rules;

/// The audit log beside a release.
pub(crate) const LOG: &str = release_gate_facts::files::BUILDLOG;
/// What the provenance calls the log's last line, whose digest pins every line before it.
pub(crate) const LOG_HEAD: &str = "buildlog.jsonl#head";
pub(super) const HELP: &str =
    "get the provenance again from where the release was published; do not use the release without";

/// What provenance has to say.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Where the source lives.
    pub source_uri: String,
    /// The tag, where one is asked for.
    pub source_tag: Option<String>,
    /// The branch, where one is asked for.
    pub source_branch: Option<String>,
    /// The builder; else anyone who holds the key.
    pub builder_id: Option<String>,
    /// The instances of Sigstore that are believed; else those this program was built with.
    pub trusted_root: Option<PathBuf>,
}

/// One thing that provenance says, and what it has to be.
struct Wanted<'a> {
    rule: &'static Rule,
    what: &'static str,
    found: &'a str,
    wanted: &'a str,
}

/// Judges provenance by a key about the files that held. `log`: the audit log beside it; without
/// `expected`, whatever source it names.
pub(crate) fn check_statement(
    bytes: &[u8],
    log: Option<&[u8]>,
    expected: Option<&Expected>,
    keys: &Keys,
    verified: &[Verified],
) -> Judged<Build> {
    let (payload, key) = match open_envelope(bytes, keys) {
        Ok(opened) => opened,
        Err(finding) => return Judged::refused(*finding),
    };
    let parsed = check_unique_names(&payload).and_then(|()| serde_json::from_slice(&payload));
    let statement: Statement = match parsed {
        Ok(statement) => statement,
        Err(error) => {
            let text = format!("it is not a statement of a known kind: {error}");
            return Judged::refused(refusal(&rules::PROVENANCE_MALFORMED, &text));
        }
    };

    let asked = &statement.predicate.build_definition.external_parameters;
    let mut findings = Vec::new();
    if let Some((rule, why)) = keys.refuses(&key.key, &asked.package, &asked.version) {
        findings.push(refusal(rule, &why));
    }
    findings.extend(compare(&statement, expected, verified));
    findings.extend(check_subjects(&statement.subject, verified));
    findings.extend(check_log(log, &statement));

    let build = Build {
        level: BuildLevel::L1,
        builder: statement.predicate.run_details.builder.id.clone(),
        source: asked.repository.clone(),
        reference: asked.reference.clone(),
        commit: built_commit(&statement).to_owned(),
    };
    Judged {
        found: nothing_denied(&findings).then_some(build),
        findings,
    }
}

/// The commit that was built: that of the first dependency, which is the source itself.
fn built_commit(statement: &Statement) -> &str {
    let build = &statement.predicate.build_definition;
    let repository = source(&build.external_parameters.repository);
    build
        .resolved_dependencies
        .first()
        .filter(|first| source(&first.uri) == repository)
        .and_then(|first| first.digest.get("gitCommit"))
        .map_or("none", String::as_str)
}

/// Compares what provenance says with what was asked for, and with what the signatures say.
fn compare(
    statement: &Statement,
    expected: Option<&Expected>,
    verified: &[Verified],
) -> Vec<Finding> {
    let mut wanted = known_form(statement);
    let tag = expected.and_then(|expected| {
        let tag = expected.source_tag.as_deref()?;
        prefixed(
            "refs/tags/",
            Some(tag.strip_prefix("refs/tags/").unwrap_or(tag)),
        )
    });
    let branch =
        expected.and_then(|expected| prefixed("refs/heads/", expected.source_branch.as_deref()));
    if let Some(expected) = expected {
        wanted.extend(as_expected(statement, expected));
    }
    let asked = &statement.predicate.build_definition.external_parameters;
    let reference = asked.reference.as_deref().unwrap_or("none");
    for (what, name) in [("tag", &tag), ("branch", &branch)] {
        wanted.extend(name.as_deref().map(|name| Wanted {
            rule: &rules::PROVENANCE_SOURCE,
            what,
            found: reference,
            wanted: name,
        }));
    }

    let signed = verified.iter().filter_map(|file| file.signed.as_ref());
    for (_, comment) in signed {
        wanted.extend(as_signed(statement, comment));
    }
    wanted.dedup_by(|a, b| (a.what, a.found, a.wanted) == (b.what, b.found, b.wanted));
    wanted
        .into_iter()
        .filter(|wanted| wanted.found != wanted.wanted)
        .map(|wanted| {
            let text = format!(
                "its {} is `{}`, not `{}`",
                wanted.what,
                shown(wanted.found),
                shown(wanted.wanted)
            );
            refusal(wanted.rule, &text)
        })
        .collect()
}

/// Builder and source, as they were asked for.
fn as_expected<'a>(statement: &'a Statement, expected: &'a Expected) -> [Wanted<'a>; 2] {
    let build = &statement.predicate.build_definition;
    [
        Wanted {
            rule: &rules::PROVENANCE_BUILDER,
            what: "builder",
            found: &statement.predicate.run_details.builder.id,
            wanted: expected.builder_id.as_deref().unwrap_or(BUILDER),
        },
        Wanted {
            rule: &rules::PROVENANCE_SOURCE,
            what: "source",
            found: source(&build.external_parameters.repository),
            wanted: source(&expected.source_uri),
        },
    ]
}

/// The form that `cargo sign attest` writes.
fn known_form(statement: &Statement) -> Vec<Wanted<'_>> {
    let said = [
        ("statement type", &statement.kind, STATEMENT),
        ("predicate type", &statement.predicate_type, PREDICATE),
        (
            "build type",
            &statement.predicate.build_definition.build_type,
            BUILD_TYPE,
        ),
    ];
    said.into_iter()
        .map(|(what, found, wanted)| Wanted {
            rule: &rules::PROVENANCE_MALFORMED,
            what,
            found,
            wanted,
        })
        .collect()
}

/// What a signature of the release says has to stand in the provenance too.
fn as_signed<'a>(statement: &'a Statement, comment: &'a TrustedComment) -> [Wanted<'a>; 3] {
    let asked = &statement.predicate.build_definition.external_parameters;
    [
        (
            &rules::PROJECT_MISMATCH,
            "package",
            asked.package.as_str(),
            comment.project.as_str(),
        ),
        (
            &rules::VERSION_MISMATCH,
            "version",
            &asked.version,
            &comment.version,
        ),
        (
            &rules::COMMIT_MISMATCH,
            "commit",
            built_commit(statement),
            &comment.commit,
        ),
    ]
    .map(|(rule, what, found, wanted)| Wanted {
        rule,
        what,
        found,
        wanted,
    })
}

fn prefixed(prefix: &str, name: Option<&str>) -> Option<String> {
    name.map(|name| format!("{prefix}{name}"))
}

fn refusal(rule: &Rule, text: &str) -> Finding {
    Finding::new(rule, format!("provenance: {text}")).help(HELP)
}

/// Opens an envelope that a known key signed.
pub(super) fn open_envelope<'a>(
    bytes: &[u8],
    keys: &'a Keys,
) -> Result<(Vec<u8>, &'a PublicKey), Box<Finding>> {
    dsse::open(bytes, &keys.keys).map_err(|error| {
        let rule = match error {
            DsseError::Malformed(_) => &rules::PROVENANCE_MALFORMED,
            DsseError::Key(_) => &rules::KEY_MISMATCH,
            DsseError::Signature => &rules::PROVENANCE_INVALID,
        };
        Box::new(refusal(rule, &error.to_string()))
    })
}

/// Every file that held has to be named once, with its digest.
pub(super) fn check_subjects(subjects: &[Subject], verified: &[Verified]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in verified {
        let mut named = subjects.iter().filter(|subject| subject.name == file.file);
        let sha256 = file.digest.sha256().map(|digest| digest.to_string());
        let digest = named
            .next()
            .and_then(|subject| subject.digest.get("sha256"));
        if digest.is_none() || digest != sha256.as_ref() || named.next().is_some() {
            let text = format!("it is not about this `{}`", shown(&file.file));
            findings.push(refusal(&rules::PROVENANCE_SUBJECT, &text));
        }
    }
    findings
}

/// The audit log is not published with every release; where it lies beside the provenance it has to
/// be the one that was attested.
fn check_log(log: Option<&[u8]>, statement: &Statement) -> Option<Finding> {
    let logs = &statement.predicate.run_details.byproducts;
    let Some(bytes) = log else {
        let attested = logs.iter().any(|log| [LOG, LOG_HEAD].contains(&&*log.uri));
        return attested.then(|| {
            let text = format!(
                "`{LOG}` was attested and does not lie beside the provenance: it was not judged"
            );
            let help = "ask the project for it, where it matters how the release was made";
            Finding::new(&rules::NOT_COVERED, text).help(help)
        });
    };
    if let Err(error) = release_gate::audit::verify(bytes) {
        return Some(changed_log(format!("`{LOG}`: {error}")));
    }

    let digest_of = |name: &str| {
        logs.iter()
            .find(|log| log.uri == name)
            .and_then(|log| log.digest.get("sha256"))
    };
    if digest_of(LOG) == Some(&sha256_bytes(bytes).to_string()) {
        return None;
    }
    // Steps may follow the attested ones; none of those may be missing or changed.
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let head = digest_of(LOG_HEAD)
        .filter(|head| lines.any(|line| sha256_bytes(line).to_string() == **head));
    Some(match head {
        None => changed_log(format!("`{LOG}` does not hold what was attested")),
        Some(_) => {
            let text = format!(
                "`{LOG}`: {} entries follow the last one that was attested",
                lines.count()
            );
            Finding::new(&rules::NOT_COVERED, text)
        }
    })
}

fn changed_log(text: String) -> Finding {
    Finding::new(&rules::AUDIT_LOG, text)
        .help("the log was changed after the release was attested; do not rely on it")
}
