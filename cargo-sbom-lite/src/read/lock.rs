//! Cargo.lock, through the suite's one reader, so that one parser decides for documents and audit
//! alike.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::lock::Lock;
use release_gate::{Error, Result};

use crate::model::inventory::Checksums;
use crate::model::locked::Locked;
use crate::model::source::source_of_lock;

/// The text of a lock file.
///
/// # Errors
/// It is missing or no UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() {
        return Err(Error::judge("a folder was named instead of a lock file")
            .with_help("name the file itself, `Cargo.lock`"));
    }
    if !path.is_file() {
        return Err(Error::judge(format!("there is no `{name}`"))
            .with_help("run `cargo generate-lockfile` and commit the file"));
    }
    std::fs::read_to_string(path)
        .map_err(|error| Error::judge(format!("`{name}` cannot be read")).with_source(error))
}

/// Reads a lock file.
///
/// # Errors
/// It is missing, or no lock file of a known format.
pub fn read_lock(path: &Path) -> Result<Lock> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Lock::parse(&read_text(path)?, &name)
}

/// SHA-256 of each registry package's `.crate` archive.
pub fn locked_checksums(lock: &Lock) -> Checksums {
    lock.packages
        .iter()
        .filter_map(|package| {
            let checksum = package.checksum?.to_string();
            let key = (
                package.name.clone(),
                package.version.to_string(),
                package.source.clone()?,
            );
            Some((key, checksum))
        })
        .collect()
}

/// The packages of a lock file with the lines they stand at.
pub fn locked_packages(lock: &Lock, text: &str, mirrors: &[String]) -> Vec<Locked> {
    let lines = package_lines(text);
    lock.packages
        .iter()
        .map(|package| {
            let key = (package.name.clone(), package.version.to_string());
            Locked {
                name: package.name.clone(),
                version: package.version.clone(),
                source: source_of_lock(package.source.as_deref(), mirrors),
                line: lines.get(&key).copied(),
                replaces_crates_io: false,
            }
        })
        .collect()
}

/// The line of each `[[package]]`, counted from 1, by name and version.
pub fn package_lines(text: &str) -> BTreeMap<(String, String), u32> {
    let mut lines = BTreeMap::new();
    let mut at = 0;
    let mut name = String::new();
    for (number, line) in (1_u32..).zip(text.lines()) {
        if line.trim() == "[[package]]" {
            at = number;
        } else if let Some(text) = value_of(line, "name") {
            name = text;
        } else if let Some(version) = value_of(line, "version") {
            lines.entry((name.clone(), version)).or_insert(at);
        }
    }
    lines
}

fn value_of(line: &str, key: &str) -> Option<String> {
    let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?;
    Some(rest.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::Source;

    #[test]
    fn packages_know_their_lines_and_sources() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00000000000000000000000000000000000000000000000000000000000000aa\"\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
        let lock = Lock::parse(text, "x").unwrap();
        let packages = locked_packages(&lock, text, &[]);
        assert_eq!(packages[0].source, Source::CratesIo);
        assert_eq!((packages[0].line, packages[1].line), (Some(3), Some(9)));
        assert_eq!(packages[1].source, Source::Path(String::new()));
    }
}
