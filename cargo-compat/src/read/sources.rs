//! What a package's sources say in their text.

use std::path::PathBuf;

use cargo_metadata::Package;

/// Whether a package's sources export symbols to linkers.
pub(super) fn exports_symbols(package: &Package) -> bool {
    let mut open: Vec<PathBuf> = package
        .targets
        .iter()
        .filter_map(|target| target.src_path.parent())
        .map(|dir| dir.as_std_path().to_owned())
        .collect();
    open.sort();
    open.dedup();
    let mut seen = std::collections::HashSet::new();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if !seen.insert(path.clone()) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name() != ".git" && !super::tree::is_output(&path) {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && std::fs::read_to_string(&path)
                    .is_ok_and(|text| text.contains("no_mangle") || text.contains("export_name"))
            {
                return true;
            }
        }
    }
    false
}
