//! The program and its library on small projects, documents of others and hostile input.
//!
//! One program holds them all: it links once, and its tests run beside each other.

mod audit;
mod documents;
mod evasion;
mod fixture;
mod hostile;
mod inputs;
mod licenses;
mod peers;
mod project;
mod vex;
