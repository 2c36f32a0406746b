//! What cargo says of the programs that are released.

use std::path::PathBuf;

use release_gate::error::JudgeExt as _;
use release_gate::{Error, Result};
use serde::Deserialize;

use crate::workspace::{GATES, Workspace, chosen};

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

/// What is needed of cargo's metadata of this workspace.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
    /// Where cargo puts what it builds.
    pub(super) target_directory: PathBuf,
}

impl Metadata {
    /// Asks cargo.
    ///
    /// # Errors
    /// Cargo does not know its own workspace.
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let step = workspace
            .cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"]);
        let finished = workspace.runner.run(step)?.success()?;
        serde_json::from_slice(&finished.stdout)
            .or_judge(|| "cargo's metadata cannot be read".to_owned())
    }

    /// The programs that are asked for, or all five, in the order of [`GATES`].
    ///
    /// # Errors
    /// A name is none of the five.
    pub(super) fn asked_for(&self, names: &[String]) -> Result<Vec<Package>> {
        chosen(names, &GATES, "program")?
            .into_iter()
            .map(|gate| self.package(gate))
            .collect()
    }

    fn package(&self, name: &str) -> Result<Package> {
        let mut packages = self.packages.iter();
        let found = packages.find(|package| package.name == name).cloned();
        found.ok_or_else(|| Error::judge(format!("the workspace has no package {name}")))
    }
}
