//! `cargo repro`: is the build reproducible, and if not, which crate, build unit and cause.
//!
//! Data flows one way: `sealed` makes a sandbox, builds in it and reads what the build left;
//! `model` lays two builds over each other and is pure; `attribute` repeats single calls to find
//! what a difference depends on; `judge` makes findings of that, `report` text, and `command` joins
//! them. The same executable is the sealed build's RUSTC_WRAPPER (`tools`). Nothing here needs root,
//! Docker or diffoscope.

mod attribute;
mod cli;
mod command;
mod diff;
mod edit;
mod gate;
#[doc(hidden)]
pub mod hostile;
mod judge;
mod model;
mod read;
mod report;
mod rules;
mod sealed;
mod tool;
mod tools;

pub use cli::Cli;
pub use rules::RULES;
pub use tool::TOOL;

/// The whole program: a tool of a sealed build if it was started as one, else the gate.
pub fn main() -> std::process::ExitCode {
    tools::dispatch().unwrap_or_else(release_gate::cli::main::<Cli>)
}
