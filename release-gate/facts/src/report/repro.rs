//! `repro.json`: two builds of one commit, compared, and the causes of what differs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// Data of `repro.json`.
///
/// ```
/// use release_gate_facts::report::repro::ReproData;
/// use release_gate_facts::{Envelope, Fact, Subject};
///
/// fn is_reproducible(report: Option<&[u8]>, judged: &Subject) -> bool {
///     let fact = Fact::<Envelope<ReproData>>::read_about(report, judged);
///     fact.usable().is_some_and(|report| {
///         let artifacts = &report.data.artifacts;
///         !artifacts.is_empty() && artifacts.iter().all(|artifact| artifact.identical)
///     })
/// }
///
/// assert!(!is_reproducible(None, &Subject::default()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReproData {
    /// The package's artifacts in both builds, sorted by target and name.
    pub artifacts: Vec<ComparedArtifact>,
    /// Why they differ, or would if chance had it.
    pub causes: Vec<Cause>,
    /// Compiled units, and how many of them differ.
    pub units: UnitCount,
    /// Release of the compiler that both builds were made with, such as `1.95.0`; `null` for what
    /// rustup cannot name so.
    #[serde(deserialize_with = "crate::nullable")]
    pub toolchain: Option<String>,
    /// Packages that take the time from SOURCE_DATE_EPOCH and were shown to embed the clock's
    /// without it, as plain builds do.
    pub takes_epoch: Vec<String>,
    /// What was different in build B.
    pub varied: Vec<String>,
    /// What could not be varied on this machine, and why.
    pub not_varied: BTreeMap<String, String>,
}

crate::report_data!(ReproData = "repro");

/// One artifact of both builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedArtifact {
    /// File name.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// Digests in the first and the second build; `null` where one did not make it.
    pub sha256: [Option<Sha256Digest>; 2],
    /// Whether both made it with the same bytes.
    pub identical: bool,
}

/// How many units were compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnitCount {
    /// Units of both builds.
    pub compared: u32,
    /// Those of them that differ.
    pub differing: u32,
}

/// Why outputs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cause {
    /// `name version` of the package to blame.
    pub package: String,
    /// The unit to blame.
    pub unit: UnitKind,
    /// What was varied when the output changed.
    pub variation: Variation,
    /// Section of the first artifact in which it shows.
    #[serde(deserialize_with = "crate::nullable")]
    pub section: Option<String>,
    /// Symbol of the first artifact in which it shows.
    #[serde(deserialize_with = "crate::nullable")]
    pub symbol: Option<String>,
    /// Where in the source, `path:line`, relative to the package.
    #[serde(deserialize_with = "crate::nullable")]
    pub source: Option<String>,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What mends it; `null` where nothing is known.
    #[serde(deserialize_with = "crate::nullable")]
    pub fix: Option<Fix>,
}

/// What kind of unit is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// The run of a build script.
    BuildScript,
    /// A macro, while another crate was compiled.
    ProcMacro,
    /// A library.
    Lib,
    /// A program.
    Bin,
    /// An object or archive that a build script had compiled.
    CObject,
    /// The last step of a program.
    Link,
}

impl UnitKind {
    /// The words that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuildScript => "build script",
            Self::ProcMacro => "proc macro",
            Self::Lib => "library",
            Self::Bin => "executable",
            Self::CObject => "C object",
            Self::Link => "link",
        }
    }
}

/// What was varied when the output changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Variation {
    /// Where the build ran: folders and their length, CARGO_HOME.
    Path,
    /// The clock.
    Time,
    /// Times of files: of sources, or of what the build makes.
    FileTime,
    /// Random numbers: hash seeds, random constants.
    Entropy,
    /// The order in which folders list their files.
    FileOrder,
    /// HOME, USER, LANG, TZ and other variables.
    Environment,
    /// The name of the machine.
    Host,
    /// The number of parallel jobs.
    Jobs,
    /// umask: permissions of files.
    Umask,
    /// The user and group that build.
    UserId,
    /// How much of the history git knows: depth and tags, or no repository at all.
    GitHistory,
    /// The release of the kernel.
    Kernel,
    /// What the processor can do.
    Processor,
    /// Nothing was varied and it differed all the same: threads, addresses, the compiler.
    None,
    /// It could not be narrowed down to one.
    Unknown,
}

impl Variation {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Time => "time",
            Self::FileTime => "file-time",
            Self::Entropy => "entropy",
            Self::FileOrder => "file-order",
            Self::Environment => "environment",
            Self::Host => "host",
            Self::Jobs => "jobs",
            Self::Umask => "umask",
            Self::UserId => "user-id",
            Self::GitHistory => "git-history",
            Self::Kernel => "kernel",
            Self::Processor => "processor",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// What mends a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fix {
    /// What to do.
    pub text: String,
    /// Whether it was tried on a repetition of the call, which then came out equal.
    pub confirmed: bool,
    /// Configuration that does it, which `cargo repro fix` writes; empty for changes of source.
    pub config: Vec<ConfigLine>,
}

/// A line of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigLine {
    /// File, relative to the workspace.
    pub file: String,
    /// Dotted key.
    pub key: String,
    /// Its value, as TOML.
    pub value: String,
}
