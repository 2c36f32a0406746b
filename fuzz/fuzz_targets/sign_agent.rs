//! Any bytes as the reply of an SSH agent: read or refused; no key is weak, and there are no more than the reply has room for.
#![no_main]

use cargo_sign::format::agent::{identities, signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((keys, _)) = identities(bytes) {
        assert!(keys.len() * 59 <= bytes.len());
        assert!(keys.iter().all(|key| !key.is_weak()));
    }
    if let Ok(found) = signature(bytes) {
        assert!(bytes.ends_with(&found.to_bytes()));
    }
});
