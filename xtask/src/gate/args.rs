//! How `cargo xtask gate` is called.

use std::path::PathBuf;

/// Gate a release of a project
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask gate\n  cargo xtask gate --manifest-path ../other/Cargo.toml --against v1.2.0\n  \
    cargo xtask gate --db ~/advisory-db --key release.key"
)]
pub(crate) struct GateArgs {
    /// The project's Cargo.toml [default: this repository's]
    #[arg(long, value_name = "PATH")]
    pub(super) manifest_path: Option<PathBuf>,
    /// The release to compare with: a tag, revision, published version or folder [default: each
    /// gate finds its own]
    #[arg(long, value_name = "REV")]
    pub(super) against: Option<String>,
    /// Only these packages of the workspace
    #[arg(short, long, value_name = "SPEC")]
    pub(super) package: Vec<String>,
    /// The advisory database: a checkout of RustSec's advisory-db [default:
    /// RELEASE_GATES_ADVISORY_DB, or cargo's]
    #[arg(long, value_name = "DIR")]
    pub(super) db: Option<PathBuf>,
    /// Clone or update the advisory database first
    #[arg(long, conflicts_with = "offline")]
    pub(super) fetch: bool,
    /// Sign with this key instead of a temporary one
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Where reports and artifacts go [default: release-gates in the target folder of the project]
    #[arg(long, value_name = "DIR")]
    pub(super) artifact_dir: Option<PathBuf>,
    /// Write a page about the release there, for people: verdicts, API changes, dependencies,
    /// sizes
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "release-report.html")]
    pub(super) report: Option<PathBuf>,
    /// Do not use the network
    #[arg(long)]
    pub(super) offline: bool,
}
