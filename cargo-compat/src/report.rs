//! Changes as machines and people read them.

use std::fmt::Write as _;

use release_gate::{Finding, Level};
use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::judge::{Bump, Change, Location};
use crate::rules;

/// `data` of `compat.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CompatData {
    /// The smallest bump that fits the changes, waived ones left out.
    pub(crate) required_bump: Bump,
    /// The bump from the baseline's version to this one; `null` if the baseline has no version.
    pub(crate) declared_bump: Option<Bump>,
    /// The baseline's version.
    pub(crate) baseline_version: Option<String>,
    /// The lowest version that may follow the baseline with these changes.
    pub(crate) next_version: Option<String>,
    /// Every change, breaks first.
    pub(crate) changes: Vec<ChangeData>,
    /// What was compiled.
    pub(crate) harness: Harness,
}

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ChangeData {
    /// Id of the rule.
    pub(crate) rule: String,
    /// The item, by its path below the crate's root.
    pub(crate) item: String,
    /// The bump it needs.
    pub(crate) bump: Bump,
    /// What happened.
    pub(crate) message: String,
    /// The old declaration; empty for what was added.
    pub(crate) before: String,
    /// The new declaration; empty for what was removed.
    pub(crate) after: String,
    /// Where it is in the new sources, `null` if it is gone.
    pub(crate) location: Option<Location>,
    /// Where it was in the old sources.
    pub(crate) old_location: Option<Location>,
    /// Feature sets in which it holds; empty if only one was compared.
    pub(crate) feature_sets: Vec<String>,
    /// The program that shows it; `null` for what a compiler cannot show.
    pub(crate) witness: Option<WitnessData>,
    /// Why it does not count, if it is waived.
    pub(crate) waived: Option<String>,
}

/// A program that compiles with the old library and not with the new one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WitnessData {
    /// File, relative to the package's artifact folder.
    pub(crate) program: String,
    /// Whether it was compiled alone against both sides, with that result.
    pub(crate) proved: bool,
    /// rustc's code.
    pub(crate) code: String,
    /// rustc's message.
    pub(crate) error: String,
}

/// What was compiled.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Harness {
    /// Uses of the old API that were compiled against both sides, over all feature sets.
    pub(crate) assertions: usize,
    /// Uses that could not be written, or do not compile with the old library: what no program
    /// judged.
    pub(crate) gaps: Vec<String>,
    /// Feature sets that were compared.
    pub(crate) feature_sets: Vec<String>,
    /// What `--harness` ran; `null` without it.
    pub(crate) ran: Option<crate::harness::Ran>,
    /// Feature sets that were left out, with why.
    pub(crate) skipped_sets: Vec<String>,
}

impl From<&Change> for ChangeData {
    fn from(change: &Change) -> Self {
        Self {
            rule: change.rule.id.to_owned(),
            item: change.item.clone(),
            bump: change.bump,
            message: change.message.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
            location: change.location.clone(),
            old_location: change.old_location.clone(),
            feature_sets: change.feature_sets.clone(),
            witness: change.witness.as_ref().map(|witness| WitnessData {
                program: witness.program.clone(),
                proved: witness.proved,
                code: witness.code.clone(),
                error: witness.error.clone(),
            }),
            waived: change.waived.clone(),
        }
    }
}

/// The largest bump that changes need.
pub(crate) fn required(changes: &[Change]) -> Bump {
    changes
        .iter()
        .filter(|change| change.waived.is_none())
        .map(|change| change.bump)
        .max()
        .unwrap_or(Bump::Patch)
}

/// Findings: every break; of the rest, what users are told of; and the verdict on the version.
pub(crate) fn findings(
    changes: &[Change],
    declared: Option<Bump>,
    versions: Option<(&Version, &Version)>,
    command: &str,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for change in changes {
        let told = change.bump == Bump::Major
            || matches!(change.rule.id, "rust-version-raised" | "item-deprecated");
        if !told {
            continue;
        }
        let mut finding = Finding::new(change.rule, change.message.clone());
        if let Some(place) = &change.location {
            finding = finding.at(place.path.clone(), place.line);
        }
        if let Some(reason) = &change.waived {
            finding = finding
                .level(Level::Note)
                .evidence("waived", reason.clone());
            finding.message.push_str(&format!(" (waived: {reason})"));
        } else if declared.is_some_and(|declared| change.bump <= declared)
            && change.bump == Bump::Major
        {
            // The version says so: users are warned.
            finding = finding.level(Level::Note);
        }
        finding = finding
            .evidence("item", change.item.clone())
            .evidence("bump", change.bump.as_str());
        let mut help = Vec::new();
        if !change.before.is_empty() && change.before != change.after {
            help.push(format!("was: {}", change.before));
            finding = finding.evidence("before", change.before.clone());
        }
        if !change.after.is_empty() && change.before != change.after {
            help.push(format!("is:  {}", change.after));
            finding = finding.evidence("after", change.after.clone());
        }
        if let Some(witness) = &change.witness {
            let code = if witness.code.is_empty() {
                String::new()
            } else {
                format!("[{}]", witness.code)
            };
            help.push(format!("error{code}: {}", witness.error));
            help.push(format!(
                "see it with `{command} --witness {}`",
                witness.program
            ));
            finding = finding
                .evidence("witness", witness.program.clone())
                .evidence("proved", witness.proved);
        }
        if !change.feature_sets.is_empty() {
            help.push(format!("with {}", change.feature_sets.join(", ")));
        }
        if !help.is_empty() {
            finding = finding.help(help.join("\n"));
        }
        found.push(finding);
    }
    let required = required(changes);
    if let (Some(declared), Some((old, new))) = (declared, versions)
        && required > declared
    {
        let next = required.next(old);
        let message = format!(
            "{new} promises a {} change after {old}, and the changes need a {} one",
            declared.as_str(),
            required.as_str()
        );
        let mut reasons: Vec<String> = changes
            .iter()
            .filter(|change| change.bump == required && change.waived.is_none())
            .map(|change| change.message.clone())
            .collect();
        let more = reasons.len().saturating_sub(5);
        reasons.truncate(5);
        if more > 0 {
            reasons.push(format!("and {more} more"));
        }
        let rule = if required == Bump::Major {
            &rules::BUMP
        } else {
            &rules::MINOR_MISSING
        };
        let finding = Finding::new(rule, message)
            .help(format!(
                "set the version to {next} or higher, or undo: {}",
                reasons.join("; ")
            ))
            .evidence("next_version", next.to_string());
        found.push(finding);
    }
    found
}

/// The table people see before the findings.
pub(crate) fn human(
    changes: &[Change],
    data: &CompatData,
    name: &str,
    version: &Version,
    baseline: &str,
) -> String {
    let mut text = String::new();
    let count = |bump: Bump| {
        changes
            .iter()
            .filter(|change| change.bump == bump && change.waived.is_none())
            .count()
    };
    let _ = writeln!(text, "{name} {version} against {baseline}");
    let declared = data.declared_bump.map_or("none", Bump::as_str);
    let next = data.next_version.as_deref().unwrap_or("-");
    let _ = writeln!(
        text,
        "  required bump   {} (next version {next})",
        data.required_bump.as_str()
    );
    let _ = writeln!(text, "  declared bump   {declared}");
    let _ = writeln!(text, "  breaks          {}", count(Bump::Major));
    let _ = writeln!(text, "  additions       {}", count(Bump::Minor));
    let _ = writeln!(
        text,
        "  uses compiled   {} against both sides ({})",
        data.harness.assertions,
        data.harness.feature_sets.join(", ")
    );
    if !data.harness.gaps.is_empty() {
        let _ = writeln!(
            text,
            "  not compiled    {} uses (listed in compat.json)",
            data.harness.gaps.len()
        );
    }
    if let Some(ran) = &data.harness.ran {
        let _ = writeln!(
            text,
            "  behaviour       {} tests and {} programs run on both sides, {} did not pass twice on the old one",
            ran.compared,
            ran.programs,
            ran.not_compared.len()
        );
    }
    for skipped in &data.harness.skipped_sets {
        let _ = writeln!(text, "  left out        {skipped}");
    }
    let minor: Vec<&Change> = changes
        .iter()
        .filter(|change| change.bump == Bump::Minor)
        .collect();
    for change in minor.iter().take(12) {
        let shown = if change.after.is_empty() || change.rule.id != rules::ADDED.id {
            change.message.clone()
        } else {
            change.after.clone()
        };
        let shown: String = shown.chars().take(140).collect();
        let _ = writeln!(text, "  + {shown}");
    }
    if minor.len() > 12 {
        let _ = writeln!(text, "  + {} more in compat.json", minor.len() - 12);
    }
    text.push('\n');
    text
}
