//! Folders that are copied to be built: a workspace with what its manifests name outside of it.

use std::path::{Path, PathBuf};

use super::manifests::{outside_dependencies, with_path_dependencies, workspace_of};
use super::tree::{copy_dir, tree_digest};

/// How many steps up (`../../..`) a path dependency may lead out of a repository.
const STEPS_UP: usize = 3;

/// A folder and what its build needs of the folders beside it.
pub(super) struct FolderTree {
    /// The package's folder.
    pub(super) path: PathBuf,
    /// The workspace's folder.
    pub(super) root: PathBuf,
    /// Folders that are copied; none lies below another.
    pub(super) folders: Vec<PathBuf>,
    /// The folder that all of them are below.
    common: PathBuf,
}

impl FolderTree {
    pub(super) fn of(path: PathBuf) -> Self {
        let root = workspace_of(&path);
        Self::rooted(path, root)
    }

    /// A package of a workspace that is known.
    pub(super) fn rooted(path: PathBuf, root: PathBuf) -> Self {
        let folders = with_path_dependencies(&root);
        let common = root
            .ancestors()
            .find(|ancestor| folders.iter().all(|folder| folder.starts_with(ancestor)))
            .unwrap_or(&root)
            .to_owned();
        Self {
            path,
            root,
            folders,
            common,
        }
    }

    pub(super) fn below<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.common).unwrap_or(Path::new(""))
    }

    /// What names the content.
    pub(super) fn identity(&self) -> std::io::Result<String> {
        let mut identity = format!("path {}", self.below(&self.path).display());
        for folder in &self.folders {
            identity.push_str(&format!(
                "\n{} {}",
                self.below(folder).display(),
                tree_digest(folder)?
            ));
        }
        Ok(identity)
    }

    pub(super) fn copy_into(&self, into: &Path) -> std::io::Result<()> {
        self.folders
            .iter()
            .try_for_each(|folder| copy_dir(folder, &into.join(self.below(folder))))
    }
}

/// Where a repository is checked out below a kept folder: some levels down, so that paths that lead
/// out of the repository lead to other folders of the kept one.
pub(super) fn checkout_folder(kept: &Path, repository: &Path) -> PathBuf {
    let names: Vec<_> = repository
        .components()
        .rev()
        .filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name),
            _ => None,
        })
        .take(STEPS_UP)
        .collect();
    names
        .iter()
        .rev()
        .fold(kept.to_owned(), |path, name| path.join(name))
}

/// Copies the packages beside a repository that a checkout of it depends on by path, as they are
/// now: no revision says how they were.
pub(super) fn copy_outside_dependencies(
    repository: &Path,
    checkout: &Path,
    kept: &Path,
) -> std::io::Result<()> {
    let depth = checkout.components().count() - kept.components().count();
    let Some(top) = repository.ancestors().nth(depth) else {
        return Ok(());
    };
    for folder in outside_dependencies(repository, checkout) {
        let Ok(below) = folder.strip_prefix(top) else {
            continue;
        };
        let target = kept.join(below);
        if !target.exists() {
            copy_dir(&folder, &target)?;
        }
    }
    Ok(())
}
