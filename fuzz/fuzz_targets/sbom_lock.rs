//! Any text as a lock file, a unit graph, what cargo writes beside an artifact, and a package URL.
#![no_main]

use cargo_sbom_lite::model::mention::Mentions;
use cargo_sbom_lite::model::precursor::parse_precursor;
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
    let _ = parse_precursor(text.as_bytes());
    Mentions::default().add_text(text);
    if let Some(purl) = CargoPurl::parse(text) {
        assert_eq!(CargoPurl::parse(&purl.to_string()), Some(purl));
    }
});
