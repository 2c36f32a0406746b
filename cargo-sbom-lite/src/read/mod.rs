//! What is read: cargo's unit graph, the lock file, the advisory database, programs, sources.
//! Nothing here judges.

pub mod advisories;
pub mod binary;
pub mod index;
pub mod licenses;
pub mod lock;
pub mod symbols;
pub mod unit_graph;
pub mod vendor;
