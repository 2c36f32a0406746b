//! Any bytes as the list in signify's format: read, or refused without a panic.
#![no_main]

use cargo_sign::format::checksums::List;
use release_gate::public_key::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = PublicKey::parse("RWRtaW5pc2lnbgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4").unwrap();
    let list = List::from([("a".to_owned(), release_gate::digest::sha256_bytes(b"a"))]);
    assert!(
        cargo_sign::format::signify::verify(bytes, &key, &list, "signature of demo 1.0.0").is_err()
    );
});
