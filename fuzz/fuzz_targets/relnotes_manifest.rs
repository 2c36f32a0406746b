//! Any text as a manifest of some commit, beside itself as its workspace's: no package, or one that does not differ from itself.
#![no_main]

use cargo_relnotes::model::manifest::ManifestDelta;
use cargo_relnotes::read::manifest::of;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(table) = text.parse::<toml::Table>() else {
        return;
    };
    let shared = table
        .get("workspace")
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default();
    for workspace in [&shared, &table] {
        if let Some(manifest) = of(&table, workspace) {
            assert!(ManifestDelta::between(&manifest, &manifest).is_empty());
        }
    }
});
