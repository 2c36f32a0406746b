//! What is read: files, folders, keys and other gates' reports. Nothing here judges.

pub(crate) mod added;
pub(crate) mod builds;
pub(crate) mod claims;
pub mod file;
pub mod folder;
pub mod keys;
pub mod members;
pub(crate) mod provenance;
pub(crate) mod target_dir;
