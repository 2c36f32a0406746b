//! Cargo.lock, through the advisory database's own reader, so that one parser decides for documents and audit alike.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::{Error, Result};
use rustsec::Lockfile;

/// Reads a lock file.
///
/// # Errors
/// It is missing, or no lock file of a known format.
pub fn read(path: &Path) -> Result<Lockfile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !path.is_file() {
        return Err(Error::judge(format!("there is no `{name}`"))
            .with_help("run `cargo generate-lockfile` and commit the file"));
    }
    Lockfile::load(path).map_err(|error| {
        Error::judge(format!("`{name}` cannot be read"))
            .with_source(error)
            .with_help("run `cargo generate-lockfile` with a current cargo")
    })
}

/// SHA-256 of each registry package's `.crate` archive, by name and version.
pub fn checksums(lock: &Lockfile) -> BTreeMap<(String, String), String> {
    lock.packages
        .iter()
        .filter_map(|package| {
            let checksum = package.checksum.as_ref()?.to_string();
            Some(((package.name.to_string(), package.version.to_string()), checksum))
        })
        .collect()
}
