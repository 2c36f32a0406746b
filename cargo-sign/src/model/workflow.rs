//! What a certificate says about a build on GitHub, and what SLSA provenance of such a build says;
//! both as they were found.
//!
//! Nothing here is checked: `crate::judge::bundle` compares the two with each other and with what
//! was asked for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::provenance::{PREDICATE, STATEMENT};

/// The claims of a certificate (<https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>); those that were renamed in 2023 may be
/// there under the old name, the new one, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Who vouches for the workflow's identity.
    pub issuer: String,
    /// The subject: the workflow that signed, `https://github.com/OWNER/REPOSITORY/PATH@REF`.
    pub signer: String,
    /// The same, as a claim of its own.
    pub build_signer: Option<String>,
    /// `github-hosted` or `self-hosted`.
    pub runner: Option<String>,
    /// The repository that was built, as a URL.
    pub repository: Option<String>,
    /// The commit that was built.
    pub commit: Option<String>,
    /// The branch or tag that was built, `refs/…`.
    pub reference: Option<String>,
    /// The workflow that was started, which may have called the one that signed.
    pub config: Option<String>,
    /// The commit that workflow was taken from.
    pub config_commit: Option<String>,
    /// What started it.
    pub trigger: Option<String>,
    /// `OWNER/REPOSITORY`.
    pub old_repository: Option<String>,
    /// The commit.
    pub old_commit: Option<String>,
    /// The branch or tag.
    pub old_reference: Option<String>,
    /// What started it.
    pub old_trigger: Option<String>,
}

/// An in-toto statement of any maker; unknown fields are left alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Its type.
    #[serde(rename = "_type", default)]
    pub kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// Type of what it says.
    #[serde(default)]
    pub predicate_type: String,
    /// What it says.
    #[serde(default)]
    pub predicate: serde_json::Value,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subject {
    /// Its name, or the path it had.
    #[serde(default)]
    pub name: String,
    /// Its digests.
    pub digest: BTreeMap<String, String>,
}

/// What SLSA provenance says about a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Who built.
    pub builder: String,
    /// How.
    pub build_type: String,
    /// The repository and reference whose workflow was started: `git+https://…@refs/…`.
    pub trigger: Option<String>,
    /// The path of that workflow.
    pub path: Option<String>,
    /// The repository that was built, in the same form; the reference may be missing.
    pub source: Option<String>,
    /// The commit that was built.
    pub commit: Option<String>,
}

const STATEMENTS: [&str; 2] = ["https://in-toto.io/Statement/v0.1", STATEMENT];
const PREDICATE_0_2: &str = "https://slsa.dev/provenance/v0.2";

/// SLSA provenance v0.2, as far as it is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V02 {
    builder: Builder,
    build_type: String,
    invocation: Invocation,
    #[serde(default)]
    materials: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    config_source: ConfigSource,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigSource {
    uri: String,
    #[serde(default)]
    entry_point: Option<String>,
}

/// SLSA provenance v1, as far as it is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1 {
    build_definition: Definition,
    run_details: Run,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    build_type: String,
    #[serde(default)]
    external_parameters: External,
    #[serde(default)]
    internal_parameters: Internal,
    #[serde(default)]
    resolved_dependencies: Vec<Source>,
}

#[derive(Default, Deserialize)]
struct External {
    workflow: Option<serde_json::Value>,
}

/// Where a workflow is described as GitHub's own provenance does.
#[derive(Deserialize)]
struct Workflow {
    repository: String,
    #[serde(rename = "ref")]
    reference: String,
    path: String,
}

#[derive(Default, Deserialize)]
struct Internal {
    #[serde(rename = "GITHUB_WORKFLOW_REF")]
    workflow: Option<String>,
}

#[derive(Deserialize)]
struct Run {
    builder: Builder,
}

#[derive(Deserialize)]
struct Builder {
    id: String,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    uri: String,
    #[serde(default)]
    digest: BTreeMap<String, String>,
}

impl Source {
    fn commit(&self) -> Option<String> {
        self.digest
            .get("gitCommit")
            .or_else(|| self.digest.get("sha1"))
            .cloned()
    }
}

/// `OWNER/REPOSITORY/PATH@REF`, taken apart.
fn workflow_ref(text: &str) -> Option<(String, String)> {
    let (place, reference) = text.split_once('@')?;
    let mut parts = place.splitn(3, '/');
    let (owner, repository, path) = (parts.next()?, parts.next()?, parts.next()?);
    Some((
        format!("git+https://github.com/{owner}/{repository}@{reference}"),
        path.to_owned(),
    ))
}

/// What says of files that their maker made or published them. What else is signed about a file (an
/// SBOM, a scan, a summary that may say `FAILED`) vouches for nothing.
const RELEASING: [&str; 6] = [
    PREDICATE,
    PREDICATE_0_2,
    "https://docs.pypi.org/attestations/publish/v1",
    "https://github.com/npm/attestation/tree/main/specs/publish/v0.1",
    "https://in-toto.io/attestation/release/v0.1",
    "https://sigstore.dev/cosign/sign/v1",
];

impl Statement {
    /// Whether it says that its files were made or published by whoever signed it.
    pub fn is_of_a_release(&self) -> bool {
        STATEMENTS.contains(&self.kind.as_str())
            && RELEASING.contains(&self.predicate_type.as_str())
    }

    /// Whether it claims to be SLSA provenance of a version that is known.
    pub fn is_provenance(&self) -> bool {
        STATEMENTS.contains(&self.kind.as_str())
            && [PREDICATE_0_2, PREDICATE].contains(&self.predicate_type.as_str())
    }

    /// What it says, where it is SLSA provenance.
    ///
    /// # Errors
    /// It has not the fields of that version.
    pub fn provenance(&self) -> Result<Provenance, serde_json::Error> {
        if self.predicate_type == PREDICATE_0_2 {
            let said = V02::deserialize(&self.predicate)?;
            let (source, commit) = first_source(&said.materials);
            let config = said.invocation.config_source;
            return Ok(Provenance {
                builder: said.builder.id,
                build_type: said.build_type,
                trigger: Some(config.uri),
                path: config.entry_point,
                source,
                commit,
            });
        }

        let V1 {
            build_definition: said,
            run_details: run,
        } = V1::deserialize(&self.predicate)?;

        let (source, commit) = first_source(&said.resolved_dependencies);

        // The table of GitHub's own; delegators have a string of their own meaning there, and name
        // the workflow among what they were given.
        let workflow = said
            .external_parameters
            .workflow
            .and_then(|value| Workflow::deserialize(value).ok());

        let (trigger, path) = match workflow {
            Some(found) => Some((
                format!("git+{}@{}", found.repository, found.reference),
                found.path,
            )),
            None => said
                .internal_parameters
                .workflow
                .as_deref()
                .and_then(workflow_ref),
        }
        .unzip();

        Ok(Provenance {
            builder: run.builder.id,
            build_type: said.build_type,
            trigger,
            path,
            source,
            commit,
        })
    }
}

/// The address and the commit of the first source: builders put the repository first.
fn first_source(sources: &[Source]) -> (Option<String>, Option<String>) {
    let first = sources.first();
    (
        first.map(|source| source.uri.clone()),
        first.and_then(Source::commit),
    )
}
