//! Any bytes as a git tag or commit: split, or without a signature; never more than there was.
#![no_main]

use cargo_sign::format::git_object::{ObjectFormat, commit, header, is_gpg, tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for (payload, signature) in [
        tag(bytes),
        commit(bytes, ObjectFormat::Sha1),
        commit(bytes, ObjectFormat::Sha256),
    ].into_iter().flatten() {
        assert!(payload.len() + signature.len() <= bytes.len());
        let _ = is_gpg(&signature);
    }
    let _ = header(bytes, "tag");
});
