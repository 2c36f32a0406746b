//! What comes of judging a package.

use release_gate::{Bump, Report};

use crate::report::witness_files::WitnessFile;

/// A package's report, and what the call does with it.
pub(super) struct JudgedPackage {
    pub(super) report: Report,
    pub(super) files: Vec<WitnessFile>,
    /// `None`: nothing was compared.
    pub(super) required: Option<Bump>,
}
