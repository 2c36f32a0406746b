//! `verify-source.json`: whether the tag of a release and its commits are signed.

use serde::{Deserialize, Serialize};

use crate::commit::CommitId;

/// The data of `verify-source.json`.
///
/// ```
/// use release_gate_facts::report::verify_source::VerifySourceData;
/// use release_gate_facts::{Envelope, Fact, Status};
///
/// // Who signed the tag of a release whose source passed.
/// fn signer(fact: &Fact<Envelope<VerifySourceData>>) -> Option<&str> {
///     let report = fact.usable()?;
///     let data = &report.data;
///     data.signer.as_deref().filter(|_| report.status == Status::Pass)
/// }
/// # assert_eq!(signer(&Fact::Missing), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifySourceData {
    /// The tag that was judged, without `refs/tags/`.
    pub tag: String,
    /// The commit it names.
    pub commit: CommitId,
    /// Fingerprint of the trusted key that signed the tag; `null` where none did.
    #[serde(deserialize_with = "crate::nullable")]
    pub signer: Option<String>,
    /// How many commits the release has since the one before it.
    pub commits: u64,
    /// How many of them a trusted key signed.
    pub signed_commits: u64,
    /// Fingerprints of the keys that signed these.
    pub signers: Vec<String>,
    /// The previous release, where a trusted key signed its tag.
    #[serde(deserialize_with = "crate::nullable")]
    pub since: Option<SignedRelease>,
}

crate::report_data!(VerifySourceData = "verify-source");

/// A release whose tag a trusted key signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignedRelease {
    /// Its version.
    pub version: String,
    /// The commit its tag names.
    pub commit: CommitId,
}
