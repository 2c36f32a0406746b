//! The program on small projects: causes, sealed builds, rebuilds, bad input.
//!
//! One program holds them all: it links once, and its tests run beside each other.

mod bad;
mod corpus;
mod differences;
mod fixture;
mod published;
mod rebuild;
mod sealed;
