//! Objects of a repository, all through one process that stays.
//!
//! A project has hundreds of tags, and each of them a manifest and a lock file: a process for each
//! would cost more than the reading. What the process cannot be asked about (a name with a line
//! break) is asked by itself.

use std::sync::Arc;

use release_gate_facts::commit::CommitId;

use super::repository::{Git, GitError, answer};
use crate::process::ProcessError;
use crate::process::conversation::Conversation;

/// An object as git stores it; equal ids mean equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its id.
    pub id: String,
    /// What it is: `blob`, `tree`, `commit` or `tag`.
    pub kind: String,
    /// Its bytes, shared between equal objects that stand beside each other.
    pub bytes: Arc<[u8]>,
}

/// An entry of a folder at a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// Its mode, as git writes it: `100644` for a file, `40000` for a folder.
    pub mode: Vec<u8>,
}

impl FolderEntry {
    /// Whether it is a file; links, folders and submodules are none.
    pub fn is_file(&self) -> bool {
        self.mode.starts_with(b"100")
    }
}

impl Git {
    /// The bytes of a file at a commit, or `None` where the commit has no such file. `path` is
    /// relative to the top folder, with `/` between its parts.
    ///
    /// # Errors
    /// git could not be run or failed.
    pub fn show(&self, commit: &CommitId, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let name = format!("{commit}:{path}");
        let found = match self.objects(std::slice::from_ref(&name)) {
            // What is not here or damaged ends the reader of some versions of git.
            Err(GitError::Process(ProcessError::Failed { .. })) => self.asked_alone(&name)?,
            found => found?.pop().flatten(),
        };
        let file = found.filter(|object| object.kind == "blob");
        Ok(file.map(|object| object.bytes.to_vec()))
    }

    /// Committer time in seconds since 1970.
    ///
    /// # Errors
    /// git could not be run, or the commit says no time.
    pub fn commit_time(&self, commit: &CommitId) -> Result<i64, GitError> {
        let found = self.objects(&[commit.to_string()])?;
        let found = found.into_iter().flatten().next();
        let bytes = found.map(|object| object.bytes).unwrap_or_default();
        committed_at(&bytes).ok_or_else(|| answer("cat-file commit", &bytes))
    }

    /// The objects of these names (`commit:path`, ids), in their order; `None` for what there is
    /// none of.
    ///
    /// # Errors
    /// git could not be run, or an object is damaged.
    pub fn objects(&self, names: &[String]) -> Result<Vec<Option<Object>>, GitError> {
        if names.iter().all(|name| is_line(name)) {
            return self.asked_together(names);
        }
        names
            .iter()
            .map(|name| {
                if is_line(name) {
                    let mut one = self.asked_together(std::slice::from_ref(name))?;
                    Ok(one.pop().flatten())
                } else {
                    self.asked_alone(name)
                }
            })
            .collect()
    }

    /// The entries of a folder at a commit, or `None` where the commit has no such folder. `path`
    /// is relative to the top folder, and empty for the top itself.
    ///
    /// # Errors
    /// git could not be run or gave an answer that cannot be read.
    pub fn folder(
        &self,
        commit: &CommitId,
        path: &str,
    ) -> Result<Option<Vec<FolderEntry>>, GitError> {
        let name = format!("{commit}:{}", path.trim_end_matches('/'));
        let found = self.objects(std::slice::from_ref(&name))?;
        let Some(tree) = found.into_iter().flatten().next() else {
            return Ok(None);
        };
        if tree.kind != "tree" {
            return Ok(None);
        }
        let id_length = tree.id.len() / 2;
        let entries = parse_tree(&tree.bytes, id_length);
        entries
            .map(Some)
            .ok_or_else(|| answer("cat-file --batch", &tree.bytes))
    }

    fn asked_together(&self, names: &[String]) -> Result<Vec<Option<Object>>, GitError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut slot = self.reader.lock();
        let mut conversation = match slot.take() {
            Some(running) => running,
            None => self
                .runner
                .converse(self.step().args(["cat-file", "--batch"]))?,
        };

        let mut last: Option<Object> = None;
        let found = conversation.ask(names, |conversation, name| {
            let object = read_object(conversation, name, last.as_ref())?;
            if object.is_some() {
                last.clone_from(&object);
            }
            Ok::<_, GitError>(object)
        })?;

        // One that failed is not asked again: what it says next would be an answer to this.
        *slot = Some(conversation);

        Ok(found)
    }

    /// Asks for one object through processes of its own.
    pub(super) fn asked_alone(&self, name: &str) -> Result<Option<Object>, GitError> {
        // git reads a name up to its end.
        if name.contains('\0') {
            return Ok(None);
        }
        let found = self.run(self.step().args([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            name,
        ]))?;
        let id = String::from_utf8_lossy(found.stdout.trim_ascii()).into_owned();
        if !found.is_success() || !is_id(&id) {
            return Ok(None);
        }
        let step = self.step().args(["cat-file", "-t", &id]);
        let kind = self.run(step)?;
        if !kind.is_success() {
            return Ok(None);
        }
        let kind = String::from_utf8_lossy(kind.stdout.trim_ascii()).into_owned();
        let bytes = self.plumbing(["cat-file", &kind, &id])?;
        Ok(Some(Object {
            id,
            kind,
            bytes: bytes.into(),
        }))
    }
}

/// Whether a name can be asked for as a line: it has no line break, and none that some versions of
/// git take for a part of one.
fn is_line(name: &str) -> bool {
    !name.contains(['\n', '\r', '\0'])
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The answer to one name: `<id> <kind> <size>`, a line break, the bytes and a line break; or the
/// name and a word that says why there is nothing.
fn read_object(
    conversation: &mut Conversation,
    name: &str,
    last: Option<&Object>,
) -> Result<Option<Object>, GitError> {
    let line = conversation.line()?;
    let header = String::from_utf8_lossy(&line);
    let odd = || answer("cat-file --batch", &line);
    let nothing = [" missing", " ambiguous"];
    if nothing
        .iter()
        .any(|word| header.strip_suffix(word) == Some(name))
    {
        return Ok(None);
    }

    let words: Vec<&str> = header.split(' ').collect();
    // A submodule's commit is no object of this repository.
    if let [id, "submodule" | "missing"] = words[..]
        && is_id(id)
    {
        return Ok(None);
    }
    let [id, kind @ ("blob" | "tree" | "commit" | "tag"), size] = words[..] else {
        return Err(odd());
    };
    let size: usize = size.parse().map_err(|_| odd())?;
    if !is_id(id) {
        return Err(odd());
    }
    let bytes = conversation.bytes(size)?;
    if conversation.bytes(1)? != b"\n" {
        return Err(odd());
    }

    // Releases that follow each other often share a file.
    Ok(Some(match last {
        Some(last) if last.id == id => last.clone(),
        _ => Object {
            id: id.to_owned(),
            kind: kind.to_owned(),
            bytes: bytes.into(),
        },
    }))
}

/// The time in the header of a commit: `committer Name <address> 1700000000 +0100`.
fn committed_at(commit: &[u8]) -> Option<i64> {
    let mut header = commit
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.is_empty());
    let line = header.find_map(|line| line.strip_prefix(b"committer "))?;
    let end = line.iter().rposition(|byte| *byte == b'>')?;
    let text = std::str::from_utf8(&line[end + 1..]).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// `<mode> <name>` NUL and the bytes of an id, one after the other.
fn parse_tree(bytes: &[u8], id_length: usize) -> Option<Vec<FolderEntry>> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let end = space + rest[space..].iter().position(|byte| *byte == 0)?;
        entries.push(FolderEntry {
            mode: rest[..space].to_vec(),
            name: rest[space + 1..end].to_vec(),
        });
        rest = rest.get(end + 1 + id_length..)?;
    }
    Some(entries)
}
