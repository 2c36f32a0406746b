//! What signatures and archives say. Pure.

pub mod build;
pub mod comment;
pub mod companion;
pub mod config;
pub mod keyring;
pub mod path;
#[cfg(feature = "upload")]
pub mod presigned;
pub mod provenance;
pub mod release;
pub mod summary;
pub mod workflow;
