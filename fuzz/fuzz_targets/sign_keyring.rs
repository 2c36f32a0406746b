//! Any bytes as a keyring: what is read is written back byte for byte, and nothing is trusted without a key that signed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(ring) = cargo_sign::format::keyring::Keyring::parse(bytes) {
        assert_eq!(ring.render().unwrap(), bytes);
        assert!(ring.trusted(None, &[]).is_err());
    }
});
