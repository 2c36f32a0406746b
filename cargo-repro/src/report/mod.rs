//! Text and documents for people and other programs. Decides nothing.

pub(crate) mod artifacts;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod statement;
