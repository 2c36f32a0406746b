//! `compat.json`: which version bump the changes of a public API need.

use serde::{Deserialize, Serialize};

use crate::Bump;

/// The data of `compat.json`.
///
/// ```
/// use release_gate_facts::report::compat::CompatData;
/// use release_gate_facts::{Bump, Envelope, Fact};
///
/// // The items that users have to be told of. `None`: nothing is known about them.
/// fn broken_items(fact: &Fact<Envelope<CompatData>>) -> Option<Vec<&str>> {
///     let report = fact.usable()?;
///     let breaks = report.data.changes.iter().filter(|change| change.bump == Bump::Major);
///     Some(breaks.map(|change| change.item.as_str()).collect())
/// }
/// # assert_eq!(broken_items(&Fact::Missing), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompatData {
    /// The smallest bump that fits the changes, waived ones left out.
    pub required_bump: Bump,
    /// The bump from the baseline's version to this one. `null`: the baseline has no version, or a
    /// newer one.
    #[serde(deserialize_with = "crate::nullable")]
    pub declared_bump: Option<Bump>,
    /// The baseline's version. `null`: it says none.
    #[serde(deserialize_with = "crate::nullable")]
    pub baseline_version: Option<String>,
    /// The lowest version that may follow the baseline with these changes. `null`: the baseline has
    /// no version.
    #[serde(deserialize_with = "crate::nullable")]
    pub next_version: Option<String>,
    /// Every change, breaks first.
    pub changes: Vec<CompatChange>,
    /// What was compiled and run to find them.
    pub harness: CompatHarness,
}

/// One change of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompatChange {
    /// The rule that it falls under.
    pub rule: String,
    /// The item, by its path below the crate's root, or an implementation's header.
    pub item: String,
    /// The smallest bump that it fits.
    pub bump: Bump,
    /// What happened, for people.
    pub message: String,
    /// The old declaration. Empty: the item was added.
    pub before: String,
    /// The new declaration. Empty: the item was removed.
    pub after: String,
    /// Where it is in the new sources. `null`: it is gone, or not in a source file.
    #[serde(deserialize_with = "crate::nullable")]
    pub location: Option<SourceLocation>,
    /// Where it was in the old sources. `null`: it is new, or not in a source file.
    #[serde(deserialize_with = "crate::nullable")]
    pub old_location: Option<SourceLocation>,
    /// The feature sets in which it holds. Empty: in all that were compared.
    pub feature_sets: Vec<String>,
    /// The program that shows it. `null`: no compiler can show it.
    #[serde(deserialize_with = "crate::nullable")]
    pub witness: Option<CompatWitness>,
    /// Why it does not count. `null`: it counts.
    #[serde(deserialize_with = "crate::nullable")]
    pub waived: Option<String>,
}

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceLocation {
    /// Path relative to its repository, with `/`.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
}

/// A program that compiles with the old library and not with the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompatWitness {
    /// Its file, relative to the package's artifact folder. Empty: it was not saved.
    pub program: String,
    /// Whether it was compiled alone against both sides, with that result.
    pub proved: bool,
    /// The compiler's code, `E0308`. Empty: its error has none.
    pub code: String,
    /// The compiler's message.
    pub error: String,
}

/// What was compiled and run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompatHarness {
    /// How many uses of the old API were compiled against both sides, over all feature sets.
    pub assertions: u64,
    /// Uses that could not be written, or do not compile with the old library. What no program
    /// judged is in the report's `coverage`, too, with its weight.
    pub gaps: Vec<String>,
    /// The feature sets that were compared.
    pub feature_sets: Vec<String>,
    /// What `--harness` ran. `null`: it was not asked for.
    #[serde(deserialize_with = "crate::nullable")]
    pub ran: Option<CompatRan>,
    /// The feature sets that were left out, with why.
    pub skipped_sets: Vec<String>,
    /// Crates of others that compile with the old library and were compiled with the new one.
    pub dependents: Vec<CompatDependent>,
}

/// A crate that uses the judged one and compiles with its old library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompatDependent {
    /// Its package.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// Whether it compiles with the new library, too.
    pub compiles: bool,
}

/// What `--harness` ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CompatRan {
    /// Tests that passed twice with the old library and were run with the new one.
    pub compared: u64,
    /// Tests, or whole targets, that did not pass twice with the old library and so show nothing.
    pub not_compared: Vec<String>,
    /// The project's own programs that were run on both sides.
    pub programs: u64,
}

crate::report_data!(CompatData = "compat");
