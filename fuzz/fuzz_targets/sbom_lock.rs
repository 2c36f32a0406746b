//! Any text as a lock file, a unit graph and a package URL.
#![no_main]

use cargo_sbom_lite::model::purl::CargoPurl;
use cargo_sbom_lite::model::unit_graph::parse_graph;
use cargo_sbom_lite::read::lock;
use release_gate::lock::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(parsed) = Lock::parse(text, "fuzz") {
        let _ = lock::locked_packages(&parsed, text, &[]);
    }
    let _ = parse_graph(text.as_bytes());
    if let Some(purl) = CargoPurl::parse(text) {
        assert_eq!(CargoPurl::parse(&purl.to_string()), Some(purl));
    }
});
