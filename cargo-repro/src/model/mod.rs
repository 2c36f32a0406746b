//! What a build was made of, and how two builds compare. Pure: reads no file, starts nothing.

pub(crate) mod arguments;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod cause;
pub(crate) mod config;
pub(crate) mod reach;
pub(crate) mod roots;
