//! What lies in a folder and is in no list.

use std::collections::BTreeSet;

use release_gate::Finding;

use super::verdict::shown;
use crate::format::checksums::List;
use crate::model::companion::{Companion, LIST};
use crate::rules;

/// How much beside a list belongs to the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Only what is listed; other files in the folder are not looked at (`cargo sign verify
    /// checksums.txt`).
    Listed,
    /// The whole folder: what is not listed is refused.
    Folder,
}

/// Names everything in the folder that is not listed.
pub(crate) fn check_unlisted(found: &BTreeSet<String>, list: &List) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut beside = Vec::new();
    for name in found {
        if list.contains_key(name) || name == LIST || vouches(name, found, list) {
            continue;
        }
        if is_evidence(name) {
            beside.push(name.clone());
            continue;
        }
        let text = format!("`{}` is not listed", shown(name));
        let finding = Finding::new(&rules::FILE_UNLISTED, text)
            .help("remove it; it is not part of the release");
        findings.push(finding.evidence("file", name.clone()));
    }

    if !beside.is_empty() {
        let names: Vec<String> = beside
            .iter()
            .map(|name| format!("`{}`", shown(name)))
            .collect();
        let text = format!("not part of what was signed: {}", names.join(", "));
        findings.push(Finding::new(&rules::NOT_COVERED, text).evidence("files", beside));
    }
    findings
}

/// Whether a file vouches for the list or for a listed file, and was judged for that.
fn vouches(name: &str, found: &BTreeSet<String>, list: &List) -> bool {
    match Companion::of(name) {
        Some(Companion::First(of)) => of == LIST || list.contains_key(of),
        // Only beside a first signature, which has to have been judged as one and not as a listed
        // file.
        Some(Companion::Further(of, _)) => {
            let first = format!("{of}.sig");
            let judged = of == LIST || list.contains_key(of) && !list.contains_key(&first);
            judged && found.contains(&first)
        }
        Some(Companion::Emitted) => true,
        None => false,
    }
}

/// Provenance covers the archives, so it lies beside them and carries a signature of its own.
fn is_evidence(name: &str) -> bool {
    name.ends_with(".intoto.jsonl") || name.ends_with(".sigstore.json")
}
