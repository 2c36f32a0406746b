//! `cargo xtask release`: this repository's own release for six targets, put through its own gates.
//!
//! The gates are called by `templates/gate.sh`, as anyone's CI calls them. What is added here is what
//! a suite of programs needs around them: completions, man pages, installers, and the files that
//! package managers read.

mod args;
mod extras;
mod installer;
mod packages;
mod packaging;
mod session;

pub(crate) use args::ReleaseArgs;
pub(crate) use session::run;
