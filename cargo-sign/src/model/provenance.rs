//! SLSA provenance v1 in an in-toto statement v1: what `cargo sign attest` says about a build, and
//! no more.
//!
//! The maintainer's own key signs it, so it is Build L1, self-attested; nothing here may claim a
//! higher level.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Type of the statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// Type of the predicate.
pub const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// The only kind of build that is attested; described in docs/sign.md.
pub const BUILD_TYPE: &str = "urn:release-gate:cargo-build:v1";
/// Whoever holds the key, on a machine nobody else vouches for.
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

/// How far a build could be tampered with unnoticed (<https://slsa.dev/spec/v1.0/levels>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum BuildLevel {
    /// Provenance exists; whoever ran the build may have written anything into it.
    L1,
    /// A hosted platform made the provenance, not the build itself.
    L2,
    /// Nothing in the build could reach what the provenance was signed with.
    L3,
}

impl From<BuildLevel> for u8 {
    fn from(level: BuildLevel) -> Self {
        match level {
            BuildLevel::L1 => 1,
            BuildLevel::L2 => 2,
            BuildLevel::L3 => 3,
        }
    }
}

impl TryFrom<u8> for BuildLevel {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::L1),
            2 => Ok(Self::L2),
            3 => Ok(Self::L3),
            _ => Err(format!("{number} is no SLSA Build level")),
        }
    }
}

impl std::fmt::Display for BuildLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "L{}", u8::from(*self))
    }
}

/// A build that provenance vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Build {
    /// SLSA Build level.
    #[schemars(with = "u8")]
    pub level: BuildLevel,
    /// Who built.
    pub builder: String,
    /// Where the source lives.
    pub source: String,
    /// The tag or branch, `refs/…`, where one was named.
    pub reference: Option<String>,
    /// The commit.
    pub commit: String,
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by = if self.builder == BUILDER {
            " (self-attested)"
        } else {
            ""
        };
        let reference = self.reference.as_deref().unwrap_or("none");
        write!(
            f,
            "SLSA Build {}{by}  source {}  {reference}  commit {}",
            self.level, self.source, self.commit
        )?;
        if by.is_empty() {
            write!(f, "  builder {}", self.builder)
        } else {
            Ok(())
        }
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
