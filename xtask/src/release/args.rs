//! How `cargo xtask release` is called.

use std::path::PathBuf;

/// Release this repository's programs through their own gates
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask release --key ../release.key --out ../release\n  \
    cargo xtask release --key ../release.key --out ../release -p cargo-compat --target x86_64-unknown-linux-gnu"
)]
pub(crate) struct ReleaseArgs {
    /// The secret key that signs; its public half lies beside it as FILE.pub
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// A new folder for what is published: a folder for each program
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Only these programs [default: all five]
    #[arg(short, long, value_name = "NAME")]
    pub(super) package: Vec<String>,
    /// Only for these targets [default: Linux, Windows and macOS, each on x86-64 and Arm]
    #[arg(long, value_name = "TRIPLE")]
    pub(super) target: Vec<String>,
    /// Where the repository is published [default: `repository` of the manifest]
    #[arg(long, value_name = "URL")]
    pub(super) repository: Option<String>,
    /// The advisory database: a checkout of RustSec's advisory-db [default: it is fetched]
    #[arg(long, value_name = "DIR")]
    pub(super) db: Option<PathBuf>,
    /// Do not use the network
    #[arg(long)]
    pub(super) offline: bool,
    /// Leave out the build in a second folder that has to give the same files
    #[arg(long)]
    pub(super) no_rebuild: bool,
}
