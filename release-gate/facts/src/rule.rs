//! Rules: what a finding is an instance of.

use serde::{Deserialize, Serialize};

/// How much a finding weighs.
///
/// Levels are ordered: a note weighs less than a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Said, and never fails the gate.
    Note,
    /// Shown as a warning, and never fails the gate.
    Warn,
    /// Fails the gate (exit code 100).
    Deny,
}

impl Level {
    /// The word that reports use: `deny`, `warn` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Note => "note",
        }
    }
}

/// One rule of a gate: a stable id and everything a reader needs to act on a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable kebab-case id, never reused for another meaning.
    pub id: &'static str,
    /// The level when nothing else was asked for.
    pub level: Level,
    /// One line: what was found.
    pub summary: &'static str,
    /// A paragraph: why it matters to the users of a release, and what fixes it.
    pub why: &'static str,
    /// Where the rule comes from (specification section, RFC, chapter); empty when it is the
    /// suite's own.
    pub link: &'static str,
}

/// What the ids of rules about missing judgement begin with; see [`Rule::coverage_kind`].
const NOT_JUDGED_PREFIX: &str = "not-judged-";

impl Rule {
    /// The `kind` of the [coverage](crate::Coverage) entries that this rule weighs: the part of its
    /// id behind `not-judged-`. `None` for all other rules.
    ///
    /// ```
    /// use release_gate_facts::{Level, Rule};
    ///
    /// let rule = Rule {
    ///     id: "not-judged-macro",
    ///     level: Level::Warn,
    ///     summary: "a macro was not compared",
    ///     why: "",
    ///     link: "",
    /// };
    /// assert_eq!(rule.coverage_kind(), Some("macro"));
    /// ```
    pub fn coverage_kind(&self) -> Option<&'static str> {
        self.id.strip_prefix(NOT_JUDGED_PREFIX)
    }
}

/// The id of the rule that weighs [coverage](crate::Coverage) entries of this kind.
pub fn coverage_rule_id(kind: &str) -> String {
    format!("{NOT_JUDGED_PREFIX}{kind}")
}
