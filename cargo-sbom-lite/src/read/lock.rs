//! Cargo.lock, through the advisory database's own reader, so that one parser decides for documents
//! and audit alike.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::{Error, Result};
use rustsec::Lockfile;

use crate::model::inventory::Checksums;
use crate::model::locked::Locked;
use crate::model::source::Source;

/// Reads a lock file.
///
/// # Errors
/// It is missing, or no lock file of a known format.
pub fn read_lock(path: &Path) -> Result<Lockfile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parse_lock(&read_text(path)?, &name)
}

/// The text of a lock file.
///
/// # Errors
/// It is missing or no UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !path.is_file() {
        return Err(Error::judge(format!("there is no `{name}`"))
            .with_help("run `cargo generate-lockfile` and commit the file"));
    }
    std::fs::read_to_string(path)
        .map_err(|error| Error::judge(format!("`{name}` cannot be read")).with_source(error))
}

/// Parses a lock file; `name` is for error messages.
///
/// # Errors
/// It is no lock file of a known format.
pub fn parse_lock(text: &str, name: &str) -> Result<Lockfile> {
    text.parse().map_err(|error: rustsec::cargo_lock::Error| {
        Error::judge(format!("`{name}` cannot be read"))
            .with_source(error)
            .with_help("run `cargo generate-lockfile` with a current cargo")
    })
}

/// SHA-256 of each registry package's `.crate` archive.
pub fn locked_checksums(lock: &Lockfile) -> Checksums {
    lock.packages
        .iter()
        .filter_map(|package| {
            let checksum = package.checksum.as_ref()?.to_string();
            let source = package.source.as_ref()?.to_string();
            Some((
                (
                    package.name.to_string(),
                    package.version.to_string(),
                    source,
                ),
                checksum,
            ))
        })
        .collect()
}

/// The packages of a lock file with the lines they stand at.
pub fn locked_packages(lock: &Lockfile, text: &str) -> Vec<Locked> {
    let lines = package_lines(text);
    lock.packages
        .iter()
        .map(|package| {
            let (name, version) = (package.name.to_string(), package.version.to_string());
            let source = match &package.source {
                None => Source::Path(String::new()),
                Some(source) if source.is_default_registry() => Source::CratesIo,
                Some(source) if source.is_git() => Source::Git {
                    url: source.url().to_string(),
                    commit: source.precise().unwrap_or_default().to_owned(),
                },
                Some(source) => Source::Registry(source.url().to_string()),
            };
            let line = lines.get(&(name.clone(), version)).copied();
            Locked {
                name,
                version: package.version.clone(),
                source,
                line,
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

    #[test]
    fn packages_know_their_lines_and_sources() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"00000000000000000000000000000000000000000000000000000000000000aa\"\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n";
        let lock = parse_lock(text, "x").unwrap();
        let packages = locked_packages(&lock, text);
        assert_eq!(packages[0].source, Source::CratesIo);
        assert_eq!((packages[0].line, packages[1].line), (Some(3), Some(9)));
        assert_eq!(packages[1].source, Source::Path(String::new()));
    }
}
