//! The suite's own tasks.
fn main() {}
