//! Where a database is, and everything in it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use semver::Version;

use super::file::{AdvisoryFile, UnreadableFile, canonical_name};
use super::osv::parse_record;
use super::published::{Collection, Published};
use super::shelf::Shelf;
use crate::error::{Error, Result};
use crate::folders::cargo_home;
use crate::fs::walk;
use crate::git::{CommitId, Git};
use crate::process::Runner;

/// Environment variable that names a database.
pub const ENV: &str = "RELEASE_GATES_ADVISORY_DB";

/// A database that was read: a checkout of RustSec's advisory-db, or a folder of OSV records.
#[derive(Debug, Default)]
pub struct Advisories {
    shelves: BTreeMap<(Collection, String), Shelf>,
    unreadable: Vec<UnreadableFile>,
    /// The commit of the checkout, where it is one.
    pub commit: Option<CommitId>,
    /// When that commit was made; seconds since 1970.
    pub time: Option<i64>,
}

/// Where cargo-audit keeps its copy. `None` without a home folder.
pub fn usual_folder() -> Option<PathBuf> {
    Some(cargo_home()?.join("advisory-db"))
}

/// Looks for a database: the folder that a flag names, else [`ENV`], else where cargo-audit and
/// cargo-deny keep theirs. `None` where there is none.
///
/// # Errors
/// A folder that was named is not there.
pub fn locate(explicit: Option<&Path>) -> Result<Option<PathBuf>> {
    let from_env = std::env::var_os(ENV)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    if let Some(dir) = explicit.map(Path::to_owned).or(from_env) {
        if dir.is_dir() {
            return Ok(Some(dir));
        }
        return Err(Error::judge(format!(
            "the advisory database `{}` is not a folder",
            name_of(&dir)
        ))
        .with_help(format!(
            "name a checkout of RustSec's advisory-db with --db or {ENV}"
        )));
    }

    let Some(home) = cargo_home() else {
        return Ok(None);
    };
    // cargo-deny keeps one folder for each database it fetched.
    let usual = home.join("advisory-db");
    let fetched = sorted_entries(&home.join("advisory-dbs"));
    Ok(std::iter::once(usual)
        .chain(fetched)
        .find(|dir| dir.join("crates").is_dir()))
}

impl Advisories {
    /// Reads a database: RustSec's (the folder that holds `crates/`), or a folder of OSV records
    /// (`*.json`), as osv.dev exports them for an ecosystem.
    ///
    /// # Errors
    /// The folder holds no advisory.
    pub fn open(dir: &Path, runner: &Runner) -> Result<Self> {
        let mut opened = Self::default();
        if dir.join("crates").is_dir() {
            opened.read_rustsec(dir, "crates", Collection::Crates);
            opened.read_rustsec(dir, "rust", Collection::Rust);
        }
        if opened.shelves.is_empty() && opened.unreadable.is_empty() {
            opened.read_osv(dir);
        }
        // Of files that wait, one that can be read is enough to tell a database from a ruin.
        let holds_any = opened
            .shelves
            .values()
            .any(|shelf| !shelf.published().is_empty());
        if !holds_any {
            return Err(Error::judge(format!(
                "the advisory database `{}` holds no advisory",
                name_of(dir)
            ))
            .with_help("name a checkout of RustSec's advisory-db (the folder that holds `crates/`), or a folder of OSV records"));
        }

        (opened.commit, opened.time) = commit_of(dir, runner)?;
        Ok(opened)
    }

    /// How many advisories there are.
    pub fn count(&self) -> usize {
        self.shelves.values().map(Shelf::count).sum()
    }

    /// Adds what another database has beside this one. An advisory that is known here by its own id
    /// is not added a second time.
    pub fn merge(&mut self, other: Self) {
        for (key, theirs) in other.shelves {
            match self.shelves.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(theirs);
                }
                Entry::Occupied(mut mine) => mine.get_mut().merge(theirs),
            }
        }
        self.unreadable.extend(other.unreadable);
    }

    /// Everything published about a package, withdrawn advisories included, sorted by id.
    pub fn about(&self, collection: Collection, package: &str) -> &[Published] {
        self.shelves
            .get(&(collection, canonical_name(package)))
            .map(Shelf::published)
            .unwrap_or_default()
    }

    /// What concerns a version of a package of crates.io, sorted by id. Of several advisories that
    /// are one thing by their ids, and of one kind, the one of RustSec stands for all that do not
    /// weigh more: an export of osv.dev has both it and GitHub's.
    pub fn concerning<'a>(
        &'a self,
        package: &str,
        version: &'a Version,
    ) -> impl Iterator<Item = &'a Published> {
        let concerned: Vec<&Published> = self
            .about(Collection::Crates, package)
            .iter()
            .filter(|advisory| advisory.concerns(version))
            .collect();
        let is_said = |advisory: &Published| {
            concerned.iter().any(|other| {
                other.rank() < advisory.rank()
                    && other.kind == advisory.kind
                    && other.severity >= advisory.severity
                    && other.ids().any(|id| advisory.ids().any(|own| own == id))
            })
        };
        concerned
            .iter()
            .copied()
            .filter(|advisory| !is_said(advisory))
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// What concerns a release of Rust: its standard library, compiler and tools; sorted by part and
    /// id.
    pub fn concerning_rust<'a>(
        &'a self,
        version: &'a Version,
    ) -> impl Iterator<Item = &'a Published> {
        self.shelves
            .iter()
            .filter(|((collection, _), _)| *collection == Collection::Rust)
            .flat_map(|(_, shelf)| shelf.published())
            .filter(|advisory| advisory.concerns(version))
    }

    /// The files that may be about a package and cannot be read: whatever they say, nobody has
    /// looked at it.
    pub fn unreadable_about(&self, package: &str) -> impl Iterator<Item = &UnreadableFile> {
        let name = canonical_name(package);
        let waited = self
            .shelves
            .get(&(Collection::Crates, name.clone()))
            .map(Shelf::unreadable)
            .unwrap_or_default();
        self.unreadable
            .iter()
            .filter(move |file| file.about.contains(&name))
            .chain(waited)
    }

    /// The files that cannot be read, sorted by path: all whose package is in doubt, and of the
    /// others those about packages that were asked for.
    pub fn unreadable(&self) -> Vec<&UnreadableFile> {
        let waited = self.shelves.values().flat_map(Shelf::known_unreadable);
        let mut files: Vec<&UnreadableFile> = self.unreadable.iter().chain(waited).collect();
        files.sort();
        files
    }

    fn read_rustsec(&mut self, dir: &Path, folder: &str, collection: Collection) {
        for file in advisory_files(&dir.join(folder)) {
            let package = file.parent().map(name_of).unwrap_or_default();
            let path = format!("{folder}/{package}/{}", name_of(&file));
            match std::fs::read_to_string(&file) {
                Ok(text) => self.place(AdvisoryFile {
                    path,
                    text,
                    collection,
                }),
                Err(error) => {
                    let file = UnreadableFile::new(path, error.to_string(), &package, "");
                    self.unreadable.push(file);
                }
            }
        }
    }

    fn place(&mut self, file: AdvisoryFile) {
        if let Some(package) = file.certain_package() {
            let key = (file.collection, canonical_name(package));
            self.shelves.entry(key).or_default().add_file(file);
            return;
        }
        match file.parse() {
            Ok(advisory) => self.add(advisory),
            Err(file) => self.unreadable.push(file),
        }
    }

    fn add(&mut self, advisory: Published) {
        let key = (advisory.collection, canonical_name(&advisory.package));
        self.shelves.entry(key).or_default().add(advisory);
    }

    /// Records may lie in folders, as in the repositories of those who publish them.
    fn read_osv(&mut self, dir: &Path) {
        let files = match walk(dir) {
            Ok(files) => files,
            Err(error) => {
                let whole = UnreadableFile::new(name_of(dir), error.to_string(), "", "");
                return self.unreadable.push(whole);
            }
        };
        for file in files {
            let path = shown_path(&file.relative);
            let is_hidden = path.split('/').any(|part| part.starts_with('.'));
            if !path.ends_with(".json") || is_hidden {
                continue;
            }
            let bytes = match std::fs::read(&file.path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let file = UnreadableFile::new(path, error.to_string(), "", "");
                    self.unreadable.push(file);
                    continue;
                }
            };
            match parse_record(&bytes) {
                Ok(list) => list.into_iter().for_each(|advisory| self.add(advisory)),
                Err(why) => {
                    let text = String::from_utf8_lossy(&bytes);
                    let file = UnreadableFile::new(path, why, "", &text);
                    self.unreadable.push(file);
                }
            }
        }
    }
}

/// A path with `/` between its parts.
fn shown_path(path: &Path) -> String {
    path.iter()
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// The files of advisories in the folders of packages, drafts left out.
fn advisory_files(folder: &Path) -> Vec<PathBuf> {
    sorted_entries(folder)
        .iter()
        .flat_map(|package| sorted_entries(package))
        .filter(|file| {
            let name = name_of(file);
            name.ends_with(".md") && !name.starts_with('.') && !name.starts_with("RUSTSEC-0000-")
        })
        .collect()
}

/// The commit of a checkout and when it was made. A plain folder (an unpacked archive) has none; a
/// folder inside some other repository must not borrow that one's.
fn commit_of(dir: &Path, runner: &Runner) -> Result<(Option<CommitId>, Option<i64>)> {
    let Some(git) = Git::discover(dir, runner)?.filter(|git| is_same_folder(git.root(), dir))
    else {
        return Ok((None, None));
    };
    let commit = git.head()?;
    let time = match &commit {
        Some(commit) => Some(git.commit_time(commit)?),
        None => None,
    };
    Ok((commit, time))
}

fn is_same_folder(a: &Path, b: &Path) -> bool {
    a.canonicalize()
        .ok()
        .zip(b.canonicalize().ok())
        .is_some_and(|(a, b)| a == b)
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn sorted_entries(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"tar-rs\"\ndate = \"2024-02-03\"\n\n[versions]\npatched = [\">= 1.0.5\"]\n```\n\n# Title <b>\n\nText.\n";

    fn database(files: &[(&str, &str)]) -> (tempfile::TempDir, Advisories) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let read = Advisories::open(dir.path(), &Runner::new()).unwrap();
        (dir, read)
    }

    /// RustSec's own database type is the oracle for matching.
    #[test]
    fn versions_are_those_that_rustsec_reports() {
        let (dir, ours) = database(&[("crates/tar-rs/RUSTSEC-2024-0001.md", ADVISORY)]);
        let oracle = rustsec::Database::open(dir.path()).unwrap();
        for version in ["1.0.4", "1.0.5", "1.0.5-rc.1", "0.1.0", "2.0.0"] {
            let version: Version = version.parse().unwrap();
            let query = rustsec::database::Query::new()
                .package_name("tar-rs".parse().unwrap())
                .package_version(version.clone());
            assert_eq!(
                ours.concerning("Tar_rs", &version).count(),
                oracle.query(&query).len(),
                "{version}"
            );
        }
    }

    #[test]
    fn an_unreadable_file_is_about_its_folder_and_what_its_text_names() {
        let broken = "```toml\n[advisory]\npackage = \"smallvec\"\nid = \n```\n\n# T\n";
        let (_dir, ours) = database(&[
            ("crates/tar-rs/RUSTSEC-2024-0001.md", ADVISORY),
            ("crates/small-vec/RUSTSEC-2024-0002.md", broken),
        ]);
        assert_eq!(
            ours.unreadable()[0].path,
            "crates/small-vec/RUSTSEC-2024-0002.md"
        );
        assert_eq!(ours.unreadable_about("smallvec").count(), 1);
        assert_eq!(ours.unreadable_about("small_vec").count(), 1);
        assert_eq!(ours.unreadable_about("tar-rs").count(), 0);
    }

    #[test]
    fn the_toolchain_has_advisories_of_its_own() {
        let std = ADVISORY.replace("tar-rs", "std");
        let (_dir, ours) = database(&[
            ("crates/tar-rs/RUSTSEC-2024-0001.md", ADVISORY),
            ("rust/std/CVE-2024-1.md", &std),
        ]);
        assert_eq!(ours.about(Collection::Rust, "std").len(), 1);
        assert!(ours.about(Collection::Crates, "std").is_empty());
        assert_eq!(ours.concerning_rust(&Version::new(1, 0, 4)).count(), 1);
        assert_eq!(ours.concerning_rust(&Version::new(1, 0, 5)).count(), 0);
        assert_eq!(ours.count(), 2);
    }

    #[test]
    fn a_second_database_adds_what_the_first_does_not_have() {
        let aliased = ADVISORY.replace("date =", "aliases = [\"GHSA-1111-2222-3333\"]\ndate =");
        let (_dir, mut ours) = database(&[("crates/tar-rs/RUSTSEC-2024-0001.md", &aliased)]);
        let record = |id: &str| {
            format!(
                "{{\"id\":\"{id}\",\"affected\":[{{\"package\":{{\"ecosystem\":\"crates.io\",\"name\":\"tar-rs\"}},\"versions\":[\"1.0.4\"]}}]}}"
            )
        };
        let (_more, theirs) = database(&[
            ("GHSA-1111-2222-3333.json", &record("GHSA-1111-2222-3333")),
            ("MAL-2024-1.json", &record("MAL-2024-1")),
        ]);
        ours.merge(theirs);
        let version = Version::new(1, 0, 4);
        let ids: Vec<&str> = ours
            .concerning("tar-rs", &version)
            .map(|advisory| advisory.id.as_str())
            .collect();
        assert_eq!(ids, ["MAL-2024-1", "RUSTSEC-2024-0001"]);
    }

    #[test]
    fn a_folder_without_advisories_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Advisories::open(dir.path(), &Runner::new()).is_err());
    }
}
