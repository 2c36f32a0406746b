//! The old side before it is built, and where old sources are kept.

use std::path::PathBuf;

use release_gate::project::Project;
use release_gate::report::Baseline;
use rustdoc_types::Crate;

use super::cache::Cache;

/// The old side, not built yet.
#[derive(Debug)]
pub enum Old {
    /// Sources.
    Sources {
        /// What the report says of it.
        baseline: Baseline,
        /// Its manifest.
        manifest: PathBuf,
        /// The folder it was unpacked into.
        base: PathBuf,
    },
    /// Only rustdoc's description.
    Json {
        /// What the report says of it.
        baseline: Baseline,
        /// The description.
        api: Box<Crate>,
    },
}

/// Where baselines are kept.
pub(super) fn baseline_cache(project: &Project) -> Cache {
    let lock = project.root.join("Cargo.lock");
    Cache::new(
        project.target_dir.join("compat").join("baselines"),
        lock.is_file().then_some(lock),
    )
}
