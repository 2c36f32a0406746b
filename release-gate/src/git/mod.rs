//! The git repository a project lives in, read through the git executable and never changed.
//!
//! Only this module starts git; [`Git`] says how each call is hardened.

mod checkout;
mod objects;
mod reader;
mod repository;
mod tags;
#[cfg(test)]
mod tests;

pub use release_gate_facts::commit::{CommitId, ParseCommitIdError};

pub use self::checkout::Checkout;
pub use self::objects::{FolderEntry, Object};
pub use self::repository::{Git, GitError, bytes_to_path};
pub use self::tags::{Tag, VersionTag, parse_version_tag};
