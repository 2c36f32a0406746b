//! Pure models of what is in a build. No I/O.

pub mod inventory;
pub mod license;
pub mod purl;
