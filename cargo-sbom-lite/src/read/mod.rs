//! What is read: cargo's unit graph, the lock file, the advisory database, programs, sources.
//! Nothing here judges.

pub mod binary;
pub mod cargo_config;
pub mod crates;
pub mod index;
pub mod licenses;
pub mod lock;
pub mod policies;
pub mod sources;
pub mod symbols;
pub mod unit_graph;
pub mod vendor;
pub mod vex;
