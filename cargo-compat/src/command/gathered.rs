//! Changes over all feature sets and targets.

use std::collections::BTreeSet;

use super::compare::Comparison;
use crate::model::change::Change;
use crate::report::Judged;

/// What the comparisons of a package found.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) judged: Judged,
    /// Packages whose items show in the new side's API.
    pub(super) public: BTreeSet<String>,
}

impl Gathered {
    /// Adds a comparison.
    pub(super) fn add(&mut self, comparison: Comparison, label: &str) {
        self.public.extend(comparison.public);
        let harness = &mut self.judged.harness;
        harness.assertions += comparison.assertions as u64;
        harness.gaps.extend(
            comparison
                .gaps
                .iter()
                .map(|gap| format!("`{}`: {}", gap.item, gap.phrase)),
        );
        harness.feature_sets.push(label.to_owned());
        self.judged.uses += comparison.assertions + comparison.symbols;
        self.judged.host.clone_from(&comparison.host);
        for left_out in comparison.left_out {
            self.judged.leave_out(left_out);
        }
        self.add_changes(comparison.changes, label);
    }

    /// Adds what was found of another package whose items show.
    pub(super) fn add_shown(&mut self, comparison: Comparison, label: &str) {
        self.judged.harness.assertions += comparison.assertions as u64;
        self.judged.uses += comparison.assertions;
        self.add_changes(comparison.changes, label);
    }

    fn add_changes(&mut self, changes: Vec<Change>, label: &str) {
        for mut change in changes {
            let known = self
                .judged
                .changes
                .iter_mut()
                .find(|known| known.rule.id == change.rule.id && known.item == change.item);
            if let Some(known) = known {
                known.feature_sets.push(label.to_owned());
                continue;
            }
            change.feature_sets.push(label.to_owned());
            self.judged.changes.push(change);
        }
    }

    /// What holds in every set is no matter of features.
    pub(super) fn forget_sets_of_what_always_holds(&mut self) {
        let sets = self.judged.harness.feature_sets.len();
        for change in &mut self.judged.changes {
            if change.feature_sets.len() == sets {
                change.feature_sets.clear();
            }
        }
    }
}
