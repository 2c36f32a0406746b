//! Any bytes as a minisign signature: read, or refused without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = cargo_sign::format::minisign::MinisignSignature::parse(bytes);
});
