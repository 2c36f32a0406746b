//! Vendored copies: every file against the copy's own `.cargo-checksum.json`.
//!
//! cargo checks the files that are listed, and only when it builds; a file that is not listed (a
//! `build.rs` that somebody added) it takes as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::Metadata;
use release_gate::digest::sha256_file;
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

/// `.cargo-checksum.json`.
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
        let list = folder.join(".cargo-checksum.json");
        if package.source.is_none() || !list.is_file() {
            continue;
        }
        let mut copy = check_copy(folder)?;
        copy.name = package.name.to_string();
        copy.version = package.version.to_string();
        copy.folder = relative_path(metadata.workspace_root.as_std_path(), folder);
        copies.push(copy);
    }
    copies.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(copies)
}

fn check_copy(folder: &Path) -> Result<Vendored> {
    let list = folder.join(".cargo-checksum.json");
    let bytes = std::fs::read(&list).map_err(|error| unreadable(&list, error.to_string()))?;
    let checksums: Checksums =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(&list, error.to_string()))?;
    let mut copy = Vendored {
        package: checksums.package,
        ..Vendored::default()
    };
    let mut present = BTreeSet::new();
    list_files(folder, folder, &mut present).map_err(|error| {
        Error::judge(format!("cannot read `{}`", folder.display())).with_source(error)
    })?;
    for (file, expected) in &checksums.files {
        let path = folder.join(file);
        if !present.contains(file) {
            copy.missing.push(file.clone());
            continue;
        }
        let (digest, _) = sha256_file(&path).map_err(|error| {
            Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
        })?;
        if !digest.to_string().eq_ignore_ascii_case(expected) {
            copy.changed.push(file.clone());
        }
    }
    copy.unlisted = present
        .into_iter()
        .filter(|file| !checksums.files.contains_key(file))
        .collect();
    Ok(copy)
}

fn unreadable(list: &Path, why: String) -> Error {
    Error::judge(format!("`{}` cannot be read", list.display()))
        .with_source(why)
        .with_help("run `cargo vendor` again")
}

/// Paths of all files below, relative, `/` between parts. Links are not followed: a vendored copy
/// has none.
fn list_files(top: &Path, folder: &Path, files: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            list_files(top, &path, files)?;
        } else {
            let name = path
                .strip_prefix(top)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            // cargo writes these two itself.
            if name != ".cargo-checksum.json" && name != ".cargo-ok" {
                files.insert(name);
            }
        }
    }
    Ok(())
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
        let copy = check_copy(dir.path()).unwrap();
        assert_eq!(
            (copy.changed.len(), copy.missing.len(), copy.unlisted.len()),
            (0, 0, 0)
        );
        list(",\"gone.rs\":\"00\"");
        std::fs::write(dir.path().join("build.rs"), "fn main() {}").unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "b").unwrap();
        let copy = check_copy(dir.path()).unwrap();
        assert_eq!(copy.changed, ["src/lib.rs"]);
        assert_eq!(copy.missing, ["gone.rs"]);
        assert_eq!(copy.unlisted, ["build.rs"]);
        std::fs::write(dir.path().join(".cargo-checksum.json"), "{").unwrap();
        assert!(check_copy(dir.path()).is_err());
    }
}
