//! The old side before it is built, and where old sources are kept.

use std::path::{Path, PathBuf};

use release_gate::Context;
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

/// Where old sources come from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The call.
    pub cx: &'a Context,
    /// The project.
    pub project: &'a Project,
    /// The lock file both sides are built with.
    pub lock: &'a Path,
    /// Whether the old dev-dependencies are needed: users of a library never resolve them.
    pub with_dev_dependencies: bool,
}

impl Origin<'_> {
    /// Where unpacked baselines are kept.
    pub(super) fn cache(&self) -> Cache {
        Cache::new(
            self.project.target_dir.join("compat").join("baselines"),
            self.lock.is_file().then(|| self.lock.to_owned()),
        )
    }

    /// What distinguishes otherwise equal baselines.
    pub(super) fn variant(&self) -> &'static str {
        if self.with_dev_dependencies {
            "whole"
        } else {
            "without dev-dependencies"
        }
    }
}
