//! Any text as a published advisory: refused, or every version is hit or not, and none of a version with the repair.
#![no_main]

use cargo_relnotes::model::published::Published;
use libfuzzer_sys::fuzz_target;
use semver::{Version, VersionReq};

fuzz_target!(|text: &str| {
    let Ok(advisory) = Published::parse(text) else {
        return;
    };
    for (major, minor, patch) in [
        (0, 0, 0),
        (0, 1, 2),
        (1, 0, 0),
        (1, 2, 3),
        (u64::MAX, u64::MAX, u64::MAX),
    ] {
        let version = Version::new(major, minor, patch);
        let repaired =
            |text: &String| VersionReq::parse(text).is_ok_and(|range| range.matches(&version));
        assert!(!(advisory.hits(&version) && advisory.patched.iter().any(repaired)));
    }
});
