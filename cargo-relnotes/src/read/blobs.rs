//! Many files of many commits through one process.
//!
//! Must never: start a process for each file. A project has hundreds of tags.

use std::rc::Rc;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::{Error, Result};

/// A file as git stores it; equal ids mean equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its object id.
    pub id: String,
    /// Its bytes.
    pub bytes: Rc<[u8]>,
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
    let listed = git.plumbing(["ls-tree", "--full-tree", commit.as_str(), "--", path])?;
    if listed.starts_with(b"100") {
        return Err(Error::judge(format!(
            "`{path}` at {} is not in this clone, which was made without the contents of old files",
            commit.short()
        ))
        .with_help("`git fetch --refetch --no-filter --tags` brings them"));
    }
    Ok(None)
}

/// The files named `commit:path`, in the order asked for; `None` where there is no such file.
///
/// # Errors
/// git failed.
pub fn read(git: &Git, names: &[String]) -> std::result::Result<Vec<Option<Blob>>, GitError> {
    // A name with a line break would shift every answer.
    let input: String = names
        .iter()
        .map(|name| {
            if name.contains('\n') {
                ":\n".to_owned()
            } else {
                format!("{name}\n")
            }
        })
        .collect();

    let finished = git
        .run(git.step().args(["cat-file", "--batch"]).stdin(input))?
        .success()?;
    let mut rest = finished.stdout.as_slice();
    let mut found: Vec<Option<Blob>> = Vec::with_capacity(names.len());
    let mut last: Option<Blob> = None;
    for _ in names {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(rest.len());
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = rest.get(end + 1..).unwrap_or_default();
        let words: Vec<&str> = header.split(' ').collect();
        let [id, kind, size] = words[..] else {
            found.push(None);
            continue;
        };
        let Ok(size) = size.parse::<usize>() else {
            found.push(None);
            continue;
        };
        let body = rest.get(..size).unwrap_or_default();
        rest = rest.get(size + 1..).unwrap_or_default();
        if kind != "blob" {
            found.push(None);
            continue;
        }
        // Consecutive releases often share a file.
        let blob = match &last {
            Some(blob) if blob.id == id => blob.clone(),
            _ => Blob {
                id: id.to_owned(),
                bytes: body.into(),
            },
        };
        last = Some(blob.clone());
        found.push(Some(blob));
    }

    Ok(found)
}
