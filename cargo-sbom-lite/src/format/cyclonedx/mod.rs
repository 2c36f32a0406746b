//! What the spellings of CycloneDX share.

pub(super) mod bom;
pub(super) mod encode;
pub(super) mod read;
pub(super) mod xml;
