//! What the other gates found out, as far as notes repeat it, and what stands in the way of relying
//! on it.
//!
//! Must never: let an absent, stale or failed-to-run fact look like a good one. The only way to a
//! value is [`Fact::usable`]; every other state has a reason that is printed.

use std::collections::BTreeMap;

use release_gate::digest::Sha256Digest;
use release_gate::report::Status;
use serde::{Deserialize, Serialize};

/// One file of facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is there, about this commit and lockfile, and was judged.
    Usable(T),
    /// The gate says there is nothing of the kind here (no library, say).
    NotApplicable(String),
    /// There is no file.
    Absent,
    /// It is about something else.
    Stale(String),
    /// It is there and cannot be relied on: unreadable, of another version, or its gate ended in an
    /// error.
    Broken(String),
}

/// The kinds of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gap {
    /// No file.
    Missing,
    /// Of another commit or lockfile.
    Stale,
    /// Unreadable, or not judged.
    Error,
}

impl<T> Fact<T> {
    /// The value, where it can be relied on.
    pub fn usable(&self) -> Option<&T> {
        if let Self::Usable(value) = self {
            Some(value)
        } else {
            None
        }
    }

    /// What stands in the way, with the reason.
    pub fn gap(&self) -> Option<(Gap, &str)> {
        match self {
            Self::Usable(_) | Self::NotApplicable(_) => None,
            Self::Absent => Some((Gap::Missing, "no such file in the artifact folder")),
            Self::Stale(why) => Some((Gap::Stale, why)),
            Self::Broken(why) => Some((Gap::Error, why)),
        }
    }

    /// The same state with another value.
    pub fn map<U>(self, convert: impl FnOnce(T) -> Result<U, String>) -> Fact<U> {
        match self {
            Self::Usable(value) => convert(value).map_or_else(Fact::Broken, Fact::Usable),
            Self::NotApplicable(why) => Fact::NotApplicable(why),
            Self::Absent => Fact::Absent,
            Self::Stale(why) => Fact::Stale(why),
            Self::Broken(why) => Fact::Broken(why),
        }
    }
}

/// How much a version has to change; as cargo counts, `0.1` → `0.2` is major.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// Compatible, nothing new.
    Patch,
    /// Compatible, something new.
    Minor,
    /// Not compatible.
    Major,
}

impl Bump {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// A change of the public API, from `compat.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ApiChange {
    /// The rule that found it.
    pub rule: String,
    /// Path of the item.
    pub item: String,
    /// What it requires.
    #[serde(default = "major")]
    pub bump: Bump,
    /// How the item looked.
    #[serde(default)]
    pub before: Option<String>,
    /// How it looks now.
    #[serde(default)]
    pub after: Option<String>,
}

fn major() -> Bump {
    Bump::Major
}

/// What notes take from `compat.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Compat {
    /// The smallest bump that is honest.
    #[serde(default)]
    pub required_bump: Option<Bump>,
    /// All changes.
    #[serde(default)]
    pub changes: Vec<ApiChange>,
}

/// An advisory that hits this release, from `vulns.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Advisory {
    /// `RUSTSEC-…`, `CVE-…` or `GHSA-…`.
    pub id: String,
    /// The vulnerable package.
    pub package: String,
    /// Its version here.
    #[serde(default)]
    pub version: String,
    /// `low`, `medium`, `high`, `critical`, or `unknown`.
    #[serde(default)]
    pub severity: Option<String>,
    /// `vulnerability`, or something that is only said: `unmaintained`, `unsound`, `notice`.
    #[serde(default)]
    pub kind: Option<String>,
    /// `not-built` where the package is in the lockfile and in nothing that is built.
    #[serde(default)]
    pub scope: Option<String>,
    /// Why the project ignores it, where it does.
    #[serde(default)]
    pub ignored: Option<String>,
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Requirements that name the versions with the repair.
    #[serde(default)]
    pub patched: Vec<String>,
}

/// What notes take from `vulns.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Vulns {
    /// Everything that was found.
    pub advisories: Vec<Advisory>,
}

impl Advisory {
    /// Whether it counts against the release: a vulnerability of what is built that nobody waived.
    pub fn counts(&self) -> bool {
        self.kind
            .as_deref()
            .is_none_or(|kind| kind == "vulnerability")
            && self.scope.as_deref() != Some("not-built")
            && self.ignored.is_none()
    }
}

impl Vulns {
    /// What counts against the release.
    pub fn counting(&self) -> impl Iterator<Item = &Advisory> {
        self.advisories.iter().filter(|advisory| advisory.counts())
    }
}

/// One artifact of a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Artifact {
    /// File name.
    pub name: String,
    /// Target triple.
    #[serde(default)]
    pub target: Option<String>,
    /// Where it is, relative to the artifact folder.
    #[serde(default)]
    pub path: Option<String>,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    #[serde(default)]
    pub size: Option<u64>,
}

/// What notes take from `buildinfo.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BuildInfo {
    /// What was built.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
}

/// What notes take from `repro.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repro {
    /// What was built twice.
    #[serde(default)]
    pub artifacts: Vec<ReproArtifact>,
}

/// One artifact built twice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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

impl Facts {
    /// Nothing at all.
    pub fn absent() -> Self {
        Self {
            buildinfo: Fact::Absent,
            sbom: Fact::Absent,
            vulns: Fact::Absent,
            compat: Fact::Absent,
            repro: Fact::Absent,
            mismatched: Vec::new(),
        }
    }

    /// What stands in each file, in a word: the digest of what can be relied on, or why it cannot
    /// be. Notes that were made from other facts than are there now are outdated.
    pub fn states(&self) -> BTreeMap<&'static str, String> {
        fn state<T>(fact: &Fact<T>, digest: impl Fn(&T) -> Sha256Digest) -> String {
            match fact {
                Fact::Usable(value) => digest(value).to_string(),
                Fact::NotApplicable(_) => "not-applicable".to_owned(),
                Fact::Absent => "missing".to_owned(),
                Fact::Stale(_) => "stale".to_owned(),
                Fact::Broken(_) => "error".to_owned(),
            }
        }
        BTreeMap::from([
            ("buildinfo.json", state(&self.buildinfo, |fact| fact.sha256)),
            ("sbom.cdx.json", state(&self.sbom, |fact| fact.sha256)),
            ("vulns.json", state(&self.vulns, |fact| fact.sha256)),
            ("compat.json", state(&self.compat, |fact| fact.sha256)),
            ("repro.json", state(&self.repro, |fact| fact.sha256)),
        ])
    }

    /// Every gap: name of the fact, its file, which gap, why.
    pub fn gaps(&self) -> Vec<(&'static str, &'static str, Gap, String)> {
        let all = [
            ("buildinfo", "buildinfo.json", self.buildinfo.gap()),
            ("sbom", "sbom.cdx.json", self.sbom.gap()),
            ("vulns", "vulns.json", self.vulns.gap()),
            ("compat", "compat.json", self.compat.gap()),
            ("repro", "repro.json", self.repro.gap()),
        ];
        all.into_iter()
            .filter_map(|(name, file, gap)| gap.map(|(gap, why)| (name, file, gap, why.to_owned())))
            .collect()
    }
}
