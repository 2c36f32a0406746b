//! Any text as a trusted comment: one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(comment) = text.parse::<cargo_sign::model::comment::TrustedComment>() {
        assert_eq!(comment.to_string(), text);
    }
});
