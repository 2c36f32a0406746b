//! Any text as an advisory of the database: refused, or the version that is advised is above the one that is hit and has the repair.
#![no_main]

use cargo_sbom_lite::judge::fix::lowest_fixed;
use libfuzzer_sys::fuzz_target;
use rustsec::advisory::Advisory;
use semver::Version;

fuzz_target!(|text: &str| {
    let Ok(advisory) = text.parse::<Advisory>() else {
        return;
    };
    let patched = advisory.versions.patched();
    for current in [
        Version::new(0, 0, 0),
        Version::new(0, 3, 1),
        Version::new(1, 2, 3),
    ] {
        if let Some(advised) = lowest_fixed(&current, patched) {
            assert!(advised > current && patched.iter().any(|range| range.matches(&advised)));
        }
    }
});
