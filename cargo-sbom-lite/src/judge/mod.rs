//! Findings from models. No I/O.

pub mod audit;
pub mod diff;
pub mod documents;
pub mod fix;
pub mod licenses;
pub mod matching;
pub mod patched;
pub mod pins;
pub mod precursor;
pub mod reachability;
mod waivers;
pub mod yanked;
