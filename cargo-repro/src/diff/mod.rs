//! How two files differ: by member of an archive, section and symbol, causes before consequences.
//!
//! Pure: bytes in, a difference out. Hostile input makes it fall back to bytes; it never fails.

pub(crate) mod archive;
mod binary;
mod explain;
pub(crate) mod html;
pub(crate) mod map;
mod region;
pub(crate) mod strings;

pub(crate) use explain::explain;
pub(crate) use region::first_region;
