//! `cargo relnotes`: release notes that agree with the facts, and a gate that refuses those that do
//! not.
//!
//! The folders show the way data flows: [`read`] (history, manifests, facts) → [`model`] (pure
//! values) → [`compose`] (where reading and modelling meet) → [`judge`] (rules) → [`report`]
//! (Markdown, the only place where text becomes markup) → [`command`] (the order of it all).

pub mod cli;
pub mod command;
pub mod compose;
pub mod gate;
pub mod judge;
pub mod model;
pub mod read;
pub mod report;
pub mod rules;
pub mod tool;

pub use tool::TOOL;

/// The whole of the binary.
pub fn main() -> std::process::ExitCode {
    release_gate::cli::main::<cli::Cli>()
}
