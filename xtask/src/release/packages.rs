//! What cargo says of the programs that are released.

use std::path::PathBuf;

use release_gate::error::JudgeExt as _;
use release_gate::{Error, Result};
use serde::Deserialize;

use crate::workspace::{GATES, Workspace};

/// A program of this repository, as its manifest describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    /// An SPDX expression.
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
}

impl Package {
    /// The folder that its reports and its release lie in.
    pub(super) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The tag it is released with; one of the forms that the gates read by themselves.
    pub(super) fn tag(&self) -> String {
        format!("{}-v{}", self.name, self.version)
    }
}

/// The programs that are asked for, or all five, in the order of [`GATES`].
///
/// # Errors
/// A name is none of the five, or cargo does not know its own workspace.
pub(super) fn asked_for(workspace: &Workspace, names: &[String]) -> Result<Vec<Package>> {
    if let Some(unknown) = names.iter().find(|name| !GATES.contains(&name.as_str())) {
        return Err(Error::usage(format!("`{unknown}` is none of the programs"))
            .with_help(format!("they are {}", GATES.join(", "))));
    }

    let all = metadata(workspace)?.packages;
    GATES
        .iter()
        .filter(|gate| names.is_empty() || names.iter().any(|name| name == *gate))
        .map(|gate| {
            let mut packages = all.iter();
            let found = packages.find(|package| package.name == *gate).cloned();
            found.ok_or_else(|| Error::judge(format!("the workspace has no package {gate}")))
        })
        .collect()
}

/// Where cargo puts what it builds.
///
/// # Errors
/// Cargo does not know its own workspace.
pub(super) fn target_directory(workspace: &Workspace) -> Result<PathBuf> {
    Ok(metadata(workspace)?.target_directory)
}

/// What is needed of cargo's metadata.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

fn metadata(workspace: &Workspace) -> Result<Metadata> {
    let step = workspace
        .cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"]);
    let finished = workspace.runner.run(step)?.success()?;
    serde_json::from_slice(&finished.stdout)
        .or_judge(|| "cargo's metadata cannot be read".to_owned())
}
