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
    /// rustc's code, where it was asked.
    pub code: String,
    /// Why it could not be.
    pub why: String,
}

impl Gap {
    /// Whether rustc does not know the item at all: rustdoc alone sees what is behind `cfg(doc)`.
    pub fn is_unknown_to_rustc(&self) -> bool {
        self.phrase == "import" && matches!(self.code.as_str(), "E0432" | "E0433")
    }
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
