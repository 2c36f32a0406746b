//! What a trial left, and sources that it may have written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use release_gate::digest::{Sha256Digest, sha256_bytes};

use crate::sealed::sandbox::Sandbox;

/// What a trial left: digests of files and of what a build script said, and the text of what is
/// small.
#[derive(Debug, Clone, Default)]
pub(super) struct Outputs {
    pub(super) digests: BTreeMap<String, Sha256Digest>,
    texts: BTreeMap<String, String>,
}

impl PartialEq for Outputs {
    fn eq(&self, other: &Self) -> bool {
        self.digests == other.digests
    }
}

impl Outputs {
    /// Whether two hold the same files, whatever cargo calls them.
    pub(super) fn same_files(&self, other: &Self) -> bool {
        self.sorted_digests() == other.sorted_digests()
    }

    fn sorted_digests(&self) -> Vec<Sha256Digest> {
        let mut digests: Vec<Sha256Digest> = self.digests.values().copied().collect();
        digests.sort();
        digests
    }

    /// The first lines in which two differ.
    pub(super) fn lines(&self, other: &Self) -> Option<(String, String)> {
        self.texts.iter().find_map(|(name, text)| {
            let theirs = other.texts.get(name)?;
            let pair = text.lines().zip(theirs.lines()).find(|(x, y)| x != y);
            pair.map(|(x, y)| (x.to_owned(), y.to_owned()))
        })
    }
}

/// Texts up to this length are kept.
const SMALL: usize = 64 << 10;

impl Outputs {
    /// Leaves out what nobody sees.
    pub(super) fn keep(&mut self, is: impl Fn(&str) -> bool) {
        self.digests.retain(|name, _| is(name));
        self.texts.retain(|name, _| is(name));
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, text: String) {
        self.digests
            .insert(name.to_owned(), sha256_bytes(text.as_bytes()));
        if text.len() <= SMALL {
            self.texts.insert(name.to_owned(), text);
        }
    }
}

/// Sources before a trial that may write them.
pub(super) struct SourcesBefore(Vec<Before>);

/// A source's name and path, and its bytes and time where it was there.
type Before = (String, PathBuf, Option<(Vec<u8>, SystemTime)>);

/// The bytes and the time of a file.
fn content_of(path: &Path) -> Option<(Vec<u8>, SystemTime)> {
    Some((
        std::fs::read(path).ok()?,
        path.metadata().ok()?.modified().ok()?,
    ))
}

impl SourcesBefore {
    pub(super) fn of(sandbox: &Sandbox, sources: &[PathBuf]) -> Self {
        let sources = sources.iter().map(|relative| {
            let path = sandbox.source.join(relative);
            let content = content_of(&path);
            (relative.to_string_lossy().into_owned(), path, content)
        });
        Self(sources.collect())
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.0
            .iter()
            .map(|(name, path, _)| (name.as_str(), path.as_path()))
    }

    /// So that no trial sees what an earlier one wrote.
    pub(super) fn put_back(self) {
        for (_, path, content) in self.0 {
            if let Some((bytes, modified)) = content
                && std::fs::write(&path, bytes).is_ok()
                && let Ok(file) = std::fs::File::options().append(true).open(&path)
            {
                let _ = file.set_modified(modified);
            }
        }
    }
}

/// Adds all files below a folder, dependency lists (`.d`) excepted, without the sandbox's name.
pub(super) fn collect_outputs(root: &Path, dir: &Path, sandbox: &Sandbox, outputs: &mut Outputs) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_outputs(root, &path, sandbox, outputs);
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "d") {
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => outputs.text(&name, sandbox.neutral(&text)),
            Ok(text) => drop(outputs.digests.insert(name, sha256_bytes(text.as_bytes()))),
            Err(error) => drop(outputs.digests.insert(name, sha256_bytes(error.as_bytes()))),
        }
    }
}
