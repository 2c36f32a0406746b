//! `relnotes.json`: what the release notes of `cargo relnotes` say, and where each commit went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Bump, CommitId, GapKind, Sha256Digest};

/// The data of `relnotes.json`.
///
/// ```
/// use release_gate_facts::report::relnotes::RelnotesData;
/// use release_gate_facts::{Envelope, Fact};
///
/// let bytes = std::fs::read("target/release-gates/demo-1.0.0/relnotes.json").ok();
/// match Fact::<Envelope<RelnotesData>>::read(bytes.as_deref()) {
///     Fact::Usable(report) => println!("{} commits", report.data.range.commits),
///     other => println!("not usable: {:?}", other.gap()),
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelnotesData {
    /// Whether the notes are a draft or those of the release itself.
    pub phase: Phase,
    /// How far the version moved.
    pub release_type: ReleaseType,
    /// The day of the release in UTC, `2026-11-21`.
    pub date: String,
    /// The commits of the release.
    pub range: Range,
    /// How many commits are in each bucket.
    pub sums: Sums,
    /// Where each commit went, newest first.
    pub buckets: Vec<CommitBucket>,
    /// The lines of the notes by section, in the order in which they are printed.
    pub sections: Vec<Section>,
    /// Breaking changes that commits mark, that the API comparison found, or both.
    pub breaking: Vec<Breaking>,
    /// What changed in the manifest; `null` for a first release.
    #[serde(deserialize_with = "crate::nullable")]
    pub manifest: Option<ManifestChanges>,
    /// What changed in the lock file; `null` where that is not known.
    #[serde(deserialize_with = "crate::nullable")]
    pub dependencies: Option<DependencyChanges>,
    /// Which advisories were closed, kept and brought; `null` where both sides were not looked at.
    #[serde(deserialize_with = "crate::nullable")]
    pub vulnerabilities: Option<VulnerabilityChanges>,
    /// People who took part in the package, most commits first.
    pub contributors: Vec<Contributor>,
    /// Each file of facts, and whether the notes rely on it.
    pub facts: BTreeMap<String, FactUse>,
    /// Facts that the notes could not rely on.
    pub gaps: Vec<FactGap>,
    /// SHA-256 of the part of `RELEASE_NOTES.md` that was generated.
    pub notes_sha256: Sha256Digest,
}

crate::report_data!(RelnotesData = "relnotes");

/// Whether notes go into the release pull request, or describe the finished release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// With whatever facts there are; what is missing is said.
    #[default]
    Draft,
    /// With every required fact, or not judged.
    Final,
}

/// What kind of release it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseType {
    /// Nothing was released before.
    First,
    /// A pre-release.
    PreRelease,
    /// Users may have to change something.
    Major,
    /// There is something new.
    Minor,
    /// There are only fixes.
    Patch,
    /// At least one fix closes a vulnerability.
    Security,
}

/// The commits of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Range {
    /// Tag of the previous release; `null` for a first release.
    #[serde(deserialize_with = "crate::nullable")]
    pub from: Option<String>,
    /// Commit of the previous release.
    #[serde(deserialize_with = "crate::nullable")]
    pub from_commit: Option<CommitId>,
    /// Tag of this release; `null` where there is none yet.
    #[serde(deserialize_with = "crate::nullable")]
    pub to: Option<String>,
    /// Commit of this release.
    pub to_commit: CommitId,
    /// How many commits there are, as `git rev-list --count` says.
    pub commits: u64,
    /// What the version rests on.
    pub named: Named,
    /// Tags of lower versions that were passed over because they are on another line of history.
    pub passed_over: Vec<String>,
    /// Tags of versions that this line of history had and that are no longer a part of it. What is
    /// reachable from them is not in the range.
    pub lost_tags: Vec<String>,
}

/// What the version of a release rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// A tag of this version leads to the commit.
    Tagged,
    /// There is no such tag yet: the version is the manifest's.
    Untagged,
    /// The manifest's version was released from an earlier commit.
    Past,
    /// A tag of this version exists on another line of history.
    Elsewhere,
}

/// How many commits are in each bucket; `total` is always their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sums {
    /// Commits with a line of their own.
    pub listed: u64,
    /// Commits on another commit's line, or in the dependency table.
    pub folded: u64,
    /// Merges.
    pub merge: u64,
    /// Commits taken back inside the range, and those that took them back.
    pub cancelled: u64,
    /// Commits that are not listed, by the rule that says so.
    pub hidden: BTreeMap<String, u64>,
    /// All commits of the range.
    pub total: u64,
}

/// Where one commit went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommitBucket {
    /// The commit.
    pub commit: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// Its bucket.
    #[serde(flatten)]
    pub bucket: Bucket,
}

/// Where a commit went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "bucket")]
pub enum Bucket {
    /// It has a line in a section.
    Listed {
        /// The section's id.
        section: String,
    },
    /// It shares the line of another commit, or is in the dependency table (`into` is `null`).
    Folded {
        /// The commit whose line it shares.
        #[serde(deserialize_with = "crate::nullable")]
        into: Option<CommitId>,
    },
    /// A merge: what it brought is accounted for by its own commits.
    Merge,
    /// It and others of the range took each other back.
    Cancelled {
        /// The others.
        with: Vec<CommitId>,
    },
    /// It is not listed.
    Hidden {
        /// The rule that says so.
        rule: String,
    },
}

/// A section of the notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Section {
    /// Its id, `features`.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Its lines, oldest first.
    pub lines: Vec<Line>,
}

/// A line of the notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// The scope or area, where there is one.
    #[serde(deserialize_with = "crate::nullable")]
    pub scope: Option<String>,
    /// What is said, as it was written.
    pub text: String,
    /// Numbers of the pull requests behind it.
    pub pulls: Vec<u64>,
    /// Issues that its commits say they close.
    pub closes: Vec<u64>,
    /// The commits behind it, newest first.
    pub commits: Vec<CommitId>,
}

/// A breaking change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Breaking {
    /// Where it is known from.
    pub source: BreakingSource,
    /// The commits' words; `null` where only the API comparison knows of it.
    #[serde(deserialize_with = "crate::nullable")]
    pub text: Option<String>,
    /// Paths of the API's items.
    pub items: Vec<String>,
    /// The commits.
    pub commits: Vec<CommitId>,
}

/// Where a breaking change is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreakingSource {
    /// A commit marks it; the API comparison does not show it.
    Marked,
    /// The API comparison shows it; no commit says so.
    Detected,
    /// A commit marks it and the API comparison shows it.
    Both,
}

/// What changed for users between two manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManifestChanges {
    /// `rust-version`; `null` where it is the same.
    #[serde(deserialize_with = "crate::nullable")]
    pub rust_version: Option<ValueChange>,
    /// `edition`; `null` where it is the same.
    #[serde(deserialize_with = "crate::nullable")]
    pub edition: Option<ValueChange>,
    /// Features that are new.
    pub features_added: Vec<String>,
    /// Features that are gone.
    pub features_removed: Vec<String>,
    /// What `default` turns on now and did not before.
    pub default_added: Vec<String>,
    /// What `default` turned on and no longer does.
    pub default_removed: Vec<String>,
    /// Declared binaries that are new.
    pub bins_added: Vec<String>,
    /// Declared binaries that are gone.
    pub bins_removed: Vec<String>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValueChange {
    /// In the previous release; `null` where nothing was said.
    #[serde(deserialize_with = "crate::nullable")]
    pub before: Option<String>,
    /// In this release; `null` where nothing is said.
    #[serde(deserialize_with = "crate::nullable")]
    pub after: Option<String>,
}

/// What changed between two lock files, as far as one package is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DependencyChanges {
    /// Dependencies that are new.
    pub added: Vec<OneSided>,
    /// Dependencies that are gone.
    pub removed: Vec<OneSided>,
    /// Dependencies of another version.
    pub updated: Vec<Updated>,
    /// Dependencies that come from somewhere else.
    pub source_changes: Vec<SourceChange>,
    /// Names locked in several versions now that were in fewer before.
    pub new_duplicates: Vec<String>,
}

/// A dependency that only one of two releases has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OneSided {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether the package asks for it itself.
    pub direct: bool,
}

/// A dependency of another version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Updated {
    /// Its name.
    pub name: String,
    /// Its version before.
    pub from: String,
    /// Its version now.
    pub to: String,
    /// Whether the package asks for it itself.
    pub direct: bool,
}

/// A dependency that comes from somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceChange {
    /// Its name.
    pub name: String,
    /// Where it came from; `workspace` for packages of the project itself.
    pub from: String,
    /// Where it comes from now.
    pub to: String,
    /// Whether it left a registry: what it holds is no longer what everybody else gets under this
    /// name.
    pub leaves_registry: bool,
}

/// Which advisories two releases differ in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VulnerabilityChanges {
    /// Advisories that hit the previous release and not this one.
    pub fixed: Vec<Hit>,
    /// Advisories that hit both.
    pub present: Vec<Hit>,
    /// Advisories that hit this one and not the one before.
    pub introduced: Vec<Hit>,
}

/// An advisory that hits a package of a lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hit {
    /// `RUSTSEC-…`.
    pub id: String,
    /// Its other names: `CVE-…`, `GHSA-…`.
    pub aliases: Vec<String>,
    /// The vulnerable package.
    pub package: String,
    /// Its versions in the lock file.
    pub versions: Vec<String>,
    /// The advisory's title.
    pub title: String,
    /// The day it was published; empty where only another gate knows of it.
    pub date: String,
    /// `low`, `medium`, `high`, `critical`; `null` where nobody rated it.
    #[serde(deserialize_with = "crate::nullable")]
    pub severity: Option<String>,
    /// Requirements that name the versions with the fix.
    pub patched: Vec<String>,
    /// Whether it was public when the previous release was made.
    pub public_before: bool,
    /// Whether nothing the package pulls in uses it: it is locked for tests or for other packages.
    pub locked_only: bool,
    /// Which releases of this package shipped it.
    pub shipped: Shipped,
}

/// Which of a package's own releases shipped a vulnerable dependency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shipped {
    /// First and last version of each run of consecutive releases.
    pub runs: Vec<(String, String)>,
    /// How many releases shipped it.
    pub releases: u64,
    /// How many releases have no lock file that can be read.
    pub unknown: u64,
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contributor {
    /// The name.
    pub name: String,
    /// The login at the forge, where it is known.
    #[serde(deserialize_with = "crate::nullable")]
    pub handle: Option<String>,
    /// In how many commits, as author or co-author.
    pub commits: u64,
    /// Whether nothing of theirs was in an earlier release.
    pub first: bool,
}

/// Whether the notes rely on a file of facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactUse {
    /// Whether the fact was usable when the notes were made.
    pub state: FactState,
    /// SHA-256 of the file, where the fact was usable.
    #[serde(deserialize_with = "crate::nullable")]
    pub sha256: Option<Sha256Digest>,
}

/// Whether a fact was usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FactState {
    /// The notes rely on it.
    Usable,
    /// Its gate says that there is nothing of the kind.
    NotApplicable,
    /// There was no file.
    Missing,
    /// It was about something else.
    Stale,
    /// It could not be read, or its gate came to no verdict.
    Error,
    /// It was of another kind or version, or lacked a field.
    OtherShape,
}

/// A fact that the notes could not rely on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactGap {
    /// The file.
    pub file: String,
    /// What stands in the way.
    pub gap: GapKind,
    /// Why, for people.
    pub why: String,
}

impl ReleaseType {
    /// The type of a release whose step is known.
    pub fn of_bump(bump: Bump) -> Self {
        match bump {
            Bump::Major => Self::Major,
            Bump::Minor => Self::Minor,
            Bump::Patch => Self::Patch,
        }
    }
}
