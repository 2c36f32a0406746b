//! Fragments at the commits of a range.
//!
//! Must never: tell a fragment twice. It belongs to the release whose range added it, whether it
//! still lies there or the release's own commit took it away.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::git::{CommitId, Git, GitError};

use super::blobs;
use super::history::range_args;
use crate::model::fragments::is_fragment;
use crate::model::range::Span;

/// A fragment's file: its name, and its text.
pub type FragmentFile = (String, String);

/// The fragments that a range added to a folder, by the commit that did.
///
/// # Errors
/// git failed.
pub fn added(
    git: &Git,
    span: &Span,
    folder: &str,
) -> Result<BTreeMap<CommitId, Vec<FragmentFile>>> {
    let mut found: BTreeMap<CommitId, Vec<FragmentFile>> = BTreeMap::new();
    let paths = added_paths(git, span, folder)?;
    if paths.is_empty() {
        return Ok(found);
    }

    // What lies there now; what the release's own commit took away counts as it was before.
    let names: Vec<String> = paths
        .iter()
        .flat_map(|(_, path)| {
            [
                format!("{}:{path}", span.to),
                format!("{}^:{path}", span.to),
            ]
        })
        .collect();

    let blobs = blobs::read(git, &names)?;
    for ((commit, path), pair) in paths.into_iter().zip(blobs.chunks(2)) {
        let Some(blob) = pair.iter().flatten().next() else {
            continue;
        };
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let text = String::from_utf8_lossy(&blob.bytes).into_owned();
        found.entry(commit).or_default().push((name, text));
    }

    Ok(found)
}

/// The files that the commits of a range added to a folder, each where it was added last.
fn added_paths(git: &Git, span: &Span, folder: &str) -> Result<Vec<(CommitId, String)>> {
    let tops = std::iter::once(&span.to).chain(&span.without);
    let mut is_there = false;
    for commit in tops {
        let listed = git.plumbing(["ls-tree", "--full-tree", commit.as_str(), "--", folder])?;
        is_there |= !listed.is_empty();
    }

    if !is_there {
        return Ok(Vec::new());
    }
    let step = git
        .step()
        .env("GIT_LITERAL_PATHSPECS", "0")
        .args(["-c", "core.quotePath=false"])
        .args(["log", "--no-merges", "--no-renames", "--diff-filter=A"])
        .args(["--name-only", "--format=:%H", "--end-of-options"])
        .args(range_args(span))
        .arg("--")
        .arg(format!(":(top,literal){folder}/"));

    let log = git.run(step)?.success().map_err(GitError::from)?.stdout;
    let mut found: BTreeMap<String, CommitId> = BTreeMap::new();
    let mut commit: Option<CommitId> = None;
    for line in String::from_utf8_lossy(&log).lines() {
        if let Some(id) = line.strip_prefix(':') {
            commit = id.parse().ok();
        } else if let Some(commit) = &commit
            && is_fragment(line.rsplit('/').next().unwrap_or(line))
        {
            found
                .entry(line.to_owned())
                .or_insert_with(|| commit.clone());
        }
    }

    Ok(found
        .into_iter()
        .map(|(path, commit)| (commit, path))
        .collect())
}
