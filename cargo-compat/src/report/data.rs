//! Changes as `compat.json` has them.

use release_gate::facts::report::compat::{CompatChange, CompatWitness};

use crate::model::change::{Change, Witness};

/// A change as machines read it.
pub(crate) fn change_data(change: &Change) -> CompatChange {
    CompatChange {
        rule: change.rule.id.to_owned(),
        item: change.item.clone(),
        bump: change.bump,
        message: change.message.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
        location: change.location.clone(),
        old_location: change.old_location.clone(),
        feature_sets: change.feature_sets.clone(),
        witness: change.witness.as_ref().map(witness_data),
        waived: change.waived.clone(),
    }
}

fn witness_data(witness: &Witness) -> CompatWitness {
    CompatWitness {
        program: witness.program.clone(),
        proved: witness.proved,
        code: witness.code.clone(),
        error: witness.error.clone(),
    }
}
