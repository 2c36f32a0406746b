//! Any bytes as a DSSE envelope: refused without a panic, since no key is given that could have signed them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    assert!(cargo_sign::format::dsse::open(bytes, &[]).is_err());
    let _ = serde_json::from_slice::<cargo_sign::model::provenance::Statement>(bytes);
});
