//! The new side's sources: the work tree, or a copy of it where building would write into it.

use std::path::PathBuf;

use cargo_metadata::{Metadata, MetadataCommand};
use release_gate::error::JudgeExt;
use release_gate::process::Step;
use release_gate::project::Project;
use release_gate::{Context, Error, Result};

use super::cargo::workspace_metadata;
use super::folder_tree::FolderTree;
use super::manifests::own_workspace;
use super::tree::sync_dir;

/// Where the new side is built.
#[derive(Debug)]
pub struct NewTree {
    /// What cargo says of it.
    pub metadata: Metadata,
    /// The workspace's folder.
    pub root: PathBuf,
    /// Why it is a copy. `None`: it is the work tree itself, and Cargo.lock is as it should be.
    pub copied: Option<&'static str>,
}

impl NewTree {
    /// The lock file both sides are built with.
    pub fn lock(&self) -> PathBuf {
        self.root.join("Cargo.lock")
    }
}

/// Finds out whether the work tree can be built as it is. Where Cargo.lock is missing or out of
/// date, cargo would write one: a copy is built then.
///
/// # Errors
/// The manifest is broken, or a dependency cannot be had.
pub fn new_tree(cx: &Context, project: &Project) -> Result<NewTree> {
    let manifest = project.root.join("Cargo.toml");
    let mut step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1", "--locked"])
        .arg("--manifest-path")
        .arg(&manifest);

    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    let finished = cx.runner.run(step)?;
    if finished.is_success() {
        let metadata =
            MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout)).map_err(|error| {
                Error::judge("cargo's metadata of the new side cannot be read").with_source(error)
            })?;
        return Ok(NewTree {
            metadata,
            root: project.root.clone(),
            copied: None,
        });
    }

    let why = if project.root.join("Cargo.lock").is_file() {
        "Cargo.lock is out of date"
    } else {
        "there is no Cargo.lock"
    };

    if cx.args().locked {
        let error = Error::judge(format!("{why}, and --locked was given"))
            .with_help("run `cargo generate-lockfile`, or leave --locked away");
        return Err(match finished.success() {
            Err(source) => error.with_source(source),
            Ok(_) => error,
        });
    }

    copied_tree(cx, project, why)
}

fn copied_tree(cx: &Context, project: &Project, why: &'static str) -> Result<NewTree> {
    let copy = project.target_dir.join("compat").join("new");
    let tree = FolderTree::rooted(project.root.clone(), project.root.clone());
    let failed = || "cannot copy the work tree to build it".to_owned();
    for folder in &tree.folders {
        let into = copy.join(tree.below(folder));
        sync_dir(folder, &into, &project.target_dir).or_judge(failed)?;
    }
    let root = copy.join(tree.below(&tree.root));
    own_workspace(&root.join("Cargo.toml"), &root)?;
    let name = project
        .selected()
        .next()
        .map(|package| package.name.to_string())
        .unwrap_or_default();
    let metadata = workspace_metadata(cx, "new", &root.join("Cargo.toml"), &name)?;
    Ok(NewTree {
        metadata,
        root,
        copied: Some(why),
    })
}
