//! The command line as a gate of the suite.

use release_gate::cli::Gate;
use release_gate::facts::report::compat::CompatData;
use release_gate::report::report_schema;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::cli::Cli;
use crate::command;
use crate::report::REPORT;
use crate::tool::TOOL;

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        self.compat.witness.is_none().then_some(REPORT)
    }

    /// The gate asks for dependencies itself: it builds a copy where Cargo.lock is missing.
    fn needs_dependencies(&self) -> bool {
        false
    }

    fn configuration() -> schemars::Schema {
        release_gate::config::schema_of::<crate::model::config::Config>()
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![(REPORT, report_schema::<CompatData>())]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        command::run(cx, &self.compat)
    }
}
