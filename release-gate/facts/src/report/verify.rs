//! `verify.json`: which files of a release held, and who vouches for them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// The data of `verify.json`.
///
/// ```
/// use release_gate_facts::report::verify::VerifyData;
/// use release_gate_facts::{Envelope, Fact, Status};
///
/// // How many files of a release held; `None` where nobody verified it.
/// fn held(fact: &Fact<Envelope<VerifyData>>) -> Option<usize> {
///     let report = fact.usable()?;
///     (report.status == Status::Pass).then_some(report.data.files.len())
/// }
/// # assert_eq!(held(&Fact::Missing), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyData {
    /// Files that held.
    pub files: Vec<VerifiedFile>,
    /// Fingerprints of the keys that vouch for them.
    pub keys: Vec<String>,
    /// Builds that vouch for them, where provenance was judged.
    pub provenance: Vec<ProvenBuild>,
    /// What the caller said the release had to be.
    pub expected: Expectation,
}

crate::report_data!(VerifyData = "verify");

/// A file that held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifiedFile {
    /// The name it was verified under.
    pub name: String,
    /// SHA-256 of the file; `null` where nothing but a minisign signature of it was judged.
    #[serde(deserialize_with = "crate::nullable")]
    pub sha256: Option<Sha256Digest>,
    /// BLAKE2b-512 of the file, which minisign signs; `null` where SHA-256 was judged.
    #[serde(deserialize_with = "crate::nullable")]
    pub blake2b512: Option<String>,
    /// Its size in bytes.
    pub size: u64,
}

/// What a release had to be; `null` where nothing was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Expectation {
    /// Package name.
    #[serde(deserialize_with = "crate::nullable")]
    pub package: Option<String>,
    /// Package version.
    #[serde(deserialize_with = "crate::nullable")]
    pub version: Option<String>,
    /// Target triple.
    #[serde(deserialize_with = "crate::nullable")]
    pub target: Option<String>,
    /// Tag of the release.
    #[serde(deserialize_with = "crate::nullable")]
    pub tag: Option<String>,
}

/// A build that provenance vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvenBuild {
    /// How far the build could be tampered with unnoticed.
    pub level: SlsaBuildLevel,
    /// Identity of the builder.
    pub builder: String,
    /// Where the source lives.
    pub source: String,
    /// The tag or branch, `refs/…`; `null` where none was named.
    #[serde(deserialize_with = "crate::nullable")]
    pub reference: Option<String>,
    /// The commit that was built, or `none`.
    pub commit: String,
}

/// An SLSA Build level (<https://slsa.dev/spec/v1.0/levels>), written as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum SlsaBuildLevel {
    /// Provenance exists; anyone who ran the build may have written anything into it.
    L1,
    /// A hosted platform made the provenance, not the build itself.
    L2,
    /// Nothing in the build could reach what the provenance was signed with.
    L3,
}

impl From<SlsaBuildLevel> for u8 {
    fn from(level: SlsaBuildLevel) -> Self {
        match level {
            SlsaBuildLevel::L1 => 1,
            SlsaBuildLevel::L2 => 2,
            SlsaBuildLevel::L3 => 3,
        }
    }
}

impl TryFrom<u8> for SlsaBuildLevel {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::L1),
            2 => Ok(Self::L2),
            3 => Ok(Self::L3),
            _ => Err(format!("{number} is not an SLSA Build level")),
        }
    }
}

impl fmt::Display for SlsaBuildLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", u8::from(*self))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SlsaBuildLevel {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SlsaBuildLevel".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "enum": [1, 2, 3] })
    }
}
