//! Dependents as they are compiled: a copy of their sources in a folder of ours, with manifests
//! that name one side of the judged crate in place of what they name.
//!
//! Nothing is written into a dependent's own folder, nor into cargo's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};
use release_gate::digest::sha256_bytes;
use release_gate::error::JudgeExt;
use release_gate::process::Step;
use release_gate::{Context, Error, Result};
use semver::Version;
use toml::{Table, Value};

use super::folder_tree::FolderTree;
use super::manifests::{own_workspace, strip_dev_dependencies};
use super::published::fetch_package;
use super::tree::sync_dir;
use crate::model::dependent::Dependent;
use crate::model::written_manifest::{Placed, manifest_of, text};

/// The folder of crates.io's packages in `[patch]`.
const CRATES_IO: &str = "crates-io";
/// What its packages say of where they come from.
const CRATES_IO_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// One side of the judged crate, with the members of its workspace that it is made of.
#[derive(Debug)]
pub struct PlacedSide {
    /// `old` or `new`, for messages.
    pub name: &'static str,
    /// The judged crate's version.
    pub version: Version,
    folders: BTreeMap<String, PathBuf>,
}

impl PlacedSide {
    /// A package, and the packages of folders that it depends on.
    pub fn of(name: &'static str, metadata: &Metadata, package: &Package) -> Self {
        let mut folders = BTreeMap::new();
        let mut open = vec![package];
        while let Some(package) = open.pop() {
            let folder = package.manifest_path.parent().map(PathBuf::from);
            let known = folders.insert(package.name.to_string(), folder.unwrap_or_default());
            if known.is_none() {
                open.extend(path_dependencies(&metadata.packages, package));
            }
        }
        Self {
            name,
            version: package.version.clone(),
            folders,
        }
    }

    /// Whether a source file belongs to a package of this side.
    pub(super) fn holds(&self, package: &str, file: &Path) -> bool {
        self.folders
            .get(package)
            .is_some_and(|folder| file.starts_with(folder))
    }
}

/// The packages in folders that a package depends on.
fn path_dependencies<'p>(packages: &'p [Package], package: &Package) -> Vec<&'p Package> {
    let folders: BTreeSet<&Path> = package
        .dependencies
        .iter()
        .filter(|dependency| is_built(dependency))
        .filter_map(|dependency| dependency.path.as_deref().map(AsRef::as_ref))
        .collect();
    packages
        .iter()
        .filter(|found| found.source.is_none())
        .filter(|found| {
            let folder = found.manifest_path.parent();
            folder.is_some_and(|folder| folders.contains(folder.as_std_path()))
        })
        .collect()
}

/// Whether users need a dependency, and not only its package's own tests.
fn is_built(dependency: &Dependency) -> bool {
    dependency.kind != DependencyKind::Development
}

/// The judged crate as a dependent sees it: both sides.
#[derive(Debug)]
pub struct Judged {
    /// The package.
    pub package: String,
    /// The old side.
    pub old: PlacedSide,
    /// The new side.
    pub new: PlacedSide,
}

impl Judged {
    /// Whether a dependency means one of the sides: by its folder or repository, or because its
    /// requirement takes one of the versions.
    fn is_meant(&self, dependency: &Dependency) -> bool {
        let known = self.old.folders.contains_key(&dependency.name)
            || self.new.folders.contains_key(&dependency.name);
        let by_version = dependency.path.is_none()
            && dependency
                .source
                .as_ref()
                .is_none_or(|source| !source.repr.starts_with("git+"));
        known
            && (!by_version
                || dependency.name != self.package
                || [&self.old, &self.new]
                    .iter()
                    .any(|side| dependency.req.matches(&side.version)))
    }

    /// How a package uses the judged crate; the first dependency on it.
    pub fn used_by<'p>(&self, package: &'p Package) -> Option<&'p Dependency> {
        package.dependencies.iter().find(|dependency| {
            is_built(dependency) && dependency.name == self.package && self.is_meant(dependency)
        })
    }
}

/// One side in place of what manifests name.
struct InPlace<'a> {
    judged: &'a Judged,
    side: &'a PlacedSide,
}

impl Placed for InPlace<'_> {
    fn folder_of(&self, dependency: &Dependency) -> Option<&Path> {
        let folder = self.side.folders.get(&dependency.name)?;
        self.judged.is_meant(dependency).then_some(folder)
    }
}

/// Where dependents are found and put.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The folder of all copies.
    pub sources: &'a Path,
    /// What a relative path starts from.
    pub base: &'a Path,
    /// A folder that is copied nowhere: what the project builds.
    pub skipped: &'a Path,
}

/// A dependent's sources in a folder of ours.
#[derive(Debug)]
pub struct DependentTree {
    /// What is compiled: the package that was named, or all members of a workspace that use the
    /// judged crate.
    pub packages: Vec<Package>,
    folder: PathBuf,
    workspace: PathBuf,
    /// The packages in folders that it is made of.
    parts: Vec<Package>,
    /// `[patch]` of the workspace, its folders made absolute.
    patches: Table,
}

impl DependentTree {
    /// Fetches or copies a dependent.
    ///
    /// # Errors
    /// It is not there, or cargo cannot read it.
    pub fn fetch(
        cx: &Context,
        dependent: &Dependent,
        judged: &Judged,
        places: Places<'_>,
    ) -> Result<Self> {
        let Places {
            sources,
            base,
            skipped,
        } = places;
        match dependent {
            Dependent::Published { name, requirement } => {
                let found = fetch_package(cx, name, &requirement.to_string())?;
                let folder = sources.join(format!("{name}-{}", found.version));
                let source: PathBuf = found.manifest_path.with_file_name("").into();
                let tree = FolderTree::rooted(source.clone(), source);
                Self::copied(cx, &tree, judged, (&folder, skipped))
            }
            Dependent::Folder(path) => {
                let shown = path.display();
                let path = base
                    .join(path)
                    .canonicalize()
                    .or_judge(|| format!("cannot open the dependent `{shown}`"))?;
                if !path.join("Cargo.toml").is_file() {
                    return Err(Error::judge(format!(
                        "the dependent `{shown}` has no Cargo.toml"
                    )));
                }
                let digest = sha256_bytes(path.as_os_str().as_encoded_bytes()).to_string();
                let folder = sources.join(&digest[..16]);
                Self::copied(cx, &FolderTree::of(path), judged, (&folder, skipped))
            }
        }
    }

    fn copied(
        cx: &Context,
        tree: &FolderTree,
        judged: &Judged,
        (folder, skipped): (&Path, &Path),
    ) -> Result<Self> {
        let failed = || "cannot copy a dependent".to_owned();
        for part in &tree.folders {
            sync_dir(part, &folder.join(tree.below(part)), skipped).or_judge(failed)?;
        }
        let workspace = folder.join(tree.below(&tree.root));
        strip_dev_dependencies(folder).or_judge(failed)?;
        remove_toolchain_files(folder, &workspace).or_judge(failed)?;
        let manifest = folder.join(tree.below(&tree.path)).join("Cargo.toml");
        own_workspace(&manifest, &workspace)?;
        let patches = patches_of(&workspace);

        let (members, parts) = parts_of(cx, &manifest)?;
        let is_named = |package: &&Package| package.manifest_path.as_std_path() == manifest;
        let packages = match members.iter().find(is_named) {
            Some(named) => vec![named.clone()],
            None => members
                .into_iter()
                .filter(|member| judged.used_by(member).is_some())
                .collect(),
        };

        Ok(Self {
            packages,
            folder: folder.to_owned(),
            workspace,
            parts,
            patches,
        })
    }

    /// Makes a package and what of its workspace it needs depend on one side.
    ///
    /// # Errors
    /// A manifest cannot be written.
    pub fn place(&self, package: &Package, judged: &Judged, side: &PlacedSide) -> Result<PathBuf> {
        let placed = InPlace { judged, side };
        let mut seen = BTreeSet::new();
        let mut open = vec![package];
        while let Some(next) = open.pop() {
            if !seen.insert(&next.manifest_path) || side.folders.contains_key(next.name.as_str()) {
                continue;
            }
            open.extend(path_dependencies(&self.parts, next));
            let mut manifest = manifest_of(next, &placed);
            if next.manifest_path == package.manifest_path {
                manifest.insert("workspace".into(), Value::Table(Table::new()));
                manifest.insert("patch".into(), Value::Table(self.patched(side)));
            }
            self.write(next.manifest_path.as_std_path(), &manifest)?;
        }

        let manifest = package.manifest_path.as_std_path();
        let lock = manifest.with_file_name("Cargo.lock");
        let of_workspace = self.workspace.join("Cargo.lock");
        if !lock.is_file() && of_workspace.is_file() {
            std::fs::copy(&of_workspace, &lock)
                .or_judge(|| "cannot copy a dependent's Cargo.lock".to_owned())?;
        }
        Ok(manifest.to_owned())
    }

    /// Writes a manifest of the copy; nothing elsewhere is ever written.
    fn write(&self, path: &Path, manifest: &Table) -> Result<()> {
        let failed = || "cannot write the manifest of a dependent".to_owned();
        if !path.starts_with(&self.folder) {
            return Ok(());
        }
        let text = toml::to_string(manifest).or_judge(failed)?;
        std::fs::write(path, text).or_judge(failed)
    }

    /// The workspace's own patches, and one side for whoever else of the graph asks for it.
    fn patched(&self, side: &PlacedSide) -> Table {
        let mut patches = self.patches.clone();
        let sources: BTreeSet<String> = self
            .parts
            .iter()
            .flat_map(|package| &package.dependencies)
            .filter(|dependency| is_built(dependency))
            .filter_map(|dependency| Some(patch_key(&dependency.source.as_ref()?.repr)))
            .collect();
        for source in sources {
            let Value::Table(of_source) = patches
                .entry(source)
                .or_insert_with(|| Value::Table(Table::new()))
            else {
                continue;
            };
            for (name, folder) in &side.folders {
                let place = [("path".to_owned(), text(folder.to_string_lossy()))];
                of_source.insert(name.clone(), Value::Table(place.into_iter().collect()));
            }
        }
        patches
    }
}

/// What `[patch]` calls a source.
fn patch_key(source: &str) -> String {
    if source == CRATES_IO_SOURCE {
        return CRATES_IO.to_owned();
    }
    let url = source
        .strip_prefix("registry+")
        .or_else(|| source.strip_prefix("git+"))
        .unwrap_or(source);
    url.split(['?', '#']).next().unwrap_or(url).to_owned()
}

/// A dependent's own choice of a toolchain would be another compiler than the one that judges.
fn remove_toolchain_files(folder: &Path, workspace: &Path) -> std::io::Result<()> {
    let mut folders: Vec<PathBuf> = workspace
        .ancestors()
        .take_while(|ancestor| ancestor.starts_with(folder))
        .map(Path::to_owned)
        .collect();
    folders.extend(
        release_gate::fs::walk(workspace)?
            .into_iter()
            .filter_map(|file| {
                let is_manifest = file
                    .path
                    .file_name()
                    .is_some_and(|name| name == "Cargo.toml");
                is_manifest.then(|| file.path.parent().map(Path::to_owned))?
            }),
    );

    for folder in folders {
        for name in ["rust-toolchain", "rust-toolchain.toml"] {
            match std::fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// `[patch]` of a workspace's manifest, its folders made absolute.
fn patches_of(workspace: &Path) -> Table {
    let mut table =
        release_gate::config::read_toml(&workspace.join("Cargo.toml")).unwrap_or_default();
    let mut patches = match table.remove("patch") {
        Some(Value::Table(patches)) => patches,
        _ => Table::new(),
    };
    for (_, source) in patches.iter_mut() {
        for (_, patch) in source.as_table_mut().into_iter().flatten() {
            if let Some(Value::String(path)) = patch.get_mut("path") {
                *path = workspace.join(&*path).to_string_lossy().into_owned();
            }
        }
    }
    patches
}

/// The members of a workspace, and with them all packages in folders that they depend on.
fn parts_of(cx: &Context, manifest: &Path) -> Result<(Vec<Package>, Vec<Package>)> {
    let members = packages_at(cx, manifest)?;
    let mut parts = members.clone();
    let mut next = 0;
    while let Some(package) = parts.get(next).cloned() {
        next += 1;
        let folders = package
            .dependencies
            .iter()
            .filter(|dependency| is_built(dependency))
            .filter_map(|dependency| dependency.path.clone());
        for folder in folders {
            let manifest = folder.join("Cargo.toml");
            if parts.iter().all(|known| known.manifest_path != manifest) {
                let found = packages_at(cx, manifest.as_std_path())?;
                let new = found
                    .into_iter()
                    .filter(|one| parts.iter().all(|known| known.id != one.id));
                let new: Vec<Package> = new.collect();
                parts.extend(new);
            }
        }
    }
    Ok((members, parts))
}

/// The members of a manifest's workspace; dependencies are not looked for.
fn packages_at(cx: &Context, manifest: &Path) -> Result<Vec<Package>> {
    let step = Step::cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .arg("--manifest-path")
        .arg(manifest);
    let finished = cx
        .runner
        .run(step)?
        .success()
        .or_judge(|| "cargo cannot read a dependent".to_owned())?;
    let metadata = MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout))
        .or_judge(|| "cargo's metadata of a dependent cannot be read".to_owned())?;
    Ok(metadata.packages)
}
