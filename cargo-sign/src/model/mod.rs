//! What signatures and archives say. Pure.

pub mod comment;
pub mod keyring;
pub mod path;
pub mod provenance;
