//! One call of a gate, and what came of it.

use std::time::Duration;

use crate::verdict::Verdict;

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) verdict: Verdict,
    pub(super) elapsed: Duration,
    /// The main file that the gate writes.
    pub(super) file: &'static str,
}
