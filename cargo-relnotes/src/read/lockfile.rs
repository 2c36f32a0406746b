//! Lockfiles at revisions, all formats cargo ever wrote.
//!
//! Must never: resolve or update anything.

use std::collections::BTreeMap;
use std::str::FromStr;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::{Error, Result};
use rustsec::cargo_lock::Lockfile;
use rustsec::cargo_lock::SourceId;
use rustsec::cargo_lock::package::SourceKind;

use super::blobs;
use crate::model::dependencies::{Locked, Source, Wanted};

/// The lockfile at a commit, or `None` where the commit has none.
///
/// # Errors
/// git failed, or the file is no lockfile.
pub fn at(git: &Git, commit: &CommitId, path: &str) -> Result<Option<Lockfile>> {
    let Some(bytes) = git.show(commit, path)? else { return Ok(None) };
    parse(&bytes).map(Some).map_err(|why| {
        Error::judge(format!("`{path}` at {} cannot be read: {why}", commit.short()))
            .with_help("run `cargo generate-lockfile` there, or name another revision")
    })
}

fn parse(bytes: &[u8]) -> Result<Lockfile, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    Lockfile::from_str(text).map_err(|error| error.to_string())
}

/// The lockfiles of many commits, in their order. `None` where a commit has none that can be read.
///
/// # Errors
/// git failed.
pub fn many(git: &Git, commits: &[CommitId], path: &str) -> Result<Vec<Option<Lockfile>>, GitError> {
    let names: Vec<String> = commits.iter().map(|commit| format!("{commit}:{path}")).collect();
    let mut parsed: BTreeMap<String, Option<Lockfile>> = BTreeMap::new();
    let blobs = blobs::read(git, &names)?;
    Ok(blobs
        .into_iter()
        .map(|blob| {
            let blob = blob?;
            parsed.entry(blob.id).or_insert_with(|| parse(&blob.bytes).ok()).clone()
        })
        .collect())
}

/// The packages of a lockfile as the model sees them.
pub fn locked(lock: &Lockfile) -> Vec<Locked> {
    lock.packages
        .iter()
        .map(|package| Locked {
            name: package.name.to_string(),
            version: package.version.clone(),
            source: package.source.as_ref().map(source),
            revision: package
                .source
                .as_ref()
                .filter(|source| source.is_git())
                .and_then(|source| source.precise().map(str::to_owned)),
            checksum: package.checksum.as_ref().map(ToString::to_string),
            dependencies: package
                .dependencies
                .iter()
                .map(|one| Wanted {
                    name: one.name.to_string(),
                    version: one.version.clone(),
                    source: one.source.as_ref().map(source),
                })
                .collect(),
        })
        .collect()
}

fn source(source: &SourceId) -> Source {
    Source {
        kind: match source.kind() {
            SourceKind::Registry | SourceKind::SparseRegistry => "registry",
            SourceKind::Git(_) => "git",
            SourceKind::Path => "path",
            SourceKind::LocalRegistry => "local-registry",
            SourceKind::Directory => "directory",
            _ => "other",
        },
        // The two ways to reach the public registry are one source.
        url: if source.is_default_registry() { "crates.io".to_owned() } else { source.url().to_string() },
    }
}
