//! Breaks that a project decided to live with.

use release_gate::Finding;

use crate::model::change::Change;
use crate::model::config::Waiver;
use crate::rules;

/// Findings for waivers without reason, which waive nothing.
pub fn waivers_without_reason(waivers: &[Waiver]) -> Vec<Finding> {
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
pub fn apply_waivers(waivers: &[Waiver], changes: &mut [Change], used: &mut [bool]) {
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
pub fn unused_waivers(waivers: &[Waiver], used: &[bool]) -> Vec<Finding> {
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
