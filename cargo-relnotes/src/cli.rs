//! The command line: what may be asked for. What is done about it is in [`crate::command`].

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueHint};
use release_gate::cli::{Context, Gate, Outcome, SharedArgs};
use release_gate::{Result, Tool};

use crate::command;
use crate::model::release::{Phase, RelnotesData};

const EXAMPLES: &str = "Examples:
  cargo relnotes                            notes since the release before, as a draft
  cargo relnotes --phase final              the same for the release itself: every required fact, or no verdict
  cargo relnotes --to v1.2.0                notes of a release that exists
  cargo relnotes --since v1.0.0             notes since another tag
  cargo relnotes --changelog                put the section into CHANGELOG.md too
  cargo relnotes check                      do the notes agree with the facts?
  cargo relnotes check --notes CHANGELOG.md the same for notes somebody wrote
  cargo relnotes docs                       INSTALL.md and SECURITY.md
  cargo relnotes rollback                   how to take the release back (printed, never run)";

/// Release notes that agree with the facts.
#[derive(Debug, Parser)]
#[command(about = "Release notes that agree with the facts", after_help = EXAMPLES, args_conflicts_with_subcommands = false)]
pub struct Cli {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) range: RangeArgs,
    #[command(flatten)]
    pub(crate) generate: GenerateArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Which release.
#[derive(Debug, Clone, clap::Args)]
pub struct RangeArgs {
    /// Tag (or revision) to start from [default: the highest lower version that is an ancestor]
    #[arg(long, value_name = "TAG", global = true)]
    pub since: Option<String>,
    /// Revision that is released [default: HEAD]
    #[arg(long, value_name = "REV", global = true)]
    pub to: Option<String>,
    /// For the release pull request, or for the release itself
    #[arg(long, value_enum, default_value_t, value_name = "PHASE", global = true)]
    pub phase: Phase,
    /// Advisory database [default: RELEASE_GATES_ADVISORY_DB, or cargo's advisory-db folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, global = true)]
    pub db: Option<PathBuf>,
}

/// What else is written.
#[derive(Debug, Clone, clap::Args)]
pub struct GenerateArgs {
    /// Print where every commit of the range went
    #[arg(long)]
    pub accounting: bool,
    /// Put the section of this release into a changelog, once [default file: CHANGELOG.md beside
    /// Cargo.toml]
    #[arg(long, value_name = "FILE", num_args = 0..=1, value_hint = ValueHint::FilePath)]
    pub changelog: Option<Option<PathBuf>>,
    /// Render the notes with a minijinja template instead of the default layout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub template: Option<PathBuf>,
}

/// What to do instead of writing notes.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Check existing notes against the facts
    Check {
        /// The notes, or a changelog that holds them [default: RELEASE_NOTES.md in the artifact
        /// folder]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        notes: Option<PathBuf>,
    },
    /// Write INSTALL.md and SECURITY.md
    Docs {
        /// Folder to write to [default: the artifact folder]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        out: Option<PathBuf>,
    },
    /// Print how to take the release back; nothing is run
    Rollback,
}

impl Gate for Cli {
    const TOOL: Tool = crate::TOOL;

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
