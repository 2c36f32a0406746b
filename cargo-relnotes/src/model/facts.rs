//! What the other gates found out, as far as notes repeat it.
//!
//! Must never: let an absent, stale or failed-to-run fact look like a good one. The only way to a
//! value is [`Fact::usable`]; every other state has a reason that is printed.

use std::collections::BTreeMap;

use release_gate_facts::report::relnotes::{FactState, FactUse};
use release_gate_facts::{ReportData, Sha256Digest, Status};

pub use release_gate_facts::report::buildinfo::{BuildInfo, BuiltArtifact};
pub use release_gate_facts::report::compat::{CompatChange, CompatData};
pub use release_gate_facts::report::repro::ReproData;
pub use release_gate_facts::report::vulns::{AdvisoryKind, Hit as FoundAdvisory, VulnsData};
pub use release_gate_facts::{Bump, Fact, GapKind};

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
    pub vulns: Fact<Judged<VulnsData>>,
    /// `compat.json`.
    pub compat: Fact<Judged<CompatData>>,
    /// `repro.json`.
    pub repro: Fact<Judged<ReproData>>,
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
            (VulnsData::FILE, state_of(&self.vulns, |fact| fact.sha256)),
            (CompatData::FILE, state_of(&self.compat, |fact| fact.sha256)),
            (ReproData::FILE, state_of(&self.repro, |fact| fact.sha256)),
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
            ("vulns", VulnsData::FILE, self.vulns.gap()),
            ("compat", CompatData::FILE, self.compat.gap()),
            ("repro", ReproData::FILE, self.repro.gap()),
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
