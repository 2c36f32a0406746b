//! `diff.json`: how two files or folders differ.

use serde::{Deserialize, Serialize};

/// Data of `diff.json`.
///
/// ```
/// use release_gate_facts::report::diff::Difference;
/// use release_gate_facts::{Envelope, Fact};
///
/// let fact = Fact::<Envelope<Difference>>::read(None);
/// let regions = fact.usable().map(|report| report.data.places.len());
/// assert_eq!(regions, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// Whether they are the same bytes.
    pub identical: bool,
    /// `elf`, `ar`, `tar`, `zip`, `wasm`, `text`, `bytes` …
    pub format: String,
    /// Sizes in bytes.
    pub size: [u64; 2],
    /// Where they differ, causes before consequences.
    pub places: Vec<Region>,
    /// Strings that only the first has.
    pub only_a: Vec<String>,
    /// Strings that only the second has.
    pub only_b: Vec<String>,
}

crate::report_data!(Difference = "diff");

/// A stretch in which two files differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Region {
    /// Member of an archive, or file of a folder.
    #[serde(deserialize_with = "crate::nullable")]
    pub member: Option<String>,
    /// Section, or for text the line.
    #[serde(deserialize_with = "crate::nullable")]
    pub section: Option<String>,
    /// Symbol or function, demangled.
    #[serde(deserialize_with = "crate::nullable")]
    pub symbol: Option<String>,
    /// Crate that the symbol belongs to.
    #[serde(deserialize_with = "crate::nullable")]
    pub krate: Option<String>,
    /// Offset of the first byte that differs, in the section, else the member, else the file;
    /// `null` where there is no such byte.
    #[serde(deserialize_with = "crate::nullable")]
    pub offset: Option<u64>,
    /// The bytes there in both, at most sixteen, in hexadecimal; `null` where there are none.
    #[serde(deserialize_with = "crate::nullable")]
    pub values: Option<[String; 2]>,
    /// How many bytes differ there; what only one file has counts whole.
    pub bytes: u64,
    /// Whether it is computed from the rest: build ids, checksums, symbol tables, debug
    /// information.
    pub derived: bool,
    /// What it is, in words.
    pub note: String,
}
