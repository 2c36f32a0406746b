//! The flags of this gate alone.

use std::path::PathBuf;

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
