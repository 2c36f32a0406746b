//! What is asked of cargo, git and rustdoc. Nothing here judges.

pub mod baseline;
pub mod build;
pub mod cache;
pub mod rustdoc;
pub mod wrapper;
