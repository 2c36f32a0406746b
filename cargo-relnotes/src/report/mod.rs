//! What is written: Markdown for people, with [`markdown`] the only door text goes through.

pub mod document;
pub mod markdown;
pub mod notes;
