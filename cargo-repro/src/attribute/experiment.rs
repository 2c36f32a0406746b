//! Two finished builds on this machine, whose calls can be repeated.

use release_gate::process::Runner;

use crate::model::roots::Comparison;
use crate::sealed::built::Built;
use crate::sealed::interposer::{Asked, read_log};

/// Two builds laid over each other, and what starts their calls again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Experiment<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) a: &'a Built,
    pub(crate) b: &'a Built,
    pub(crate) comparison: &'a Comparison,
}

impl Experiment<'_> {
    /// Whether programs can be told what they see of the clock, of chance and of folders.
    pub(super) fn has_interposer(&self) -> bool {
        self.a.sandbox.abilities.interposer.is_ok()
    }

    /// What programs of both builds asked the system for.
    pub(super) fn asked(&self) -> Vec<Asked> {
        // A build that asked for nothing has no log.
        let text: String = [self.a, self.b]
            .iter()
            .filter_map(|built| std::fs::read_to_string(&built.sandbox.log).ok())
            .collect();
        read_log(&text)
    }
}
