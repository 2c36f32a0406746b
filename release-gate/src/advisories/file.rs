//! A file of RustSec's database before it is parsed, and one that cannot be.
//!
//! A file waits only where its text leaves no doubt which package it is about; everything else is
//! parsed at once.

use std::collections::BTreeSet;
use std::path::Path;

use super::published::{Collection, Published};
use super::rustsec_file::parse_advisory;

/// Names as crates.io compares them: `A-b` and `a_b` are one package.
pub(super) fn canonical_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// A file of a database that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadableFile {
    /// Its path in the database, `/` between parts.
    pub path: String,
    /// Why.
    pub why: String,
    /// Packages it may be about, in canonical spelling: the one its folder is called after, and
    /// whatever its text calls a package.
    pub(super) about: BTreeSet<String>,
}

impl UnreadableFile {
    pub(super) fn new(path: String, why: String, folder: &str, text: &str) -> Self {
        let mut about = packages_named_in(text);
        if !folder.is_empty() {
            about.insert(canonical_name(folder));
        }
        Self { path, why, about }
    }
}

/// Every quoted word that stands behind `package` or `name` in a text that cannot be parsed: what
/// an unreadable advisory may be about.
fn packages_named_in(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.contains("package") || line.contains("name"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
        .map(canonical_name)
        .collect()
}

/// A file of RustSec's database.
#[derive(Debug)]
pub(super) struct AdvisoryFile {
    /// Its path in the database, `/` between parts.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) collection: Collection,
}

impl AdvisoryFile {
    /// The package it is about, where it says so once, as RustSec writes it, and lies in the folder
    /// of that package. A word that is there twice, or written with escapes, may be the key of
    /// another one.
    pub(super) fn certain_package(&self) -> Option<&str> {
        let front_matter = self.text.strip_prefix("```toml")?.split("\n```").next()?;
        if front_matter.contains('\\') {
            return None;
        }
        let mut lines = front_matter.lines().filter(|line| line.contains("package"));
        let (line, None) = (lines.next()?, lines.next()) else {
            return None;
        };
        let name = line
            .trim_end()
            .strip_prefix("package = \"")?
            .strip_suffix('"')?;

        let folder = self.folder();
        (canonical_name(name) == canonical_name(folder)).then_some(name)
    }

    /// The folder it lies in.
    pub(super) fn folder(&self) -> &str {
        Path::new(&self.path)
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }

    /// Parses it. RustSec's library asserts some of what it should refuse (`= 1` beside `> 1`); such
    /// a file is one that cannot be read, like any other.
    pub(super) fn parse(&self) -> Result<Published, UnreadableFile> {
        std::panic::catch_unwind(|| parse_advisory(&self.text, self.collection))
            .unwrap_or_else(|_| Err("its ranges of versions contradict each other".to_owned()))
            .map_err(|why| UnreadableFile::new(self.path.clone(), why, self.folder(), &self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, front_matter: &str) -> AdvisoryFile {
        AdvisoryFile {
            path: path.to_owned(),
            text: format!("```toml\n{front_matter}\n```\n\n# Title\n\nText.\n"),
            collection: Collection::Crates,
        }
    }

    #[test]
    fn only_what_leaves_no_doubt_names_its_package() {
        let plain = "[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"tar-rs\"";
        for (path, front_matter, certain) in [
            ("crates/tar-rs/a.md", plain.to_owned(), Some("tar-rs")),
            ("crates/TAR_RS/a.md", plain.to_owned(), Some("tar-rs")),
            ("crates/tar/a.md", plain.to_owned(), None),
            (
                "crates/tar-rs/a.md",
                format!("{plain}\nurl = \"https://example.org/package\""),
                None,
            ),
            (
                "crates/tar-rs/a.md",
                format!("{plain}\n\"\\u0070ackage\" = \"smallvec\""),
                None,
            ),
            (
                "crates/tar-rs/a.md",
                "[advisory]\npackage=\"tar-rs\"".to_owned(),
                None,
            ),
            (
                "crates/tar-rs/a.md",
                "advisory = { package = \"tar-rs\" }".to_owned(),
                None,
            ),
            ("crates/tar-rs/a.md", "[advisory]".to_owned(), None),
        ] {
            let file = file(path, &front_matter);
            assert_eq!(file.certain_package(), certain, "{path}: {front_matter}");
        }
    }
}
