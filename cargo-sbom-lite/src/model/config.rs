//! `[sbom-lite]` of the configuration, and the policies made from it.

use std::path::PathBuf;

use release_gate::facts::report::vulns::Severity;
use schemars::JsonSchema;
use serde::Deserialize;

use super::inventory::Component;
use super::license::License;
use super::vex::VexStatement;

/// `[sbom-lite]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// The lowest severity of a vulnerability that fails `audit`. One without a score always fails.
    /// Default: `high`. The flag is `--fail-on`.
    pub fail_on: Option<Threshold>,
    /// Days after which an advisory database is too old. The flag is `--max-db-age`.
    pub max_db_age: Option<u32>,
    /// Advisories that do not fail `audit` until a date.
    pub ignore: Vec<Ignore>,
    /// Addresses, or beginnings of addresses, of registries that mirror crates.io. Packages from
    /// there are looked up as packages of crates.io.
    pub mirrors: Vec<String>,
    /// Address of a copy of the advisory database, to fetch instead of RustSec's.
    pub db_url: Option<String>,
    /// VEX documents of yours whose statements count in `audit`.
    pub vex: Vec<VexFile>,
    /// Who makes and supplies the software, for the SBOM.
    pub maker: Maker,
    /// What you know of native libraries that packages link, for the SBOM.
    pub native: Vec<NativeLibrary>,
    /// Licence policy.
    pub licenses: LicensePolicy,
}

/// `[sbom-lite.maker]`: who makes and supplies the software, and whom to ask about its SBOM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Maker {
    /// Who distributes it.
    pub supplier: Option<String>,
    /// Who makes it.
    pub manufacturer: Option<String>,
    /// Who writes the SBOM.
    pub author: Option<String>,
    /// An e-mail address, or the address of a page, for questions about it.
    pub contact: Option<String>,
}

/// `[[sbom-lite.native]]`: a native library, of which cargo knows little.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NativeLibrary {
    /// The `links` key of the package that builds or links it.
    pub links: String,
    /// Who supplies it.
    pub supplier: String,
    /// Its version, where the version of the package does not say it.
    pub version: Option<String>,
    /// Its licence, as an SPDX expression.
    pub license: Option<String>,
}

/// From which severity on a vulnerability fails the gate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Deserialize, JsonSchema,
)]
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Id of the advisory, or one of its aliases.
    pub id: String,
    /// Why it does not affect you, or why it can wait.
    pub reason: String,
    /// The last day it holds, `YYYY-MM-DD`.
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

/// A VEX document whose statements count, until a date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VexFile {
    /// The document, relative to the workspace.
    pub path: PathBuf,
    /// The last day it holds, `YYYY-MM-DD`.
    pub until: String,
}

/// What decides over the findings of an audit.
#[derive(Debug, Clone)]
pub struct AuditPolicy {
    /// See [`Threshold`].
    pub fail_on: Threshold,
    /// Ignores of the configuration.
    pub ignore: Vec<Ignore>,
    /// Ids or aliases that this call ignores.
    pub ignore_once: Vec<String>,
    /// Statements of VEX documents.
    pub vex: Vec<VexStatement>,
    /// The day ignores are measured against, `YYYY-MM-DD`.
    pub today: String,
}

/// `[sbom-lite.licenses]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LicensePolicy {
    /// SPDX ids, and `ID WITH EXCEPTION`, that are allowed. If empty, all that are not denied.
    pub allow: Vec<String>,
    /// SPDX ids that are denied, each with its whole family: `-only` and `-or-later`.
    pub deny: Vec<String>,
    /// Decisions about single packages.
    pub exceptions: Vec<LicenseException>,
}

/// A package whose licence was read by a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenseException {
    /// Package name.
    pub package: String,
    /// The licence as the package states it. If it states none, or only a file: what a person
    /// read there.
    pub license: String,
    /// Why it is accepted.
    pub reason: String,
    /// SHA-256 of the file that was read, for packages that name only a file. Another text needs
    /// another decision.
    pub sha256: Option<String>,
}

/// What an exception is to a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// It is about another package, or another licence.
    No,
    /// It is about this package as it is.
    Yes,
    /// It is about this package, and does not say which text was read.
    WithoutDigest,
    /// It is about this package with another text.
    OtherText,
}

impl LicenseException {
    /// What it is to a package: by name, and not when the package states a licence that is another
    /// one, or has another text than was read. `digest` is that of the package's licence file.
    pub fn covers(&self, component: &Component, digest: Option<&str>) -> Covers {
        if self.package != component.name {
            return Covers::No;
        }
        match &component.license {
            License::Expression(text) | License::Invalid(text) => {
                let is_same = *text == self.license
                    || License::new(Some(&self.license), None).expression() == Some(text);
                if is_same { Covers::Yes } else { Covers::No }
            }
            License::Missing => Covers::Yes,
            License::File(_) => match (&self.sha256, digest) {
                (None, _) => Covers::WithoutDigest,
                (Some(read), Some(digest)) if read.eq_ignore_ascii_case(digest) => Covers::Yes,
                (Some(_), _) => Covers::OtherText,
            },
        }
    }
}

impl LicensePolicy {
    /// Whether it allows or denies anything.
    pub fn is_configured(&self) -> bool {
        !self.allow.is_empty() || !self.deny.is_empty()
    }

    /// Whether a licence of an expression is accepted: listed where there is a list, and not
    /// denied.
    ///
    /// A licence is denied with its whole family: anyone who denies `AGPL-3.0-only` does not want
    /// `AGPL-3.0-or-later`. Anyone who takes `-or-later` code may take it under the version that is
    /// allowed.
    pub fn accepts(&self, id: &str) -> bool {
        let plain = id.split(" WITH ").next().unwrap_or_default();
        let is_denied = self
            .deny
            .iter()
            .any(|denied| denied == id || family(denied) == family(plain));
        if is_denied {
            return false;
        }
        let or_later = plain.ends_with("-or-later") && !id.contains(" WITH ");
        self.allow.is_empty()
            || self
                .allow
                .iter()
                .any(|allowed| allowed == id || (or_later && family(allowed) == family(plain)))
    }

    /// The policy with every id in canonical spelling, as packages' licences are.
    ///
    /// # Errors
    /// What is not an SPDX id: a typing error must not switch a rule off.
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

/// A licence without what says whether later versions may be taken.
fn family(id: &str) -> &str {
    id.trim_end_matches('+')
        .trim_end_matches("-only")
        .trim_end_matches("-or-later")
}
