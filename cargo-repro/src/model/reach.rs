//! Which units a package is made of, and which roots concern it.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Build;
use super::roots::{Comparison, Root};

/// Positions in the comparison of all units a package is made of.
pub(crate) fn reachable(a: &Build, comparison: &Comparison, package: &str) -> BTreeSet<usize> {
    let by_stem: BTreeMap<String, usize> = comparison
        .units
        .iter()
        .enumerate()
        .map(|(pair, &(i, _))| (a.units[i].stem(), pair))
        .collect();

    let mut open: Vec<usize> = (0..comparison.units.len())
        .filter(|&pair| a.units[comparison.units[pair].0].call.package == package)
        .collect();

    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(pair) = open.pop() {
        let call = &a.units[comparison.units[pair].0].call;
        let externs = call.externs.iter().filter_map(|path| {
            let stem = path.file_stem()?.to_string_lossy();
            by_stem
                .get(stem.strip_prefix("lib").unwrap_or(&stem))
                .copied()
        });
        // The executable of a build script is no extern: it belongs to the package whose units see
        // its OUT_DIR.
        let scripts = comparison
            .units
            .iter()
            .enumerate()
            .filter_map(|(other, &(i, _))| {
                let script = &a.units[i].call;
                let own = script.is_build_script()
                    && script.package == call.package
                    && script.version == call.version;
                (own && call.build_out_dir().is_some()).then_some(other)
            });
        let next: Vec<usize> = externs.chain(scripts).collect();
        open.extend(next.into_iter().filter(|other| seen.insert(*other)));
    }

    seen
}

/// Whether a root is among a package's units.
pub(crate) fn concerns(
    a: &Build,
    comparison: &Comparison,
    root: &Root,
    units: &BTreeSet<usize>,
) -> bool {
    units.iter().any(|&pair| {
        let (i, _) = comparison.units[pair];
        match root {
            Root::Unit { a, .. } => *a == i,
            Root::Script { a: at, .. } => {
                a.units[i].call.build_out_dir() == Some(a.scripts[*at].out_dir.as_path())
            }
        }
    })
}
