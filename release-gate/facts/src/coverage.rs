//! Coverage: what a verdict looked at, and what it did not.

use serde::{Deserialize, Serialize};

use crate::rule::Rule;

/// What a gate looked at, and what it could not look at.
///
/// Whatever could not be judged is an entry here: a use that could not be written, a component that
/// could not be looked up, a setting that was not understood. Nothing is dropped or guessed. What
/// an entry weighs is for the rule `not-judged-<kind>` of the gate's catalogue to say.
///
/// ```
/// use release_gate_facts::{Coverage, Level, Rule};
///
/// const MACRO: Rule = Rule {
///     id: "not-judged-macro",
///     level: Level::Warn,
///     summary: "a macro was not compared",
///     why: "",
///     link: "",
/// };
///
/// let mut coverage = Coverage::of(12);
/// coverage.not_judged(&MACRO, "demo::vec", 1, "its arms call each other");
/// assert_eq!(coverage.not_judged[0].kind, "macro");
/// assert_eq!(coverage.not_judged_count(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Coverage {
    /// How many things were judged. What counts as one is the gate's to say.
    pub judged: u64,
    /// What was not judged, and why.
    pub not_judged: Vec<NotJudged>,
}

/// Something that was not judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotJudged {
    /// What sort of thing it is. The rule `not-judged-<kind>` says what it weighs.
    pub kind: String,
    /// Which one: an item, a component, a file, a setting.
    pub what: String,
    /// How many there are of it, at least 1.
    pub count: u64,
    /// Why it was not judged.
    pub why: String,
}

impl Coverage {
    /// A coverage of this many judged things, with nothing left out.
    pub fn of(judged: usize) -> Self {
        Self {
            judged: u64::try_from(judged).unwrap_or(u64::MAX),
            not_judged: Vec::new(),
        }
    }

    /// Adds something that was not judged. `rule` is the gate's rule `not-judged-<kind>`.
    ///
    /// # Panics
    /// The id of `rule` does not begin with `not-judged-`, which is a defect of the gate.
    pub fn not_judged(
        &mut self,
        rule: &Rule,
        what: impl Into<String>,
        count: usize,
        why: impl Into<String>,
    ) {
        let kind = rule
            .coverage_kind()
            .expect("coverage is weighed by rules named `not-judged-…`");

        self.not_judged.push(NotJudged {
            kind: kind.to_owned(),
            what: what.into(),
            count: u64::try_from(count).unwrap_or(u64::MAX),
            why: why.into(),
        });
    }

    /// How many things were not judged.
    pub fn not_judged_count(&self) -> u64 {
        let counts = self.not_judged.iter().map(|entry| entry.count);
        counts.fold(0, u64::saturating_add)
    }

    /// Adds what another verdict looked at.
    pub fn extend(&mut self, other: &Self) {
        self.judged = self.judged.saturating_add(other.judged);
        self.not_judged.extend(other.not_judged.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Level;

    const FILE: Rule = Rule {
        id: "not-judged-file",
        level: Level::Deny,
        summary: "a file was not read",
        why: "",
        link: "",
    };

    #[test]
    fn what_was_left_out_is_counted_and_joined() {
        let mut coverage = Coverage::of(3);
        assert_eq!((coverage.judged, coverage.not_judged_count()), (3, 0));
        coverage.not_judged(&FILE, "a", 2, "too long");

        let mut other = Coverage::of(4);
        other.not_judged(&FILE, "b", 5, "no text");
        coverage.extend(&other);
        assert_eq!((coverage.judged, coverage.not_judged_count()), (7, 7));
        let entry = &coverage.not_judged[1];
        assert_eq!(
            (entry.kind.as_str(), entry.what.as_str(), entry.count),
            ("file", "b", 5)
        );
        assert_eq!(entry.why, "no text");
    }

    #[test]
    #[should_panic(expected = "not-judged-")]
    fn a_rule_of_another_name_weighs_nothing() {
        let rule = Rule { id: "file", ..FILE };
        Coverage::of(1).not_judged(&rule, "a", 1, "");
    }
}
