//! What manifests take from features, held against what programs showed under them.

use std::collections::BTreeSet;

use cargo_metadata::Package;
use release_gate::Bump;

use crate::model::change::Change;
use crate::model::package::FeatureSet;
use crate::report::Judged;
use crate::rules;

/// Gives each feature that turns on less a program that shows it. Where the features were compared
/// and no program does, users may only notice it at run time: a note, unless dependencies are less,
/// of which programs show nothing.
pub(super) fn prove_feature_changes(changes: &mut [Change], judged: &Judged, new: &Package) {
    for change in changes {
        let is_default = change.rule.id == rules::FEATURE_DEFAULT.id;
        if !is_default && change.rule.id != rules::FEATURE_NARROWED.id {
            continue;
        }
        let Some(name) = change.item.strip_prefix("feature ") else {
            continue;
        };
        let set = if is_default {
            FeatureSet::Default
        } else {
            FeatureSet::Only(name.to_owned())
        };
        let label = set.label();
        if !judged.harness.feature_sets.contains(&label) {
            continue;
        }

        let all_sets = judged.harness.feature_sets.len();
        let shown = judged.changes.iter().find(|shown| {
            shown.bump == Bump::Major
                && shown.feature_sets.len() < all_sets
                && shown.feature_sets.contains(&label)
                && shown.witness.as_ref().is_some_and(|witness| witness.proved)
        });
        match shown {
            Some(shown) => {
                change.witness.clone_from(&shown.witness);
                change.message.push_str(&format!(": {}", shown.message));
            }
            None if is_broken_under(judged, &label) => {}
            None if turns_on_dependencies(new, &change.before) => {}
            None => {
                change.rule = &rules::HAZARD;
                change.bump = Bump::Minor;
                change
                    .message
                    .push_str("; no program shows it, so users may notice it at run time only");
            }
        }
    }
}

/// Whether anything breaks under a set, so that what a feature took cannot be told apart.
fn is_broken_under(judged: &Judged, label: &String) -> bool {
    judged
        .changes
        .iter()
        .any(|change| change.bump == Bump::Major && change.feature_sets.contains(label))
}

/// Whether a feature turns on a dependency, or a feature of one.
fn turns_on_dependencies(package: &Package, feature: &str) -> bool {
    let on: BTreeSet<String> = FeatureSet::Only(feature.to_owned()).enabled(package);
    on.iter()
        .filter_map(|name| package.features.get(name))
        .flatten()
        .any(|value| value.starts_with("dep:") || value.contains('/'))
}
