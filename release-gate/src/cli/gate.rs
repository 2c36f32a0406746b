//! What a gate is to the shared driver.

use super::context::Context;
use crate::args::SharedArgs;
use crate::error::Result;
use crate::report::Report;
use crate::tool::Tool;

/// A gate's command line, and what it does.
pub trait Gate: clap::Parser {
    /// Which tool this is.
    const TOOL: Tool;

    /// The shared flags, flattened into the gate's own.
    fn shared(&self) -> &SharedArgs;

    /// The shared flags as this call means them, where a flag of its own has the name of one.
    fn shared_of_call(&self) -> SharedArgs {
        self.shared().clone()
    }

    /// Name of the report this call makes: what is written (and printed) should the call end with
    /// an error. `None` for calls that make none.
    fn report_name(&self) -> Option<&'static str> {
        Some(Self::TOOL.subcommand)
    }

    /// Whether the call is about every member of the workspace, also those that cargo would not
    /// select: then each of them has a report, and an error is written into each.
    fn judges_workspace(&self) -> bool {
        false
    }

    /// Whether a configuration that nobody named sets the levels of rules: the one found in the
    /// current folder, in one above it, or in the manifest's metadata. `false` for calls that
    /// judge what others sent, where it may have come along: levels are then set by the command
    /// line and `--config` alone.
    fn heeds_found_levels(&self) -> bool {
        true
    }

    /// Whether the call needs the project's dependencies and so an up-to-date Cargo.lock. Calls
    /// that answer `false` know the workspace's own packages only, and work without a lock file and
    /// without the network.
    fn needs_dependencies(&self) -> bool {
        true
    }

    /// Ids of shared flags that mean nothing to a subcommand (`""`: to the gate without one). They
    /// are left out of its help, and a call that gives one ends with a usage error.
    fn unused_flags(_subcommand: &str) -> &'static [&'static str] {
        &[]
    }

    /// The JSON Schema of the gate's table in the configuration: [`crate::config::schema_of`] its
    /// type. The configuration page is made from it, and so is what editors complete.
    fn configuration() -> schemars::Schema;

    /// JSON Schemas of the gate's reports, by report name: see
    /// [`crate::report::report_schema`].
    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        Vec::new()
    }

    /// Does what was asked for.
    ///
    /// # Errors
    /// Whatever keeps the gate from a verdict; the driver reports it and never takes it for a pass.
    fn execute(self, cx: &mut Context) -> Result<Outcome>;
}

/// Ids of the shared flags that choose a project and what of it is built.
pub const PROJECT_FLAGS: &[&str] = &[
    "manifest_path",
    "package",
    "workspace",
    "all",
    "exclude",
    "features",
    "all_features",
    "no_default_features",
    "target",
    "locked",
    "offline",
    "frozen",
];

/// Two lists of flags as one, for [`Gate::unused_flags`]. That `N` is the number of both together
/// is checked by the compiler, which evaluates this.
pub const fn joined_flags<const N: usize>(
    some: &[&'static str],
    others: &[&'static str],
) -> [&'static str; N] {
    assert!(some.len() + others.len() == N);
    let mut all = [""; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < some.len() {
            some[at]
        } else {
            others[at - some.len()]
        };
        at += 1;
    }
    all
}

/// What a call ended with.
#[derive(Debug)]
pub enum Outcome {
    /// Verdicts, one a package; the driver applies levels, writes and prints them and sets the exit
    /// code.
    Reports(Vec<Report>),
    /// Done, with nothing to judge (a key was made, a file was written).
    Done,
}

impl From<Report> for Outcome {
    fn from(report: Report) -> Self {
        Self::Reports(vec![report])
    }
}
