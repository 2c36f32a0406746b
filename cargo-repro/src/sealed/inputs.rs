//! What a release was built from: digests of the exported sources and of the lock file, and what the
//! lock file names.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::Result;
use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::facts::report::buildinfo::LockedPackage;
use release_gate::fs::walk;
use release_gate::lock::Lock;

use super::sandbox::Sandbox;

/// Variables every sealed build has and buildinfo.json records; what else it records was handed on by
/// configuration.
pub(crate) const RECORDED: &[&str] = &[
    "SOURCE_DATE_EPOCH",
    "RELEASE_GATES_COMMIT",
    "LANG",
    "LC_ALL",
    "TZ",
    "CARGO_INCREMENTAL",
    "ZERO_AR_DATE",
];

/// What a release was built from.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    /// Digest of the list of exported files and their digests.
    pub(crate) source_sha256: Sha256Digest,
    /// Digest of Cargo.lock.
    pub(crate) lock_sha256: Sha256Digest,
    /// What the lock file names.
    pub(crate) dependencies: Vec<LockedPackage>,
}

impl Inputs {
    /// Reads them before the build: what a build writes among the sources is none.
    ///
    /// # Errors
    /// Something of them cannot be read.
    pub(crate) fn of(sandbox: &Sandbox) -> Result<Self> {
        let lock = sandbox.workspace.join("Cargo.lock");
        let (lock_sha256, _) =
            sha256_file(&lock).or_judge(|| "cannot read `Cargo.lock`".to_owned())?;
        Ok(Self {
            source_sha256: source_digest(&sandbox.source)?,
            lock_sha256,
            dependencies: locked_packages(&lock)?,
        })
    }
}

fn unreadable_sources() -> String {
    "cannot read the exported sources".to_owned()
}

/// The digest of a folder: of the lines `sha256sum` would print for its files, sorted by path; of a
/// link, the digest of where it leads.
fn source_digest(dir: &Path) -> Result<Sha256Digest> {
    let mut lines: Vec<(String, Sha256Digest)> = Vec::new();
    for file in walk(dir).or_judge(unreadable_sources)? {
        if file.relative.starts_with(".git") {
            continue;
        }
        let name = file.relative.to_string_lossy().replace('\\', "/");
        let digest = if file.is_regular {
            sha256_file(&file.path).or_judge(unreadable_sources)?.0
        } else {
            let leads_to = std::fs::read_link(&file.path).or_judge(unreadable_sources)?;
            sha256_bytes(leads_to.to_string_lossy().as_bytes())
        };
        lines.push((name, digest));
    }
    lines.sort();

    let list: String = lines
        .iter()
        .map(|(name, digest)| format!("{digest}  {name}\n"))
        .collect();
    Ok(sha256_bytes(list.as_bytes()))
}

/// Variables outputs may depend on: those every sealed build has, and what was handed on.
pub(crate) fn recorded_environment(sandbox: &Sandbox) -> BTreeMap<String, String> {
    sandbox
        .environment()
        .into_iter()
        .filter(|(name, _)| RECORDED.contains(&name.as_str()) || sandbox.hands_on(name))
        .map(|(name, value)| (name, sandbox.neutral(&value.to_string_lossy())))
        .collect()
}

/// What a lock file names beside the workspace's own packages.
///
/// # Errors
/// It cannot be read.
pub(crate) fn locked_packages(lock: &Path) -> Result<Vec<LockedPackage>> {
    let lock = Lock::read(lock)?;
    let of_others = lock.packages.into_iter().filter_map(|package| {
        Some(LockedPackage {
            name: package.name,
            version: package.version.to_string(),
            source: package.source?,
            checksum: package.checksum,
        })
    });
    Ok(of_others.collect())
}
