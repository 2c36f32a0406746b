//! Cargo.lock, of every version that cargo ever wrote.
//!
//! The only reader of lock files. It is strict: a lock file that cannot be read is an error, never
//! an empty one, and a checksum that is there is never lost. In version 1 the checksums stand apart
//! from the packages, in `[metadata]`.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_lock::Lockfile;
use release_gate_facts::Sha256Digest;
use semver::Version;
use serde::de::IgnoredAny;

use crate::error::{Error, JudgeExt, Result};

/// A lock file's packages.
///
/// ```
/// use release_gate::lock::Lock;
///
/// let lock = Lock::parse("version = 4\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\n", "Cargo.lock")?;
/// assert_eq!(lock.packages[0].name, "demo");
/// assert!(Lock::parse("version = 99\n", "Cargo.lock").is_err());
/// # Ok::<(), release_gate::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// Version of the format.
    pub version: u32,
    /// All packages, those of the workspace included, sorted.
    pub packages: Vec<Locked>,
}

/// A locked package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locked {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: Version,
    /// Where it comes from, as the lock file says; `None` for packages of the workspace and other
    /// folders.
    pub source: Option<String>,
    /// Its checksum; `None` where the source has none, as with git.
    pub checksum: Option<Sha256Digest>,
    /// What it is built with, sorted.
    pub dependencies: Vec<LockedDependency>,
}

/// A dependency as a locked package names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedDependency {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: Version,
    /// Where it comes from, where the lock file says so to tell two packages apart.
    pub source: Option<String>,
}

impl Locked {
    /// Whether it comes from a registry, where every package has a checksum.
    pub fn is_from_registry(&self) -> bool {
        self.source
            .as_deref()
            .is_some_and(|source| source.starts_with("registry+") || source.starts_with("sparse+"))
    }

    /// Whether it comes from a git repository.
    pub fn is_from_git(&self) -> bool {
        self.source
            .as_deref()
            .is_some_and(|source| source.starts_with("git+"))
    }
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// The file cannot be read, or is no lock file.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).or_judge(|| format!("cannot read `{shown}`"))?;
        Self::parse(&text, &shown.to_string())
    }

    /// Reads the text of a lock file; `shown` is what messages call it.
    ///
    /// # Errors
    /// It is no lock file, or of a version that is not known.
    pub fn parse(text: &str, shown: &str) -> Result<Self> {
        let unreadable = || {
            Error::judge(format!("`{shown}` is not a readable lock file"))
                .with_help("make it again with `cargo generate-lockfile`, or update this tool")
        };
        let shape: Shape = toml::from_str(text).map_err(|error| unreadable().with_source(error))?;
        let lock: Lockfile = text
            .parse()
            .map_err(|error: cargo_lock::Error| unreadable().with_source(error))?;

        // Before 2017 the package itself stood apart from the others.
        let mut packages = lock
            .root
            .iter()
            .chain(&lock.packages)
            .map(|package| locked(&lock, package))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(unreadable)?;
        packages.sort();
        if let Some(missing) = missing_package(&packages) {
            return Err(unreadable().with_source(missing));
        }
        Ok(Self {
            version: shape.version.unwrap_or(lock.version as u32),
            packages,
        })
    }
}

/// What packages are built with, and the file does not list: cargo reads no such file.
fn missing_package(packages: &[Locked]) -> Option<String> {
    let mut sources: BTreeMap<(&str, &Version), Vec<Option<&str>>> = BTreeMap::new();
    for package in packages {
        let key = (package.name.as_str(), &package.version);
        let source = package.source.as_deref().map(without_commit);
        sources.entry(key).or_default().push(source);
    }

    packages.iter().find_map(|package| {
        let missing = package.dependencies.iter().find(|one| {
            let wanted = one.source.as_deref().map(without_commit);
            sources
                .get(&(one.name.as_str(), &one.version))
                .is_none_or(|known| wanted.is_some() && !known.contains(&wanted))
        })?;
        Some(format!(
            "{} needs {} {}, which it does not list",
            package.name, missing.name, missing.version
        ))
    })
}

/// A git source without its commit, which dependencies of the first version do not name.
fn without_commit(source: &str) -> &str {
    source.split('#').next().unwrap_or_default()
}

/// The keys that cargo writes. Under another one a package is not seen. cargo-lock knows the
/// versions that it can read; a later one may have moved the checksums again.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "most keys are read by cargo-lock")]
struct Shape {
    version: Option<u32>,
    root: Option<PackageShape>,
    #[serde(default)]
    package: Vec<PackageShape>,
    metadata: Option<IgnoredAny>,
    patch: Option<IgnoredAny>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "they are read by cargo-lock")]
struct PackageShape {
    name: IgnoredAny,
    version: IgnoredAny,
    source: Option<IgnoredAny>,
    checksum: Option<IgnoredAny>,
    dependencies: Option<IgnoredAny>,
    replace: Option<IgnoredAny>,
}

/// A package of the lock file; `None` where its checksum is none of SHA-256.
fn locked(lock: &Lockfile, package: &cargo_lock::Package) -> Option<Locked> {
    let beside = package.checksum.as_ref().map(ToString::to_string);
    let checksum = beside.or_else(|| checksum_in_metadata(lock, package));

    let mut dependencies: Vec<LockedDependency> = package
        .dependencies
        .iter()
        .map(|dependency| LockedDependency {
            name: dependency.name.to_string(),
            version: dependency.version.clone(),
            source: dependency.source.as_ref().map(ToString::to_string),
        })
        .collect();
    dependencies.sort();
    Some(Locked {
        name: package.name.to_string(),
        version: package.version.clone(),
        source: package.source.as_ref().map(ToString::to_string),
        checksum: match checksum {
            Some(digits) => Some(digits.parse().ok()?),
            None => None,
        },
        dependencies,
    })
}

/// The checksum in `[metadata]`, as version 1 has it: `"checksum NAME VERSION (SOURCE)" = "…"`.
fn checksum_in_metadata(lock: &Lockfile, package: &cargo_lock::Package) -> Option<String> {
    let source = package.source.as_ref()?;
    let key = format!("checksum {} {} ({source})", package.name, package.version);
    lock.metadata
        .iter()
        .find(|(name, _)| name.to_string() == key)
        .map(|(_, value)| value.to_string())
        .filter(|digits| digits != "<none>")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "49f1f14873335454500d59611f1cf4a4b0f786f9ac11f4312a78e4cf2566695b";

    fn parse(text: &str) -> Result<Lock> {
        Lock::parse(text, "Cargo.lock")
    }

    #[test]
    fn checksums_of_every_version_are_read() {
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        let beside = format!(
            "[[package]]\nname = \"itoa\"\nversion = \"1.0.11\"\nsource = \"{registry}\"\nchecksum = \"{SUM}\"\n"
        );
        let apart = format!(
            "[[package]]\nname = \"itoa\"\nversion = \"1.0.11\"\nsource = \"{registry}\"\n\n\
             [[package]]\nname = \"top\"\nversion = \"0.1.0\"\n\
             dependencies = [\n \"itoa 1.0.11 ({registry})\",\n]\n\n\
             [metadata]\n\"checksum itoa 1.0.11 ({registry})\" = \"{SUM}\"\n"
        );
        for (version, text) in [
            (1, apart),
            (2, beside.clone()),
            (3, format!("version = 3\n{beside}")),
            (4, format!("version = 4\n{beside}")),
        ] {
            let lock = parse(&text).unwrap();
            let itoa = &lock.packages[0];
            assert_eq!(itoa.checksum.unwrap().to_string(), SUM, "version {version}");
            assert!(itoa.is_from_registry());
            assert_eq!(itoa.source.as_deref(), Some(registry));
        }
    }

    #[test]
    fn git_sources_have_no_checksum() {
        let source =
            "git+https://example.org/x?branch=main#0123456789012345678901234567890123456789";
        let text = format!(
            "version = 4\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n"
        );
        let lock = parse(&text).unwrap();
        assert!(lock.packages[0].is_from_git());
        assert_eq!(lock.packages[0].source.as_deref(), Some(source));
        assert_eq!(lock.packages[0].checksum, None);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_empty() {
        for text in [
            "version = 99\n",
            "version = 5\n",
            "package = 1\n",
            "[[package]]\nname = \"x\"\n",
            "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"registry+https://example.org/\"\nchecksum = \"abc\"\n",
            "not toml at all [",
            "version = 4\n[[packages]]\nname = \"x\"\nversion = \"1.0.0\"\n",
            "version = 4\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\nsorce = \"a\"\n",
            "version = 4\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"y 1.0.0\"]\n",
            "version = 4\n[[package]]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\"y\"]\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Lock::read(Path::new("/nonexistent/Cargo.lock")).is_err());
    }
}
