//! What the spellings of SPDX 2.x share.

pub(super) mod document;
pub(super) mod read;
