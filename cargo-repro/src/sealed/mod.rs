//! A sealed build: sources from the commit alone, an environment of a known few variables, no network, known paths.

pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod interposer;
pub(crate) mod outcome;
pub(crate) mod pins;
pub(crate) mod place;
pub(crate) mod toolchain;
