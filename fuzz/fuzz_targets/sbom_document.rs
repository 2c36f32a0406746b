//! Any bytes as an SBOM: refused, or a document that does not differ from itself.
#![no_main]

use cargo_sbom_lite::judge::diff::compare_documents;
use cargo_sbom_lite::format::parse_document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(sbom) = parse_document(bytes, "fuzz") {
        assert!(compare_documents(&sbom, &sbom).is_empty());
    }
});
