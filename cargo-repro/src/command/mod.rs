//! The calls of `cargo repro`: each reads, judges with the model, and makes reports.

pub(crate) mod args;
pub(crate) mod build;
pub(crate) mod check;
mod checks;
pub(crate) mod compare;
mod crate_file;
pub(crate) mod diff;
pub(crate) mod fix;
pub(crate) mod init;
pub(crate) mod published_crate;
pub(crate) mod published_crates;
pub(crate) mod rebuild;
pub(crate) mod rebuild_artifact;
mod release_info;
mod session;
mod smoke;
