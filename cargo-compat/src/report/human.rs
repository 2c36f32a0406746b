//! The table people see before the findings.

use std::fmt::Write as _;

use release_gate::facts::report::compat::CompatData;
use semver::Version;

use crate::model::change::Change;
use crate::rules;
use release_gate::Bump;

/// How many additions are shown.
const ADDITIONS: usize = 12;
/// How much of an addition's declaration is shown.
const SHOWN: usize = 140;

/// What was compared.
pub(crate) struct Heading<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a Version,
    pub(crate) baseline: &'a str,
}

/// The whole table.
pub(crate) fn human_table(heading: &Heading<'_>, changes: &[Change], data: &CompatData) -> String {
    let mut text = format!(
        "{} {} against {}\n",
        heading.name, heading.version, heading.baseline
    );
    let next = data.next_version.as_deref().unwrap_or("-");
    let mut row = |label: &str, value: String| {
        let _ = writeln!(text, "  {label:<15} {value}");
    };
    row(
        "required bump",
        format!("{} (next version {next})", data.required_bump.as_str()),
    );
    row(
        "declared bump",
        data.declared_bump.map_or("none", Bump::as_str).to_owned(),
    );
    row("breaks", count_of(changes, Bump::Major).to_string());
    row("additions", count_of(changes, Bump::Minor).to_string());
    row(
        "uses compiled",
        format!(
            "{} against both sides ({})",
            data.harness.assertions,
            data.harness.feature_sets.join(", ")
        ),
    );
    if !data.harness.gaps.is_empty() {
        row(
            "not compiled",
            format!("{} uses (listed in compat.json)", data.harness.gaps.len()),
        );
    }
    if let Some(ran) = &data.harness.ran {
        row(
            "behaviour",
            format!(
                "{} tests and {} programs run on both sides, {} did not pass twice on the old one",
                ran.compared,
                ran.programs,
                ran.not_compared.len()
            ),
        );
    }
    let dependents = &data.harness.dependents;
    if !dependents.is_empty() {
        let broken = dependents.iter().filter(|one| !one.compiles).count();
        row(
            "dependents",
            format!(
                "{} compiled on both sides, {broken} of them broken",
                dependents.len()
            ),
        );
    }
    for skipped in &data.harness.skipped_sets {
        row("left out", skipped.clone());
    }
    write_additions(&mut text, changes);
    text.push('\n');
    text
}

fn count_of(changes: &[Change], bump: Bump) -> usize {
    changes
        .iter()
        .filter(|change| change.bump == bump && change.waived.is_none())
        .count()
}

fn write_additions(text: &mut String, changes: &[Change]) {
    let minor: Vec<&Change> = changes
        .iter()
        .filter(|change| change.bump == Bump::Minor)
        .collect();
    for change in minor.iter().take(ADDITIONS) {
        let shown = if change.after.is_empty() || change.rule.id != rules::ADDED.id {
            &change.message
        } else {
            &change.after
        };
        let shown: String = shown.chars().take(SHOWN).collect();
        let _ = writeln!(text, "  + {shown}");
    }
    if minor.len() > ADDITIONS {
        let _ = writeln!(text, "  + {} more in compat.json", minor.len() - ADDITIONS);
    }
}
