//! Files that git ignores and cargo or rustup obey: no signature covers them, and `git status` does not
//! show them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use release_gate::Result;
use release_gate::git::{Git, bytes_to_path};

/// Files that are obeyed wherever they lie.
const OBEYED: [&str; 4] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain",
    "rust-toolchain.toml",
];
/// Folders whose files cargo finds by itself.
const SOURCES: [&str; 5] = [".cargo", "src", "examples", "tests", "benches"];
/// Cargo's own output.
const OUTPUT: &str = "target";

/// Their names, for people.
pub(super) fn obeyed_and_ignored(git: &Git) -> Result<Vec<String>> {
    let listed = git.plumbing([
        "ls-files",
        "--others",
        "--ignored",
        "--exclude-standard",
        "-z",
    ])?;

    let mut outputs = Outputs {
        git,
        known: BTreeMap::new(),
    };

    let mut found = Vec::new();
    for entry in listed
        .split(|byte| *byte == 0)
        .filter(|entry| !entry.is_empty())
    {
        let path = bytes_to_path(entry);
        // A repository of its own is listed as a folder, and not looked into.
        let is_closed = entry.ends_with(b"/") || git.root().join(&path).is_symlink();
        if is_obeyed(&path, is_closed) && !outputs.hold(&path)? {
            found.push(format!("`{}`", path.display().to_string().escape_debug()));
        }
    }

    Ok(found)
}

/// `is_closed`: a link or a folder that git does not look into, where anything may lie.
fn is_obeyed(path: &Path, is_closed: bool) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let lies_in = |folder: &str| {
        path.components()
            .any(|part| part.as_os_str().eq_ignore_ascii_case(folder))
    };
    is_rust
        || name.is_some_and(|name| OBEYED.contains(&name))
        || lies_in(".cargo") && name.is_some_and(|name| name.starts_with("config"))
        || is_closed && SOURCES.iter().any(|folder| lies_in(folder))
}

/// Folders called like cargo's output.
struct Outputs<'a> {
    git: &'a Git,
    /// Whether each holds nothing that is tracked: a package may be called like it, too.
    known: BTreeMap<PathBuf, bool>,
}

impl Outputs<'_> {
    fn hold(&mut self, path: &Path) -> Result<bool> {
        let Some(at) = path.components().position(|part| is_output(&part)) else {
            return Ok(false);
        };
        let folder: PathBuf = path.components().take(at + 1).collect();
        if folder == path {
            return Ok(false);
        }
        if let Some(known) = self.known.get(&folder) {
            return Ok(*known);
        }
        let step = self.git.step().args(["ls-files", "-z", "--"]).arg(&folder);
        let tracked = self.git.run(step)?.success()?.stdout;
        self.known.insert(folder, tracked.is_empty());
        Ok(tracked.is_empty())
    }
}

fn is_output(part: &Component<'_>) -> bool {
    part.as_os_str() == OUTPUT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_finds_by_itself_is_obeyed() {
        for path in [
            "build.rs",
            "src/bin/x.rs",
            ".cargo/config.toml",
            "member/.cargo/config",
            "Cargo.lock",
            "rust-toolchain",
        ] {
            assert!(is_obeyed(Path::new(path), false), "{path}");
        }
        for path in [".cargo", "src/bin/", "member/examples"] {
            assert!(is_obeyed(Path::new(path), true), "{path}");
        }
        for (path, is_closed) in [
            ("notes.txt", false),
            ("src/data.bin", false),
            ("result", true),
        ] {
            assert!(!is_obeyed(Path::new(path), is_closed), "{path}");
        }
    }
}
