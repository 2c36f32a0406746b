//! Where two files differ, and how much.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How two files differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Difference {
    /// Whether they are the same bytes.
    pub(crate) identical: bool,
    /// `elf`, `ar`, `tar`, `zip`, `text`, `bytes` …
    pub(crate) format: String,
    /// Sizes in bytes.
    pub(crate) size: [u64; 2],
    /// Where they differ, causes before consequences.
    pub(crate) places: Vec<Region>,
    /// Strings only the first has.
    pub(crate) only_a: Vec<String>,
    /// Strings only the second has.
    pub(crate) only_b: Vec<String>,
}

/// A stretch in which two files differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Region {
    /// Member of an archive.
    pub(crate) member: Option<String>,
    /// Section, or for text the line.
    pub(crate) section: Option<String>,
    /// Symbol, demangled.
    pub(crate) symbol: Option<String>,
    /// Crate the symbol belongs to.
    pub(crate) krate: Option<String>,
    /// How many bytes differ there; what only one file has counts whole.
    pub(crate) bytes: u64,
    /// Whether it is computed from the rest: build ids, checksums, symbol tables, debug
    /// information.
    pub(crate) derived: bool,
    /// What it is, in words.
    pub(crate) note: String,
}

impl Difference {
    /// Section and symbol of what differs first.
    pub(crate) fn first_region(&self) -> (Option<String>, Option<String>) {
        self.places.first().map_or((None, None), |region| {
            (region.section.clone(), region.symbol.clone())
        })
    }
}

/// How many bytes of two stretches differ.
pub(super) fn count_differing(a: &[u8], b: &[u8]) -> u64 {
    let common = a.iter().zip(b).filter(|(x, y)| x != y).count() as u64;
    common + a.len().abs_diff(b.len()) as u64
}
