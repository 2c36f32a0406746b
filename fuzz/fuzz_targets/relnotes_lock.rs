//! Any bytes as a lock file of some commit: refused, or one that does not differ from itself and is judged against an advisory.
#![no_main]

use std::collections::BTreeSet;

use cargo_relnotes::model::dependencies::{DependencyDelta, Side, reachable};
use cargo_relnotes::read::lockfile::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(lock) = parse(bytes) else { return };
    let none = BTreeSet::new();
    let side = Side {
        lock: &lock,
        direct: &none,
        tests_only: &none,
    };
    for package in lock
        .iter()
        .map(|package| package.name.as_str())
        .chain(["no-such-package"])
        .take(8)
    {
        assert!(reachable(package, side).len() <= lock.len());
        assert!(DependencyDelta::between(package, side, side).is_empty());
    }
});
