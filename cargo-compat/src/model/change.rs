//! Differences between two releases of an API, each with the bump it needs.

use release_gate::facts::report::compat::SourceLocation;
use release_gate::{Bump, Rule};

/// A difference between two releases of an API.
#[derive(Debug, Clone)]
pub struct Change {
    /// The rule it falls under.
    pub rule: &'static Rule,
    /// The item, by its path below the crate's root.
    pub item: String,
    /// The bump it needs.
    pub bump: Bump,
    /// What happened, for people.
    pub message: String,
    /// The old declaration; empty for what was added.
    pub before: String,
    /// The new declaration; empty for what was removed.
    pub after: String,
    /// Where it is in the old sources.
    pub old_location: Option<SourceLocation>,
    /// Where it is in the new sources.
    pub location: Option<SourceLocation>,
    /// The program that shows it.
    pub witness: Option<Witness>,
    /// Feature sets in which it holds; empty if there is only one.
    pub feature_sets: Vec<String>,
    /// Why it does not count, if it is waived.
    pub waived: Option<String>,
    /// What it has in common with others, which are said in one line.
    pub fold: Option<Fold>,
}

/// What several changes have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Behind their number: `methods of … are methods of the trait … now`.
    pub lead: String,
    /// What this one is in the line.
    pub name: String,
}

impl Change {
    /// A change that no program shows.
    pub fn unproved(
        rule: &'static Rule,
        item: impl Into<String>,
        bump: Bump,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            item: item.into(),
            bump,
            message: message.into(),
            before: String::new(),
            after: String::new(),
            old_location: None,
            location: None,
            witness: None,
            feature_sets: Vec::new(),
            waived: None,
            fold: None,
        }
    }
}

/// A program of a few lines that compiles against the old library and not against the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// File in the package's artifact folder.
    pub program: String,
    /// Its text.
    pub text: String,
    /// Whether it was compiled alone against both, with that result.
    pub proved: bool,
    /// rustc's code, `E0308`.
    pub code: String,
    /// rustc's message.
    pub error: String,
    /// What rustc prints.
    pub rendered: String,
}
