//! What is made of bytes that others wrote, as the fuzz targets call it: not part of any interface.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use crate::judge::{claims, normalized};
use crate::read::buildinfo;
use crate::{diff, sealed};

/// The page of `diff --html` for two files.
pub fn difference_page(a: &[u8], b: &[u8]) -> String {
    diff::html::page(["a", "b"], &diff::explain(a, b), &diff::map::stripes(a, b))
}

/// Whether it is a buildinfo that a rebuild would begin with, and which files it would then look
/// for.
pub fn buildinfo(bytes: &[u8]) -> Option<Vec<String>> {
    let published = buildinfo::read_bytes(bytes, "x".to_owned()).ok()?;
    claims::check_soundness(&published).ok()?;
    let info = published.info();
    let handed_on: Vec<String> = info.environment.keys().take(1).cloned().collect();
    let _ = claims::environment(&info.environment, &handed_on);
    let _ = claims::differing(&published, &published.envelope.subject, info);
    let files = info.artifacts.iter();
    Some(
        files
            .flat_map(|artifact| [artifact.path.clone(), artifact.name.clone()])
            .collect(),
    )
}

/// Whether a path stays in the folder it is joined to.
pub fn stays_inside(path: &str) -> bool {
    Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}

/// Whether a packed manifest says the same as itself, or cannot be read; the same bytes are tried
/// as a lock file, too.
pub fn packed(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(lock) = release_gate::lock::Lock::parse(&text, "x") {
        let meant = normalized::Meant {
            packed: &lock,
            committed: Some(&lock),
        };
        assert!(normalized::lock(text.as_bytes(), meant).is_empty());
    }
    let (same, changed) = normalized::manifest(bytes, bytes, &BTreeSet::new());
    same || changed == ["not readable"]
}

/// Cargo's messages, lists for make and statements of build scripts: how many were found.
pub fn left_by_a_build(text: &str) -> usize {
    let (packages, files, statements) = sealed::outcome::of_text(text);
    packages.len() + files.len() + statements
}
