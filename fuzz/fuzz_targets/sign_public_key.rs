//! Any text as a public key: what is read survives its PEM form.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(key) = release_gate::public_key::PublicKey::parse(text) {
        let pem = key.pem().unwrap();
        assert_eq!(
            release_gate::public_key::PublicKey::parse(&pem)
                .unwrap()
                .key,
            key.key
        );
    }
});
