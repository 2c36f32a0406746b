//! Findings from models. No I/O.

pub mod audit;
pub mod diff;
pub mod fix;
pub mod licenses;
pub mod matching;
pub mod pins;
pub mod reachability;
pub mod yanked;
