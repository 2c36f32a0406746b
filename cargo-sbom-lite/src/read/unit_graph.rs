//! Asks cargo for its unit graph.
//!
//! `cargo build -Zunstable-options --unit-graph` prints it without building anything. On a stable
//! toolchain this needs `RUSTC_BOOTSTRAP=1`, which is set for this one call and reaches no build
//! script, since none is run.

use std::ffi::OsString;

use release_gate::SharedArgs;
use release_gate::process::{ProcessError, Runner, Step};

use super::cargo_config::merged_config;
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

/// Asks cargo for the unit graph of a release build of one package, by its id.
///
/// # Errors
/// cargo failed, or its answer cannot be used.
pub fn unit_graph(
    package: &str,
    args: &SharedArgs,
    runner: &Runner,
) -> Result<UnitGraph, UnitGraphError> {
    unit_graph_with(package, args, runner, &[])
}

/// As [`unit_graph`], of all packages of the workspace at once.
///
/// # Errors
/// As [`unit_graph`].
pub fn workspace_graph(args: &SharedArgs, runner: &Runner) -> Result<UnitGraph, UnitGraphError> {
    ask_graph(&["--workspace"], args, runner, &[])
}

/// As [`unit_graph`], with variables that change how units are compiled.
///
/// # Errors
/// As [`unit_graph`].
pub fn unit_graph_with(
    package: &str,
    args: &SharedArgs,
    runner: &Runner,
    variables: &[(&'static str, &'static str)],
) -> Result<UnitGraph, UnitGraphError> {
    ask_graph(&["-p", package], args, runner, variables)
}

/// Variables of cargo's configuration that decide what is built: targets, and flags that conditions
/// of dependencies look at.
pub fn building_variables() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        are_flags(&name)
            || BUILDING_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
    })
}

const BUILDING_PREFIXES: [&str; 3] = ["CARGO_BUILD_", "CARGO_RESOLVER_", "CARGO_TARGET_"];

fn ask_graph(
    selection: &[&str],
    args: &SharedArgs,
    runner: &Runner,
    variables: &[(&'static str, &'static str)],
) -> Result<UnitGraph, UnitGraphError> {
    let mut step = Step::cargo()
        .inherit_network_env()
        .inherit(building_variables())
        .env("RUSTC_BOOTSTRAP", "1");
    for (name, value) in variables {
        step = step.env(name, value);
    }
    let step = step
        // Nothing is built, so a package that wants a newer rustc does not matter here.
        .args([
            "build",
            "--release",
            "--ignore-rust-version",
            "-Zunstable-options",
            "--unit-graph",
        ])
        .args(selection)
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(args.target_args())
        .args(locked_args(args));
    Ok(parse_graph(&runner.run(step)?.success()?.stdout)?)
}

/// Whether a variable gives rustc flags: for all targets, or `CARGO_TARGET_<triple>_RUSTFLAGS`.
fn are_flags(variable: &str) -> bool {
    variable == "RUSTFLAGS" || variable.starts_with("CARGO_") && variable.ends_with("_RUSTFLAGS")
}

/// Flags that keep cargo from writing a lock file, whatever else was asked for.
pub fn locked_args(args: &SharedArgs) -> Vec<&'static str> {
    if args.is_offline() {
        vec!["--locked", "--offline"]
    } else {
        vec!["--locked"]
    }
}

/// Flags that the environment or cargo's configuration gives rustc; `None` where there are none.
pub fn rustc_flags(args: &SharedArgs, runner: &Runner) -> Option<String> {
    let variable = std::env::vars_os().find_map(|(name, value)| {
        let name = name.into_string().ok()?;
        (are_flags(&name) && !value.is_empty()).then_some(name)
    });
    if let Some(variable) = variable {
        return Some(format!("`{variable}`"));
    }

    let folder = args
        .manifest_path()
        .and_then(std::path::Path::parent)
        .filter(|folder| !folder.as_os_str().is_empty());

    let Some(config) = merged_config(folder, runner) else {
        // A configuration that cannot be read may hold anything.
        return Some("cargo's configuration cannot be read".to_owned());
    };

    config
        .to_string()
        .contains("rustflags")
        .then(|| "`rustflags` of cargo's configuration".to_owned())
}
