//! What is written: Markdown for people, with [`markdown`] the only door text goes through.

pub mod advisory;
pub mod changelog;
pub(crate) mod changes;
pub mod document;
pub mod install;
pub mod markdown;
pub mod migration;
pub mod notes;
pub mod page;
pub mod rollback;
pub mod security;
pub mod template;
pub(crate) mod verified;
