//! Lockfiles at revisions, all formats cargo ever wrote.
//!
//! Must never: resolve or update anything, or take what it does not understand for an empty list.

use std::collections::BTreeMap;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::{Error, Result};
use semver::Version;
use serde::Deserialize;

use super::blobs;
use crate::model::dependencies::{Locked, Source, Wanted};

/// The packages of a lockfile.
pub type Lock = Vec<Locked>;

/// The newest format known here.
const NEWEST: u32 = 4;

/// The lockfile at a commit, or `None` where the commit has none.
///
/// # Errors
/// git failed, or the file is no lockfile.
pub fn at(git: &Git, commit: &CommitId, path: &str) -> Result<Option<Lock>> {
    let Some(bytes) = blobs::file(git, commit, path)? else {
        return Ok(None);
    };
    parse(&bytes).map(Some).map_err(|why| {
        Error::judge(format!(
            "`{path}` at {} cannot be read: {why}",
            commit.short()
        ))
        .with_help("run `cargo generate-lockfile` there, or name another revision")
    })
}

/// The lockfiles of many commits, in their order. `None` where a commit has none that can be read.
///
/// # Errors
/// git failed.
pub fn many(git: &Git, commits: &[CommitId], path: &str) -> Result<Vec<Option<Lock>>, GitError> {
    let names: Vec<String> = commits
        .iter()
        .map(|commit| format!("{commit}:{path}"))
        .collect();
    let mut parsed: BTreeMap<String, Option<Lock>> = BTreeMap::new();
    let blobs = blobs::read(git, &names)?;
    Ok(blobs
        .into_iter()
        .map(|blob| {
            let blob = blob?;
            parsed
                .entry(blob.id)
                .or_insert_with(|| parse(&blob.bytes).ok())
                .clone()
        })
        .collect())
}

#[derive(Deserialize)]
struct File {
    version: Option<u32>,
    /// The package itself, before 2017.
    root: Option<Package>,
    #[serde(default)]
    package: Vec<Package>,
    /// Digests, in the first format.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Version,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Reads a lockfile.
///
/// # Errors
/// Why it is none.
pub fn parse(bytes: &[u8]) -> Result<Lock, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if let Some(version) = file
        .version
        .filter(|version| !(1..=NEWEST).contains(version))
    {
        return Err(format!(
            "its format is {version}, and none above {NEWEST} is known here"
        ));
    }
    let packages: Vec<Package> = file.root.into_iter().chain(file.package).collect();
    let mut versions: BTreeMap<&str, Vec<&Version>> = BTreeMap::new();
    for package in &packages {
        versions
            .entry(package.name.as_str())
            .or_default()
            .push(&package.version);
    }
    let wanted = |text: &String| -> Result<Wanted, String> {
        let mut words = text.splitn(3, ' ');
        let name = words.next().unwrap_or_default();
        let version = match (words.next(), versions.get(name).map(Vec::as_slice)) {
            (Some(version), _) => version
                .parse()
                .map_err(|_| format!("`{text}` names no version"))?,
            (None, Some([only])) => (*only).clone(),
            (None, _) => return Err(format!("`{text}` is locked not once")),
        };
        let source = words
            .next()
            .map(|source| Source::read(source.trim_matches(['(', ')'])));
        Ok(Wanted {
            name: name.to_owned(),
            version,
            source,
        })
    };
    let mut lock = Lock::with_capacity(packages.len());
    for package in &packages {
        let key = || {
            let source = package.source.as_deref()?;
            file.metadata
                .get(&format!(
                    "checksum {} {} ({source})",
                    package.name, package.version
                ))
                .cloned()
        };
        let source = package.source.as_deref().map(Source::read);
        let revision = package
            .source
            .as_deref()
            .and_then(|source| source.split_once('#'));
        lock.push(Locked {
            name: package.name.clone(),
            version: package.version.clone(),
            revision: revision.map(|(_, revision)| revision.to_owned()),
            source,
            checksum: package
                .checksum
                .clone()
                .or_else(key)
                .filter(|digest| digest != "<none>"),
            dependencies: package
                .dependencies
                .iter()
                .map(wanted)
                .collect::<Result<_, _>>()?,
        });
    }
    Ok(lock)
}

impl Source {
    /// `registry+https://…`, `sparse+https://…`, `git+https://…?branch=x#revision`.
    fn read(text: &str) -> Self {
        let (kind, address) = text.split_once('+').unwrap_or(("other", text));
        let kind = if kind == "sparse" { "registry" } else { kind };
        let url = address.split(['?', '#']).next().unwrap_or(address);
        // The two ways to reach the public registry are one source.
        let public = [
            "https://github.com/rust-lang/crates.io-index",
            "https://index.crates.io/",
            "https://index.crates.io",
        ];
        let url = if kind == "registry" && public.contains(&url) {
            Self::CRATES_IO
        } else {
            url
        };
        Self {
            kind: kind.to_owned(),
            url: url.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn names(lock: &Lock) -> Vec<String> {
        lock.iter()
            .map(|one| format!("{} {}", one.name, one.version))
            .collect()
    }

    #[test]
    fn every_format() {
        let first = format!(
            "[root]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"a 1.0.0 ({REGISTRY})\"]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{REGISTRY}\"\n\n[metadata]\n\"checksum a 1.0.0 ({REGISTRY})\" = \"ab\"\n"
        );
        let lock = parse(first.as_bytes()).unwrap();
        assert_eq!(
            (names(&lock), lock[1].checksum.as_deref()),
            (vec!["x 1.0.0".into(), "a 1.0.0".into()], Some("ab"))
        );
        assert!(lock[0].dependencies[0].source.as_ref().unwrap().is_public());
        let new = "version = 4\n\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"a\", \"b 2.0.0\", \"b 2.1.0 (git+https://e.com/b?branch=x)\"]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"sparse+https://index.crates.io/\"\nchecksum = \"cd\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.1.0\"\nsource = \"git+https://e.com/b?branch=x#0123456789\"\n";
        let lock = parse(new.as_bytes()).unwrap();
        assert_eq!(lock[0].dependencies[0].version, Version::new(1, 0, 0));
        assert!(lock[1].source.as_ref().unwrap().is_public());
        assert_eq!(lock[3].revision.as_deref(), Some("0123456789"));
        assert_eq!(lock[0].dependencies[2].source, lock[3].source);
        for (bad, why) in [
            ("version = 9\n", "format"),
            ("<<<<<<< HEAD\n", ""),
            ("[[package]]\nname = \"x\"\nversion = \"1\"\n", ""),
            (
                "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"y\"]\n",
                "not once",
            ),
        ] {
            assert!(parse(bad.as_bytes()).unwrap_err().contains(why), "{bad}");
        }
    }

    /// RustSec's reader is the oracle for a lockfile of this suite's size.
    #[test]
    fn agrees_with_cargo_lock_on_our_own() {
        let text = include_str!("../../../Cargo.lock");
        let (ours, theirs) = (
            parse(text.as_bytes()).unwrap(),
            text.parse::<rustsec::Lockfile>().unwrap(),
        );
        assert_eq!(ours.len(), theirs.packages.len());
        for (a, b) in ours.iter().zip(&theirs.packages) {
            assert_eq!((a.name.as_str(), &a.version), (b.name.as_str(), &b.version));
            assert_eq!(a.checksum, b.checksum.as_ref().map(ToString::to_string));
            let wanted: Vec<_> = a
                .dependencies
                .iter()
                .map(|one| (one.name.as_str(), &one.version))
                .collect();
            let expected: Vec<_> = b
                .dependencies
                .iter()
                .map(|one| (one.name.as_str(), &one.version))
                .collect();
            assert_eq!(wanted, expected, "{}", a.name);
        }
    }
}
