//! Asks cargo for its unit graph.
//!
//! `cargo build -Zunstable-options --unit-graph` prints it without building anything. On a stable
//! toolchain this needs `RUSTC_BOOTSTRAP=1`, which is set for this one call and reaches no build
//! script, since none is run.

use release_gate::SharedArgs;
use release_gate::process::{ProcessError, Runner, Step};

use crate::model::unit_graph::{MalformedGraph, UnitGraph, parse_graph};

/// Why there is no unit graph.
#[derive(Debug, thiserror::Error)]
pub enum UnitGraphError {
    /// cargo failed or could not be started.
    #[error(transparent)]
    Cargo(#[from] ProcessError),
    /// cargo printed something else.
    #[error(transparent)]
    Malformed(#[from] MalformedGraph),
}

/// Asks cargo for the unit graph of a release build of one package.
///
/// # Errors
/// cargo failed, or its answer cannot be used.
pub fn unit_graph(
    package: &str,
    args: &SharedArgs,
    runner: &Runner,
) -> Result<UnitGraph, UnitGraphError> {
    let step = Step::cargo()
        .inherit_network_env()
        .inherit(["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"])
        .env("RUSTC_BOOTSTRAP", "1")
        // Nothing is built, so a package that wants a newer rustc does not matter here.
        .args([
            "build",
            "--release",
            "--ignore-rust-version",
            "-Zunstable-options",
            "--unit-graph",
            "-p",
            package,
        ])
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(args.target_args())
        .args(args.lock_args());
    Ok(parse_graph(&runner.run(step)?.success()?.stdout)?)
}
