//! Lockfiles at revisions.
//!
//! Must never: resolve or update anything, or take what it does not understand for an empty list.

use std::collections::BTreeMap;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::{Error, Result, lock};

use super::blobs;
use crate::model::dependencies::{Locked, Source, Wanted};

/// The packages of a lockfile.
pub type Lock = Vec<Locked>;

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
            "`{path}` at {} cannot be read: {}",
            commit.short(),
            why.chain()
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

/// Reads a lockfile.
///
/// # Errors
/// It is none.
pub fn parse(bytes: &[u8]) -> Result<Lock> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::judge("the lockfile is no text").with_source(error))?;
    let lock = lock::Lock::parse(text, "Cargo.lock")?;
    Ok(lock.packages.into_iter().map(locked).collect())
}

fn locked(package: lock::Locked) -> Locked {
    let source = package.source.as_deref();
    let revision = source.and_then(|source| source.split_once('#'));
    Locked {
        name: package.name,
        version: package.version,
        revision: revision.map(|(_, revision)| revision.to_owned()),
        source: source.map(Source::read),
        checksum: package.checksum.map(|digest| digest.to_string()),
        dependencies: package
            .dependencies
            .into_iter()
            .map(|wanted| Wanted {
                name: wanted.name,
                version: wanted.version,
                source: wanted.source.as_deref().map(Source::read),
            })
            .collect(),
    }
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
    use semver::Version;

    const SUM: &str = "49f1f14873335454500d59611f1cf4a4b0f786f9ac11f4312a78e4cf2566695b";
    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn names(lock: &Lock) -> Vec<String> {
        lock.iter()
            .map(|one| format!("{} {}", one.name, one.version))
            .collect()
    }

    #[test]
    fn every_format() {
        let first = format!(
            "[root]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"a 1.0.0 ({REGISTRY})\"]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{REGISTRY}\"\n\n[metadata]\n\"checksum a 1.0.0 ({REGISTRY})\" = \"{SUM}\"\n"
        );
        let lock = parse(first.as_bytes()).unwrap();
        assert_eq!(
            (names(&lock), lock[0].checksum.as_deref()),
            (vec!["a 1.0.0".into(), "x 1.0.0".into()], Some(SUM))
        );

        assert!(lock[1].dependencies[0].source.as_ref().unwrap().is_public());
        let new = "version = 4\n\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"a\", \"b 2.0.0\", \"b 2.1.0 (git+https://e.com/b?branch=x)\"]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"sparse+https://index.crates.io/\"\nchecksum = \"49f1f14873335454500d59611f1cf4a4b0f786f9ac11f4312a78e4cf2566695b\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.1.0\"\nsource = \"git+https://e.com/b?branch=x#0123456789\"\n";
        let lock = parse(new.as_bytes()).unwrap();
        let x = lock.iter().find(|one| one.name == "x").unwrap();
        let of = |name: &str, version: &str| {
            let version: Version = version.parse().unwrap();
            lock.iter()
                .find(|one| one.name == name && one.version == version)
                .unwrap()
        };

        assert_eq!(x.dependencies[0].version, Version::new(1, 0, 0));
        assert!(of("a", "1.0.0").source.as_ref().unwrap().is_public());
        assert_eq!(of("b", "2.1.0").revision.as_deref(), Some("0123456789"));
        assert_eq!(x.dependencies[2].source, of("b", "2.1.0").source);

        for bad in [
            "version = 9\n",
            "<<<<<<< HEAD\n",
            "[[package]]\nname = \"x\"\nversion = \"1\"\n",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
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

        for b in &theirs.packages {
            let a = ours
                .iter()
                .find(|one| one.name == b.name.as_str() && one.version == b.version)
                .unwrap();
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
