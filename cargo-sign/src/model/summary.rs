//! A SLSA verification summary (<https://slsa.dev/spec/v1.0/verification_summary>): that a release and its provenance were verified, by
//! whom, and against what. It never names a higher level than the provenance it is about.

use std::collections::BTreeMap;

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::json::{CanonicalError, to_canonical_line};
use serde::{Deserialize, Serialize};

use super::provenance::{BuildLevel, Digests, Resource, STATEMENT, Subject};

/// Type of the predicate.
pub const PREDICATE: &str = "https://slsa.dev/verification_summary/v1";
/// Who verified: this program, in the hands of anyone who holds the key.
pub const VERIFIER: &str = "urn:release-gate:cargo-sign:verifier:v1";
/// What was asked for; its digest is that of [`Policy`].
pub const POLICY: &str = "urn:release-gate:cargo-sign:policy:v1";

/// A level, as a summary names it; that of provenance by the maintainer's own key is 1.
pub fn level_name(level: BuildLevel) -> String {
    format!("SLSA_BUILD_LEVEL_{}", u8::from(level))
}

/// The statement around it.
pub type Statement = super::provenance::Statement<Summary>;

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Summary {
    /// By whom.
    pub verifier: Verifier,
    /// When: the release's own time, not a clock's.
    pub time_verified: String,
    /// Package URL.
    pub resource_uri: String,
    /// Against what.
    pub policy: Resource,
    /// The provenance.
    pub input_attestations: Vec<Resource>,
    /// `PASSED`; nothing else is ever written.
    pub verification_result: String,
    /// One [`level_name`].
    pub verified_levels: Vec<String>,
    /// Version of SLSA.
    pub slsa_version: String,
}

/// Who verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// [`VERIFIER`].
    pub id: String,
    /// Programs and their versions.
    pub version: BTreeMap<String, String>,
}

/// What was asked of the provenance.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// Who had to have built it.
    pub builder: String,
    /// Fingerprints of the keys that were trusted.
    pub keys: Vec<String>,
    /// Where the source had to live.
    pub source: String,
    /// The tag it had to be built from.
    pub tag: Option<String>,
}

/// Where the package lives among packages: `pkg:cargo/demo@1.0.0`.
pub fn resource_uri(package: &str, version: &str) -> String {
    format!("pkg:cargo/{package}@{}", version.replace('+', "%2B"))
}

/// A digest of one kind.
pub fn sha256(digest: impl ToString) -> Digests {
    Digests::from([("sha256".to_owned(), digest.to_string())])
}

/// A release, as a summary is about it.
#[derive(Debug, Clone)]
pub struct Release {
    /// Where it lives among packages.
    pub resource_uri: String,
    /// Its files.
    pub subject: Vec<Subject>,
    /// Its own time.
    pub time: String,
}

impl Release {
    /// That its files were verified against `policy` by the attestation `input`, which has this
    /// digest: what is signed.
    ///
    /// # Errors
    /// Only a defect of the encoder.
    pub fn summarise(
        self,
        policy: &Policy,
        input: &str,
        digest: &Sha256Digest,
        level: BuildLevel,
    ) -> Result<Vec<u8>, CanonicalError> {
        let policy = sha256_bytes(&to_canonical_line(policy)?);
        to_canonical_line(&Statement {
            kind: STATEMENT.to_owned(),
            subject: self.subject,
            predicate_type: PREDICATE.to_owned(),
            predicate: Summary {
                verifier: Verifier {
                    id: VERIFIER.to_owned(),
                    version: [(
                        crate::tool::TOOL.name.to_owned(),
                        crate::tool::TOOL.version.to_owned(),
                    )]
                    .into(),
                },
                time_verified: self.time,
                resource_uri: self.resource_uri,
                policy: Resource {
                    uri: POLICY.to_owned(),
                    digest: sha256(policy),
                },
                input_attestations: vec![Resource {
                    uri: input.to_owned(),
                    digest: sha256(digest),
                }],
                verification_result: "PASSED".to_owned(),
                verified_levels: vec![level_name(level)],
                slsa_version: "1.0".to_owned(),
            },
        })
    }
}
