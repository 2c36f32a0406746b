//! Everything notes say about one release, as one value.
//!
//! Must never: be changed after it was composed. Renderers and rules read it; nothing else decides
//! what is in it.

use release_gate_facts::CommitId;
use std::collections::{BTreeMap, BTreeSet};

pub use release_gate_facts::report::relnotes::{Named, Phase, ReleaseType};
use semver::Version;

use super::account::Accounting;
use super::advisories::advisory_ids;
use super::breaking::Breaking;
use super::dependencies::DependencyDelta;
use super::facts::{BuildInfo, Facts};
use super::links::Links;
use super::manifest::ManifestDelta;
use super::people::Contributor;
use super::range::{Predecessor, TaggedRelease};
use super::shipped::Key;
use super::vulnerabilities::{Hit, Standing, VulnerabilityDelta};
use super::words::Words;

/// A version the manifest had and no tag names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untagged {
    /// The version.
    pub version: Version,
    /// The commit that set it first.
    pub commit: CommitId,
}

/// Tags that look like releases of the package, in a form nobody told us to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadTags {
    /// The value of `tag-patterns` that reads them, `v/{version}`.
    pub pattern: String,
    /// The newest of them.
    pub newest: String,
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
    /// The manifest's `rust-version`.
    pub rust_version: Option<String>,
    /// The manifest's features.
    pub features: BTreeSet<String>,
    /// Where links of the project lead, where its address is known.
    pub links: Option<Links>,
}

/// Which commits the release holds, and what its tags leave open.
#[derive(Debug, Clone)]
pub struct Range {
    /// The previous release.
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
    /// Tags of versions that this line of history had, at commits that are no longer a part of it.
    /// What is reachable from them is not in the range.
    pub lost: Vec<TaggedRelease>,
    /// A release of a higher version that is a part of this one's history.
    pub higher: Option<TaggedRelease>,
    /// The highest lower release that was made on a branch of its own and holds commits of this
    /// history, and how many: they are left out.
    pub aside: Option<(TaggedRelease, usize)>,
    /// Forms of tags that hold versions of the package and are not read.
    pub unread: Vec<UnreadTags>,
}

impl Range {
    /// The previous release, where there is one.
    pub fn before(&self) -> Option<&TaggedRelease> {
        self.predecessor.release.as_ref()
    }
}

/// What changed since the previous release.
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
    /// What messages of the range name.
    pub mentioned: Mentioned,
}

/// What messages of the range name, wherever they do.
#[derive(Debug, Clone, Default)]
pub struct Mentioned {
    /// Numbers of pull requests and issues.
    pub numbers: BTreeSet<u64>,
    /// Ids of advisories, upper case.
    pub advisories: BTreeSet<String>,
}

impl Mentioned {
    /// Reads the messages.
    pub fn in_messages<'a>(messages: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for message in messages {
            found.numbers.extend(numbers_in(message));
            found.advisories.extend(advisory_ids(message));
        }
        found
    }
}

/// Numbers behind `#` or `!` in a text.
pub fn numbers_in(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.match_indices(['#', '!']).filter_map(|(at, _)| {
        let digits: String = text[at + 1..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    })
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
    /// Advisories that hit the previous release and not this one.
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
    /// What was built of the previous release, where its record is still there.
    pub build_before: Option<BuildInfo>,
    /// Versions of everything that is locked, by name; `None` where there is no lockfile.
    pub locked: Option<BTreeMap<String, Vec<String>>>,
    /// Lockfiles that are there and cannot be read, and why.
    pub unreadable: Vec<String>,
    /// Files of the advisory database that may be about what is locked and cannot be read.
    pub unreadable_advisories: Vec<String>,
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
    /// What people wrote for it.
    pub words: Words,
}

/// What a changelog says of one release.
#[derive(Debug, Clone, Copy)]
pub struct Chapter<'a> {
    /// Package name.
    pub package: &'a str,
    /// Its version.
    pub version: &'a Version,
    /// The release's tag, where there is one.
    pub tag: Option<&'a str>,
    /// Seconds since 1970.
    pub time: i64,
    /// The previous release.
    pub before: Option<&'a TaggedRelease>,
    /// Where links of the project lead.
    pub links: Option<&'a Links>,
    /// What changed.
    pub changes: &'a Changes,
    /// Advisories it closes.
    pub fixed: &'a [Hit],
}

impl Release {
    /// What a changelog says of it.
    pub fn chapter(&self) -> Chapter<'_> {
        Chapter {
            package: &self.about.package,
            version: &self.about.version,
            tag: self.about.tag.as_deref(),
            time: self.about.time,
            before: self.range.before(),
            links: self.about.links.as_ref(),
            changes: &self.changes,
            fixed: self.vulnerabilities.fixed(),
        }
    }
}

impl Chapter<'_> {
    /// The tag of the release: its own, or one spelled as that of the previous release.
    pub fn tag_to_be(&self) -> String {
        let version = self.version.to_string();
        if let Some(tag) = self.tag {
            return tag.to_owned();
        }
        self.before
            .map(|before| before.tag.replace(&before.version.to_string(), &version))
            .filter(|tag| tag.contains(&version))
            .unwrap_or_else(|| format!("v{version}"))
    }

    /// Where the changes since the previous release are shown; the release itself where there is none
    /// before.
    pub fn compare_address(&self) -> Option<String> {
        let tag = self.tag_to_be();
        match self.before {
            Some(before) => self.links?.compare(&before.tag, &tag),
            None => Some(self.links?.release(&tag)),
        }
    }
}

/// A release of the past, as far as a changelog of all of history speaks of it.
#[derive(Debug, Clone)]
pub struct PastRelease {
    /// Package name.
    pub package: String,
    /// Its version.
    pub version: Version,
    /// The release's tag; `None` for the one that is being made.
    pub tag: Option<String>,
    /// Seconds since 1970.
    pub time: i64,
    /// The previous release.
    pub before: Option<TaggedRelease>,
    /// Where links of the project lead.
    pub links: Option<Links>,
    /// What changed.
    pub changes: Changes,
    /// What people wrote for it.
    pub words: Option<String>,
}

impl PastRelease {
    /// What a changelog says of it.
    pub fn chapter(&self) -> Chapter<'_> {
        Chapter {
            package: &self.package,
            version: &self.version,
            tag: self.tag.as_deref(),
            time: self.time,
            before: self.before.as_ref(),
            links: self.links.as_ref(),
            changes: &self.changes,
            fixed: &[],
        }
    }
}
