//! Lockfiles at revisions, all formats cargo ever wrote.
//!
//! Must never: resolve or update anything.

use std::str::FromStr;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::{Error, Result};
use rustsec::cargo_lock::Lockfile;
use rustsec::cargo_lock::package::SourceKind;

use crate::model::dependencies::{Locked, Source};

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

/// The lockfiles of many commits through one process, in the order of the commits. `None` where a commit has none that can be read.
///
/// # Errors
/// git failed or its answer is odd.
pub fn many(git: &Git, commits: &[CommitId], path: &str) -> Result<Vec<Option<Lockfile>>, GitError> {
    let input: String = commits.iter().map(|commit| format!("{commit}:{path}\n")).collect();
    let finished = git.run(git.step().args(["cat-file", "--batch"]).stdin(input))?.success()?;
    let mut rest = finished.stdout.as_slice();
    let mut found: Vec<Option<Lockfile>> = Vec::with_capacity(commits.len());
    let mut last: Option<(Vec<u8>, Option<Lockfile>)> = None;
    for _ in commits {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = rest.get(end + 1..).unwrap_or_default();
        let mut words = header.rsplitn(3, ' ');
        let (size, kind) = (words.next().and_then(|size| size.parse::<usize>().ok()), words.next());
        let (Some(size), Some("blob")) = (size, kind) else {
            found.push(None);
            continue;
        };
        let body = rest.get(..size).unwrap_or_default();
        rest = rest.get(size + 1..).unwrap_or_default();
        // Consecutive releases often share their lockfile.
        let parsed = match &last {
            Some((bytes, parsed)) if bytes == body => parsed.clone(),
            _ => parse(body).ok(),
        };
        last = Some((body.to_vec(), parsed.clone()));
        found.push(parsed);
    }
    Ok(found)
}

/// The packages of a lockfile as the model sees them.
pub fn locked(lock: &Lockfile) -> Vec<Locked> {
    lock.packages
        .iter()
        .map(|package| Locked {
            name: package.name.to_string(),
            version: package.version.clone(),
            source: package.source.as_ref().map(|source| Source {
                kind: match source.kind() {
                    SourceKind::Registry | SourceKind::SparseRegistry => "registry",
                    SourceKind::Git(_) => "git",
                    SourceKind::Path => "path",
                    SourceKind::LocalRegistry => "local-registry",
                    SourceKind::Directory => "directory",
                    _ => "other",
                },
                // The two ways to reach the public registry are one source.
                url: if source.is_default_registry() {
                    "crates.io".to_owned()
                } else {
                    source.url().to_string()
                },
            }),
            dependencies: package
                .dependencies
                .iter()
                .map(|one| (one.name.to_string(), one.version.clone()))
                .collect(),
        })
        .collect()
}
