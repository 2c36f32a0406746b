//! What is written: Markdown for people, with [`markdown`] the only door text goes through.

pub mod accounting;
pub mod advisory;
pub mod changelog;
pub(crate) mod changes;
pub mod data;
pub(crate) mod difference;
pub mod document;
pub mod install;
mod keep_a_changelog;
pub mod markdown;
pub mod migration;
pub mod notes;
pub mod rollback;
pub mod security;
pub mod settings;
pub mod template;
pub(crate) mod verified;
pub mod words;
