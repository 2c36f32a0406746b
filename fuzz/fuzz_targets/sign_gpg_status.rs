//! Any bytes as what gpg says: refused, or the fingerprint of a key that is named in it, beside the word that makes it valid.
#![no_main]

use cargo_sign::format::gpg_status::{is_fingerprint, primaries, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(primary) = read(bytes) {
        assert!(is_fingerprint(&primary) && text.contains(&primary) && text.contains("VALIDSIG"));
        // A user's name may hold any of these words; only a line may begin with them.
        for word in [
            "EXPSIG",
            "EXPKEYSIG",
            "REVKEYSIG",
            "BADSIG",
            "ERRSIG",
            "NODATA",
        ] {
            assert!(!text.lines().any(|line| {
                line.strip_prefix("[GNUPG:] ")
                    .is_some_and(|rest| rest.split(' ').next() == Some(word))
            }));
        }
    }
    assert!(primaries(bytes).iter().all(|found| is_fingerprint(found)));
});
