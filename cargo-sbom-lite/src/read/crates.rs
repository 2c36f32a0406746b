//! The archives that Cargo.lock's checksums name, and the sources on this machine beside them.
//!
//! A vendored copy brings its own list of checksums, which anyone who changes the copy can change too;
//! and the sources that cargo unpacked are never looked at again. The archive is tied to Cargo.lock
//! by its digest, so sources that are equal to it are those that were locked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use release_gate::Result;
use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt as _;
use release_gate::fs::walk;

/// Files that cargo writes into a folder of sources.
const OF_CARGO: &[&str] = &[".cargo-checksum.json", ".cargo-ok"];

/// Files of an archive that `cargo vendor` leaves out, or that older versions of it did.
const LEFT_OUT: &[&str] = &[
    ".cargo_vcs_info.json",
    ".gitattributes",
    ".gitignore",
    "Cargo.toml.orig",
];

/// The largest file of an archive that is read, in bytes; crates.io takes archives of 10 MiB.
const MAX_FILE: u64 = 1 << 30;

/// How sources differ from their archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceDifference {
    /// Files with other content, sorted.
    pub changed: Vec<String>,
    /// Files that the archive has and the folder lacks, sorted.
    pub missing: Vec<String>,
    /// Files that the archive does not have, sorted.
    pub added: Vec<String>,
}

impl SourceDifference {
    /// Whether the sources are those of the archive.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.missing.is_empty() && self.added.is_empty()
    }
}

/// Cargo's cache of archives below a CARGO_HOME: one folder a registry.
pub fn archive_folders(cargo_home: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(cargo_home.join("registry").join("cache"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

/// The archive of a package that has this digest, in one of the folders. One of another digest is
/// not the locked one.
pub fn find_archive(
    folders: &[PathBuf],
    name: &str,
    version: &str,
    checksum: Sha256Digest,
) -> Option<Vec<u8>> {
    folders.iter().find_map(|folder| {
        let bytes = std::fs::read(folder.join(format!("{name}-{version}.crate"))).ok()?;
        (sha256_bytes(&bytes) == checksum).then_some(bytes)
    })
}

/// Compares a folder of sources with the archive they should be from.
///
/// # Errors
/// The archive or a file cannot be read.
pub fn compare_sources(archive: &[u8], folder: &Path, name: &str) -> Result<SourceDifference> {
    let listed =
        archive_files(archive).or_judge(|| format!("the archive of {name} cannot be read"))?;
    let mut difference = SourceDifference::default();
    let mut present = BTreeSet::new();
    let files = walk(folder).or_judge(|| format!("the sources of {name} cannot be read"))?;
    for file in files {
        let relative = file
            .relative
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/");
        if OF_CARGO.contains(&relative.as_str()) {
            continue;
        }
        match listed.get(&relative) {
            None => difference.added.push(relative),
            Some(_) if !file.is_regular => {
                difference.changed.push(relative.clone());
                present.insert(relative);
            }
            Some(expected) => {
                let (digest, _) = sha256_file(&file.path)
                    .or_judge(|| format!("`{relative}` of {name} cannot be read"))?;
                if digest != *expected {
                    difference.changed.push(relative.clone());
                }
                present.insert(relative);
            }
        }
    }

    difference.missing = listed
        .into_keys()
        .filter(|path| !present.contains(path) && !LEFT_OUT.contains(&path.as_str()))
        .collect();

    Ok(difference)
}

/// The files of an archive and their digests, without the folder they are all in.
fn archive_files(archive: &[u8]) -> std::io::Result<BTreeMap<String, Sha256Digest>> {
    let mut files = BTreeMap::new();
    let mut tar = tar::Archive::new(GzDecoder::new(archive));
    for entry in tar.entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.to_string_lossy().replace('\\', "/");
        let Some((_, relative)) = path.split_once('/') else {
            continue;
        };
        let relative = relative.to_owned();
        let mut bytes = Vec::new();
        entry.by_ref().take(MAX_FILE).read_to_end(&mut bytes)?;
        files.insert(relative, sha256_bytes(&bytes));
    }
    if files.is_empty() {
        return Err(std::io::Error::other("it holds no file"));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append_data(&mut header, format!("x-1.0.0/{path}"), text.as_bytes())
                .unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn sources_are_compared_with_the_archive_and_not_with_their_own_list() {
        let bytes = archive(&[
            ("src/lib.rs", "a"),
            ("Cargo.toml", "t"),
            (".gitignore", "x"),
        ]);
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "a").unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), "t").unwrap();
        std::fs::write(dir.path().join(".cargo-checksum.json"), "{}").unwrap();
        let compare = || compare_sources(&bytes, dir.path(), "x").unwrap();
        assert!(compare().is_empty());
        std::fs::write(dir.path().join("build.rs"), "fn main() {}").unwrap();
        std::fs::write(dir.path().join("src/lib.rs"), "b").unwrap();
        std::fs::remove_file(dir.path().join("Cargo.toml")).unwrap();
        let difference = compare();
        assert_eq!(difference.added, ["build.rs"]);
        assert_eq!(difference.changed, ["src/lib.rs"]);
        assert_eq!(difference.missing, ["Cargo.toml"]);
        assert!(compare_sources(b"no archive", dir.path(), "x").is_err());
    }

    #[test]
    fn only_the_locked_archive_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = archive(&[("src/lib.rs", "a")]);
        std::fs::write(dir.path().join("x-1.0.0.crate"), &bytes).unwrap();
        let folders = [dir.path().to_owned()];
        let right = sha256_bytes(&bytes);
        assert!(find_archive(&folders, "x", "1.0.0", right).is_some());
        assert!(find_archive(&folders, "x", "1.0.0", sha256_bytes(b"other")).is_none());
        assert!(find_archive(&folders, "x", "1.0.1", right).is_none());
    }
}
