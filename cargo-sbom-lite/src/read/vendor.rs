//! Vendored copies: every file against the copy's own `.cargo-checksum.json`.
//!
//! cargo checks the files that are listed, and only when it builds; a file that is not listed (a
//! `build.rs` that somebody added) it takes as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::Metadata;
use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt as _;
use release_gate::fs::walk;
use release_gate::{Error, Result};
use serde::Deserialize;

use crate::model::source::relative_path;

/// A vendored package and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vendored {
    /// Package name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Its folder, relative to the workspace.
    pub folder: String,
    /// SHA-256 of the `.crate` archive it was made from, where it says.
    pub package: Option<String>,
    /// Files with another digest than is listed, sorted.
    pub changed: Vec<String>,
    /// Files that are listed and not there, sorted.
    pub missing: Vec<String>,
    /// Files that are there and not listed, sorted.
    pub unlisted: Vec<String>,
}

/// The list of checksums that a vendored copy brings along.
const LIST: &str = ".cargo-checksum.json";

/// What that list holds.
#[derive(Debug, Deserialize)]
struct Checksums {
    #[serde(default)]
    files: BTreeMap<String, String>,
    package: Option<String>,
}

/// Reads every vendored copy that the project uses.
///
/// # Errors
/// A checksum file or a source file cannot be read.
pub fn vendored_copies(metadata: &Metadata) -> Result<Vec<Vendored>> {
    let mut copies = Vec::new();
    for package in &metadata.packages {
        let Some(folder) = package
            .manifest_path
            .parent()
            .map(|path| path.as_std_path())
        else {
            continue;
        };
        if package.source.is_none() || !folder.join(LIST).is_file() {
            continue;
        }
        let mut copy = check_copy(folder, &package.name)?;
        copy.name = package.name.to_string();
        copy.version = package.version.to_string();
        copy.folder = relative_path(metadata.workspace_root.as_std_path(), folder);
        copies.push(copy);
    }
    copies.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(copies)
}

fn check_copy(folder: &Path, name: &str) -> Result<Vendored> {
    let list =
        std::fs::read(folder.join(LIST)).map_err(|error| unreadable(name, &error.to_string()))?;
    let checksums: Checksums =
        serde_json::from_slice(&list).map_err(|error| unreadable(name, &error.to_string()))?;
    let mut copy = Vendored {
        package: checksums.package,
        ..Vendored::default()
    };

    let cannot_read = || format!("the vendored copy of {name} cannot be read");
    let mut present = BTreeSet::new();
    for file in walk(folder).or_judge(cannot_read)? {
        let path = file
            .relative
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        // cargo writes these two itself.
        if path == LIST || path == ".cargo-ok" {
            continue;
        }
        match checksums.files.get(&path) {
            None => copy.unlisted.push(path),
            Some(expected) => {
                // A link is not the file that was listed, whatever it leads to.
                let is_listed = file.is_regular && {
                    let (digest, _) = sha256_file(&file.path).or_judge(cannot_read)?;
                    digest.to_string().eq_ignore_ascii_case(expected)
                };
                if !is_listed {
                    copy.changed.push(path.clone());
                }
                present.insert(path);
            }
        }
    }

    copy.missing = checksums
        .files
        .into_keys()
        .filter(|file| !present.contains(file))
        .collect();

    Ok(copy)
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::judge(format!("`{LIST}` of the vendored {name} cannot be read"))
        .with_source(why.to_owned())
        .with_help("run `cargo vendor` again")
}

#[cfg(test)]
mod tests {
    use release_gate::digest::sha256_bytes;

    use super::*;

    #[test]
    fn changed_missing_and_added_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "a").unwrap();
        let good = sha256_bytes(b"a").to_string();
        let list = |more: &str| {
            let text =
                format!("{{\"files\":{{\"src/lib.rs\":\"{good}\"{more}}},\"package\":\"00\"}}");
            std::fs::write(dir.path().join(".cargo-checksum.json"), text).unwrap();
        };

        list("");
        let copy = check_copy(dir.path(), "dep").unwrap();
        assert_eq!(
            (copy.changed.len(), copy.missing.len(), copy.unlisted.len()),
            (0, 0, 0)
        );

        list(",\"gone.rs\":\"00\"");
        std::fs::write(dir.path().join("build.rs"), "fn main() {}").unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "b").unwrap();
        let copy = check_copy(dir.path(), "dep").unwrap();
        assert_eq!(copy.changed, ["src/lib.rs"]);
        assert_eq!(copy.missing, ["gone.rs"]);
        assert_eq!(copy.unlisted, ["build.rs"]);
        std::fs::write(dir.path().join(".cargo-checksum.json"), "{").unwrap();
        assert!(check_copy(dir.path(), "dep").is_err());
    }
}
