//! Many files of many commits through one process.
//!
//! Must never: start a process for each file. A project has hundreds of tags.

use std::rc::Rc;

use release_gate::git::{Git, GitError};

/// A file as git stores it; equal ids mean equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its object id.
    pub id: String,
    /// Its bytes.
    pub bytes: Rc<[u8]>,
}

/// The files named `commit:path`, in the order asked for; `None` where there is no such file.
///
/// # Errors
/// git failed.
pub fn read(git: &Git, names: &[String]) -> Result<Vec<Option<Blob>>, GitError> {
    // A name with a line break would shift every answer.
    let input: String = names
        .iter()
        .map(|name| if name.contains('\n') { ":\n".to_owned() } else { format!("{name}\n") })
        .collect();
    let finished = git.run(git.step().args(["cat-file", "--batch"]).stdin(input))?.success()?;
    let mut rest = finished.stdout.as_slice();
    let mut found: Vec<Option<Blob>> = Vec::with_capacity(names.len());
    let mut last: Option<Blob> = None;
    for _ in names {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
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
            _ => Blob { id: id.to_owned(), bytes: body.into() },
        };
        last = Some(blob.clone());
        found.push(Some(blob));
    }
    Ok(found)
}
