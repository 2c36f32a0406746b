//! What is read that is no sealed build: folders, published files.

pub(crate) mod buildinfo;
pub(crate) mod folders;
pub(crate) mod package;
pub(crate) mod program;
