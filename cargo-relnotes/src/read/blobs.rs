//! Files at commits, many of them at once.
//!
//! Must never: take a file that is not in this clone for one that the commit does not have.

use std::sync::Arc;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::{Error, Result};

/// A file as git stores it; equal ids mean equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its object id.
    pub id: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// The bytes of a file at a commit, or `None` where the commit has no such file.
///
/// # Errors
/// git failed, or the commit has the file and this clone was made without its bytes: that is no
/// absence.
pub fn file(git: &Git, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>> {
    if let Some(bytes) = git.show(commit, path)? {
        return Ok(Some(bytes));
    }
    if is_there(git, commit, path)? {
        return Err(Error::judge(format!(
            "`{path}` at {} is not in this clone, which was made without the contents of old files",
            commit.short()
        ))
        .with_help("`git fetch --refetch --no-filter --tags` brings them"));
    }
    Ok(None)
}

/// Whether a commit names a file of this path, whether or not its bytes are here.
fn is_there(git: &Git, commit: &CommitId, path: &str) -> Result<bool> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let entries = git.folder(commit, folder)?.unwrap_or_default();
    let mut same = entries.iter().filter(|entry| entry.name == name.as_bytes());
    Ok(same.any(|entry| entry.is_file()))
}

/// The files named `commit:path`, in the order asked for; `None` where there is no such file.
///
/// # Errors
/// git failed.
pub fn read(git: &Git, names: &[String]) -> std::result::Result<Vec<Option<Blob>>, GitError> {
    let objects = git.objects(names)?;
    let files = objects.into_iter().map(|object| {
        let object = object.filter(|object| object.kind == "blob")?;
        Some(Blob {
            id: object.id,
            bytes: object.bytes,
        })
    });
    Ok(files.collect())
}

/// Names of the files that lie in a folder of a commit; what is no text is left out.
///
/// # Errors
/// git failed.
pub fn names_in(
    git: &Git,
    commit: &CommitId,
    folder: &str,
) -> std::result::Result<Vec<String>, GitError> {
    let entries = git.folder(commit, folder)?.unwrap_or_default();
    let names = entries
        .into_iter()
        .filter_map(|entry| String::from_utf8(entry.name).ok());
    Ok(names.collect())
}
