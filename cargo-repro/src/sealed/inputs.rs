//! What a release was built from: digests of the exported sources and of the lock file, and what the
//! lock file names.

use std::collections::BTreeMap;
use std::path::Path;

use release_gate::Result;
use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use serde::Deserialize;

use super::sandbox::Sandbox;
use crate::model::published::Locked;

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
    pub(crate) dependencies: Vec<Locked>,
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

/// The digest of a folder: of the lines `sha256sum` would print for its files, sorted by path.
fn source_digest(dir: &Path) -> Result<Sha256Digest> {
    let mut lines = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let failed = || "cannot read the exported sources".to_owned();
        for entry in std::fs::read_dir(&folder).or_judge(failed)? {
            let entry = entry.or_judge(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().or_judge(failed)?);
            if path == dir.join(".git") {
                continue;
            }
            let name = path
                .strip_prefix(dir)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_symlink() {
                let to = std::fs::read_link(&path).or_judge(failed)?;
                lines.push(format!(
                    "{}  {name}\n",
                    sha256_bytes(to.to_string_lossy().as_bytes())
                ));
            } else {
                lines.push(format!(
                    "{}  {name}\n",
                    sha256_file(&path).or_judge(failed)?.0
                ));
            }
        }
    }
    lines.sort_by(|a, b| a[64..].cmp(&b[64..]));
    Ok(sha256_bytes(lines.concat().as_bytes()))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LockedPackage {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
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
pub(crate) fn locked_packages(lock: &Path) -> Result<Vec<Locked>> {
    let Ok(text) = std::fs::read_to_string(lock) else {
        return Ok(Vec::new());
    };
    let lock: Lock = toml::from_str(&text).or_judge(|| "cannot read `Cargo.lock`".to_owned())?;
    let of = |package: LockedPackage| {
        Some(Locked {
            name: package.name,
            version: package.version,
            source: package.source?,
            checksum: package.checksum,
        })
    };
    Ok(lock.package.into_iter().filter_map(of).collect())
}
