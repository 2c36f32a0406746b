//! `licenses.json`: the licences of a product, and the policy they were judged by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Sha256Digest;

/// The data of `licenses.json`.
///
/// ```
/// use release_gate_facts::report::licenses::{LicensesData, PolicyState};
/// use release_gate_facts::{Envelope, Fact};
///
/// let bytes = std::fs::read("target/release-gates/demo-1.0.0/licenses.json").ok();
/// if let Fact::Usable(report) = Fact::<Envelope<LicensesData>>::read(bytes.as_deref()) {
///     if report.data.policy == PolicyState::None {
///         println!("no licence was refused, because there is no policy");
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LicensesData {
    /// Whether there is a policy.
    pub policy: PolicyState,
    /// How many packages state each licence.
    pub licenses: BTreeMap<String, u64>,
    /// Licence files of packages that state no SPDX expression, sorted by package.
    pub texts: Vec<LicenseText>,
}

crate::report_data!(LicensesData = "licenses");

/// Whether licences were judged by a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PolicyState {
    /// The configuration allows or denies licences.
    Configured,
    /// It does neither, so that every stated licence passes.
    None,
}

/// A licence file of a package that states no SPDX expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LicenseText {
    /// The package's name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The file, as the manifest names it.
    pub file: String,
    /// The file's digest; `null` where there is no such file.
    #[serde(deserialize_with = "crate::nullable")]
    pub sha256: Option<Sha256Digest>,
    /// The SPDX id it was recognised as; `null` where it was not recognised with certainty.
    #[serde(deserialize_with = "crate::nullable")]
    pub license: Option<String>,
}
