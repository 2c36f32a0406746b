//! The arguments commands take, as the command line spells them.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

use crate::model::release::Phase;

/// Whether the notes go into the release's own commit, or describe the finished release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PhaseArg {
    /// For the release pull request: whatever facts exist, gaps said
    Draft,
    /// For the release itself: every required fact, or no verdict
    Final,
}

impl From<PhaseArg> for Phase {
    fn from(phase: PhaseArg) -> Self {
        match phase {
            PhaseArg::Draft => Self::Draft,
            PhaseArg::Final => Self::Final,
        }
    }
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
    /// For the release pull request, or for the release itself [default: draft]
    #[arg(long, value_enum, value_name = "PHASE", global = true)]
    pub phase: Option<PhaseArg>,
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
    /// Render the notes with a minijinja template instead of the default layout: a file, or one of
    /// `git-cliff` and `keep-a-changelog`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub template: Option<PathBuf>,
}
