//! Pure models of what is in a build. No I/O.

pub mod config;
pub mod ecosystem;
pub mod foreign;
pub mod inventory;
pub mod json;
pub mod license;
pub mod locked;
pub mod mention;
pub mod precursor;
pub mod program;
pub mod provenance;
pub mod purl;
pub mod registry;
pub mod sbom;
pub mod source;
pub mod unit_graph;
pub mod url;
pub mod vex;
