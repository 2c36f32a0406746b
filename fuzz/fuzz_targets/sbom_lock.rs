//! Any text as a lock file, a unit graph and a package URL.
#![no_main]

use cargo_sbom_lite::model::purl::CargoPurl;
use cargo_sbom_lite::read::{lock, unit_graph};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(parsed) = lock::parse(text, "fuzz") {
        let _ = lock::packages(&parsed, text);
    }
    let _ = unit_graph::parse(text.as_bytes());
    if let Some(purl) = CargoPurl::parse(text) {
        assert_eq!(CargoPurl::parse(&purl.to_string()), Some(purl));
    }
});
