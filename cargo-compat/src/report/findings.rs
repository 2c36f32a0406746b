//! Findings: every break; of the rest, what users are told of; and the verdict on the version.

use release_gate::{Finding, Level};
use semver::Version;

use super::compared::Compared;
use crate::model::change::Change;
use crate::rules;
use release_gate::Bump;

/// How many changes the verdict names.
const REASONS: usize = 5;
/// How many changes of one cause are named in its line; all are in the report.
const FOLDED: usize = 6;

/// The largest bump that changes need.
pub(crate) fn required_bump(changes: &[Change]) -> Bump {
    changes
        .iter()
        .filter(|change| change.waived.is_none())
        .map(|change| change.bump)
        .max()
        .unwrap_or(Bump::Patch)
}

/// A finding for each change that users are told of, and one where the version is too low.
pub(super) fn change_findings(changes: &[Change], compared: &Compared<'_>) -> Vec<Finding> {
    let reported: Vec<&Change> = changes
        .iter()
        .filter(|change| is_reported(change))
        .collect();
    let mut found: Vec<Finding> = folded(&reported)
        .iter()
        .filter_map(|same| folded_finding(same, compared))
        .collect();
    found.extend(version_finding(changes, compared));
    found
}

/// Changes of one cause stand together, where the first of them stood.
fn folded<'c>(changes: &[&'c Change]) -> Vec<Vec<&'c Change>> {
    let mut found: Vec<Vec<&Change>> = Vec::new();
    for change in changes {
        let same = found.iter_mut().find(|same| {
            same.first().is_some_and(|first| {
                let lead = |change: &Change| change.fold.as_ref().map(|fold| fold.lead.clone());
                lead(first).is_some()
                    && lead(first) == lead(change)
                    && (first.rule.id, first.bump) == (change.rule.id, change.bump)
                    && first.waived == change.waived
            })
        });
        match same {
            Some(same) => same.push(change),
            None => found.push(vec![change]),
        }
    }
    found
}

/// What changes of one cause say together.
fn folded_message(same: &[&Change]) -> String {
    let names: Vec<String> = same
        .iter()
        .filter_map(|change| Some(format!("`{}`", change.fold.as_ref()?.name)))
        .collect();
    match (same, same.first().and_then(|first| first.fold.as_ref())) {
        ([_, _, ..], Some(fold)) => {
            let shown = names.get(..names.len().min(FOLDED)).unwrap_or_default();
            let more = match names.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{} {}: {}{more}", same.len(), fold.lead, shown.join(", "))
        }
        _ => same
            .first()
            .map(|change| change.message.clone())
            .unwrap_or_default(),
    }
}

fn folded_finding(same: &[&Change], compared: &Compared<'_>) -> Option<Finding> {
    let first = same.first()?;
    if same.len() == 1 {
        return Some(change_finding(first, compared));
    }
    let together = Change {
        message: folded_message(same),
        ..(*first).clone()
    };
    let items: Vec<&str> = same.iter().map(|change| change.item.as_str()).collect();
    Some(change_finding(&together, compared).evidence("items", items))
}

fn is_reported(change: &Change) -> bool {
    change.bump == Bump::Major
        || change.rule.id == rules::MSRV.id
        || change.rule.id == rules::DEPRECATED.id
        || change.rule.id == rules::HAZARD.id
}

fn change_finding(change: &Change, compared: &Compared<'_>) -> Finding {
    let mut finding = Finding::new(change.rule, change.message.clone());
    if let Some(location) = &change.location {
        finding = finding.at(location.path.clone(), location.line);
    }
    if let Some(reason) = &change.waived {
        finding.message.push_str(&format!(" (waived: {reason})"));
        finding = finding
            .level(Level::Note)
            .evidence("waived", reason.clone());
    } else if change.bump <= compared.declared && change.bump == Bump::Major {
        // The version says so: users are warned.
        finding = finding.level(Level::Note);
    }
    finding = finding
        .evidence("item", change.item.clone())
        .evidence("bump", change.bump.as_str());
    if change.before != change.after {
        if !change.before.is_empty() {
            finding = finding.evidence("before", change.before.clone());
        }
        if !change.after.is_empty() {
            finding = finding.evidence("after", change.after.clone());
        }
    }
    if let Some(witness) = &change.witness {
        finding = finding
            .evidence("witness", witness.program.clone())
            .evidence("proved", witness.proved);
    }
    let help = help_lines(change, compared);
    if help.is_empty() {
        finding
    } else {
        finding.help(help.join("\n"))
    }
}

fn help_lines(change: &Change, compared: &Compared<'_>) -> Vec<String> {
    let mut help = Vec::new();
    if change.before != change.after {
        if !change.before.is_empty() {
            help.push(format!("was: {}", change.before));
        }
        if !change.after.is_empty() {
            help.push(format!("is:  {}", change.after));
        }
    }

    if let Some(witness) = &change.witness {
        let code = if witness.code.is_empty() {
            String::new()
        } else {
            format!("[{}]", witness.code)
        };
        help.push(format!("error{code}: {}", witness.error));
        help.push(format!(
            "see it with `{} --witness {}`",
            compared.command(),
            witness.program
        ));
    }

    if !change.feature_sets.is_empty() {
        help.push(format!("with {}", change.feature_sets.join(", ")));
    }

    help
}

/// The bump that a version has to declare: more ways to use an item are no reason to ask for one.
fn promised_bump(changes: &[Change]) -> Bump {
    let counted: Vec<Change> = changes
        .iter()
        .filter(|change| change.rule.id != rules::EXTENDED.id)
        .cloned()
        .collect();
    required_bump(&counted)
}

/// The verdict on the version.
fn version_finding(changes: &[Change], compared: &Compared<'_>) -> Option<Finding> {
    let required = promised_bump(changes);
    if compared.is_undecided() && required < Bump::Major {
        return None;
    }
    let Compared {
        old, new, declared, ..
    } = compared;
    if required <= *declared {
        return None;
    }
    let next = required.next(old);
    let message = format!(
        "{new} promises a {} change after {old}, and the changes need a {} one",
        declared.as_str(),
        required.as_str()
    );

    let rule = if required == Bump::Major {
        &rules::BUMP
    } else {
        &rules::MINOR_MISSING
    };

    Some(
        Finding::new(rule, message)
            .help(version_help(changes, required, &next))
            .evidence("next_version", next.to_string()),
    )
}

fn version_help(changes: &[Change], required: Bump, next: &Version) -> String {
    let counted: Vec<&Change> = changes
        .iter()
        .filter(|change| change.bump == required && change.waived.is_none())
        .collect();
    let mut reasons: Vec<String> = folded(&counted)
        .iter()
        .map(|same| folded_message(same))
        .collect();
    let more = reasons.len().saturating_sub(REASONS);
    reasons.truncate(REASONS);
    if more > 0 {
        reasons.push(format!("and {more} more"));
    }
    format!(
        "set the version to {next} or higher, or undo: {}",
        reasons.join("; ")
    )
}
