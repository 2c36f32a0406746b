//! Judges: every refusal a finding with its reason code. Nothing here opens a file; [`crate::read`]
//! does, and [`crate::inspect`] brings the two together.

pub(crate) mod archive;
#[cfg(feature = "sigstore")]
pub(crate) mod bundle;
pub(crate) mod emitted;
pub(crate) mod expectation;
#[cfg(feature = "sigstore")]
pub(crate) mod identity;
pub mod keys;
pub mod listing;
mod meaning;
pub(crate) mod naming;
pub mod provenance;
pub(crate) mod signature;
pub(crate) mod summary;
pub mod verdict;
