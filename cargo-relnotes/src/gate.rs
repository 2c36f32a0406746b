//! From a command line to a call: the face the shared driver knows.

use release_gate::cli::{Context, Gate, Outcome, SharedArgs};
use release_gate::{Result, Tool};

use crate::cli::{Cli, Command};
use crate::command;
use crate::model::release::RelnotesData;

impl Gate for Cli {
    const TOOL: Tool = crate::tool::TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        match &self.command {
            None => Some("relnotes"),
            Some(Command::Check { .. }) => Some("relnotes-check"),
            Some(Command::Docs { .. } | Command::Rollback) => None,
        }
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![
            (
                "relnotes",
                release_gate::report::schema::<RelnotesData>("relnotes"),
            ),
            (
                "relnotes-check",
                release_gate::report::schema::<command::check::CheckData>("relnotes-check"),
            ),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match &self.command {
            None => command::generate::run(cx, &self.range, &self.generate),
            Some(Command::Check { notes }) => {
                command::check::run(cx, &self.range, notes.as_deref())
            }
            Some(Command::Docs { out }) => command::docs::run(cx, &self.range, out.as_deref()),
            Some(Command::Rollback) => command::rollback::run(cx, &self.range),
        }
    }
}
