//! `cargo compat`: which version bump does this public API need, with a compiled proof for every
//! break.
//!
//! From the old API, [`program`] writes one downstream crate that uses every public item the ways a
//! user may. [`prove`] compiles it against the old library, drops what does not compile there (a
//! gap of the generator, counted), and compiles the rest against the new one: what fails now is a
//! break by construction. [`judge`] adds what a compiler cannot show, and decides the bump.
//! [`read`] is the only part that asks cargo and git; [`model`] is pure.

mod cli;
mod command;
mod gate;
pub mod judge;
pub mod model;
pub mod program;
pub mod prove;
pub mod read;
mod report;
mod rules;
mod tool;

pub use cli::Cli;
pub use rules::RULES;
pub use tool::TOOL;

/// The whole program.
pub fn main() -> std::process::ExitCode {
    if let Some(code) = read::wrapper::run() {
        return code;
    }
    release_gate::cli::main::<Cli>()
}
