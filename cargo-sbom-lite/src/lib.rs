//! `cargo sbom-lite`: what is really inside a release, the same bytes every time, and whether any
//! of it is vulnerable, unlicensed or unpinned.
//!
//! Data flows one way: [`model`] is pure, [`mod@format`] turns models into documents and documents
//! into models, [`read`] asks cargo, git and files, [`judge`] makes findings, [`report`] writes
//! what goes with them, [`command`] joins them. The truth about what is in an artifact is cargo's
//! unit graph, not the dependency graph.

mod cli;
pub mod command;
pub mod format;
mod gate;
pub mod judge;
pub mod model;
pub mod read;
pub mod report;
pub mod rules;
mod tool;

pub use cli::Cli;
pub use rules::RULES;
pub use tool::TOOL;

/// The whole program.
pub fn main() -> std::process::ExitCode {
    release_gate::cli::main::<Cli>()
}
