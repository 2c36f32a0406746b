//! `buildinfo.json`: what a release was built from, and what was built.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::commit::CommitId;
use crate::coverage::Coverage;
use crate::digest::Sha256Digest;
use crate::envelope::{Baseline, Finding, Status, Subject, ToolId};

/// Data of `buildinfo.json`: deterministic inputs and the artifacts, nothing of the machine or the
/// moment, since the file travels inside reproducible archives.
///
/// ```
/// use release_gate_facts::report::buildinfo::BuildInfo;
/// use release_gate_facts::{Envelope, Fact, Subject};
///
/// fn digest_of(report: Option<&[u8]>, judged: &Subject, name: &str) -> Option<String> {
///     let fact = Fact::<Envelope<BuildInfo>>::read_about(report, judged);
///     let info = fact.into_usable()?.data;
///     let artifact = info.artifacts.iter().find(|artifact| artifact.name == name)?;
///     Some(artifact.sha256.to_string())
/// }
///
/// assert_eq!(digest_of(None, &Subject::default(), "demo"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildInfo {
    /// The commit that was built.
    pub commit: CommitId,
    /// Whether uncommitted changes were built.
    pub dirty: bool,
    /// SOURCE_DATE_EPOCH: seconds since 1970.
    pub source_date_epoch: i64,
    /// Digest of the list of all exported files and their digests, as `sha256sum` prints it, sorted
    /// by path.
    pub source_sha256: Sha256Digest,
    /// Digest of Cargo.lock.
    pub lock_sha256: Sha256Digest,
    /// The programs that made the artifacts.
    pub toolchain: Toolchain,
    /// Target triple of the machine that built.
    pub host: String,
    /// Cargo profile.
    pub profile: String,
    /// Arguments of cargo, without those that say where and how fast.
    pub arguments: Vec<String>,
    /// Variables of the environment that outputs may depend on.
    pub environment: BTreeMap<String, String>,
    /// What `[repro] pin` kept from varying.
    pub pins: Vec<String>,
    /// Every locked package that is not part of the workspace.
    pub dependencies: Vec<LockedPackage>,
    /// Commands that passed in the sandbox before the build.
    pub checks: Vec<String>,
    /// What was built, sorted by target and name.
    pub artifacts: Vec<BuiltArtifact>,
}

crate::report_data!(BuildInfo = "buildinfo");

/// The programs that made the artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Toolchain {
    /// The Rust compiler; the digest covers its driver library, too.
    pub rustc: Program,
    /// Cargo.
    pub cargo: Program,
    /// The standard library of each target, sorted by target.
    pub std: Vec<StandardLibrary>,
    /// Every other program from outside the sources that was seen to run during the build, sorted by
    /// role and name: linkers, C compilers, shells.
    pub programs: Vec<StartedProgram>,
}

/// One program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Program {
    /// What it says of its version, the lines that name no folder of the machine.
    pub version: Vec<String>,
    /// Digest of the executable.
    pub sha256: Sha256Digest,
}

/// The standard library of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StandardLibrary {
    /// Target triple.
    pub target: String,
    /// Digest of the list of its files and their digests, as `sha256sum` prints it, sorted by name.
    pub sha256: Sha256Digest,
}

/// A program that ran during a build.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartedProgram {
    /// What it did.
    pub role: ProgramRole,
    /// Its file's name.
    pub name: String,
    /// The first line of what it says of its version; empty for programs that are not asked.
    pub version: Vec<String>,
    /// Digest of the executable.
    pub sha256: Sha256Digest,
}

/// What a program does in a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProgramRole {
    /// It links artifacts: `rust-lld`, `ld`.
    Linker,
    /// It compiles C or C++, and starts the linker for rustc: `cc`, `clang`.
    CCompiler,
    /// It assembles: `as`.
    Assembler,
    /// It makes archives of objects: `ar`.
    Archiver,
    /// It does something else: a shell, `make`, `git`.
    Other,
}

impl ProgramRole {
    /// The word that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linker => "linker",
            Self::CCompiler => "C compiler",
            Self::Assembler => "assembler",
            Self::Archiver => "archiver",
            Self::Other => "program",
        }
    }
}

/// A locked package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LockedPackage {
    /// Package name.
    pub name: String,
    /// Package version.
    pub version: String,
    /// Where it comes from, as Cargo.lock says.
    pub source: String,
    /// Its checksum; `null` for git dependencies, whose source names the commit.
    #[serde(deserialize_with = "crate::nullable")]
    pub checksum: Option<Sha256Digest>,
}

/// A file to release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuiltArtifact {
    /// File name.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// Where it is, relative to the package's artifact folder.
    pub path: String,
    /// Digest.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
    /// How it answered when it was started; `null` for what cannot be started or was not to be.
    #[serde(deserialize_with = "crate::nullable")]
    pub smoke: Option<SmokeTest>,
}

/// How a program answered when it was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SmokeTest {
    /// How it ended.
    pub outcome: SmokeOutcome,
    /// The same in words.
    pub words: String,
}

/// How the start of a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SmokeOutcome {
    /// It ran and answered.
    Answered,
    /// It ran and did not answer.
    NoAnswer,
    /// A signal ended it.
    Crashed,
    /// It could not be started.
    NotStarted,
    /// There is nothing here that runs it.
    NoRunner,
}

/// `buildinfo.json` of a build that another tool made: the least that can be packed.
///
/// It says what was built and nothing of how, so that provenance made from it names neither a
/// toolchain nor dependencies. The shape is exact: a report of `cargo repro build` in which a field
/// was renamed is not taken for one of these.
///
/// ```
/// use release_gate_facts::report::buildinfo::ForeignBuildInfo;
///
/// let damaged = r#"{"schema": "release-gate/buildinfo/v1", "toolchains": []}"#;
/// assert!(serde_json::from_str::<ForeignBuildInfo>(damaged).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignBuildInfo {
    /// `release-gate/buildinfo/v1`.
    pub schema: String,
    /// Which tool made it.
    pub tool: ToolId,
    /// What was built.
    pub subject: Subject,
    /// Always `null`: a build is compared with nothing.
    #[serde(deserialize_with = "crate::nullable")]
    pub baseline: Option<Baseline>,
    /// Whether the build passed.
    pub status: Status,
    /// What the other tool looked at, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// What the other tool found.
    pub findings: Vec<Finding>,
    /// What was built.
    pub data: ForeignBuildData,
}

/// What another tool built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignBuildData {
    /// Cargo profile.
    pub profile: String,
    /// What was built.
    pub artifacts: Vec<ForeignArtifact>,
}

/// A file that another tool built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignArtifact {
    /// File name.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// Where it is, relative to the folder of `buildinfo.json`.
    pub path: String,
    /// Digest.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}
