//! How the program is started on a library before and after, which lie in `old` and `new` of one folder.
#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be started fails its test"
)]

use std::path::Path;

use release_gate::process::{Finished, Runner, Step};
use serde_json::Value;

/// Compares both sides below `dir`.
pub(crate) fn run(dir: &Path, more: &[&str]) -> Finished {
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", dir.join("target").as_os_str())
        .current_dir(dir.join("new"))
        .args(["--offline", "--message-format", "json"])
        .args(["--against", "../old"])
        .args(more);
    Runner::new().run(step).unwrap()
}

/// The report on both sides below `dir`.
pub(crate) fn report(dir: &Path, more: &[&str]) -> Value {
    let ran = run(dir, more);
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr_text()))
}
