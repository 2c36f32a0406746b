//! One published advisory, whichever database it came from.

use release_gate_facts::report::vulns::{AdvisoryKind, Severity};
use rustsec::platforms::Platform;
use semver::{Version, VersionReq};

/// What an advisory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collection {
    /// A package of crates.io.
    Crates,
    /// A part of the Rust project: `std`, `rustc`, `cargo`, `rustdoc`, …
    Rust,
}

/// An advisory about a package.
#[derive(Debug, Clone)]
pub struct Published {
    /// `RUSTSEC-2024-0001`, `GHSA-…`, `MAL-…`.
    pub id: String,
    /// Other ids of the same thing, sorted.
    pub aliases: Vec<String>,
    /// What it is about.
    pub collection: Collection,
    /// The package's name.
    pub package: String,
    /// The title, on one line.
    pub title: String,
    /// What it says of the package.
    pub kind: AdvisoryKind,
    /// The database's own word for `kind`, where this version of the suite does not know it.
    pub unknown_kind: Option<String>,
    /// By its score; unknown where it has none.
    pub severity: Severity,
    /// The day of publication, `2024-02-03`.
    pub date: String,
    /// Whether it was taken back. Such an advisory concerns nobody.
    pub withdrawn: bool,
    /// Which versions it concerns.
    pub ranges: Ranges,
    /// Functions it names, each with the versions that have it (empty: all).
    pub functions: Vec<(String, Vec<VersionReq>)>,
    /// Operating systems it is limited to; empty: none.
    pub systems: Vec<String>,
    /// Processors it is limited to; empty: none.
    pub processors: Vec<String>,
    /// Where to read more.
    pub url: Option<String>,
}

/// Which versions an advisory concerns.
#[derive(Debug, Clone)]
pub enum Ranges {
    /// RustSec's: all versions but the patched and unaffected ones.
    RustSec(Box<rustsec::advisory::Versions>),
    /// OSV's: the versions between pairs of events, and those that are listed.
    Osv {
        /// Each from the first version that is affected to the first that is not, where there is
        /// one.
        ranges: Vec<OsvRange>,
        /// Versions that are affected whatever the ranges say.
        versions: Vec<Version>,
    },
}

/// Versions from one event to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsvRange {
    /// The first version that is affected.
    pub introduced: Version,
    /// Where it ends.
    pub end: OsvEnd,
}

/// The end of a range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OsvEnd {
    /// It has none.
    Open,
    /// The first version that is not affected any more.
    Fixed(Version),
    /// The last version that is affected.
    LastAffected(Version),
}

impl OsvRange {
    /// Whether a version is in the range. Versions are compared by precedence, without their build
    /// part.
    pub fn contains(&self, version: &Version) -> bool {
        let starts = version.cmp_precedence(&self.introduced).is_ge();
        let ends = match &self.end {
            OsvEnd::Open => false,
            OsvEnd::Fixed(fixed) => version.cmp_precedence(fixed).is_ge(),
            OsvEnd::LastAffected(last) => version.cmp_precedence(last).is_gt(),
        };
        starts && !ends
    }
}

impl Published {
    /// Whether it concerns a version. One that was withdrawn concerns none.
    pub fn concerns(&self, version: &Version) -> bool {
        if self.withdrawn {
            return false;
        }
        match &self.ranges {
            Ranges::RustSec(versions) => versions.is_vulnerable(version),
            Ranges::Osv { ranges, versions } => {
                ranges.iter().any(|range| range.contains(version))
                    || versions
                        .iter()
                        .any(|listed| listed.cmp_precedence(version).is_eq())
            }
        }
    }

    /// Requirements that name the releases with the repair; empty where there is none.
    pub fn patched(&self) -> Vec<VersionReq> {
        match &self.ranges {
            Ranges::RustSec(versions) => versions.patched().to_vec(),
            Ranges::Osv { ranges, .. } => ranges
                .iter()
                .filter_map(|range| match &range.end {
                    OsvEnd::Fixed(fixed) => format!(">={fixed}").parse().ok(),
                    OsvEnd::LastAffected(last) => format!(">{last}").parse().ok(),
                    OsvEnd::Open => None,
                })
                .collect(),
        }
    }

    /// The versions it concerns as OSV writes them, sorted as the database has them.
    pub fn affected_ranges(&self) -> Vec<OsvRange> {
        match &self.ranges {
            Ranges::Osv { ranges, .. } => ranges.clone(),
            Ranges::RustSec(versions) => rustsec::osv::ranges_for_advisory(versions)
                .into_iter()
                .map(|range| OsvRange {
                    introduced: range.introduced.unwrap_or_else(first_version),
                    end: range.fixed.map_or(OsvEnd::Open, OsvEnd::Fixed),
                })
                .collect(),
        }
    }

    /// The functions it names for a version, as canonical paths.
    pub fn functions_of(&self, version: &Version) -> Vec<String> {
        self.functions
            .iter()
            .filter(|(_, versions)| {
                versions.is_empty() || versions.iter().any(|req| req.matches(version))
            })
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// The systems and processors it is limited to, where none of the target triples is one of
    /// them; empty where it applies to one, or where a triple is not known: that may be any system.
    pub fn only_elsewhere(&self, targets: &[String]) -> Vec<String> {
        let is_limited = !self.systems.is_empty() || !self.processors.is_empty();
        let platforms: Option<Vec<&Platform>> = targets
            .iter()
            .map(|triple| Platform::find(triple))
            .collect();
        let Some(platforms) = platforms.filter(|list| !list.is_empty() && is_limited) else {
            return Vec::new();
        };

        let applies = platforms.iter().any(|platform| {
            self.applies_to(platform.target_os.as_str(), platform.target_arch.as_str())
        });
        if applies {
            return Vec::new();
        }
        self.systems
            .iter()
            .chain(&self.processors)
            .cloned()
            .collect()
    }

    fn applies_to(&self, system: &str, processor: &str) -> bool {
        let is_system = self.systems.is_empty() || self.systems.iter().any(|one| one == system);
        let is_processor =
            self.processors.is_empty() || self.processors.iter().any(|one| one == processor);
        is_system && is_processor
    }

    /// Which of several advisories about one thing is shown: RustSec's own before all others.
    pub(super) fn rank(&self) -> (bool, &str) {
        (!self.id.starts_with("RUSTSEC-"), &self.id)
    }

    /// Every id of it.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// The lowest version there can be: `0.0.0-0`.
fn first_version() -> Version {
    Version {
        pre: semver::Prerelease::new("0").unwrap_or_default(),
        ..Version::new(0, 0, 0)
    }
}
