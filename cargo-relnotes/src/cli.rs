//! The command line: what may be asked for. What is done about it is in [`crate::command`].
//!
//! Must never: do anything. `gate.rs` turns a command line into a call.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueHint};
use release_gate::cli::SharedArgs;

use crate::command::args::{GenerateArgs, RangeArgs};

const EXAMPLES: &str = "Examples:
  cargo relnotes                            notes since the previous release, as a draft
  cargo relnotes --phase final              the same for the release itself: every required fact, or no verdict
  cargo relnotes --to v1.2.0                notes of a release that exists
  cargo relnotes --since v1.0.0             notes since another tag
  cargo relnotes --changelog                put the section into CHANGELOG.md too
  cargo relnotes changelog --all            a changelog of all of history, for a start
  cargo relnotes check                      do the notes agree with the facts?
  cargo relnotes check --notes CHANGELOG.md the same for notes somebody wrote
  cargo relnotes docs                       INSTALL.md and SECURITY.md
  cargo relnotes prepare                    skeletons of what people fill in, in the work tree
  cargo relnotes init                       the sections and tags of cliff.toml, for this tool
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
    /// Write a changelog: the section of this release, or all of history
    Changelog {
        /// Every release there was, for a start; nothing is written over a file that is there
        #[arg(long)]
        all: bool,
        /// The file; with several packages and --all, one for all of them [default: CHANGELOG.md
        /// beside each Cargo.toml]
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
    /// Write INSTALL.md and SECURITY.md
    Docs {
        /// Folder to write to [default: the artifact folder]
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        out: Option<PathBuf>,
    },
    /// Write the configuration of git-cliff (cliff.toml) as one of this tool
    Init {
        /// The file to read [default: cliff.toml, else git-cliff's table in Cargo.toml]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        from: Option<PathBuf>,
    },
    /// Write the files people fill in (words, migration guide, advisories) into the work tree
    Prepare,
    /// Print how to take the release back; nothing is run
    Rollback,
}
