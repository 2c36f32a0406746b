//! What a build says of itself, whichever tool made it. Pure.

use release_gate_facts::digest::Sha256Digest;
use release_gate_facts::report::buildinfo::{
    BuildInfo, ForeignBuildInfo, LockedPackage, Toolchain,
};
use release_gate_facts::{Envelope, Finding, ReportData as _, Status, Subject, schema_id};

/// What `buildinfo.json` says, as far as packing and verifying need it.
#[derive(Debug, Clone)]
pub struct BuildRecord {
    /// What was built.
    pub subject: Subject,
    /// Whether the build passed.
    pub status: Status,
    /// What was found while building.
    pub findings: Vec<Finding>,
    /// Cargo profile.
    pub profile: String,
    /// What was built.
    pub artifacts: Vec<BuiltFile>,
    /// What it was built with and of; `None` where another tool built, and said nothing of it.
    pub inputs: Option<Inputs>,
}

/// A built file.
#[derive(Debug, Clone)]
pub struct BuiltFile {
    /// Target triple.
    pub target: String,
    /// Where it is, relative to the folder of `buildinfo.json`.
    pub path: String,
    /// Digest.
    pub sha256: Sha256Digest,
}

impl BuiltFile {
    /// The last part of its path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether nothing but the build that made it can link the file.
    pub fn is_rust_library(&self) -> bool {
        self.path.ends_with(".rlib") || self.path.ends_with(".rmeta")
    }
}

/// What a build was made with and of.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The programs.
    pub toolchain: Toolchain,
    /// The packages.
    pub dependencies: Vec<LockedPackage>,
}

/// Why a build cannot be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// It is of another kind, or lacks a field.
    #[error("{0}")]
    Shape(String),
    /// It came to no result.
    #[error("it says `{}`{why}", .status.as_str())]
    Unfinished {
        /// What it says.
        status: Status,
        /// `: ` and the first finding, or nothing.
        why: String,
    },
}

impl BuildRecord {
    /// Reads `buildinfo.json`: as `cargo repro build` writes it, else the exact least form of other
    /// tools.
    ///
    /// # Errors
    /// It has neither shape, or the build came to no result.
    pub fn parse(bytes: &[u8]) -> Result<Self, BuildError> {
        match serde_json::from_slice::<Envelope<BuildInfo>>(bytes) {
            Ok(report) => Self::of_report(report),
            Err(error) => match serde_json::from_slice::<ForeignBuildInfo>(bytes) {
                Ok(foreign) => Self::of_foreign(foreign),
                Err(_) => Err(Self::without_verdict(bytes)
                    .unwrap_or_else(|| BuildError::Shape(error.to_string()))),
            },
        }
    }

    /// A build that ended without a verdict has no data.
    fn without_verdict(bytes: &[u8]) -> Option<BuildError> {
        let outer: Envelope = serde_json::from_slice(bytes).ok()?;
        check_schema(&outer.schema).ok()?;
        if matches!(outer.status, Status::Pass | Status::Fail) {
            return None;
        }
        let why = outer
            .findings
            .first()
            .map(|finding| format!(": {}", finding.message));
        Some(BuildError::Unfinished {
            status: outer.status,
            why: why.unwrap_or_default(),
        })
    }

    fn of_report(report: Envelope<BuildInfo>) -> Result<Self, BuildError> {
        check_schema(&report.schema)?;
        let data = report.data;
        let artifacts = data.artifacts.into_iter().map(|artifact| BuiltFile {
            target: artifact.target,
            path: artifact.path,
            sha256: artifact.sha256,
        });
        Ok(Self {
            subject: report.subject,
            status: report.status,
            findings: report.findings,
            profile: data.profile,
            artifacts: artifacts.collect(),
            inputs: Some(Inputs {
                toolchain: data.toolchain,
                dependencies: data.dependencies,
            }),
        })
    }

    fn of_foreign(report: ForeignBuildInfo) -> Result<Self, BuildError> {
        check_schema(&report.schema)?;
        let artifacts = report.data.artifacts.into_iter().map(|artifact| BuiltFile {
            target: artifact.target,
            path: artifact.path,
            sha256: artifact.sha256,
        });
        Ok(Self {
            subject: report.subject,
            status: report.status,
            findings: report.findings,
            profile: report.data.profile,
            artifacts: artifacts.collect(),
            inputs: None,
        })
    }
}

fn check_schema(found: &str) -> Result<(), BuildError> {
    let expected = schema_id(BuildInfo::NAME);
    if found == expected {
        return Ok(());
    }
    let text = format!("its schema is `{found}` where `{expected}` is needed");
    Err(BuildError::Shape(text))
}
