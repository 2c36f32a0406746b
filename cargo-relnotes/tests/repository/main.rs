//! The whole tool on small repositories made here, with git itself as the oracle.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be built is a failed test"
)]

mod advisories;
mod fixture;
mod gate;
mod history;
mod lines;
mod shape;
mod start;
mod words;
