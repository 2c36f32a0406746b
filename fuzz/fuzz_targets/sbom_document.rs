//! Any bytes as an SBOM: refused, or a document that does not differ from itself.
#![no_main]

use cargo_sbom_lite::judge::diff::judge;
use cargo_sbom_lite::read::document::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(sbom) = parse(bytes, "fuzz") {
        assert!(judge(&sbom, &sbom).is_empty());
    }
});
