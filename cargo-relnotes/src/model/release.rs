//! Everything notes say about one release, as one value.
//!
//! Must never: be changed after it was composed. Renderers and rules read it; nothing else decides
//! what is in it.

use std::collections::BTreeMap;

use release_gate::git::CommitId;
use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::account::{Accounting, Sums};
use super::breaking::{Breaking, Source};
use super::bump::ReleaseType;
use super::dependencies::DependencyDelta;
use super::facts::{BuildInfo, Facts};
use super::manifest::ManifestDelta;
use super::people::Contributor;
use super::range::{Predecessor, TaggedRelease};
use super::shipped::Key;
use super::untrusted::Untrusted;
use super::vulnerabilities::{Hit, Standing, VulnerabilityDelta};

/// Whether the notes go into the release's own commit, or describe the finished release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// For the release pull request: whatever facts exist, gaps said
    #[default]
    Draft,
    /// For the release itself: every required fact, or no verdict
    Final,
}

/// What the commit to be released is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// A tag of this version leads to the commit.
    Tagged,
    /// There is no such tag yet: the version is the manifest's.
    Untagged,
    /// The manifest's version was released from an earlier commit: nothing says what this will be
    /// called.
    Past,
    /// A tag of this version exists on another line of history.
    Elsewhere,
}

/// A version the manifest had and no tag names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untagged {
    /// The version.
    pub version: Version,
    /// The commit that set it first.
    pub commit: CommitId,
}

/// What is released, and when.
#[derive(Debug, Clone)]
pub struct About {
    /// Package name.
    pub package: String,
    /// Its version.
    pub version: Version,
    /// What stands behind the version.
    pub named: Named,
    /// The tag of this release where there is one (or, for [`Named::Elsewhere`], the tag that
    /// should not be there).
    pub tag: Option<String>,
    /// Draft or final.
    pub phase: Phase,
    /// Seconds since 1970: SOURCE_DATE_EPOCH, else the commit's.
    pub time: i64,
    /// The commit released.
    pub commit: CommitId,
    /// Whether the package is (also) a library, whose users have lockfiles of their own.
    pub is_library: bool,
    /// `https://` address of the project, for links to issues.
    pub repository: Option<String>,
}

/// Which commits the release holds, and what its tags leave open.
#[derive(Debug, Clone)]
pub struct Range {
    /// The release before.
    pub predecessor: Predecessor,
    /// How far the version moved.
    pub release_type: ReleaseType,
    /// What `git rev-list` counts in the range.
    pub counted: usize,
    /// Tags of this version at other commits, where one is at the right one.
    pub duplicates: Vec<String>,
    /// Release tags at the commit that name another version than its manifest.
    pub misnamed: Vec<String>,
    /// Whether the version is in the work tree only, and the commit says another one.
    pub uncommitted: bool,
    /// Versions inside the range that no tag names, lowest first.
    pub untagged: Vec<Untagged>,
}

impl Range {
    /// The release before, where there is one.
    pub fn before(&self) -> Option<&TaggedRelease> {
        self.predecessor.release.as_ref()
    }
}

/// What changed since the release before.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Where every commit went.
    pub accounting: Accounting,
    /// Breaking changes of both sources.
    pub breaking: Vec<Breaking>,
    /// What changed in the manifest; `None` for a first release.
    pub manifest: Option<ManifestDelta>,
    /// What changed in the lockfile, or why that is not known.
    pub dependencies: Result<DependencyDelta, String>,
    /// Who took part.
    pub contributors: Vec<Contributor>,
}

impl Changes {
    /// Features of cargo that are gone.
    pub fn features_removed(&self) -> impl Iterator<Item = &String> {
        self.manifest
            .iter()
            .flat_map(|delta| &delta.features_removed)
    }
}

/// What is known about vulnerabilities of what the release holds.
#[derive(Debug, Clone)]
pub struct Vulnerabilities {
    /// Which advisories were closed, kept and brought, or why that is not known.
    pub compared: Result<VulnerabilityDelta, String>,
    /// Every advisory that hits this release, as far as anybody looked.
    pub standing: Vec<(Standing, Hit)>,
}

impl Vulnerabilities {
    /// Advisories that hit the release before and not this one.
    pub fn fixed(&self) -> &[Hit] {
        self.compared
            .as_ref()
            .map(|delta| delta.fixed.as_slice())
            .unwrap_or_default()
    }
}

/// What other gates and the project left for readers to check.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What other gates found.
    pub facts: Facts,
    /// What was built of the release before, where its record is still there.
    pub build_before: Option<BuildInfo>,
    /// Lockfiles that are there and cannot be read, and why.
    pub unreadable: Vec<String>,
    /// Public keys committed with the project.
    pub keys: Vec<Key>,
}

/// One release. Writers and rules take the part they speak of.
#[derive(Debug, Clone)]
pub struct Release {
    /// What is released, and when.
    pub about: About,
    /// Which commits it holds.
    pub range: Range,
    /// What changed.
    pub changes: Changes,
    /// Which vulnerabilities it has.
    pub vulnerabilities: Vulnerabilities,
    /// What can be checked.
    pub evidence: Evidence,
}

/// `data` of `relnotes.json`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RelnotesData {
    /// Draft or final.
    pub phase: Phase,
    /// What kind of release.
    pub release_type: ReleaseType,
    /// Day of the release, `2026-11-21`.
    pub date: String,
    /// The commits.
    pub range: RangeData,
    /// Sizes of the buckets.
    pub sums: Sums,
    /// Where every commit went, newest first.
    pub buckets: Vec<BucketData>,
    /// Breaking changes of both sources.
    pub breaking: Vec<BreakingData>,
    /// What changed in the manifest; `null` for a first release.
    pub manifest: Option<ManifestDelta>,
    /// What changed in the lockfile; `null` where that is not known.
    pub dependencies: Option<DependencyDelta>,
    /// Which advisories were closed, kept and brought; `null` where nobody looked.
    pub vulnerabilities: Option<VulnerabilityDelta>,
    /// Names of those who took part, most commits first.
    pub contributors: Vec<ContributorData>,
    /// The files of facts: the SHA-256 of each that was relied on, or `missing`, `stale`, `error`,
    /// `not-applicable`.
    pub facts: BTreeMap<&'static str, String>,
    /// Facts that could not be relied on.
    pub gaps: Vec<GapData>,
    /// SHA-256 of the generated part of RELEASE_NOTES.md.
    pub notes_sha256: release_gate::digest::Sha256Digest,
}

/// The commits of a release.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RangeData {
    /// Tag of the release before, `null` for the first.
    pub from: Option<String>,
    /// Commit of the release before.
    pub from_commit: Option<CommitId>,
    /// Tag of this release, `null` where there is none yet.
    pub to: Option<String>,
    /// Commit of this release.
    pub to_commit: CommitId,
    /// How many commits, as `git rev-list --count` says.
    pub commits: usize,
    /// What the version stands on.
    pub named: Named,
    /// Tags of lower versions that were passed over because they are on another line of history.
    pub passed_over: Vec<String>,
}

/// Where one commit went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BucketData {
    /// The commit.
    pub commit: CommitId,
    /// Its subject.
    pub subject: Untrusted,
    /// Its bucket.
    #[serde(flatten)]
    pub bucket: super::account::Bucket,
}

/// One breaking change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BreakingData {
    /// Where it is known from.
    pub source: Source,
    /// The commits' words.
    pub text: Option<Untrusted>,
    /// The items of the API.
    pub items: Vec<String>,
    /// The commits.
    pub commits: Vec<CommitId>,
}

/// One contributor.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ContributorData {
    /// The name.
    pub name: Untrusted,
    /// In how many commits.
    pub commits: usize,
    /// Whether for the first time.
    pub first: bool,
}

/// A fact that could not be relied on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GapData {
    /// The file.
    pub file: String,
    /// Missing, stale or in error.
    pub gap: super::facts::Gap,
    /// Why.
    pub why: String,
}

impl Release {
    /// The facts for machines; `notes_sha256` is the digest of the generated text.
    pub fn data(&self, notes_sha256: release_gate::digest::Sha256Digest) -> RelnotesData {
        let Self {
            about,
            range,
            changes,
            vulnerabilities,
            evidence,
        } = self;
        RelnotesData {
            phase: about.phase,
            release_type: range.release_type,
            date: release_gate::time::iso_date(about.time),
            range: range_data(about, range),
            sums: changes.accounting.sums(),
            buckets: bucket_data(&changes.accounting),
            breaking: changes.breaking.iter().map(breaking_data).collect(),
            manifest: changes.manifest.clone(),
            dependencies: changes.dependencies.as_ref().ok().cloned(),
            vulnerabilities: vulnerabilities.compared.as_ref().ok().cloned(),
            contributors: changes.contributors.iter().map(contributor_data).collect(),
            facts: evidence.facts.states(),
            gaps: gap_data(&evidence.facts),
            notes_sha256,
        }
    }
}

fn range_data(about: &About, range: &Range) -> RangeData {
    let before = range.before();
    RangeData {
        from: before.map(|release| release.tag.clone()),
        from_commit: before.map(|release| release.commit.clone()),
        to: about.tag.clone().filter(|_| about.named == Named::Tagged),
        to_commit: about.commit.clone(),
        commits: range.counted,
        named: about.named,
        passed_over: range
            .predecessor
            .elsewhere
            .iter()
            .map(|release| release.tag.clone())
            .collect(),
    }
}

fn bucket_data(accounting: &Accounting) -> Vec<BucketData> {
    accounting
        .buckets
        .iter()
        .map(|(commit, subject, bucket)| BucketData {
            commit: commit.clone(),
            subject: subject.clone(),
            bucket: bucket.clone(),
        })
        .collect()
}

fn breaking_data(item: &Breaking) -> BreakingData {
    let entry = item.entry.as_ref();
    BreakingData {
        source: item.source,
        text: entry.map(|entry| entry.text.clone()),
        items: item
            .changes
            .iter()
            .map(|change| change.item.clone())
            .collect(),
        commits: entry.map(|entry| entry.commits.clone()).unwrap_or_default(),
    }
}

fn contributor_data(person: &Contributor) -> ContributorData {
    ContributorData {
        name: person.name.clone(),
        commits: person.commits,
        first: person.first,
    }
}

fn gap_data(facts: &Facts) -> Vec<GapData> {
    facts
        .gaps()
        .into_iter()
        .map(|(_, file, gap, why)| GapData {
            file: file.to_owned(),
            gap,
            why,
        })
        .collect()
}
