//! Reports and their text for people. Nothing here decides.

pub(crate) mod keys;
pub(crate) mod verify;
