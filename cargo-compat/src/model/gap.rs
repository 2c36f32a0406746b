//! What no program judged.

use release_gate::Rule;
use rustdoc_types::Id;

/// A use that could not be written, or does not compile with the library it was written from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The item, as changes name it.
    pub item: String,
    /// The item in the old description.
    pub id: Id,
    /// What was to be done with it.
    pub phrase: &'static str,
    /// Why it could not be.
    pub why: String,
}

/// An entry of the report's coverage.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The rule `not-judged-…` that says what it weighs.
    pub rule: &'static Rule,
    /// What was not judged.
    pub what: String,
    /// Why.
    pub why: String,
}
