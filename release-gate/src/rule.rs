//! The rule catalogue: what stands behind `--deny`, `--warn`, `--allow` and `--explain`.
//!
//! A rule is data. The documentation pages are generated from the same tables, so they cannot
//! drift.

use std::collections::BTreeMap;

pub use release_gate_facts::rule::{Level, Rule, coverage_rule_id};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::suggest::nearest;

/// Defines a gate's catalogue: a constant for each rule, and `RULES` with all of them.
///
/// A rule without a link is the suite's own.
///
/// ```
/// release_gate::rules! {
///     NOT_JUDGED_MACRO = "not-judged-macro", Warn, "a macro was not compared",
///         "Its arms call each other, so no call of it could be written.";
///     THING_REMOVED = "thing-removed", Deny, "a thing is gone",
///         "Programs that name it no longer compile.",
///         "https://doc.rust-lang.org/cargo/reference/semver.html#item-remove";
/// }
///
/// assert_eq!(RULES.len(), 2);
/// assert_eq!(THING_REMOVED.id, "thing-removed");
/// ```
#[macro_export]
macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $summary:literal, $why:literal $(, $link:expr)?;)*) => {
        $(
            #[doc = concat!("`", $id, "`: ", $summary, ".")]
            pub const $name: $crate::Rule = $crate::Rule {
                id: $id,
                level: $crate::Level::$level,
                summary: $summary,
                why: $why,
                link: $crate::rules!(@link $($link)?),
            };
        )*

        /// Every rule of this gate, in the order of its documentation.
        pub const RULES: &[$crate::Rule] = &[$($name),*];
    };
    (@link) => { "" };
    (@link $link:expr) => { $link };
}

/// The rule of the shared driver: a gate ended without a verdict.
///
/// It cannot be allowed or warned about: an error is never a pass.
pub const NOT_JUDGED: Rule = Rule {
    id: "not-judged",
    level: Level::Deny,
    summary: "the gate could not be judged",
    why: "A build failed, or an input is missing, stale or unreadable. The gate says nothing about the release, and that \
          must never be taken for a pass. Follow the help line, then run the gate again.",
    link: "",
};

/// What was asked for on the command line and in the configuration, by rule id; the last word wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    by_rule: BTreeMap<String, Requested>,
}

/// A level as it can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Requested {
    /// Fail the gate.
    Deny,
    /// Warn.
    Warn,
    /// Keep it in the report as a note that says it was allowed.
    Allow,
}

impl Levels {
    /// Records a wish for a rule.
    ///
    /// # Errors
    /// A usage error for a rule the catalogue does not have, naming the nearest one it has.
    pub fn set(&mut self, catalogue: &[Rule], id: &str, requested: Requested) -> Result<()> {
        find(catalogue, id)?;
        self.by_rule.insert(id.to_owned(), requested);
        Ok(())
    }

    /// Adds other wishes, which win over those that are here.
    pub fn extend(&mut self, other: &Self) {
        let wishes = other.by_rule.iter();
        self.by_rule
            .extend(wishes.map(|(id, requested)| (id.clone(), *requested)));
    }

    /// What was asked for this rule, if anything.
    pub fn requested(&self, id: &str) -> Option<Requested> {
        self.by_rule.get(id).copied()
    }
}

/// Looks a rule up.
///
/// # Errors
/// A usage error naming the nearest known rule.
pub fn find<'a>(catalogue: &'a [Rule], id: &str) -> Result<&'a Rule> {
    catalogue.iter().find(|rule| rule.id == id).ok_or_else(|| {
        let error = Error::usage(format!("unknown rule `{id}`"));
        match nearest(id, catalogue.iter().map(|rule| rule.id)) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help("`--explain list` prints all rules of this tool"),
        }
    })
}

/// What `--explain RULE` prints; `list` prints the whole catalogue, one rule a line.
///
/// # Errors
/// A usage error for an unknown rule.
pub fn explain(catalogue: &[Rule], id: &str) -> Result<String> {
    if id == "list" {
        return Ok(list(catalogue));
    }

    let rule = find(catalogue, id)?;
    let mut text = format!(
        "{}: {}\ndefault level: {}\n\n{}\n",
        rule.id,
        rule.summary,
        rule.level.as_str(),
        rule.why
    );

    if !rule.link.is_empty() {
        text.push_str(&format!("\nsee {}\n", rule.link));
    }

    Ok(text)
}

/// The catalogue in groups: by what a finding does, and apart from them what could not be judged.
fn list(catalogue: &[Rule]) -> String {
    let is_gap = |rule: &Rule| rule.id.starts_with("not-judged");
    let level = |rule: &Rule| (!is_gap(rule)).then_some(rule.level);
    let groups = [
        ("These fail a release", Some(Level::Deny)),
        ("These warn", Some(Level::Warn)),
        ("These are notes", Some(Level::Note)),
        ("These say what could not be judged", None),
    ];
    let lengths = catalogue.iter().map(|rule| rule.id.len());
    let width = lengths.max().unwrap_or(0);

    let mut text = String::new();
    for (heading, of_level) in groups {
        let group: Vec<&Rule> = catalogue
            .iter()
            .filter(|rule| level(rule) == of_level)
            .collect();
        if group.is_empty() {
            continue;
        }
        text.push_str(&format!("{heading}:\n"));
        for rule in group {
            let weight = if of_level.is_none() {
                format!("{:4}  ", rule.level.as_str())
            } else {
                String::new()
            };
            text.push_str(&format!("  {:width$}  {weight}{}\n", rule.id, rule.summary));
        }
        text.push('\n');
    }
    text.push_str("`--explain RULE` says why a rule exists; `--deny`, `--warn` and `--allow RULE` set its level.\n");
    text
}

/// The catalogue as a Markdown page, generated into `docs/rules/` and checked for drift.
pub fn markdown(tool: &str, catalogue: &[Rule]) -> String {
    let mut page = format!(
        "# Rules of `{tool}`\n\nGenerated from the catalogue by `cargo xtask docs`; do not edit. `--deny`, `--warn` and `--allow` take \
         these ids, `--explain ID` prints one of them.\n\n| rule | default | what was found |\n|---|---|---|\n"
    );
    for rule in catalogue {
        page.push_str(&format!(
            "| [`{0}`](#{0}) | {1} | {2} |\n",
            rule.id,
            rule.level.as_str(),
            cell(rule.summary)
        ));
    }
    for rule in catalogue {
        page.push_str(&format!(
            "\n## {}\n\n{}. {}\n",
            rule.id,
            capitalise(rule.summary),
            rule.why
        ));
        if !rule.link.is_empty() {
            page.push_str(&format!("\nSource: {}\n", rule.link));
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Rule] = &[Rule {
        id: "new-thing",
        level: Level::Warn,
        summary: "a thing is new",
        why: "Because.",
        link: "",
    }];

    #[test]
    fn an_unknown_rule_names_the_nearest() {
        let error = Levels::default()
            .set(RULES, "new-thin", Requested::Deny)
            .unwrap_err();
        assert_eq!(error.help(), ["did you mean `new-thing`?"]);
        assert_eq!(error.exit_code(), crate::exit::USAGE);
    }

    #[test]
    fn the_last_word_wins() {
        let mut levels = Levels::default();
        levels.set(RULES, "new-thing", Requested::Deny).unwrap();
        levels.set(RULES, "new-thing", Requested::Allow).unwrap();
        assert_eq!(levels.requested("new-thing"), Some(Requested::Allow));
    }

    #[test]
    fn explain_prints_why() {
        assert!(explain(RULES, "new-thing").unwrap().contains("Because."));
        let list = explain(RULES, "list").unwrap();
        assert!(
            list.starts_with("These warn:\n  new-thing  a thing is new\n\n"),
            "{list}"
        );
    }
}
