//! `cargo sbom-lite`: what is really inside a release, the same bytes every time, and whether any
//! of it is vulnerable, unlicensed or unpinned.
//!
//! Data flows one way: [`read`] asks cargo, git and files; [`model`] is pure; [`judge`] makes
//! findings; [`report`] writes documents. The truth about what is in an artifact is cargo's unit
//! graph, not the dependency graph.

mod cli;
pub mod command;
pub mod judge;
pub mod model;
pub mod read;
pub mod report;
mod rules;

use release_gate::Tool;

pub use cli::Cli;
pub use rules::RULES;

/// This tool.
pub const TOOL: Tool = Tool {
    name: "cargo-sbom-lite",
    subcommand: "sbom-lite",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};

/// The whole program.
pub fn main() -> std::process::ExitCode {
    release_gate::cli::main::<Cli>()
}
