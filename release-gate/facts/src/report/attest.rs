//! `attest.json`: what was said of how a release was built.

use serde::{Deserialize, Serialize};

/// The data of what `cargo sign attest` prints.
///
/// ```
/// use release_gate_facts::report::attest::AttestData;
/// use release_gate_facts::{Envelope, Fact};
///
/// // Whether a release was attested as built from this source.
/// fn is_from(fact: &Fact<Envelope<AttestData>>, source: &str) -> bool {
///     fact.usable().is_some_and(|report| report.data.source == source)
/// }
/// # assert!(!is_from(&Fact::Missing, "https://example.org/demo"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttestData {
    /// The files that were written beside the release, by name.
    pub documents: Vec<String>,
    /// How many files they are about.
    pub files: u64,
    /// Where the source lives.
    pub source: String,
    /// The tag that was built, where one was named.
    #[serde(deserialize_with = "crate::nullable")]
    pub tag: Option<String>,
}

crate::report_data!(AttestData = "attest");
