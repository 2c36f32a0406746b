//! Which versions were yanked, from the copies of the registry's index that cargo keeps
//! (`$CARGO_HOME/registry/index/*/.cache`).
//!
//! No network: what is known is what cargo saw last. cargo's cache files hold, after a short head,
//! each version and its JSON object, separated by NUL bytes (cargo's
//! `sources/registry/index/cache.rs`); a file of another shape is not known, never "not yanked".

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Index copies of the default registry on this machine.
#[derive(Debug, Clone, Default)]
pub struct Index {
    caches: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Line {
    name: String,
    vers: String,
    #[serde(default)]
    yanked: bool,
}

impl Index {
    /// The copies below a CARGO_HOME.
    pub fn below(cargo_home: &Path) -> Self {
        let folders = std::fs::read_dir(cargo_home.join("registry").join("index"));
        let mut caches: Vec<PathBuf> = folders
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.starts_with("index.crates.io-") || name.starts_with("github.com-")
            })
            .map(|entry| entry.path().join(".cache"))
            .collect();
        caches.sort();
        // The sparse index is the one cargo asks today.
        caches.reverse();
        Self { caches }
    }

    /// Whether a version was yanked. `None`: this machine does not know.
    pub fn is_yanked(&self, name: &str, version: &str) -> Option<bool> {
        let file = index_path(&name.to_lowercase())?;
        self.caches.iter().find_map(|cache| {
            let bytes = std::fs::read(cache.join(&file)).ok()?;
            // Each version stands before its line, so that only that one line has to be read.
            let mut parts = bytes.split(|byte| *byte == 0);
            parts.find(|part| *part == version.as_bytes())?;
            let line: Line = serde_json::from_slice(parts.next()?).ok()?;
            (line.name == name && line.vers == version).then_some(line.yanked)
        })
    }
}

/// Where a crate's file is, as in every registry index: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcd…`.
fn index_path(name: &str) -> Option<PathBuf> {
    // Names come from files that may hold anything; only what can be a crate's name becomes a path.
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    plain.then(|| match name.len() {
        1 | 2 => PathBuf::from(name.len().to_string()).join(name),
        3 => PathBuf::from("3").join(&name[..1]).join(name),
        _ => PathBuf::from(&name[..2]).join(&name[2..4]).join(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yanked_versions_are_known_from_cargos_copy() {
        let home = tempfile::tempdir().unwrap();
        let cache = home
            .path()
            .join("registry/index/index.crates.io-1/.cache/de/mo");
        std::fs::create_dir_all(&cache).unwrap();
        let head = b"\x03\x02\0\0\0etag\x00";
        let lines = b"1.0.0\x00{\"name\":\"demo\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"\",\"features\":{},\"yanked\":true}\x001.0.1\x00{\"name\":\"demo\",\"vers\":\"1.0.1\",\"deps\":[],\"cksum\":\"\",\"features\":{},\"yanked\":false}\x00";
        std::fs::write(cache.join("demo"), [&head[..], lines].concat()).unwrap();
        let index = Index::below(home.path());
        assert_eq!(index.is_yanked("demo", "1.0.0"), Some(true));
        assert_eq!(index.is_yanked("demo", "1.0.1"), Some(false));
        assert_eq!(index.is_yanked("demo", "2.0.0"), None);
        assert_eq!(index.is_yanked("absent", "1.0.0"), None);
        assert_eq!(index.is_yanked("../../demo", "1.0.0"), None);
        assert_eq!(index.is_yanked("é", "1.0.0"), None);
    }
}
