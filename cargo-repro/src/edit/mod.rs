//! Changes of files that people wrote: text in, text out, everything else as it was. Pure.

pub(crate) mod toml;
pub(crate) mod workflows;
