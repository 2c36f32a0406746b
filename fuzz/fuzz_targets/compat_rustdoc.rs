//! Any bytes as rustdoc's JSON: refused, or an API that can be compared with itself without a change.
#![no_main]

use cargo_compat::judge::descriptions::described_changes;
use cargo_compat::read::rustdoc::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(api) = parse(bytes) {
        assert!(described_changes(&api, &api).is_empty());
    }
});
