//! `data` of `compat.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::change::{Change, Location};
use crate::model::version::Bump;

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
    pub(crate) ran: Option<Ran>,
    /// Feature sets that were left out, with why.
    pub(crate) skipped_sets: Vec<String>,
}

/// What was run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Ran {
    /// Tests that passed twice with the old library and were run with the new one.
    pub(crate) compared: usize,
    /// Tests, or whole targets, that did not pass twice with the old library and so show nothing.
    pub(crate) not_compared: Vec<String>,
    /// The project's own programs that were run on both sides.
    pub(crate) programs: usize,
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
