//! Provenance in Sigstore bundles: a build on GitHub, of the source that was named, by a builder
//! that is known or was named, about exactly the files that held. The checks are those of
//! slsa-verifier, and the files' names besides.
//!
//! The certificate says what GitHub saw; the provenance is what the builder says. Both are compared
//! with what was asked for, and with each other. The level comes from [`LEVELS`] and nowhere else:
//! it is never read from a bundle.

use release_gate::{Error, Finding, Result, Rule};

use super::file::small_named;
use super::{Expected, Held, Verdict, shown};
use crate::format::bundle;
use crate::model::provenance::{Build, source};
use crate::model::workflow::{Claims, Provenance, Statement};
use crate::rules;
use crate::sigstore::{self, Roots, Signed};

/// Who vouches for the identity of workflows.
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const GITHUB: &str = "https://github.com/";
/// Workflows that make provenance no step of the build they attest can touch, at a release of
/// theirs.
const GENERATOR: &str =
    "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
/// The one builder that tags its releases otherwise.
const JRELEASER: &str = "https://github.com/jreleaser/release-action/";
/// Longest file that is read as a trusted root; Sigstore's has 10 KB.
const MAX_ROOT: usize = 8 << 20;
const HELP: &str = "get the provenance from where the project publishes it; do not use the release before it holds";

/// Builders that are known: the workflow that signs, the kinds of build it describes, and whom it
/// speaks for.
const LEVELS: [(&str, &[&str], Speaks); 5] = [
    (
        "generator_generic_slsa3.yml",
        &["https://github.com/slsa-framework/slsa-github-generator/generic@v1"],
        Speaks::Itself,
    ),
    (
        "builder_go_slsa3.yml",
        &[
            "https://github.com/slsa-framework/slsa-github-generator/go@v1",
            "https://github.com/slsa-framework/slsa-github-generator-go@v1",
            "https://github.com/slsa-framework/slsa-github-generator@v1",
        ],
        Speaks::Itself,
    ),
    (
        "builder_container-based_slsa3.yml",
        &["https://slsa.dev/container-based-build/v0.1?draft"],
        Speaks::Itself,
    ),
    ("delegator_generic_slsa3.yml", DELEGATED, Speaks::Another),
    (
        "delegator_lowperms-generic_slsa3.yml",
        DELEGATED,
        Speaks::Another,
    ),
];
const DELEGATED: &[&str] =
    &["https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0"];
/// What GitHub's own attestations describe.
const WORKFLOW: &[&str] = &["https://actions.github.io/buildtypes/workflow/v1"];

/// Whom a workflow that signs speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// It is the builder.
    Itself,
    /// Another workflow that it called is.
    Another,
    /// It is any workflow, of the project or of somebody else.
    Unknown,
}

/// A refusal: its reason and what it says.
type Problem = (&'static Rule, String);

/// Judges the bundles of a file about the files that `verdict` says held: each of them has to be
/// named by one that holds in every respect.
///
/// # Errors
/// The trusted root cannot be used.
pub(super) fn check(verdict: &mut Verdict, bytes: &[u8], expected: &Expected) -> Result<()> {
    let documents = match bundle::split(bytes) {
        Ok(documents) => documents,
        Err(error) => {
            refuse(verdict, &(&rules::BUNDLE_MALFORMED, error.to_string()));
            return Ok(());
        }
    };
    let roots = roots(expected)?;
    let mut statements = Vec::new();
    for document in documents {
        let signed = match sigstore::verify(document, &roots) {
            Ok(signed) => signed,
            Err(refusal) => {
                refuse(verdict, &(refusal.rule, refusal.to_string()));
                continue;
            }
        };
        match serde_json::from_slice::<Statement>(&signed.payload) {
            // What else is known about a file (an SBOM, test results) may lie in the same download.
            Ok(statement) if statement.is_provenance() => {
                let judged = judge(&signed, &statement, expected);
                statements.push((statement, judged));
            }
            Ok(_) => {}
            Err(error) => refuse(verdict, &(&rules::BUNDLE_MALFORMED, error.to_string())),
        }
    }
    if !verdict.holds() {
        return Ok(());
    }
    if statements.is_empty() {
        refuse(
            verdict,
            &(
                &rules::BUNDLE_MALFORMED,
                "no bundle holds SLSA provenance".to_owned(),
            ),
        );
        return Ok(());
    }
    // The list names what the build made and is made later; who named it in the provenance gets it
    // judged.
    let all = verdict.held.clone();
    let listed = |held: &&Held| held.file != "checksums.txt" || all.len() == 1;
    for held in all.iter().filter(listed) {
        match about(&statements, held) {
            Ok(built) => {
                let commit = held.signed.as_ref().map(|(_, comment)| &comment.commit);
                if let Some(commit) = commit.filter(|commit| **commit != built.commit) {
                    let text = format!(
                        "it was built from {}, and `{}` is signed for {commit}",
                        built.commit,
                        shown(&held.file)
                    );
                    refuse(verdict, &(&rules::COMMIT_MISMATCH, text));
                }
                if !verdict.built.contains(&built) {
                    verdict.built.push(built);
                }
            }
            Err(problems) => problems.iter().for_each(|problem| refuse(verdict, problem)),
        }
    }
    if verdict.holds() {
        for built in &verdict.built {
            verdict.remarks.push(format!("OK  provenance  {built}"));
        }
    }
    Ok(())
}

fn refuse(verdict: &mut Verdict, (rule, text): &Problem) {
    let finding = Finding::new(rule, format!("provenance: {}", shown(text))).help(HELP);
    if !verdict.findings.contains(&finding) {
        verdict.refuse(finding);
    }
}

fn roots(expected: &Expected) -> Result<Roots> {
    let Some(path) = &expected.trusted_root else {
        return Roots::embedded().map_err(|error| {
            Error::judge("the built-in trusted roots cannot be used").with_source(error)
        });
    };
    let wrong = |error: &dyn std::fmt::Display| {
        Error::judge(format!(
            "the trusted root `{}` cannot be used",
            path.display()
        ))
        .with_source(error.to_string())
        .with_help(
            "it is Sigstore's trusted_root.json; `gh attestation trusted-root` prints the newest",
        )
    };
    let bytes = small_named(path, MAX_ROOT)?.ok_or_else(|| wrong(&"there is no such file"))?;
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() <= MAX_ROOT);
    let text = text.ok_or_else(|| wrong(&"it is no text, or longer than any trusted root"))?;
    Roots::parse(&text).map_err(|error| wrong(&error))
}

/// The build that made a file, by the first bundle about it that holds; else what is wrong with
/// those about it.
fn about(
    statements: &[(Statement, std::result::Result<Build, Vec<Problem>>)],
    held: &Held,
) -> std::result::Result<Build, Vec<Problem>> {
    let (digest, file) = (held.sha256.to_string(), shown(&held.file));
    let mut problems = Vec::new();
    for (statement, judged) in statements {
        let mut same = statement
            .subject
            .iter()
            .filter(|subject| subject.digest.get("sha256") == Some(&digest))
            .peekable();
        let Some(first) = same.peek().map(|subject| subject.name.clone()) else {
            continue;
        };
        // Some name the path the file had while it was built.
        let named = same.any(|subject| {
            subject.name == held.file || subject.name.rsplit('/').next() == Some(&held.file)
        });
        match judged {
            Ok(built) if named => return Ok(built.clone()),
            Ok(_) => problems.push((
                &rules::PROVENANCE_NAME,
                format!("`{file}` was built as `{first}`"),
            )),
            Err(found) => problems.extend(found.iter().cloned()),
        }
    }
    if problems.is_empty() {
        problems.push((
            &rules::PROVENANCE_SUBJECT,
            format!("it is not about this `{file}`"),
        ));
    }
    Err(problems)
}

/// A name and what it was taken from: `https://github.com/OWNER/REPOSITORY/PATH@REF`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Workflow<'a> {
    name: &'a str,
    reference: &'a str,
}

impl<'a> Workflow<'a> {
    /// `None`: not on GitHub, or at no reference. What follows the first `@` has to be a reference,
    /// so that none hides in a file's name.
    fn parse(id: &'a str) -> Option<Self> {
        let (name, reference) = id.split_once('@')?;
        let commit =
            reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
        let parts = name
            .strip_prefix(GITHUB)?
            .splitn(3, '/')
            .filter(|part| !part.is_empty())
            .count();
        (parts == 3 && (commit || reference.starts_with("refs/")))
            .then_some(Self { name, reference })
    }

    /// The repository it lies in.
    fn repository(self) -> &'a str {
        let mut slashes = self.name.match_indices('/').map(|(at, _)| at);
        slashes.nth(4).map_or(self.name, |at| &self.name[..at])
    }

    /// Whether it is what the user named: `NAME`, `NAME@REF` or `NAME@TAG`.
    fn is(self, id: &str) -> bool {
        let (name, reference) = id
            .split_once('@')
            .map_or((id, None), |(name, reference)| (name, Some(reference)));
        let same = |reference: &str| {
            reference == self.reference
                || self.reference.strip_prefix("refs/tags/") == Some(reference)
        };
        name == self.name && reference.is_none_or(same)
    }

    /// Whether it was taken from a release: a tag `v1.2.3`.
    fn released(self) -> bool {
        let tag = self.reference.strip_prefix("refs/tags/v");
        let version = tag.and_then(|tag| semver::Version::parse(tag).ok());
        let jreleaser = self.name.starts_with(JRELEASER);
        version.is_some_and(|version| {
            version.build.is_empty()
                && (version.pre.is_empty() || jreleaser && version.pre.as_str() == "java")
        })
    }
}

/// Judges who signed, what was built, and whether the two agree.
fn judge(
    signed: &Signed,
    statement: &Statement,
    expected: &Expected,
) -> std::result::Result<Build, Vec<Problem>> {
    let claims = &signed.claims;
    let mut problems: Vec<Problem> = Vec::new();
    if claims.issuer != ISSUER {
        return Err(vec![(
            &rules::BUNDLE_ISSUER,
            format!(
                "its certificate was issued on the word of `{}`",
                claims.issuer
            ),
        )]);
    }
    let Some(signer) = Workflow::parse(&claims.signer) else {
        return Err(vec![(
            &rules::BUNDLE_SIGNER,
            format!(
                "it was signed by `{}`, which is no workflow on GitHub",
                claims.signer
            ),
        )]);
    };
    let said = match statement.provenance() {
        Ok(said) => said,
        Err(error) => {
            return Err(vec![(
                &rules::BUNDLE_MALFORMED,
                format!("its provenance lacks something: {error}"),
            )]);
        }
    };
    let (kinds, speaks) = signer
        .name
        .strip_prefix(GENERATOR)
        .and_then(|file| LEVELS.iter().find(|(known, ..)| *known == file))
        .map_or((WORKFLOW, Speaks::Unknown), |(_, kinds, speaks)| {
            (*kinds, *speaks)
        });
    if !kinds.contains(&said.build_type.as_str()) {
        problems.push((
            &rules::BUNDLE_BUILD_TYPE,
            format!("its builds are of the kind `{}`", said.build_type),
        ));
    }
    let (repository, commit) = agree(&mut problems, claims, &said, speaks);
    let wanted = normal(&expected.source_uri);
    if repository != wanted {
        problems.push((
            &rules::PROVENANCE_SOURCE,
            format!("its source is `{repository}`, not `{wanted}`"),
        ));
    }
    let reference = said
        .trigger
        .as_deref()
        .and_then(|uri| uri.split_once('@'))
        .map(|(_, reference)| reference);
    for (what, prefix, name) in [
        ("tag", "refs/tags/", &expected.source_tag),
        ("branch", "refs/heads/", &expected.source_branch),
    ] {
        let Some(name) = name else { continue };
        if reference.and_then(|reference| reference.strip_prefix(prefix)) != Some(name) {
            let found = reference.unwrap_or("none");
            problems.push((
                &rules::PROVENANCE_SOURCE,
                format!("it was built from `{found}`, not from the {what} `{name}`"),
            ));
        }
    }
    // What a pull request would be after a merge is a commit of nobody's branch: anybody can have
    // it built.
    if let Some(other) = reference.filter(|name| {
        !["refs/heads/", "refs/tags/"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    }) {
        problems.push((
            &rules::PROVENANCE_SOURCE,
            format!("it was built from `{other}`, which is no branch or tag"),
        ));
    }
    runner(&mut problems, claims, speaks);
    let level = builder(
        &mut problems,
        claims,
        signer,
        &said,
        speaks,
        (expected, &repository),
    );
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Build {
        level,
        builder: said.builder,
        source: repository,
        reference: reference.map(str::to_owned),
        commit,
    })
}

/// `https://github.com/OWNER/REPOSITORY`, however it was spelled.
fn normal(uri: &str) -> String {
    let uri = source(uri);
    if uri.contains("://") {
        uri.to_owned()
    } else {
        format!("https://{uri}")
    }
}

/// Compares what the certificate says with itself and with the provenance; returns the repository
/// and the commit that was built.
fn agree(
    problems: &mut Vec<Problem>,
    claims: &Claims,
    said: &Provenance,
    speaks: Speaks,
) -> (String, String) {
    let old_repository = claims
        .old_repository
        .as_ref()
        .map(|name| format!("{GITHUB}{name}"));
    let repository = claims
        .repository
        .clone()
        .or(old_repository.clone())
        .unwrap_or_default();
    let commit = claims
        .commit
        .clone()
        .or(claims.old_commit.clone())
        .unwrap_or_default();
    let mut differ = |what: &str, a: &str, b: &str| {
        if a != b {
            problems.push((&rules::BUNDLE_CLAIMS, format!("{what}: `{a}` and `{b}`")));
        }
    };
    if repository.is_empty() || commit.is_empty() {
        differ(
            "the certificate lacks the repository or the commit",
            &repository,
            &commit,
        );
    }
    for (what, a, b) in [
        (
            "the certificate's repositories",
            &claims.repository,
            &old_repository,
        ),
        (
            "the certificate's commits",
            &claims.commit,
            &claims.old_commit,
        ),
        (
            "the certificate's commits",
            &Some(commit.clone()),
            &claims.config_commit,
        ),
        (
            "the certificate's references",
            &claims.reference,
            &claims.old_reference,
        ),
        (
            "the certificate's triggers",
            &claims.trigger,
            &claims.old_trigger,
        ),
        (
            "the certificate's signers",
            &Some(claims.signer.clone()),
            &claims.build_signer,
        ),
    ] {
        if let (Some(a), Some(b)) = (a, b) {
            differ(what, a, b);
        }
    }
    let reference = claims.reference.as_ref().or(claims.old_reference.as_ref());
    let trigger = said.trigger.clone().unwrap_or_default();
    let (from, at) = trigger.split_once('@').unwrap_or((&trigger, ""));
    differ(
        "repository in certificate and provenance",
        &repository,
        source(from),
    );
    differ(
        "branch or tag in certificate and provenance",
        reference.map_or("none", String::as_str),
        at,
    );
    if at.is_empty() {
        differ("the provenance lacks the branch or tag", at, "refs/…");
    }
    let built = said.source.clone().unwrap_or_default();
    // Workflows that were delegated to may build a commit they made themselves; then they name no
    // branch or tag.
    let elsewhere = speaks == Speaks::Another && !built.contains('@');
    if elsewhere {
        differ(
            "repository and source in the provenance",
            source(from),
            source(&built),
        );
    } else {
        differ("trigger and source in the provenance", &trigger, &built);
        differ(
            "commit in certificate and provenance",
            &commit,
            said.commit.as_deref().unwrap_or("none"),
        );
    }
    if let (Some(config), Some(path)) = (&claims.config, &said.path) {
        differ(
            "workflow in certificate and provenance",
            config,
            &format!("{}/{path}@{at}", source(from)),
        );
    }
    let built = if elsewhere { said.commit.clone() } else { None };
    (repository, built.unwrap_or(commit))
}

/// Only machines of GitHub's keep builds from each other.
fn runner(problems: &mut Vec<Problem>, claims: &Claims, speaks: Speaks) {
    match claims.runner.as_deref() {
        Some("github-hosted") => {}
        // Certificates before 2023 do not say; the builders that are known never use another.
        None if speaks != Speaks::Unknown => {}
        other => {
            let other = other.unwrap_or("unknown");
            problems.push((
                &rules::BUNDLE_RUNNER,
                format!("it ran on a runner of the kind `{other}`"),
            ));
        }
    }
}

/// Compares the builder with the workflow that signed and with the one that was asked for; returns
/// the level.
fn builder(
    problems: &mut Vec<Problem>,
    claims: &Claims,
    signer: Workflow<'_>,
    said: &Provenance,
    speaks: Speaks,
    (expected, repository): (&Expected, &str),
) -> u8 {
    let asked = expected.builder_id.as_deref();
    let mut refuse = |text: String| problems.push((&rules::PROVENANCE_BUILDER, text));
    let Some(named) = Workflow::parse(&said.builder) else {
        refuse(format!(
            "its builder `{}` is no workflow on GitHub",
            said.builder
        ));
        return 0;
    };
    // The certificate says who it was; only of whom a delegator called it says nothing.
    let (judged, id) = if speaks == Speaks::Another {
        (named, &said.builder)
    } else {
        (signer, &claims.signer)
    };
    if let Some(asked) = asked.filter(|asked| !judged.is(asked)) {
        refuse(format!("its builder is `{id}`, not `{asked}`"));
    }
    if speaks != Speaks::Unknown && !(signer.released() && named.released()) {
        refuse(format!(
            "its builder `{}` was taken from no release (a tag `v1.2.3`)",
            said.builder
        ));
    }
    let level = match speaks {
        Speaks::Itself => 3,
        Speaks::Another => {
            if asked.is_none() && !named.name.starts_with(GENERATOR) {
                refuse(format!(
                    "its builder is `{}`; name it with --builder-id if you trust it",
                    said.builder
                ));
            }
            3
        }
        Speaks::Unknown => {
            // Where the source is another than was asked for, that is what is said.
            let own =
                [normal(&expected.source_uri).as_str(), repository].contains(&signer.repository());
            // Taken from a release, or exactly what was named: any branch may hold another workflow
            // of this name.
            let fixed = signer.released() || asked.is_some_and(|asked| asked.contains('@'));
            match asked {
                None if !own => {
                    refuse(format!(
                        "its builder is `{}`; name it with --builder-id if you trust it",
                        claims.signer
                    ));
                }
                Some(_) if !own && !fixed => {
                    refuse(format!(
                        "its builder `{}` was taken from no release; name what it was taken from",
                        said.builder
                    ));
                }
                _ => {}
            }
            // A workflow that was called runs apart from the caller's steps, if whoever named it
            // knows that it does not run theirs.
            let called = claims
                .config
                .as_deref()
                .and_then(Workflow::parse)
                .is_some_and(|config| config.name != signer.name);
            if asked.is_some() && called && fixed {
                3
            } else {
                2
            }
        }
    };
    if speaks != Speaks::Another && named != signer {
        problems.push((
            &rules::BUNDLE_CLAIMS,
            format!(
                "signer and builder: `{}` and `{}`",
                claims.signer, said.builder
            ),
        ));
    }
    level
}
