//! The advisory database, and what of it hits a lockfile.
//!
//! Must never: fetch anything, or leave out quietly what it cannot read. Only the folders of
//! packages that are locked are read, so a release costs a few files and not the whole database.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use release_gate::{Error, Result};

use super::lockfile::Lock;
use crate::model::dependencies::Locked;
use crate::model::published::Published;
use crate::model::untrusted::Untrusted;
use crate::model::vulnerabilities::{Hit, Shipped};

/// The environment variable that names a checkout of the database.
const ENV: &str = "RELEASE_GATES_ADVISORY_DB";

/// A checkout of the database.
#[derive(Debug)]
pub struct Advisories {
    dir: PathBuf,
    by_package: RefCell<BTreeMap<String, Rc<Vec<Published>>>>,
    unreadable: RefCell<BTreeSet<String>>,
}

/// Where the database is: `--db`, else `RELEASE_GATES_ADVISORY_DB`, else the folders cargo's tools
/// use.
pub fn locate(flag: Option<&Path>) -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(path) = flag.map(Path::to_owned).or_else(|| set(ENV)) {
        return Some(path);
    }
    let home =
        set("CARGO_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))?;
    let fetched = std::fs::read_dir(home.join("advisory-dbs"))
        .into_iter()
        .flatten()
        .flatten();
    let mut others: Vec<PathBuf> = fetched.map(|entry| entry.path()).collect();
    others.sort();
    std::iter::once(home.join("advisory-db"))
        .chain(others)
        .find(|dir| dir.join("crates").is_dir())
}

impl Advisories {
    /// Opens a checkout.
    ///
    /// # Errors
    /// It is none.
    pub fn open(dir: &Path) -> Result<Self> {
        if !dir.join("crates").is_dir() {
            return Err(Error::judge(format!("`{}` is no advisory database", dir.display()))
                .with_help(format!("name a checkout of RustSec's advisory-db, the folder that holds `crates/`, with --db or {ENV}")));
        }
        Ok(Self {
            dir: dir.to_owned(),
            by_package: RefCell::default(),
            unreadable: RefCell::default(),
        })
    }

    /// Files that were looked at and could not be read, relative to the database.
    pub fn unreadable(&self) -> Vec<String> {
        self.unreadable.borrow().iter().cloned().collect()
    }

    /// The advisories about one package.
    fn about(&self, package: &str) -> Rc<Vec<Published>> {
        if let Some(known) = self.by_package.borrow().get(package) {
            return Rc::clone(known);
        }
        let mut found = Vec::new();
        // Names of packages are plain words; anything else cannot be a folder of the database.
        let plain = package
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let folder = self.dir.join("crates").join(package);
        let files = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|_| plain);
        for file in files.map(|entry| entry.path()) {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !name.ends_with(".md") || name.starts_with('.') || name.starts_with("RUSTSEC-0000-")
            {
                continue;
            }
            let read = std::fs::read_to_string(&file).map_err(|error| error.to_string());
            match read.and_then(|text| Published::parse(&text)) {
                Ok(advisory) if advisory.package == package => found.push(advisory),
                Ok(_) | Err(_) => {
                    self.unreadable
                        .borrow_mut()
                        .insert(format!("crates/{package}/{name}"));
                }
            }
        }
        let found = Rc::new(found);
        self.by_package
            .borrow_mut()
            .insert(package.to_owned(), Rc::clone(&found));
        found
    }

    /// Every advisory that hits a package of the lockfile, sorted by id: the vulnerabilities `cargo
    /// audit` reports. `known` is the day, `2026-11-21`, up to which an advisory counts as
    /// public before.
    pub fn hits(&self, lock: &[Locked], known: &str) -> Vec<Hit> {
        let mut hits: BTreeMap<String, Hit> = BTreeMap::new();
        for package in lock.iter().filter(|package| is_public(package)) {
            let about = self.about(&package.name);
            for advisory in about
                .iter()
                .filter(|advisory| advisory.hits(&package.version))
            {
                let hit = hits.entry(advisory.id.clone()).or_insert_with(|| Hit {
                    id: advisory.id.clone(),
                    aliases: advisory.aliases.clone(),
                    package: package.name.clone(),
                    versions: Vec::new(),
                    title: Untrusted::new(&advisory.title),
                    public_before: advisory.date.as_str() <= known,
                    date: advisory.date.clone(),
                    severity: advisory.severity.clone(),
                    patched: advisory.patched.clone(),
                    locked_only: false,
                    shipped: Shipped::default(),
                });
                hit.versions.push(package.version.to_string());
            }
        }
        hits.into_values().collect()
    }

    /// Whether a lockfile holds a version that an advisory about `package` calls vulnerable.
    pub fn is_hit(&self, id: &str, package: &str, lock: &Lock) -> bool {
        let about = self.about(package);
        let Some(advisory) = about.iter().find(|advisory| advisory.id == id) else {
            return false;
        };
        lock.iter()
            .any(|one| one.name == package && is_public(one) && advisory.hits(&one.version))
    }
}

/// What does not come from the public registry is not what its advisories are about.
fn is_public(package: &Locked) -> bool {
    package
        .source
        .as_ref()
        .is_some_and(|source| source.is_public())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustsec::Database;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"tar\"\ndate = \"2024-02-03\"\n\n[versions]\npatched = [\">= 1.0.5\"]\n```\n\n# Title <b>\n\nText.\n";

    /// The library's own matching, over the whole database, is the oracle.
    #[test]
    fn hits_are_those_of_the_whole_database() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("crates/tar");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("RUSTSEC-2024-0001.md"), ADVISORY).unwrap();
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        for (version, hit) in [("1.0.4", true), ("1.0.5", false)] {
            let text = format!(
                "version = 4\n[[package]]\nname = \"tar\"\nversion = \"{version}\"\n{source}\n"
            );
            let lock = crate::read::lockfile::parse(text.as_bytes()).unwrap();
            let ours = Advisories::open(dir.path()).unwrap();
            let ids: Vec<String> = ours
                .hits(&lock, "2024-12-31")
                .into_iter()
                .map(|hit| hit.id)
                .collect();
            let oracle = Database::open(dir.path())
                .unwrap()
                .vulnerabilities(&text.parse().unwrap());
            assert_eq!(
                ids,
                oracle
                    .iter()
                    .map(|found| found.advisory.id.to_string())
                    .collect::<Vec<_>>()
            );
            assert_eq!(
                (
                    ids.len() == 1,
                    ours.is_hit("RUSTSEC-2024-0001", "tar", &lock)
                ),
                (hit, hit)
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("crates/tar");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("RUSTSEC-2024-0001.md"), "garbage").unwrap();
        let advisories = Advisories::open(dir.path()).unwrap();
        assert!(advisories.about("tar").is_empty() && advisories.about("../tar").is_empty());
        assert_eq!(advisories.unreadable(), ["crates/tar/RUSTSEC-2024-0001.md"]);
        assert!(Advisories::open(&folder).is_err());
    }
}
