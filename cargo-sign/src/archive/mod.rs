//! Archives: our own strict walk of what is inside, libraries only to inflate and to write.
//!
//! Reading never writes: a walk hands each member's bytes to a visitor, and anyone who extracts does
//! so only after everything held.

mod member;
pub mod pack;
mod tar_walk;
#[cfg(test)]
mod tests;
mod walk;
mod zip_walk;

pub use self::member::{ArchiveError, Limits, Member, Visitor, is_archive, stem};
pub use self::walk::{walk, walk_named};
