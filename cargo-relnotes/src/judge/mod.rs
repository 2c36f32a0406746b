//! What is judged: rules over a composed release and its notes.
//!
//! Must never: read anything. Each rule is a function from values to findings.

pub mod release;
