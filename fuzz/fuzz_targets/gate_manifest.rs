//! Any bytes as `manifest.json` or as the name of a tag: an index is written back as it was read, and a tag's version is part of its name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use release_gate::artifacts::Manifest;
use release_gate::git::parse_version_tag;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let again = release_gate::json::to_canonical_vec(&manifest).unwrap();
        assert_eq!(
            serde_json::from_slice::<Manifest>(&again).unwrap(),
            manifest
        );
    }
    if let Ok(name) = std::str::from_utf8(bytes) {
        if let Some(tag) = parse_version_tag(name, "demo") {
            assert!(name.ends_with(&tag.version.to_string()));
        }
    }
});
