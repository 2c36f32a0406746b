//! Bumps as a project configures them, by rule or by path.

use crate::model::change::Change;
use crate::model::config::Config;

/// Gives changes the bump that the configuration names for them.
pub fn adjust_bumps(config: &Config, changes: &mut [Change]) {
    for change in changes {
        if let Some(bump) = config.bumps.get(change.rule.id) {
            change.bump = *bump;
        }
        for adjustment in &config.adjust {
            let of_rule = adjustment.rule.is_empty() || adjustment.rule == change.rule.id;
            let below = change
                .item
                .strip_prefix(&adjustment.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            if of_rule
                && below
                && let Some(bump) = adjustment.bump
            {
                change.bump = bump;
            }
        }
    }
}
