//! Breaks that a project decided to live with.

use release_gate::Finding;
use serde::Deserialize;

use super::Change;
use crate::rules;

/// `[compat]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Waivers.
    pub allow: Vec<Waiver>,
}

/// One waiver: it holds for exactly one rule and one item.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waiver {
    /// Id of the rule.
    pub rule: String,
    /// The item, as reports name it.
    pub item: String,
    /// Why it is waived.
    pub reason: String,
}

/// Marks the changes that are waived. Findings: waivers without reason, which waive nothing.
pub fn without_reason(waivers: &[Waiver]) -> Vec<Finding> {
    waivers
        .iter()
        .filter(|waiver| waiver.reason.trim().is_empty())
        .map(|waiver| {
            Finding::new(
                &rules::WAIVER_REASON,
                format!(
                    "the waiver of {} for `{}` gives no reason, so it does not count",
                    waiver.rule, waiver.item
                ),
            )
            .help("write `reason = \"…\"` into `[[compat.allow]]`")
        })
        .collect()
}

/// Marks the changes that are waived; which waivers were used is noted by index.
pub fn apply(waivers: &[Waiver], changes: &mut [Change], used: &mut [bool]) {
    for (index, waiver) in waivers
        .iter()
        .enumerate()
        .filter(|(_, waiver)| !waiver.reason.trim().is_empty())
    {
        for change in changes
            .iter_mut()
            .filter(|change| change.rule.id == waiver.rule && change.item == waiver.item)
        {
            change.waived = Some(waiver.reason.trim().to_owned());
            if let Some(used) = used.get_mut(index) {
                *used = true;
            }
        }
    }
}

/// Waivers that match nothing.
pub fn unused(waivers: &[Waiver], used: &[bool]) -> Vec<Finding> {
    waivers
        .iter()
        .zip(used)
        .filter(|(waiver, used)| !**used && !waiver.reason.trim().is_empty())
        .map(|(waiver, _)| {
            Finding::new(
                &rules::WAIVER_UNUSED,
                format!(
                    "the waiver of {} for `{}` matches nothing",
                    waiver.rule, waiver.item
                ),
            )
            .help("take it out of `[[compat.allow]]`")
        })
        .collect()
}
