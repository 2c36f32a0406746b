//! Any bytes as a report of another gate: refused, or its facts are read; their words never become markup.
#![no_main]

use cargo_relnotes::model::facts::{BuildInfo, Compat, Repro, Vulns};
use cargo_relnotes::model::untrusted::Untrusted;
use cargo_relnotes::report::document::{Document, Part};
use libfuzzer_sys::fuzz_target;
use release_gate::report::Envelope;

fuzz_target!(|bytes: &[u8]| {
    let mut words = Vec::new();
    for name in ["compat", "vulns", "repro", "buildinfo"] {
        let Ok(envelope) = Envelope::read(bytes, name) else {
            continue;
        };
        let data = || envelope.data.clone();
        if let Ok(compat) = serde_json::from_value::<Compat>(data()) {
            words.extend(
                compat
                    .changes
                    .into_iter()
                    .flat_map(|one| [Some(one.item), one.before, one.after]),
            );
        }
        if let Ok(vulns) = serde_json::from_value::<Vulns>(data()) {
            assert!(vulns.counting().count() <= vulns.advisories.len());
            words.extend(
                vulns
                    .advisories
                    .into_iter()
                    .flat_map(|one| [Some(one.id), one.title]),
            );
        }
        if let Ok(repro) = serde_json::from_value::<Repro>(data()) {
            words.extend(repro.artifacts.into_iter().map(|one| Some(one.name)));
        }
        if let Ok(info) = serde_json::from_value::<BuildInfo>(data()) {
            words.extend(
                info.artifacts
                    .into_iter()
                    .flat_map(|one| [Some(one.name), one.path]),
            );
        }
    }
    let mut document = Document::new();
    for word in words.iter().flatten() {
        let word = Untrusted::new(word);
        if !word.is_empty() {
            document.item(0, &[Part::Foreign(&word)]);
        }
    }
    if let Err(error) = document.finish() {
        panic!("{error}");
    }
});
