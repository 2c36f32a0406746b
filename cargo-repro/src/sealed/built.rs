//! A finished sealed build and its sandbox.

use crate::model::build::Build;

use super::export::Exported;
use super::inputs::Inputs;
use super::sandbox::Sandbox;

/// A finished build and its sandbox.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) sandbox: Sandbox,
    pub(crate) build: Build,
    pub(crate) exported: Exported,
    /// Digest of the sources as they were exported, and of the lock file there; of release builds.
    pub(crate) inputs: Option<Inputs>,
    /// Processor time it took.
    pub(crate) cost: std::time::Duration,
}
