//! The command line.

use std::path::PathBuf;

use clap::Parser;
use release_gate::cli::Gate;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::command::{self, REPORT};

/// Which version bump does this public API need, with a compiled proof for every break
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo compat                          compare with the newest release tag below this version
  cargo compat --against v1.0.0         compare with a git revision
  cargo compat --against 1.2.3          compare with a published version (or `latest`)
  cargo compat --against ../old         compare with a folder
  cargo compat --harness                run the old release's tests, too
  cargo compat --against v1.0.0 --witness witnesses/1-function.rs
                                        compile one saved program against both sides")]
pub struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    compat: CompatArgs,
}

/// What this gate alone understands.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct CompatArgs {
    /// Baseline: a git revision, a published version, `latest`, a folder, or a rustdoc JSON file
    /// [default: the newest release tag below this version, else the newest published version
    /// of the same repository]
    #[arg(long, value_name = "BASELINE")]
    pub(crate) against: Option<String>,
    /// Also run the baseline's doctests, tests and examples, and the project's own `harness/*.rs`,
    /// against both sides
    #[arg(long)]
    pub(crate) harness: bool,
    /// Compile one program against both sides and show what the compiler says
    #[arg(long, value_name = "FILE")]
    pub(crate) witness: Option<PathBuf>,
}

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        self.compat.witness.is_none().then_some(REPORT)
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![(
            REPORT,
            release_gate::report::schema::<crate::report::CompatData>(REPORT),
        )]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        command::run(cx, &self.compat)
    }
}
