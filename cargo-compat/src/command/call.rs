//! What is the same for everything a call does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};
use release_gate::project::Project;
use release_gate::{Context, Result};

use super::args::CompatArgs;
use crate::model::config::Config;
use crate::model::package::FeatureSet;
use crate::read::baseline::find_baseline;
use crate::read::build::{build_side, check_side};
use crate::read::cargo::{Request, workspace_member, workspace_metadata};
use crate::read::describe::dependency_side;
use crate::read::environment::PassedEnv;
use crate::read::new_tree::NewTree;
use crate::read::old::{Old, Origin};
use crate::read::side::{Dependency, Side};

/// The call and the project it is about.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) cx: &'a Context,
    pub(super) project: &'a Project,
    pub(super) args: &'a CompatArgs,
    pub(super) config: &'a Config,
    /// The new side's sources.
    pub(super) new: &'a NewTree,
    pub(super) env: &'a PassedEnv,
}

/// The old side's sources.
pub(super) struct OldSources {
    pub(super) manifest: PathBuf,
    pub(super) metadata: Metadata,
    /// The folder they were unpacked into.
    pub(super) base: PathBuf,
}

/// A feature set on a target.
#[derive(Clone, Copy)]
pub(super) struct Variant<'a> {
    pub(super) target: Option<&'a str>,
    pub(super) features: &'a FeatureSet,
}

impl Variant<'_> {
    /// What reports call it.
    pub(super) fn label(&self) -> String {
        match self.target {
            Some(triple) => format!("{} for {triple}", self.features.label()),
            None => self.features.label(),
        }
    }
}

impl Call<'_> {
    /// Where everything that is built and kept lies.
    pub(super) fn target_dir(&self) -> PathBuf {
        self.project.target_dir.join("compat")
    }

    /// Features that no set turns on, but where the default ones do.
    pub(super) fn excluded_features(&self) -> BTreeSet<String> {
        let asked = &self.args.exclude_features;
        asked
            .iter()
            .chain(&self.config.exclude_features)
            .cloned()
            .collect()
    }

    /// The baseline of a package; `None`: there is none.
    pub(super) fn baseline(&self, package: &Package) -> Result<Option<Old>> {
        let origin = Origin {
            cx: self.cx,
            project: self.project,
            lock: &self.new.lock(),
            with_dev_dependencies: self.args.harness,
        };
        find_baseline(origin, package, self.args.against.as_deref())
    }

    /// What cargo says of the old side.
    pub(super) fn old_metadata(&self, manifest: &Path, package: &Package) -> Result<Metadata> {
        workspace_metadata(self.cx, "old", manifest, &package.name)
    }

    /// Asks something of one side of a package. `old`: of the old one.
    fn ask<T>(
        &self,
        package: &Package,
        old: Option<&OldSources>,
        variant: Variant<'_>,
        question: impl FnOnce(Request<'_>) -> Result<T>,
    ) -> Result<T> {
        let target_dir = self.target_dir();
        let metadata = old.map_or(&self.new.metadata, |old| &old.metadata);
        let name = if old.is_some() { "old" } else { "new" };
        let member = workspace_member(metadata, name, &package.name)?;
        question(Request {
            name,
            manifest: old.map_or(member.manifest_path.as_std_path(), |old| &old.manifest),
            metadata,
            package: &package.name,
            target_dir: &target_dir,
            locked: old.is_none() && self.new.copied.is_none(),
            env: self.env,
            args: self.cx.args(),
            features: variant.features,
            target: variant.target,
        })
    }

    /// Builds the new side of a package.
    pub(super) fn build_new(
        &self,
        package: &Package,
        variant: Variant<'_>,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Side> {
        let mut side = self.ask(package, None, variant, |request| {
            build_side(request, &self.cx.runner, progress)
        })?;
        // Paths are shown as they are in the work tree.
        side.root.clone_from(&self.project.root);
        Ok(side)
    }

    /// Whether the new side of a package compiles.
    pub(super) fn check_new(&self, package: &Package, variant: Variant<'_>) -> Result<()> {
        self.ask(package, None, variant, |request| {
            check_side(&request, &self.cx.runner)
        })
    }

    /// Builds the old side of a package.
    pub(super) fn build_old(
        &self,
        package: &Package,
        old: &OldSources,
        variant: Variant<'_>,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<Side> {
        self.ask(package, Some(old), variant, |request| {
            build_side(request, &self.cx.runner, progress)
        })
    }

    /// A dependency of a built side as a side of its own.
    pub(super) fn dependency_of(
        &self,
        package: &Package,
        old: Option<&OldSources>,
        variant: Variant<'_>,
        (side, dependency): (&Side, &Dependency),
    ) -> Result<Side> {
        self.ask(package, old, variant, |request| {
            dependency_side(&request, dependency, side, &self.cx.runner)
        })
    }
}
