//! Items of other packages of the same project: what a facade re-exports is judged where it is
//! defined, on both sides.
//!
//! Only packages on this machine are compared so: a published one has a version of its own, and the
//! rule for public dependencies says whether that may stay.

use cargo_metadata::Package;
use release_gate::process::Runner;
use release_gate::{Bump, Result};

use super::call::{Call, OldSources, Variant};
use super::compare::{Comparison, compare_sides};
use super::naming::Shown;
use super::prepared::Prepared;
use crate::model::change::Change;
use crate::prove::Rustc;
use crate::read::side::{Dependency, Side};
use crate::read::tree::tree_digest;

/// Both built sides of a facade, and how they were built.
pub(super) struct Facade<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) package: &'a Package,
    pub(super) old_sources: &'a OldSources,
    pub(super) variant: Variant<'a>,
    pub(super) old: &'a Side,
    pub(super) new: &'a Side,
}

impl Facade<'_> {
    /// Compares what the facade shows of other packages.
    pub(super) fn compare_shown(
        &self,
        rustc: &Rustc<'_>,
        runner: &Runner,
        shown: &[Shown],
    ) -> Result<Vec<Comparison>> {
        let mut open: Vec<Shown> = shown.to_vec();
        let mut next = 0;
        let mut found = Vec::new();
        while let Some(shown) = open.get(next).cloned() {
            next += 1;
            let Some((before, after)) = self.dependencies(&shown.package) else {
                continue;
            };
            if same_sources(before, after) {
                continue;
            }
            let old = self.call.dependency_of(
                self.package,
                Some(self.old_sources),
                self.variant,
                (self.old, before),
            )?;
            let new =
                self.call
                    .dependency_of(self.package, None, self.variant, (self.new, after))?;
            let prepared_old = Prepared::new(&old, &self.old_sources.base);
            let prepared_new = Prepared::new(&new, &self.call.project.root);
            let mut comparison = compare_sides(&prepared_old, &prepared_new, rustc, runner)?;
            let visible = visible_items(&prepared_old, &shown);
            comparison
                .changes
                .retain(|change| change.bump == Bump::Major && is_visible(change, &visible));
            for change in &mut comparison.changes {
                change.item = format!("{}::{}", old.lib_name, change.item);
                change.message =
                    format!("re-exported from `{}`: {}", shown.package, change.message);
            }
            for deeper in &comparison.shown {
                if !open.iter().any(|known| known.package == deeper.package) {
                    open.push(deeper.clone());
                }
            }
            comparison.gaps.clear();
            comparison.left_out.clear();
            found.push(comparison);
        }

        Ok(found)
    }

    /// A package on this machine that both sides were built with.
    fn dependencies(&self, package: &str) -> Option<(&Dependency, &Dependency)> {
        let find = |side: &'_ Side| -> Option<String> {
            side.crates
                .iter()
                .find(|(_, dependency)| {
                    dependency.package == package && dependency.source.is_some()
                })
                .map(|(file, _)| file.clone())
        };
        let (before, after) = (find(self.old)?, find(self.new)?);
        self.old
            .crates
            .get(&before)
            .zip(self.new.crates.get(&after))
    }
}

fn same_sources(before: &Dependency, after: &Dependency) -> bool {
    let digest = |dependency: &Dependency| {
        let dir = dependency.source.as_ref()?.parent()?;
        tree_digest(&dir.join("src")).ok()
    };
    digest(before).is_some_and(|first| digest(after) == Some(first))
}

/// Paths of what is shown, as the other package's own changes name it. `None`: all of it is.
fn visible_items(dependency: &Prepared<'_>, shown: &Shown) -> Option<Vec<String>> {
    if shown.whole {
        return None;
    }
    let paths = dependency
        .side
        .api
        .paths
        .iter()
        .filter(|(_, summary)| shown.paths.contains(&summary.path))
        .filter_map(|(id, _)| dependency.surface.preferred.get(id).cloned())
        .collect();
    Some(paths)
}

fn is_visible(change: &Change, visible: &Option<Vec<String>>) -> bool {
    let Some(visible) = visible else { return true };
    visible.iter().any(|path| {
        if let Some(header) = change.item.strip_prefix("impl") {
            let name = path.rsplit("::").next().unwrap_or(path);
            return header
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| word == name);
        }
        change
            .item
            .strip_prefix(path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}
