//! Any bytes as a report of another gate: refused, or its facts are read; their words never become markup.
#![no_main]

use cargo_relnotes::model::facts::{BuildInfo, CompatData, Fact, ReproData, VulnsData};
use cargo_relnotes::model::untrusted::Untrusted;
use cargo_relnotes::report::document::{Document, Part};
use libfuzzer_sys::fuzz_target;
use release_gate::report::Envelope;

fuzz_target!(|bytes: &[u8]| {
    let mut words = Vec::new();
    if let Fact::Usable(compat) = Fact::<Envelope<CompatData>>::read(Some(bytes)) {
        for change in compat.data.changes {
            words.extend([change.item, change.before, change.after]);
        }
    }
    if let Fact::Usable(vulns) = Fact::<Envelope<VulnsData>>::read(Some(bytes)) {
        for hit in vulns.data.advisories {
            words.extend([hit.id, hit.title]);
        }
    }
    if let Fact::Usable(repro) = Fact::<Envelope<ReproData>>::read(Some(bytes)) {
        words.extend(repro.data.artifacts.into_iter().map(|one| one.name));
    }
    if let Fact::Usable(info) = Fact::<Envelope<BuildInfo>>::read(Some(bytes)) {
        for artifact in info.data.artifacts {
            words.extend([artifact.name, artifact.path]);
        }
    }
    let mut document = Document::new();
    for word in &words {
        let word = Untrusted::new(word);
        if !word.is_empty() {
            document.item(0, &[Part::Foreign(&word)]);
        }
    }
    if let Err(error) = document.finish() {
        panic!("{error}");
    }
});
