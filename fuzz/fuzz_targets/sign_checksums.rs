//! Any bytes as a list: what is read is written back byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(list) = cargo_sign::format::checksums::parse(bytes) {
        assert_eq!(
            cargo_sign::format::checksums::render(&list).as_bytes(),
            bytes
        );
    }
});
