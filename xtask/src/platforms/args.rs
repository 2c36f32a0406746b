//! How `cargo xtask platforms` is called.

/// Build, start and test the programs for other systems
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask platforms x86_64-pc-windows-gnu\n  \
    cargo xtask platforms --write        all six targets, and the table of docs/platforms.md anew\n  \
    cargo xtask platforms --unit-tests   what `.ci/run` does"
)]
pub(crate) struct PlatformsArgs {
    /// Only these targets [default: Linux, Windows and macOS, each on x86-64 and Arm]
    #[arg(value_name = "TRIPLE")]
    pub(super) targets: Vec<String>,
    /// Only these programs [default: all five]
    #[arg(short, long, value_name = "NAME")]
    pub(super) package: Vec<String>,
    /// Only the unit tests for Windows, by wine; the table is left as it is
    #[arg(long, conflicts_with_all = ["targets", "write"])]
    pub(super) unit_tests: bool,
    /// Write the rows of docs/platforms.md instead of comparing them
    #[arg(long)]
    pub(super) write: bool,
}
