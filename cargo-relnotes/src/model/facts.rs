//! What the other gates found out, as far as notes repeat it.
//!
//! Must never: let an absent, stale or failed-to-run fact look like a good one. The only way to a
//! value is [`Fact::usable`]; every other state has a reason that is printed.

use std::collections::BTreeMap;

use release_gate_facts::report::relnotes::{FactState, FactUse};
use release_gate_facts::{ReportData, Sha256Digest, Status, nullable, report_data};
use serde::{Deserialize, Serialize};

pub use release_gate_facts::{Bump, Fact, GapKind};

/// A change of the public API, from `compat.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiChange {
    /// The rule that found it.
    pub rule: String,
    /// Path of the item.
    pub item: String,
    /// What it requires.
    pub bump: Bump,
    /// How the item looked.
    #[serde(deserialize_with = "nullable")]
    pub before: Option<String>,
    /// How it looks now.
    #[serde(deserialize_with = "nullable")]
    pub after: Option<String>,
}

/// What notes take from `compat.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compat {
    /// The smallest bump that is honest.
    pub required_bump: Bump,
    /// All changes.
    pub changes: Vec<ApiChange>,
}

report_data!(Compat = "compat");

/// An advisory that hits this release, from `vulns.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Advisory {
    /// `RUSTSEC-…`, `CVE-…` or `GHSA-…`.
    pub id: String,
    /// The vulnerable package.
    pub package: String,
    /// Its version here.
    pub version: String,
    /// `low`, `medium`, `high`, `critical`, or `unknown`.
    pub severity: String,
    /// `vulnerability`, or something that is only said: `unmaintained`, `unsound`, `notice`.
    pub kind: String,
    /// `not-built` where the package is in the lockfile and in nothing that is built.
    pub scope: String,
    /// Why the project ignores it, where it does.
    #[serde(deserialize_with = "nullable")]
    pub ignored: Option<String>,
    /// Its title.
    pub title: String,
    /// Requirements that name the versions with the repair.
    pub patched: Vec<String>,
}

/// What notes take from `vulns.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vulns {
    /// Everything that was found.
    pub advisories: Vec<Advisory>,
}

report_data!(Vulns = "vulns");

impl Advisory {
    /// Whether it counts against the release: a vulnerability of what is built that nobody waived.
    pub fn counts(&self) -> bool {
        self.kind == "vulnerability" && self.is_built() && self.ignored.is_none()
    }

    fn is_built(&self) -> bool {
        self.scope != "not-built"
    }
}

impl Vulns {
    /// What counts against the release.
    pub fn counting(&self) -> impl Iterator<Item = &Advisory> {
        self.advisories.iter().filter(|advisory| advisory.counts())
    }

    /// Everything else that was found: remarks, what the project waived, what is not built.
    pub fn others(&self) -> impl Iterator<Item = &Advisory> {
        self.advisories.iter().filter(|advisory| !advisory.counts())
    }
}

/// One artifact of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// File name.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// Where it is, relative to the artifact folder.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// What notes take from `buildinfo.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildInfo {
    /// What was built.
    pub artifacts: Vec<Artifact>,
}

report_data!(BuildInfo = "buildinfo");

/// What notes take from `repro.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repro {
    /// What was built twice.
    pub artifacts: Vec<ReproArtifact>,
}

report_data!(Repro = "repro");

/// One artifact built twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReproArtifact {
    /// File name.
    pub name: String,
    /// Whether both builds gave the same bytes.
    pub identical: bool,
}

/// A report of another gate: its verdict, its digest as a file, and what notes take from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<T> {
    /// Pass or fail, never anything else.
    pub status: Status,
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// Its facts.
    pub data: T,
}

/// The SBOM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbom {
    /// SHA-256 of the file.
    pub sha256: Sha256Digest,
    /// How many components it names.
    pub components: usize,
}

/// Everything found in the artifact folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `buildinfo.json`.
    pub buildinfo: Fact<Judged<BuildInfo>>,
    /// `sbom.cdx.json`.
    pub sbom: Fact<Sbom>,
    /// `vulns.json`.
    pub vulns: Fact<Judged<Vulns>>,
    /// `compat.json`.
    pub compat: Fact<Judged<Compat>>,
    /// `repro.json`.
    pub repro: Fact<Judged<Repro>>,
    /// Artifacts whose file differs from what `buildinfo.json` says: name, digest found.
    pub mismatched: Vec<(String, Sha256Digest)>,
}

/// The facts a final release needs, by the name used in the configuration.
pub const FACT_NAMES: &[&str] = &["buildinfo", "sbom", "vulns", "compat", "repro"];

/// A fact that cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactGap {
    /// The name used in the configuration.
    pub name: &'static str,
    /// The file.
    pub file: &'static str,
    /// What stands in the way.
    pub kind: GapKind,
    /// Why, for people.
    pub why: String,
}

impl Facts {
    /// Nothing at all.
    pub fn absent() -> Self {
        Self {
            buildinfo: Fact::Missing,
            sbom: Fact::Missing,
            vulns: Fact::Missing,
            compat: Fact::Missing,
            repro: Fact::Missing,
            mismatched: Vec::new(),
        }
    }

    /// Whether each file can be relied on, and the digest of those that can. Notes that were made
    /// from other facts than are there now are outdated.
    pub fn states(&self) -> BTreeMap<String, FactUse> {
        let states = [
            (
                BuildInfo::FILE,
                state_of(&self.buildinfo, |fact| fact.sha256),
            ),
            (SBOM_FILE, state_of(&self.sbom, |fact| fact.sha256)),
            (Vulns::FILE, state_of(&self.vulns, |fact| fact.sha256)),
            (Compat::FILE, state_of(&self.compat, |fact| fact.sha256)),
            (Repro::FILE, state_of(&self.repro, |fact| fact.sha256)),
        ];
        states
            .into_iter()
            .map(|(file, state)| (file.to_owned(), state))
            .collect()
    }

    /// Every gap.
    pub fn gaps(&self) -> Vec<FactGap> {
        let all = [
            ("buildinfo", BuildInfo::FILE, self.buildinfo.gap()),
            ("sbom", SBOM_FILE, self.sbom.gap()),
            ("vulns", Vulns::FILE, self.vulns.gap()),
            ("compat", Compat::FILE, self.compat.gap()),
            ("repro", Repro::FILE, self.repro.gap()),
        ];
        all.into_iter()
            .filter_map(|(name, file, gap)| {
                let gap = gap?;
                Some(FactGap {
                    name,
                    file,
                    kind: gap.kind,
                    why: gap.why.to_owned(),
                })
            })
            .collect()
    }
}

/// The SBOM notes speak of.
pub const SBOM_FILE: &str = release_gate_facts::files::SBOM_CYCLONEDX_JSON;

fn state_of<T>(fact: &Fact<T>, digest: impl Fn(&T) -> Sha256Digest) -> FactUse {
    let state = match fact {
        Fact::Usable(_) => FactState::Usable,
        Fact::NotApplicable(_) => FactState::NotApplicable,
        Fact::Missing => FactState::Missing,
        Fact::Stale(_) => FactState::Stale,
        Fact::Error(_) => FactState::Error,
        Fact::OtherShape(_) => FactState::OtherShape,
    };
    FactUse {
        state,
        sha256: fact.usable().map(digest),
    }
}
