//! What each call does: the order in which things are read, composed, judged and written.
//!
//! Must never: decide anything itself. A command asks [`crate::compose`] for a release and hands it
//! to [`crate::judge`] and [`crate::report`].

pub mod args;
pub mod changelog;
pub mod check;
mod companions;
pub mod docs;
pub mod generate;
pub mod init;
pub mod prepare;
pub mod rollback;
mod session;
