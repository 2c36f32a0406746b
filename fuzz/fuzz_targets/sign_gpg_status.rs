//! Any bytes as what gpg says: refused, or the fingerprint of a key that is named in it, beside the word that makes it valid.
#![no_main]

use cargo_sign::format::gpg_status::{is_fingerprint, primaries, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(primary) = read(bytes) {
        assert!(is_fingerprint(&primary) && text.contains(&primary) && text.contains("VALIDSIG"));
        assert!(!text.contains("] EXPKEYSIG ") && !text.contains("] REVKEYSIG ") && !text.contains("] BADSIG "));
    }
    assert!(primaries(bytes).iter().all(|found| is_fingerprint(found)));
});
