//! What each call does: reads, builds models, judges, reports.

pub mod audit;
pub mod diff;
pub mod generate;
pub mod init;
pub mod licenses;
pub mod pins;
mod shared;
