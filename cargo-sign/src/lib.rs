//! `cargo sign`: a release anyone can verify with what they already have, and no tampering that
//! goes unnamed.
//!
//! [`mod@format`] reads and writes signature, key and list formats, byte by byte and strictly;
//! [`archive`] walks tar and zip itself and uses libraries to inflate and to write; [`model`] is
//! what a signature says; [`read`] opens files; [`judge`] decides and opens none; [`inspect`] reads
//! a file, a list or a folder and has it judged; [`key`] is the only place that holds secrets;
//! [`memory`] is what is known from before; [`transfer`] and `keyless` are the only places that speak
//! to a network. Every refusal has a reason code of its own: the rule id of the finding.

pub mod archive;
mod cli;
mod command;
pub mod format;
mod gate;
mod gpg;
pub mod inspect;
pub mod judge;
pub mod key;
mod keyless;
pub mod memory;
pub mod model;
pub mod read;
mod report;
pub mod rules;
#[cfg(feature = "sigstore")]
pub mod sigstore;
mod ssh_keygen;
pub mod tool;
#[cfg(feature = "upload")]
pub mod transfer;

pub use cli::Cli;
pub use rules::RULES;
pub use tool::TOOL;

/// The whole program.
pub fn main() -> std::process::ExitCode {
    key::close_to_others();
    release_gate::cli::main::<Cli>()
}
