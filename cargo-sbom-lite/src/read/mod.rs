//! What is read: cargo's unit graph, the lock file, the advisory database, SBOM documents. Nothing here judges.

pub mod advisories;
pub mod document;
pub mod lock;
pub mod unit_graph;
