//! Downloads what the lock file names, before anything of the project runs.

use std::path::Path;

use release_gate::process::{Runner, Step};
use release_gate::{Error, Result};

use super::guard::Guard;
use super::sandbox::Sandbox;

/// Downloads the dependencies the lock file names: into the user's CARGO_HOME, or for others' code
/// under guard into the guard's.
///
/// # Errors
/// The lock file does not fit the manifests, or a dependency cannot be had.
pub(crate) fn fetch(
    runner: &Runner,
    sandbox: &Sandbox,
    guard: Option<&Guard>,
    targets: &[String],
    offline: bool,
) -> Result<()> {
    let mut step = Step::new(&sandbox.toolchain.cargo)
        .inherit_network_env()
        .env("RUSTC", &sandbox.toolchain.rustc)
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(&sandbox.workspace)
        .args(["fetch", "--locked"]);
    for target in targets {
        step = step.args(["--target", target]);
    }
    if offline {
        step = step.arg("--offline");
    }
    if let Some(guard) = guard {
        let folder = sandbox
            .workspace
            .strip_prefix(&sandbox.source)
            .unwrap_or(Path::new(""));
        step = guard.cargo(step, Some(folder), !offline);
    }
    let finished = runner.run(step)?;
    if finished.is_success() {
        return Ok(());
    }
    let text = finished.stderr_text();
    let help = if text.contains("--locked") {
        "run `cargo update --workspace` (or any cargo command without --locked), commit Cargo.lock"
    } else if offline {
        "the dependency was never downloaded to this machine: run once without --offline"
    } else {
        "check the network, and that no locked version was removed from its registry"
    };
    Err(Error::judge(format!(
        "the locked dependencies cannot be had: {}",
        text.trim()
    ))
    .with_help(help))
}
