//! What reports of this gate say to others.

use std::collections::BTreeMap;

use release_gate::digest::Sha256Digest;
use release_gate::git::CommitId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cause::Compared;

/// `data` of `buildinfo.json`: deterministic inputs and the artifacts, nothing of the machine or
/// the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct BuildInfo {
    /// Commit that was built.
    pub(crate) commit: Option<CommitId>,
    /// Whether uncommitted changes were built.
    pub(crate) dirty: bool,
    /// SOURCE_DATE_EPOCH: seconds since 1970.
    pub(crate) source_date_epoch: i64,
    /// Digest of the list of all exported files and their digests, as `sha256sum` prints it,
    /// sorted by path.
    pub(crate) source_sha256: Option<Sha256Digest>,
    /// Digest of Cargo.lock.
    pub(crate) lock_sha256: Option<Sha256Digest>,
    /// Compiler, cargo, C compiler and linker.
    pub(crate) toolchain: ToolchainFacts,
    /// Triple of the machine that built.
    pub(crate) host: String,
    /// Cargo profile.
    pub(crate) profile: String,
    /// Arguments of cargo.
    pub(crate) arguments: Vec<String>,
    /// Variables of the environment that outputs may depend on.
    pub(crate) environment: BTreeMap<String, String>,
    /// What was held still by `[repro] pin`.
    pub(crate) pins: Vec<String>,
    /// Every locked package that is not part of the workspace.
    pub(crate) dependencies: Vec<Locked>,
    /// Commands that passed in the sealed place before the build.
    pub(crate) checks: Vec<String>,
    /// What was built.
    pub(crate) artifacts: Vec<BuiltArtifact>,
}

/// What is published about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ToolchainFacts {
    /// The Rust compiler, its driver library included in the digest.
    pub(crate) rustc: Program,
    /// Cargo.
    pub(crate) cargo: Program,
    /// The C compiler, which is also the linker's driver where no other is configured; `null`
    /// where there is none.
    pub(crate) cc: Option<Program>,
    /// The linker; `null` where there is none of that name.
    pub(crate) linker: Option<Program>,
}

/// One program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Program {
    /// What it says of its version, the lines that name no folder of the machine.
    pub(crate) version: Vec<String>,
    /// Digest of the executable.
    pub(crate) sha256: Option<Sha256Digest>,
}

/// A locked package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it comes from, as Cargo.lock says.
    pub(crate) source: String,
    /// Its checksum; `null` for git dependencies, whose source names the commit.
    pub(crate) checksum: Option<String>,
}

/// A file to release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BuiltArtifact {
    /// File name.
    pub(crate) name: String,
    /// Target triple.
    pub(crate) target: String,
    /// Where it is, relative to the package's artifact folder.
    pub(crate) path: String,
    /// Digest.
    pub(crate) sha256: Sha256Digest,
    /// Size in bytes.
    pub(crate) size: u64,
    /// How it answered when it was started; `null` for what cannot be started.
    #[serde(default)]
    pub(crate) smoke: Option<String>,
}

/// `data` of `rebuild.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Rebuilt {
    /// The commit both were built from.
    pub(crate) commit: Option<CommitId>,
    /// What differs between the toolchains, in words; empty if they are the same.
    pub(crate) toolchain: Vec<String>,
    /// Published and rebuilt digests.
    pub(crate) artifacts: Vec<Compared>,
    /// Whether every published artifact that could be built here came out the same.
    pub(crate) verified: bool,
}

/// `data` of `crate.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CrateData {
    /// Package name and version.
    pub(crate) name: String,
    /// The commit it says it was packed from.
    pub(crate) commit: Option<String>,
    /// Files that are the commit's.
    pub(crate) same: usize,
    /// Files that are not.
    pub(crate) different: Vec<String>,
    /// Files that cargo writes itself when it packs.
    pub(crate) normalized: Vec<String>,
}
