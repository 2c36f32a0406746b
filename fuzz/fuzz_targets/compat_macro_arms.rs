//! Any text as the source of a `macro_rules!` macro: its arms are read, or it has none that can be read.
#![no_main]

use cargo_compat::program::macro_inputs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let _ = macro_inputs(source);
});
