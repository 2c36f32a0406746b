//! Folders of this machine in the text of other programs, and how a report names them.
//!
//! cargo, rustc and git name files from the root of the file system. A report is read on other
//! machines and published, so what it quotes of them names files from the project.

use std::path::{Path, PathBuf};

/// CARGO_HOME, set or by default. `None` without a home folder.
pub fn cargo_home() -> Option<PathBuf> {
    set_or_below_home("CARGO_HOME", ".cargo")
}

/// The folder that a variable names, else the one of this name in the user's own.
fn set_or_below_home(variable: &str, name: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(name)))
}

/// Folders of this machine, each with the name it has in reports; the longest first, so that a
/// folder inside another one keeps its own name.
#[derive(Debug, Clone, Default)]
pub struct Folders(Vec<(String, &'static str)>);

impl Folders {
    /// The folders that errors of a call may name: the project's, the one around it, cargo's and
    /// rustup's, the temporary and the user's own.
    pub fn around(project: &Path) -> Self {
        Self::named([
            (Some(project.to_owned()), "."),
            (project.parent().map(Path::to_owned), ".."),
            (cargo_home(), "$CARGO_HOME"),
            (set_or_below_home("RUSTUP_HOME", ".rustup"), "$RUSTUP_HOME"),
            (Some(std::env::temp_dir()), "$TMPDIR"),
            (std::env::home_dir(), "~"),
        ])
    }

    fn named(folders: impl IntoIterator<Item = (Option<PathBuf>, &'static str)>) -> Self {
        let mut list: Vec<(String, &'static str)> = Vec::new();
        for (folder, name) in folders {
            let Some(text) = folder.as_deref().and_then(Path::to_str) else {
                continue;
            };
            // The root of the file system is not one machine's.
            let text = text.trim_end_matches('/');
            if Path::new(text).is_absolute() && list.iter().all(|(known, _)| known != text) {
                list.push((text.to_owned(), name));
            }
        }

        list.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self(list)
    }

    /// A text with each of the folders under the name it has in reports. What lies in the project's
    /// folder is named from there.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (folder, name)| {
            replace_folder(&text, folder, name)
        })
    }
}

/// Replaces a folder where it stands as a whole name, not as the beginning of another one.
fn replace_folder(text: &str, folder: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(folder) {
        let (before, found) = rest.split_at(start);
        let after = &found[folder.len()..];
        out.push_str(before);

        let continues = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if after.starts_with(continues) {
            out.push_str(folder);
            rest = after;
        } else if name == "." && after.starts_with('/') {
            rest = &after[1..];
        } else {
            out.push_str(name);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

// The paths are Unix's.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn folders() -> Folders {
        Folders::named([
            (Some(PathBuf::from("/people/ada/code/demo")), "."),
            (Some(PathBuf::from("/people/ada/code")), ".."),
            (Some(PathBuf::from("/people/ada")), "~"),
            (Some(PathBuf::from("/")), "nothing"),
            (None, "nothing"),
        ])
    }

    #[test]
    fn files_are_named_from_the_project() {
        for (text, hidden) in [
            ("at: /people/ada/code/demo/Cargo.lock", "at: Cargo.lock"),
            ("(/people/ada/code/demo)", "(.)"),
            (
                "path+file:///people/ada/code/demo#0.1.0",
                "path+file://.#0.1.0",
            ),
            ("update /people/ada/code/other", "update ../other"),
            ("/people/ada/.cargo/config.toml", "~/.cargo/config.toml"),
            ("/people/ada/code/demo-2/a", "../demo-2/a"),
            ("/usr/bin/ld and /", "/usr/bin/ld and /"),
            ("/people/adam", "/people/adam"),
        ] {
            assert_eq!(folders().hide(text), hidden);
        }
    }
}
