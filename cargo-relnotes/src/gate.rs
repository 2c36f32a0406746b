//! From a command line to a call: the face the shared driver knows.

use release_gate::cli::{Context, Gate, Outcome, SharedArgs, joined_flags};
use release_gate::report::report_schema;
use release_gate::{Error, Result, Tool};
use release_gate_facts::ReportData;
use release_gate_facts::report::relnotes::RelnotesData;
use release_gate_facts::report::relnotes_check::RelnotesCheckData;

use crate::cli::{Cli, Command};
use crate::command;

/// What means nothing to any call: nothing is built.
const BUILD_FLAGS: &[&str] = &["features", "all_features", "no_default_features", "target"];

/// What means nothing where a release is described in one way only.
const WITHOUT_PHASE: &[&str] = &joined_flags::<5>(BUILD_FLAGS, &["phase"]);

/// What means nothing where no fact is looked up.
const WITHOUT_FACTS: &[&str] = &joined_flags::<6>(BUILD_FLAGS, &["phase", "db"]);

/// What means nothing where no commit is read.
const WITHOUT_RANGE: &[&str] = &joined_flags::<8>(BUILD_FLAGS, &["since", "to", "phase", "db"]);

impl Gate for Cli {
    const TOOL: Tool = crate::tool::TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    /// `changelog --all` is all of history, not cargo's old name of `--workspace`.
    fn shared_of_call(&self) -> SharedArgs {
        let mut shared = self.shared.clone();
        if matches!(self.command, Some(Command::Changelog { all: true, .. })) {
            shared.workspace.all = false;
        }
        shared
    }

    fn report_name(&self) -> Option<&'static str> {
        match &self.command {
            None => Some(RelnotesData::NAME),
            Some(Command::Check { .. }) => Some(RelnotesCheckData::NAME),
            Some(
                Command::Changelog { .. }
                | Command::Docs { .. }
                | Command::Init { .. }
                | Command::Prepare
                | Command::Rollback,
            ) => None,
        }
    }

    /// Manifests and lock files are read at the commit; cargo is only asked for the workspace.
    fn needs_dependencies(&self) -> bool {
        false
    }

    fn unused_flags(subcommand: &str) -> &'static [&'static str] {
        match subcommand {
            "docs" | "prepare" | "changelog" => WITHOUT_PHASE,
            "rollback" => WITHOUT_FACTS,
            "init" => WITHOUT_RANGE,
            _ => BUILD_FLAGS,
        }
    }

    fn configuration() -> schemars::Schema {
        release_gate::config::schema_of::<crate::model::config::Config>()
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![
            (RelnotesData::NAME, report_schema::<RelnotesData>()),
            (
                RelnotesCheckData::NAME,
                report_schema::<RelnotesCheckData>(),
            ),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        self.refuse_unused()?;
        match &self.command {
            None => command::generate::run(cx, &self.range, &self.generate),
            Some(Command::Check { notes }) => {
                command::check::run(cx, &self.range, notes.as_deref())
            }
            Some(Command::Changelog { all, output }) => {
                command::changelog::run(cx, &self.range, *all, output.as_deref())
            }
            Some(Command::Docs { out }) => command::docs::run(cx, &self.range, out.as_deref()),
            Some(Command::Init { from }) => command::init::run(cx, from.as_deref()),
            Some(Command::Prepare) => command::prepare::run(cx, &self.range),
            Some(Command::Rollback) => command::rollback::run(cx, &self.range),
        }
    }
}

impl Cli {
    /// Refuses flags that mean nothing to the call.
    fn refuse_unused(&self) -> Result<()> {
        let given = [
            ("--accounting", self.generate.accounting),
            ("--changelog", self.generate.changelog.is_some()),
            ("--template", self.generate.template.is_some()),
        ];

        let phase = ("--phase", self.range.phase.is_some());
        let db = ("--db", self.range.db.is_some());
        let unused = match &self.command {
            None => Vec::new(),
            Some(Command::Check { .. }) => given.to_vec(),
            Some(Command::Docs { .. } | Command::Prepare) => [&given[..], &[phase]].concat(),
            Some(Command::Changelog { all: true, .. }) => {
                let since = ("--since", self.range.since.is_some());
                [&given[..], &[phase, db, since]].concat()
            }
            Some(Command::Changelog { all: false, .. }) => [&given[..], &[phase]].concat(),
            Some(Command::Rollback) => [&given[..], &[phase, db]].concat(),
            Some(Command::Init { .. }) => {
                let since = ("--since", self.range.since.is_some());
                let to = ("--to", self.range.to.is_some());
                [&given[..], &[phase, db, since, to]].concat()
            }
        };

        match unused.into_iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(
                Error::usage(format!("{flag} means nothing to this command"))
                    .with_help("leave it out; `cargo relnotes` without a command takes it"),
            ),
            None => Ok(()),
        }
    }
}
