//! `vulns.json`: which advisories concern the packages that `cargo sbom-lite audit` looked up.

use serde::{Deserialize, Serialize};

use crate::CommitId;

/// The data of `vulns.json`.
///
/// An advisory is not yet a vulnerability of the product: [`Hit::counts`] says which ones are.
///
/// ```
/// use release_gate_facts::report::vulns::VulnsData;
/// use release_gate_facts::{Envelope, Fact};
///
/// let bytes = std::fs::read("target/release-gates/demo-1.0.0/vulns.json").ok();
/// match Fact::<Envelope<VulnsData>>::read(bytes.as_deref()) {
///     Fact::Usable(report) => {
///         let counting = report.data.advisories.iter().filter(|hit| hit.counts());
///         println!("{} of {} advisories count", counting.count(), report.data.advisories.len());
///     }
///     other => println!("nothing is known: {:?}", other.gap()),
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VulnsData {
    /// The database that was used; `null` where there was none.
    #[serde(deserialize_with = "crate::nullable")]
    pub db: Option<Database>,
    /// What was found, sorted by package, version and id.
    pub advisories: Vec<Hit>,
    /// How many packages were looked up.
    pub packages: u64,
    /// Packages whose version was yanked, sorted.
    pub yanked: Vec<Yanked>,
}

crate::report_data!(VulnsData = "vulns");

/// The state of an advisory database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Database {
    /// Its commit; `null` where it is not a git checkout.
    #[serde(deserialize_with = "crate::nullable")]
    pub commit: Option<CommitId>,
    /// The day of its last change, `2026-11-21`; `null` where that is not known.
    #[serde(deserialize_with = "crate::nullable")]
    pub date: Option<String>,
    /// How many advisories it has.
    pub advisories: u64,
}

/// A package whose version its authors took back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Yanked {
    /// The package's name.
    pub package: String,
    /// The version.
    pub version: String,
}

/// One advisory about one package that was looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hit {
    /// `RUSTSEC-2024-0001`, or the id of another database.
    pub id: String,
    /// Other ids of the same thing (CVE, GHSA), sorted.
    pub aliases: Vec<String>,
    /// The advisory's title, on one line.
    pub title: String,
    /// The package's name.
    pub package: String,
    /// The version that was looked up.
    pub version: String,
    /// The package URL of the package that was looked up, its source included.
    pub purl: String,
    /// What the advisory says of the package.
    pub kind: AdvisoryKind,
    /// By its score; unknown where the advisory has none.
    pub severity: Severity,
    /// Version requirements of releases with the repair; empty where there is none.
    pub patched: Vec<String>,
    /// The shortest way from the audited package to this one, each as `name version`; empty where
    /// it is in no build unit.
    pub path: Vec<String>,
    /// What the package is to the product.
    pub scope: Scope,
    /// Where the package comes from. An advisory is about the one of crates.io.
    pub source: Origin,
    /// The systems and processors the advisory is limited to, where none of them is built for;
    /// empty where it applies.
    pub only_on: Vec<String>,
    /// The functions it names, as canonical paths.
    pub functions: Vec<String>,
    /// Whether those are in the product.
    pub reachability: Reachability,
    /// What to do about it, in one line.
    pub fix: String,
    /// The package's line in Cargo.lock, counted from 1; `null` for other inputs.
    #[serde(deserialize_with = "crate::nullable")]
    pub line: Option<u32>,
    /// The day of publication, `2024-02-03`.
    pub published: String,
    /// Where to read more.
    #[serde(deserialize_with = "crate::nullable")]
    pub url: Option<String>,
    /// Who decided to live with it; `null` where nobody did.
    #[serde(deserialize_with = "crate::nullable")]
    pub ignored: Option<Waiver>,
}

impl Hit {
    /// Whether it speaks against the product: a vulnerability (or worse) of a package that may be
    /// built into it or run while it is built, which nobody waived.
    ///
    /// A kind that is not known counts: whatever it is, nobody has said that it does not matter.
    pub fn counts(&self) -> bool {
        let is_vulnerability = matches!(
            self.kind,
            AdvisoryKind::Vulnerability | AdvisoryKind::Malicious | AdvisoryKind::Unknown
        );
        is_vulnerability
            && self.scope != Scope::NotBuilt
            && self.only_on.is_empty()
            && self.ignored.is_none()
    }
}

/// A decision to live with an advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Waiver {
    /// Where it was said.
    pub source: WaiverSource,
    /// Why.
    pub reason: String,
    /// Who said it; `null` where the source does not say.
    #[serde(deserialize_with = "crate::nullable")]
    pub author: Option<String>,
    /// The last day on which it holds; `null` where it holds for this call alone.
    #[serde(deserialize_with = "crate::nullable")]
    pub until: Option<String>,
}

/// Where a waiver was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WaiverSource {
    /// In the project's configuration.
    Configuration,
    /// On the command line.
    CommandLine,
    /// In a VEX document, with a justification.
    Vex,
}

/// What an advisory says of a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AdvisoryKind {
    /// A vulnerability.
    #[default]
    Vulnerability,
    /// The package was made to do harm.
    Malicious,
    /// Nobody maintains the package.
    Unmaintained,
    /// Safe code can cause undefined behaviour through it.
    Unsound,
    /// Something its users should know.
    Notice,
    /// A kind that this version of the suite does not know.
    Unknown,
}

impl AdvisoryKind {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Malicious => "malicious",
            Self::Unmaintained => "unmaintained",
            Self::Unsound => "unsound",
            Self::Notice => "notice",
            Self::Unknown => "unknown",
        }
    }
}

/// Severity by CVSS score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A score of zero.
    None,
    /// Below 4.0.
    Low,
    /// Below 7.0.
    Medium,
    /// Below 9.0.
    High,
    /// 9.0 and above.
    Critical,
    /// The advisory has no score. About four in ten vulnerabilities of RustSec's database have none,
    /// so it sorts above all others: no score is no excuse.
    #[default]
    Unknown,
}

impl Severity {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

/// What a package is to the product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Compiled into it.
    Artifact,
    /// Only in build scripts and procedural macros.
    BuildTime,
    /// Locked, and in no build unit.
    NotBuilt,
    /// The input does not say.
    #[default]
    Unknown,
}

impl Scope {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::BuildTime => "build-time",
            Self::NotBuilt => "not-built",
            Self::Unknown => "unknown",
        }
    }
}

/// The kind of place a package comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The default registry, whatever its index is called.
    #[default]
    #[serde(rename = "crates.io")]
    CratesIo,
    /// Another registry.
    Registry,
    /// A git repository.
    Git,
    /// A folder.
    Path,
}

impl Origin {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CratesIo => "crates.io",
            Self::Registry => "registry",
            Self::Git => "git",
            Self::Path => "path",
        }
    }
}

/// What is known about the functions that an advisory names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reachability {
    /// Whether they are in the product.
    pub result: Linkage,
    /// The functions that were found, or why nothing is known.
    pub evidence: Vec<String>,
}

impl Reachability {
    /// Nothing is known, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self {
            result: Linkage::Unknown,
            evidence: vec![why.into()],
        }
    }
}

/// Whether functions are in a product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// At least one of them is.
    Linked,
    /// It was proved that none of them is.
    NotLinked,
    /// Neither is known.
    #[default]
    Unknown,
}

impl Linkage {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::NotLinked => "not-linked",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_counts_unless_something_speaks_for_the_product() {
        let hit = Hit::default();
        assert!(hit.counts());
        for kind in [AdvisoryKind::Malicious, AdvisoryKind::Unknown] {
            assert!(
                Hit {
                    kind,
                    ..hit.clone()
                }
                .counts()
            );
        }
        for kind in [
            AdvisoryKind::Notice,
            AdvisoryKind::Unsound,
            AdvisoryKind::Unmaintained,
        ] {
            assert!(
                !Hit {
                    kind,
                    ..hit.clone()
                }
                .counts()
            );
        }

        let not_built = Hit {
            scope: Scope::NotBuilt,
            ..hit.clone()
        };
        let elsewhere = Hit {
            only_on: vec!["windows".to_owned()],
            ..hit.clone()
        };
        let waived = Hit {
            ignored: Some(Waiver {
                source: WaiverSource::CommandLine,
                reason: "read".to_owned(),
                author: None,
                until: None,
            }),
            ..hit
        };
        assert!(!not_built.counts() && !elsewhere.counts() && !waived.counts());
    }
}
