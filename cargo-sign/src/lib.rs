//! `cargo sign`: a release anyone can verify with what they already have, and no tampering that
//! goes unnamed.
//!
//! [`mod@format`] reads and writes signature, key and list formats, byte by byte and strictly;
//! [`archive`] walks tar and zip itself and uses libraries to inflate and to write; [`model`] is
//! what a signature says; [`judge`] decides; [`key`] is the only place that holds
//! secrets; [`memory`] is what is known from before; [`transfer`] is
//! the only place that speaks to a network. Every refusal has a reason code of its own: the rule id
//! of the finding.

pub mod archive;
mod cli;
pub mod command;
pub mod format;
mod gpg;
pub mod judge;
pub mod key;
pub mod memory;
pub mod model;
pub mod rules;
#[cfg(feature = "sigstore")]
pub mod sigstore;
#[cfg(feature = "upload")]
pub mod transfer;

use release_gate::Tool;

pub use cli::Cli;
pub use rules::RULES;

/// This tool.
pub const TOOL: Tool = Tool {
    name: "cargo-sign",
    subcommand: "sign",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};

/// The whole program.
pub fn main() -> std::process::ExitCode {
    key::close_to_others();
    release_gate::cli::main::<Cli>()
}
