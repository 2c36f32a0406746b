//! SLSA provenance v1 in an in-toto statement v1: what `cargo sign attest` says about a build, and
//! no more.
//!
//! The maintainer's own key signs it, so it is Build L1, self-attested; nothing here may claim a
//! higher level.

use std::collections::BTreeMap;

pub use release_gate_facts::report::verify::{ProvenBuild as Build, SlsaBuildLevel as BuildLevel};
use serde::{Deserialize, Serialize};

/// Type of the statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// Type of the predicate.
pub const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// The only kind of build that is attested; described in docs/sign/provenance.md.
pub const BUILD_TYPE: &str = "urn:release-gate:cargo-build:v1";
/// Anyone who holds the key, on a machine nobody else vouches for.
pub const BUILDER: &str = "urn:release-gate:cargo-sign:self-attested:v1";
/// The level, as it is shown.
pub const LEVEL: &str = "SLSA Build L1 (self-attested)";

/// Digests by algorithm.
pub type Digests = BTreeMap<String, String>;

/// An in-toto statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Statement<P = Predicate> {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// The files it is about.
    pub subject: Vec<Subject>,
    /// [`PREDICATE`], or another's.
    pub predicate_type: String,
    /// What it says.
    pub predicate: P,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its digests; `sha256` decides.
    pub digest: Digests,
}

/// How it came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Predicate {
    /// From what.
    pub build_definition: BuildDefinition,
    /// By whom.
    pub run_details: RunDetails,
}

/// What went into the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    /// What was asked for.
    pub external_parameters: Parameters,
    /// The commit first, then the lock file, the toolchain and every locked package.
    pub resolved_dependencies: Vec<Resource>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Where the source lives.
    pub repository: String,
    /// `refs/tags/…`, where a tag was named.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Package.
    pub package: String,
    /// Version.
    pub version: String,
    /// Cargo profile.
    pub profile: String,
    /// Target triples.
    pub targets: Vec<String>,
    /// Features asked for.
    pub features: Vec<String>,
}

/// Something used or left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Name or package URL.
    pub uri: String,
    /// Digests; empty where nothing pins it.
    #[serde(default, skip_serializing_if = "Digests::is_empty")]
    pub digest: Digests,
}

impl Resource {
    /// One thing with one digest.
    pub fn new(uri: impl Into<String>, algorithm: &str, digest: impl ToString) -> Self {
        Self {
            uri: uri.into(),
            digest: Digests::from([(algorithm.to_owned(), digest.to_string())]),
        }
    }
}

/// Who ran the build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunDetails {
    /// [`BUILDER`].
    pub builder: Builder,
    /// Logs.
    pub byproducts: Vec<Resource>,
}

/// The builder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// Its identity.
    pub id: String,
}

/// A build that provenance vouches for, as people read it.
pub fn describe(build: &Build) -> String {
    let own = build.builder == BUILDER;
    let by = if own { " (self-attested)" } else { "" };
    let reference = build.reference.as_deref().unwrap_or("no tag");
    let what = format!(
        "SLSA Build {}{by}  source {}  {reference}  commit {}",
        build.level, build.source, build.commit
    );
    if own {
        what
    } else {
        format!("{what}  builder {}", build.builder)
    }
}

/// A source URI without what does not tell repositories apart: `git+`, a slash or `.git` at the
/// end.
pub fn source(uri: &str) -> &str {
    let uri = uri
        .strip_prefix("git+")
        .unwrap_or(uri)
        .trim_end_matches('/');
    uri.strip_suffix(".git").unwrap_or(uri)
}
