//! Any bytes as an armoured SSH signature: refused without a panic, since the key signed none of them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The public key of the first test of RFC 8032.
    let line = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let key = release_gate::public_key::PublicKey::parse(line).unwrap();
    assert!(cargo_sign::format::sshsig::verify(bytes, &key, "git", b"message").is_err());
});
