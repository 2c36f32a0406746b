//! What is judged: rules over a composed release, and over the notes written about it.
//!
//! Must never: read anything. Each rule is a function from values to findings.

pub mod coverage;
pub mod notes;
pub mod release;
