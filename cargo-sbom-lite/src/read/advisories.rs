//! RustSec's advisory database: where it is, which state of it, and its advisories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use release_gate::git::{CommitId, Git};
use release_gate::process::Runner;
use release_gate::{Error, Result};
use rustsec::advisory::Advisory;
use rustsec::package::Name;
use rustsec::{Collection, Database};

/// Environment variable that names a checkout.
pub const ENV: &str = "RELEASE_GATES_ADVISORY_DB";

/// Where RustSec keeps its database.
pub const URL: &str = "https://github.com/rustsec/advisory-db";

/// A database that was read.
#[derive(Debug)]
pub struct Advisories {
    /// The advisories about packages.
    pub database: Database,
    /// Packages it has advisories about, by name as crates.io compares names: `A-b` and `a_b` are
    /// one package.
    names: BTreeMap<String, BTreeSet<Name>>,
    /// How many there are.
    pub count: usize,
    /// Files that could not be read, relative to the database.
    pub unreadable: Vec<String>,
    /// The commit of the checkout, where it is one.
    pub commit: Option<CommitId>,
    /// When that commit was made; seconds since 1970.
    pub time: Option<i64>,
}

impl Advisories {
    /// The names under which there are advisories about a package.
    pub fn names_of(&self, package: &str) -> impl Iterator<Item = &Name> {
        self.names
            .get(&canonical_name(package))
            .into_iter()
            .flatten()
    }
}

fn canonical_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// Looks for a database: `--db`, else [`ENV`], else where cargo-audit and cargo-deny keep theirs.
/// `None` where there is none.
///
/// # Errors
/// A folder that was named is not there.
pub fn find_database(explicit: Option<&Path>) -> Result<Option<PathBuf>> {
    let from_env = std::env::var_os(ENV)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    if let Some(dir) = explicit.map(Path::to_owned).or(from_env) {
        if dir.is_dir() {
            return Ok(Some(dir));
        }
        return Err(Error::judge(format!(
            "the advisory database `{}` is no folder",
            dir.display()
        ))
        .with_help(format!(
            "name a checkout of RustSec's advisory-db with --db or {ENV}"
        )));
    }
    let Some(home) = cargo_home() else {
        return Ok(None);
    };
    let usual = [home.join("advisory-db")];
    // cargo-deny keeps one folder for each database it fetched.
    let fetched = std::fs::read_dir(home.join("advisory-dbs"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut candidates: Vec<PathBuf> = fetched.collect();
    candidates.sort();
    Ok(usual
        .into_iter()
        .chain(candidates)
        .find(|dir| dir.join("crates").is_dir()))
}

/// Where cargo-audit keeps its copy. `None` without a home folder.
pub fn usual_folder() -> Option<PathBuf> {
    Some(cargo_home()?.join("advisory-db"))
}

/// CARGO_HOME, set or by default. `None` without a home folder.
pub fn cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

/// Reads a database. A file that cannot be read is counted; a database without advisories is an
/// error.
///
/// # Errors
/// The folder holds no advisory.
pub fn open_database(dir: &Path, runner: &Runner) -> Result<Advisories> {
    let (readable, unreadable) = sort_files(dir);
    if readable.is_empty() {
        return Err(Error::judge(format!(
            "the advisory database `{}` holds no advisory",
            dir.display()
        ))
        .with_help("name a checkout of RustSec's advisory-db, the folder that holds `crates/`"));
    }
    let database = if unreadable.is_empty() {
        Database::open(dir)
    } else {
        open_without(dir, &readable)
    };
    let database = database.map_err(|error| {
        Error::judge(format!(
            "the advisory database `{}` cannot be read",
            dir.display()
        ))
        .with_source(error)
    })?;
    let mut names: BTreeMap<String, BTreeSet<Name>> = BTreeMap::new();
    for advisory in database.iter() {
        let name = &advisory.metadata.package;
        names
            .entry(canonical_name(name.as_str()))
            .or_default()
            .insert(name.clone());
    }
    let (commit, time) = commit_of(dir, runner)?;
    Ok(Advisories {
        database,
        names,
        count: readable.len(),
        unreadable,
        commit,
        time,
    })
}

/// The advisories of a database that can be read, and the names of those that cannot.
fn sort_files(dir: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let crates = dir.join(Collection::Crates.as_str());
    let mut readable = Vec::new();
    let mut unreadable = Vec::new();
    for package in sorted_entries(&crates) {
        for file in sorted_entries(&package) {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !name.ends_with(".md") || name.starts_with("RUSTSEC-0000-") {
                continue;
            }
            match Advisory::load_file(&file) {
                Ok(_) => readable.push(file),
                Err(_) => unreadable.push(
                    file.strip_prefix(dir)
                        .unwrap_or(&file)
                        .to_string_lossy()
                        .replace('\\', "/"),
                ),
            }
        }
    }
    (readable, unreadable)
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

/// The database without the files that cannot be read: the library gives up at the first one.
fn open_without(dir: &Path, readable: &[PathBuf]) -> std::result::Result<Database, rustsec::Error> {
    let copy =
        tempfile::tempdir().map_err(|error| rustsec::Error::new(rustsec::ErrorKind::Io, &error))?;
    for file in readable {
        let target = copy.path().join(file.strip_prefix(dir).unwrap_or(file));
        let parent = target.parent().unwrap_or(copy.path());
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::copy(file, &target).map(drop))
            .map_err(|error| rustsec::Error::new(rustsec::ErrorKind::Io, &error))?;
    }
    Database::open(copy.path())
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
