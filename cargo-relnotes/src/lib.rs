//! `cargo relnotes`: release notes that agree with the facts, and a gate that refuses those that do
//! not.
//!
//! The folders show the way data flows: [`read`] (history, manifests, facts) → [`model`] (pure
//! values) → [`judge`] (rules) → [`report`] (Markdown, the only place where text becomes markup).
//! [`compose`] is where reading and modelling meet.

pub mod cli;
pub mod command;
pub mod compose;
pub mod config;
pub mod judge;
pub mod model;
pub mod read;
pub mod report;
pub mod rules;

use release_gate::Tool;

/// Which tool this is.
pub const TOOL: Tool = Tool {
    name: "cargo-relnotes",
    subcommand: "relnotes",
    version: env!("CARGO_PKG_VERSION"),
    rules: rules::RULES,
};

/// The whole of the binary.
pub fn main() -> std::process::ExitCode {
    release_gate::cli::main::<cli::Cli>()
}
