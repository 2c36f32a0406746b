//! The library against vectors and corpora that others made.
//!
//! One program holds them all: it links once, and its tests run beside each other.

mod corpora;
mod differential;
mod vectors;
