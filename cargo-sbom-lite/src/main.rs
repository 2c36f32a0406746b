//! Thin binary over the library of the same name.
fn main() {}
