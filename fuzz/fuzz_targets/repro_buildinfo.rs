//! Any bytes as a published buildinfo: refused, or the files it names lie where they may lie.
#![no_main]

use cargo_repro::hostile::{buildinfo, stays_inside};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    assert!(
        buildinfo(bytes)
            .unwrap_or_default()
            .iter()
            .all(|path| stays_inside(path))
    );
});
