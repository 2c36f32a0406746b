//! Fragments at the commits of a range.
//!
//! Must never: tell a fragment twice. It belongs to the release whose range added it, whether it
//! still lies there or the release's own commit took it away.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::git::{CommitId, Git};

use super::blobs;
use crate::model::changed::ChangedFiles;
use crate::model::commit::Commit;
use crate::model::fragments::is_fragment;
use crate::model::range::Span;

/// A fragment's file: its name, and its text.
pub type FragmentFile = (String, String);

/// Whether a folder of fragments is, or was at a release before, a part of the range.
///
/// # Errors
/// git failed.
pub fn is_there(git: &Git, span: &Span, folder: &str) -> Result<bool> {
    for commit in std::iter::once(&span.to).chain(&span.without) {
        if git.folder(commit, folder)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The fragments that the commits of a range added to a folder, by the commit that did: each where
/// it was added last.
///
/// # Errors
/// git failed.
pub fn added(
    git: &Git,
    span: &Span,
    commits: &[Commit],
    files: &ChangedFiles,
    folder: &str,
) -> Result<BTreeMap<CommitId, Vec<FragmentFile>>> {
    let mut added: BTreeMap<&str, &CommitId> = BTreeMap::new();
    for (position, path) in files.added_below(folder) {
        if is_fragment(file_name(path))
            && let Some(commit) = commits.get(position)
        {
            added.entry(path).or_insert(&commit.id);
        }
    }

    // What lies there now; what the release's own commit took away counts as it was before.
    let names: Vec<String> = added
        .keys()
        .flat_map(|path| {
            [
                format!("{}:{path}", span.to),
                format!("{}^:{path}", span.to),
            ]
        })
        .collect();

    let blobs = blobs::read(git, &names)?;
    let mut found: BTreeMap<CommitId, Vec<FragmentFile>> = BTreeMap::new();
    for ((path, commit), pair) in added.into_iter().zip(blobs.chunks(2)) {
        let Some(blob) = pair.iter().flatten().next() else {
            continue;
        };
        let text = String::from_utf8_lossy(&blob.bytes).into_owned();
        let file = (file_name(path).to_owned(), text);
        found.entry(commit.clone()).or_default().push(file);
    }

    Ok(found)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
