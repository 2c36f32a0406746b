//! Findings from what was read, built and explained. Pure.

pub(crate) mod artifacts;
pub(crate) mod causes;
pub(crate) mod check;
pub(crate) mod checks;
pub(crate) mod claims;
pub(crate) mod mach_o;
pub(crate) mod normalized;
pub(crate) mod package;
pub(crate) mod plain;
pub(crate) mod processor;
pub(crate) mod toolchain;
pub(crate) mod variations;
