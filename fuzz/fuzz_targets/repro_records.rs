//! Any bytes as what a build or a `.crate` file leaves to be read: cargo's messages, a list for make, a build script's output, a packed
//! manifest and lock file.
#![no_main]

use cargo_repro::hostile::{left_by_a_build, packed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    assert!(left_by_a_build(&text) <= 3 * text.lines().count());
    assert!(packed(bytes));
});
