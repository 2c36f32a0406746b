//! Gaps: what keeps a report from being relied on, in a word.

use serde::{Deserialize, Serialize};

/// What sort of thing stands in the way of relying on a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// There is no report.
    Missing,
    /// The report is about something else.
    Stale,
    /// The report cannot be read, or its gate came to no verdict.
    Error,
    /// The report is of another kind or version, or lacks a field.
    OtherShape,
}

impl GapKind {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Error => "error",
            Self::OtherShape => "other-shape",
        }
    }
}
