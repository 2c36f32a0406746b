//! Provenance in Sigstore bundles: a build on GitHub, of the source that was named, by a builder
//! that is known or was named, about exactly the files that held. The checks are those of
//! slsa-verifier, and the files' names besides.
//!
//! The certificate says what GitHub saw; the provenance is what the builder says. Both are compared
//! with what was asked for, and with each other. The level comes from [`LEVELS`] and nowhere else:
//! it is never read from a bundle.

use release_gate::{Finding, Rule};

use super::provenance::Expected;
use super::verdict::{Verdict, Verified, shown};
use crate::format::bundle;
use crate::format::unique::check_unique_names;
use crate::model::companion::LIST;
use crate::model::provenance::{Build, BuildLevel, describe, source};
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

/// A statement, and the build it vouches for or what is wrong with it.
type JudgedStatement = (Statement, Result<Build, Vec<Problem>>);

/// Judges the bundles of a file about the files that `verdict` says held: each of them has to be
/// named by one that holds in every respect. Returns what is to be added to the verdict.
pub(crate) fn check_bundles(
    bytes: &[u8],
    roots: &Roots,
    expected: &Expected,
    verdict: &Verdict,
) -> Verdict {
    let mut judged = Verdict::default();
    let statements = match open_bundles(bytes, roots, expected) {
        Ok(statements) => statements,
        Err(problems) => {
            problems
                .iter()
                .for_each(|problem| refuse(&mut judged, problem));
            return judged;
        }
    };
    if !verdict.holds() {
        return judged;
    }
    if statements.is_empty() {
        let text = "no bundle holds SLSA provenance".to_owned();
        refuse(&mut judged, &(&rules::BUNDLE_MALFORMED, text));
        return judged;
    }

    // The list names what the build made and is made later; who named it in the provenance gets it
    // judged.
    let alone = verdict.verified.len() == 1;
    let named = verdict
        .verified
        .iter()
        .filter(|verified| verified.file != LIST || alone);
    for verified in named {
        match find_build(&statements, verified) {
            Ok(build) => {
                if let Some(problem) = other_commit(&build, verified) {
                    refuse(&mut judged, &problem);
                }
                if !verdict.builds.contains(&build) && !judged.builds.contains(&build) {
                    judged.builds.push(build);
                }
            }
            Err(problems) => problems
                .iter()
                .for_each(|problem| refuse(&mut judged, problem)),
        }
    }
    if judged.holds() {
        judged.remarks = judged
            .builds
            .iter()
            .map(|build| format!("OK  provenance  {}", describe(build)))
            .collect();
    }
    judged
}

/// Opens every bundle of a file; each has to hold, and those that are SLSA provenance are judged.
fn open_bundles(
    bytes: &[u8],
    roots: &Roots,
    expected: &Expected,
) -> Result<Vec<JudgedStatement>, Vec<Problem>> {
    let bundles = bundle::split(bytes)
        .map_err(|error| vec![(&rules::BUNDLE_MALFORMED, error.to_string())])?;
    let mut statements = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for document in &bundles.documents {
        let signed = match sigstore::verify(document, roots) {
            Ok(signed) => signed,
            Err(refusal) => {
                problems.push((refusal.rule, refusal.to_string()));
                continue;
            }
        };
        if let Err(error) = check_unique_names(&signed.payload) {
            problems.push((&rules::BUNDLE_MALFORMED, error.to_string()));
            continue;
        }
        match serde_json::from_slice::<Statement>(&signed.payload) {
            // What else is known about a file (an SBOM, test results) may lie in the same download.
            Ok(statement) if statement.is_provenance() => {
                let judged = judge_build(&signed, &statement, expected);
                statements.push((statement, judged));
            }
            Ok(_) => {}
            Err(error) => problems.push((&rules::BUNDLE_MALFORMED, error.to_string())),
        }
    }

    if problems.is_empty() {
        Ok(statements)
    } else {
        Err(problems)
    }
}

/// Why a build does not go with the signature of the file it made.
fn other_commit(build: &Build, verified: &Verified) -> Option<Problem> {
    let (_, comment) = verified.signed.as_ref()?;
    if comment.commit == build.commit {
        return None;
    }
    let text = format!(
        "it was built from {}, and `{}` is signed for {}",
        build.commit,
        shown(&verified.file),
        comment.commit
    );
    Some((&rules::COMMIT_MISMATCH, text))
}

fn refuse(verdict: &mut Verdict, (rule, text): &Problem) {
    let finding = Finding::new(rule, format!("provenance: {}", shown(text))).help(HELP);
    if !verdict.findings.contains(&finding) {
        verdict.refuse(finding);
    }
}

/// The build that made a file, by the first bundle about it that holds; else what is wrong with
/// those about it.
fn find_build(statements: &[JudgedStatement], verified: &Verified) -> Result<Build, Vec<Problem>> {
    let digest = verified.digest.sha256().map(|digest| digest.to_string());
    let file = shown(&verified.file);
    let mut problems = Vec::new();
    for (statement, judged) in statements {
        let mut same = statement
            .subject
            .iter()
            .filter(|subject| digest.is_some() && subject.digest.get("sha256") == digest.as_ref())
            .peekable();
        let Some(first) = same.peek().map(|subject| subject.name.clone()) else {
            continue;
        };
        // Some name the path the file had while it was built.
        let named = same.any(|subject| {
            subject.name == verified.file || subject.name.rsplit('/').next() == Some(&verified.file)
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

/// What is compared about one build: what GitHub saw, what the builder says, what was asked for.
struct Case<'a> {
    claims: &'a Claims,
    /// The workflow that signed.
    signer: Workflow<'a>,
    /// What the provenance says.
    said: &'a Provenance,
    /// Whom the workflow that signed speaks for.
    speaks: Speaks,
    expected: &'a Expected,
}

/// Judges who signed, what was built, and whether the two agree.
fn judge_build(
    signed: &Signed,
    statement: &Statement,
    expected: &Expected,
) -> Result<Build, Vec<Problem>> {
    let claims = &signed.claims;
    if claims.issuer != ISSUER {
        let text = format!(
            "its certificate was issued on the word of `{}`",
            claims.issuer
        );
        return Err(vec![(&rules::BUNDLE_ISSUER, text)]);
    }
    let Some(signer) = Workflow::parse(&claims.signer) else {
        let text = format!(
            "it was signed by `{}`, which is not a workflow on GitHub",
            claims.signer
        );
        return Err(vec![(&rules::BUNDLE_SIGNER, text)]);
    };
    let said = statement.provenance().map_err(|error| {
        let text = format!("its provenance lacks something: {error}");
        vec![(&rules::BUNDLE_MALFORMED, text)]
    })?;

    let (kinds, speaks) = kinds_of(signer);
    let case = Case {
        claims,
        signer,
        said: &said,
        speaks,
        expected,
    };
    let mut problems: Vec<Problem> = Vec::new();
    if !kinds.contains(&said.build_type.as_str()) {
        let text = format!("its builds are of the kind `{}`", said.build_type);
        problems.push((&rules::BUNDLE_BUILD_TYPE, text));
    }
    problems.extend(case.check_claims());
    problems.extend(case.check_agreement());
    problems.extend(case.check_source());
    problems.extend(case.check_runner());
    let (level, refused) = case.check_builder();
    problems.extend(refused);

    match level.filter(|_| problems.is_empty()) {
        None => Err(problems),
        Some(level) => Ok(Build {
            level,
            source: case.repository(),
            reference: case.reference().map(str::to_owned),
            commit: case.built_commit(),
            builder: said.builder.clone(),
        }),
    }
}

/// The kinds of build a workflow describes, and whom it speaks for.
fn kinds_of(signer: Workflow<'_>) -> (&'static [&'static str], Speaks) {
    signer
        .name
        .strip_prefix(GENERATOR)
        .and_then(|file| LEVELS.iter().find(|(known, ..)| *known == file))
        .map_or((WORKFLOW, Speaks::Unknown), |(_, kinds, speaks)| {
            (*kinds, *speaks)
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

/// Two that have to be the same.
fn differ(what: &str, a: &str, b: &str) -> Option<Problem> {
    (a != b).then(|| (&rules::BUNDLE_CLAIMS, format!("{what}: `{a}` and `{b}`")))
}

impl Case<'_> {
    /// The repository under the claim's old name.
    fn old_repository(&self) -> Option<String> {
        let name = self.claims.old_repository.as_ref()?;
        Some(format!("{GITHUB}{name}"))
    }

    /// The repository that was built.
    fn repository(&self) -> String {
        self.claims
            .repository
            .clone()
            .or(self.old_repository())
            .unwrap_or_default()
    }

    /// The commit that the certificate names.
    fn commit(&self) -> String {
        let claims = self.claims;
        claims
            .commit
            .clone()
            .or(claims.old_commit.clone())
            .unwrap_or_default()
    }

    /// What started the build, taken apart: repository and reference.
    fn trigger(&self) -> (&str, &str) {
        let trigger = self.said.trigger.as_deref().unwrap_or_default();
        trigger.split_once('@').unwrap_or((trigger, ""))
    }

    /// The branch or tag in the provenance.
    fn reference(&self) -> Option<&str> {
        self.said
            .trigger
            .as_deref()?
            .split_once('@')
            .map(|(_, at)| at)
    }

    /// Workflows that were delegated to may build a commit they made themselves; then they name no
    /// branch or tag.
    fn built_elsewhere(&self) -> bool {
        let built = self.said.source.as_deref().unwrap_or_default();
        self.speaks == Speaks::Another && !built.contains('@')
    }

    /// The commit that was built.
    fn built_commit(&self) -> String {
        let built = if self.built_elsewhere() {
            self.said.commit.clone()
        } else {
            None
        };
        built.unwrap_or_else(|| self.commit())
    }

    /// Compares what the certificate says with itself.
    fn check_claims(&self) -> Vec<Problem> {
        let claims = self.claims;
        let repository = self.repository();
        let commit = self.commit();
        let mut problems = Vec::new();
        if repository.is_empty() || commit.is_empty() {
            let what = "the certificate lacks the repository or the commit";
            problems.extend(differ(what, &repository, &commit));
        }

        let commits = "the certificate's commits";
        for (what, a, b) in [
            (
                "the certificate's repositories",
                &claims.repository,
                &self.old_repository(),
            ),
            (commits, &claims.commit, &claims.old_commit),
            (commits, &Some(commit.clone()), &claims.config_commit),
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
                problems.extend(differ(what, a, b));
            }
        }
        problems
    }

    /// Compares what the certificate says with the provenance.
    fn check_agreement(&self) -> Vec<Problem> {
        let claims = self.claims;
        let reference = claims.reference.as_ref().or(claims.old_reference.as_ref());
        let (from, at) = self.trigger();
        let mut problems = Vec::new();
        problems.extend(differ(
            "repository in certificate and provenance",
            &self.repository(),
            source(from),
        ));
        problems.extend(differ(
            "branch or tag in certificate and provenance",
            reference.map_or("none", String::as_str),
            at,
        ));
        if at.is_empty() {
            problems.extend(differ(
                "the provenance lacks the branch or tag",
                at,
                "refs/…",
            ));
        }

        let built = self.said.source.as_deref().unwrap_or_default();
        if self.built_elsewhere() {
            problems.extend(differ(
                "repository and source in the provenance",
                source(from),
                source(built),
            ));
        } else {
            let trigger = self.said.trigger.as_deref().unwrap_or_default();
            problems.extend(differ(
                "trigger and source in the provenance",
                trigger,
                built,
            ));
            problems.extend(differ(
                "commit in certificate and provenance",
                &self.commit(),
                self.said.commit.as_deref().unwrap_or("none"),
            ));
        }
        if let (Some(config), Some(path)) = (&claims.config, &self.said.path) {
            problems.extend(differ(
                "workflow in certificate and provenance",
                config,
                &format!("{}/{path}@{at}", source(from)),
            ));
        }
        problems
    }

    /// Compares the source with what was asked for.
    fn check_source(&self) -> Vec<Problem> {
        let repository = self.repository();
        let wanted = normal(&self.expected.source_uri);
        let mut problems = Vec::new();
        if repository != wanted {
            let text = format!("its source is `{repository}`, not `{wanted}`");
            problems.push((&rules::PROVENANCE_SOURCE, text));
        }

        let reference = self.reference();
        for (what, prefix, name) in [
            ("tag", "refs/tags/", &self.expected.source_tag),
            ("branch", "refs/heads/", &self.expected.source_branch),
        ] {
            let Some(name) = name else { continue };
            if reference.and_then(|reference| reference.strip_prefix(prefix)) != Some(name) {
                let found = reference.unwrap_or("none");
                let text = format!("it was built from `{found}`, not from the {what} `{name}`");
                problems.push((&rules::PROVENANCE_SOURCE, text));
            }
        }

        // What a pull request would be after a merge is a commit of nobody's branch: anybody can
        // have it built.
        if let Some(other) = reference.filter(|name| !is_branch_or_tag(name)) {
            let text = format!("it was built from `{other}`, which is not a branch or tag");
            problems.push((&rules::PROVENANCE_SOURCE, text));
        }
        problems
    }

    /// Only machines of GitHub's keep builds from each other.
    fn check_runner(&self) -> Option<Problem> {
        match self.claims.runner.as_deref() {
            Some("github-hosted") => None,
            // Certificates before 2023 do not say; the builders that are known never use another.
            None if self.speaks != Speaks::Unknown => None,
            other => {
                let other = other.unwrap_or("unknown");
                let text = format!("it ran on a runner of the kind `{other}`");
                Some((&rules::BUNDLE_RUNNER, text))
            }
        }
    }

    /// Compares the builder with the workflow that signed and with the one that was asked for;
    /// returns the level.
    fn check_builder(&self) -> (Option<BuildLevel>, Vec<Problem>) {
        let builder = &self.said.builder;
        let Some(named) = Workflow::parse(builder) else {
            let text = format!("its builder `{builder}` is not a workflow on GitHub");
            return (None, vec![(&rules::PROVENANCE_BUILDER, text)]);
        };

        let mut refused = Vec::new();
        // The certificate says who it was; only of whom a delegator called it says nothing.
        let (judged, id) = if self.speaks == Speaks::Another {
            (named, builder)
        } else {
            (self.signer, &self.claims.signer)
        };
        let asked = self.expected.builder_id.as_deref();
        if let Some(asked) = asked.filter(|asked| !judged.is(asked)) {
            refused.push(format!("its builder is `{id}`, not `{asked}`"));
        }
        if self.speaks != Speaks::Unknown && !(self.signer.released() && named.released()) {
            refused.push(format!(
                "its builder `{builder}` was taken from no release (a tag `v1.2.3`)"
            ));
        }
        let level = match self.speaks {
            Speaks::Itself => BuildLevel::L3,
            Speaks::Another => {
                if asked.is_none() && !named.name.starts_with(GENERATOR) {
                    refused.push(unknown_builder(builder));
                }
                BuildLevel::L3
            }
            Speaks::Unknown => {
                let (level, problem) = self.check_unknown_builder();
                refused.extend(problem);
                level
            }
        };

        let mut problems: Vec<Problem> = refused
            .into_iter()
            .map(|text| (&rules::PROVENANCE_BUILDER, text))
            .collect();
        if self.speaks != Speaks::Another && named != self.signer {
            let signer = &self.claims.signer;
            problems.extend(differ("signer and builder", signer, builder));
        }
        (Some(level), problems)
    }

    /// A workflow of the project, or of somebody else, that no table knows.
    fn check_unknown_builder(&self) -> (BuildLevel, Option<String>) {
        let asked = self.expected.builder_id.as_deref();
        // Where the source is another than was asked for, that is what is said.
        let own = [normal(&self.expected.source_uri), self.repository()]
            .iter()
            .any(|repository| repository == self.signer.repository());
        // Taken from a release, or exactly what was named: any branch may hold another workflow of
        // this name.
        let fixed = self.signer.released() || asked.is_some_and(|asked| asked.contains('@'));
        let problem = match asked {
            None if !own => Some(unknown_builder(&self.claims.signer)),
            Some(_) if !own && !fixed => Some(format!(
                "its builder `{}` was taken from no release; name what it was taken from",
                self.said.builder
            )),
            _ => None,
        };

        // A workflow that was called runs apart from the caller's steps, if anyone who named it knows
        // that it does not run theirs.
        let called = self
            .claims
            .config
            .as_deref()
            .and_then(Workflow::parse)
            .is_some_and(|config| config.name != self.signer.name);
        let level = if asked.is_some() && called && fixed {
            BuildLevel::L3
        } else {
            BuildLevel::L2
        };
        (level, problem)
    }
}

fn is_branch_or_tag(name: &str) -> bool {
    name.starts_with("refs/heads/") || name.starts_with("refs/tags/")
}

fn unknown_builder(builder: &str) -> String {
    format!("its builder is `{builder}`; name it with --builder-id if you trust it")
}
