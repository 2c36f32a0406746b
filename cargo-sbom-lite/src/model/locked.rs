//! A package with its exact version, wherever it was read from: a lock file, an SBOM, a binary.

use super::source::Source;

/// One package that an audit looks up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locked {
    /// Package name.
    pub name: String,
    /// Version.
    pub version: semver::Version,
    /// Where it comes from.
    pub source: Source,
    /// Where in the input it stands: a line of Cargo.lock, counted from 1.
    pub line: Option<u32>,
    /// Whether it stands where a package of crates.io was asked for (`[patch.crates-io]`): then it
    /// is that package, changed by somebody, and its advisories concern it until somebody says
    /// otherwise.
    pub replaces_crates_io: bool,
}
