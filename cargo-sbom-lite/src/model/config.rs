//! `[sbom-lite]` of the configuration, and the policies made from it.

use serde::Deserialize;

use super::inventory::Component;
use super::license::License;
use super::vulnerability::Severity;

/// `[sbom-lite]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// See `--fail-on`.
    pub fail_on: Option<Threshold>,
    /// See `--max-db-age`.
    pub max_db_age: Option<u32>,
    /// Advisories to live with.
    pub ignore: Vec<Ignore>,
    /// Licence policy.
    pub licenses: LicensePolicy,
}

/// From which severity on a vulnerability fails the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// Any score above none.
    Low,
    /// CVSS 4.0 and above.
    Medium,
    /// CVSS 7.0 and above.
    High,
    /// CVSS 9.0 and above.
    Critical,
}

/// An advisory somebody decided to live with, until a date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Id or alias.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Last day, `YYYY-MM-DD`: a decision to live with something is looked at again.
    pub until: String,
}

impl Threshold {
    /// Whether a vulnerability of this severity does not fail. One without a score always fails:
    /// four in ten carry none, so "unknown" is no excuse.
    pub fn tolerates(self, severity: Severity) -> bool {
        let lowest_failing = match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        };
        severity < lowest_failing
    }
}

/// What decides over the findings of an audit.
#[derive(Debug, Clone)]
pub struct AuditPolicy {
    /// See [`Threshold`].
    pub fail_on: Threshold,
    /// Ignores.
    pub ignore: Vec<Ignore>,
    /// The day ignores are measured against, `YYYY-MM-DD`.
    pub today: String,
}

/// `[sbom-lite.licenses]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LicensePolicy {
    /// Ids (and `ID WITH EXCEPTION`) that are allowed; empty: all that are not denied.
    pub allow: Vec<String>,
    /// Ids that are denied.
    pub deny: Vec<String>,
    /// Packages decided on one by one.
    pub exceptions: Vec<LicenseException>,
}

/// A package whose licence was read by a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenseException {
    /// Package name.
    pub package: String,
    /// The licence it has, as it is stated; where nothing or only a file is stated, what a person
    /// read.
    pub license: String,
    /// Why it is accepted.
    pub reason: String,
}

impl LicenseException {
    /// Whether it covers a package: by name, and not when the package states a licence that is
    /// another one.
    pub fn covers(&self, component: &Component) -> bool {
        self.package == component.name
            && match &component.license {
                License::Expression(text) | License::Invalid(text) => {
                    *text == self.license
                        || License::new(Some(&self.license), None).expression() == Some(text)
                }
                License::File(_) | License::Missing => true,
            }
    }
}

impl LicensePolicy {
    /// The policy with every id in canonical spelling, as packages' licences are.
    ///
    /// # Errors
    /// What is no SPDX id: a typing error must not switch a rule off.
    pub fn canonical(&self) -> Result<Self, String> {
        let list = |ids: &[String]| -> Result<Vec<String>, String> {
            ids.iter()
                .map(|id| {
                    License::new(Some(id), None)
                        .expression()
                        .map(str::to_owned)
                        .ok_or_else(|| id.clone())
                })
                .collect()
        };
        Ok(Self {
            allow: list(&self.allow)?,
            deny: list(&self.deny)?,
            exceptions: self.exceptions.clone(),
        })
    }
}
