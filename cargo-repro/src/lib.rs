//! `cargo repro`: is the build reproducible, and if not, which crate, build unit and cause.
//!
//! Data flows one way: `sealed` makes a place, builds in it and reads what the build left; `model`
//! lays two builds over each other and is pure; `attribute` repeats single calls to find what a
//! difference depends on; `command` makes reports. The same executable is the sealed build's
//! RUSTC_WRAPPER (`tools`). Nothing here needs root, Docker or diffoscope.

mod attribute;
mod cli;
mod command;
mod config;
mod diff;
#[doc(hidden)]
pub mod hostile;
mod model;
mod rules;
mod sealed;
mod tools;

use release_gate::Tool;

pub use cli::Cli;
pub use rules::RULES;

/// This tool.
pub const TOOL: Tool = Tool {
    name: "cargo-repro",
    subcommand: "repro",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};

/// The whole program: a tool of a sealed build if it was started as one, else the gate.
pub fn main() -> std::process::ExitCode {
    tools::dispatch().unwrap_or_else(release_gate::cli::main::<Cli>)
}
