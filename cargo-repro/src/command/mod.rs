//! The calls of `cargo repro`: each reads, judges with the model, and makes reports.

pub(crate) mod build;
pub(crate) mod check;
mod ci;
pub(crate) mod claims;
pub(crate) mod compare;
pub(crate) mod diff;
mod edit;
pub(crate) mod fix;
mod folders;
pub(crate) mod normalized;
pub(crate) mod package;
pub(crate) mod rebuild;
pub(crate) mod session;
mod statement;
