//! Any bytes as Sigstore bundles: told apart and judged without a panic; what verifies (a genuine one of the corpus) names its signer.
#![no_main]

use std::sync::LazyLock;

use cargo_sign::format::bundle::{is_bundle, split};
use cargo_sign::model::workflow::Statement;
use cargo_sign::sigstore::{Roots, open, verify};
use libfuzzer_sys::fuzz_target;

static ROOTS: LazyLock<Roots> = LazyLock::new(|| Roots::embedded().unwrap());

fuzz_target!(|bytes: &[u8]| {
    let bundles = split(bytes).unwrap_or_default();
    assert!(bundles.documents.is_empty() || is_bundle(bytes));
    for document in &bundles.documents {
        if let Ok(signed) = verify(document, &ROOTS) {
            assert!(!signed.payload.is_empty() && !signed.claims.signer.is_empty());
        }
    }
    for document in &bundles.documents {
        if let Ok(opened) = open(document, &ROOTS) {
            assert!(!opened.identity.is_empty());
        }
    }
    if let Ok(statement) = serde_json::from_slice::<Statement>(bytes) {
        let _ = statement.provenance();
    }
});
