//! Pure models of what is in a build. No I/O.

pub mod foreign;
pub mod inventory;
pub mod license;
pub mod locked;
pub mod program;
pub mod purl;
pub mod sbom;
