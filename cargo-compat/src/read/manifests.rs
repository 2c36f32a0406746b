//! Manifests below a folder, read without cargo.

use std::path::{Path, PathBuf};

use release_gate::{Error, Result};

use super::tree::{OWN_WORKSPACE, is_output};

/// A workspace's folder and those outside it that its manifests depend on by path, and so on; none
/// lies below another.
pub(super) fn with_path_dependencies(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        next += 1;
        for manifest in manifests_below(&folder) {
            let Ok(table) = release_gate::config::read_toml(&manifest) else {
                continue;
            };
            let mut paths = Vec::new();
            paths_in(&toml::Value::Table(table), &mut paths);
            for path in paths {
                let Some(Ok(path)) = manifest.parent().map(|dir| dir.join(path).canonicalize())
                else {
                    continue;
                };
                let is_package = path.join("Cargo.toml").is_file();
                if is_package && !found.iter().any(|known| path.starts_with(known)) {
                    found.push(with_what_it_inherits(path));
                }
            }
        }
    }

    let all = found.clone();
    found.retain(|path| {
        !all.iter()
            .any(|other| other != path && path.starts_with(other))
    });

    found
}

/// A package's folder, or that of its workspace where the manifest takes settings from there.
fn with_what_it_inherits(path: PathBuf) -> PathBuf {
    let table = release_gate::config::read_toml(&path.join("Cargo.toml")).unwrap_or_default();
    if inherits(&toml::Value::Table(table)) {
        workspace_of(&path)
    } else {
        path
    }
}

/// Whether something of a manifest is `workspace = true`.
fn inherits(value: &toml::Value) -> bool {
    match value {
        toml::Value::Table(table) => table.iter().any(|(key, value)| {
            (key == "workspace" && value.as_bool() == Some(true)) || inherits(value)
        }),
        toml::Value::Array(items) => items.iter().any(inherits),
        _ => false,
    }
}

/// Packages outside of a repository that the manifests of a checkout of it name by path.
pub(super) fn outside_dependencies(repository: &Path, checkout: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for manifest in manifests_below(checkout) {
        let Ok(table) = release_gate::config::read_toml(&manifest) else {
            continue;
        };
        let mut paths = Vec::new();
        paths_in(&toml::Value::Table(table), &mut paths);
        let Some(below) = manifest
            .parent()
            .and_then(|dir| dir.strip_prefix(checkout).ok())
        else {
            continue;
        };
        for path in paths {
            let Ok(path) = repository.join(below).join(path).canonicalize() else {
                continue;
            };
            let outside = !path.starts_with(repository) && path.join("Cargo.toml").is_file();
            if outside && !found.contains(&path) {
                found.push(path);
            }
        }
    }

    found
}

/// Takes dev-dependencies and the targets that need them out of every manifest below a folder.
pub(super) fn strip_dev_dependencies(dir: &Path) -> std::io::Result<()> {
    for manifest in manifests_below(dir) {
        let Ok(mut table) = release_gate::config::read_toml(&manifest) else {
            continue;
        };
        let mut stripped = false;
        for key in [
            "dev-dependencies",
            "dev_dependencies",
            "test",
            "bench",
            "example",
        ] {
            stripped |= table.remove(key).is_some();
        }
        if let Some(toml::Value::Table(targets)) = table.get_mut("target") {
            for (_, target) in targets.iter_mut() {
                if let toml::Value::Table(target) = target {
                    stripped |= target.remove("dev-dependencies").is_some();
                }
            }
        }
        if stripped && let Ok(text) = toml::to_string(&table) {
            std::fs::write(&manifest, text)?;
        }
    }

    Ok(())
}

/// Every `path = "…"` of a manifest.
fn paths_in(value: &toml::Value, paths: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                match value {
                    toml::Value::String(path) if key == "path" => paths.push(path.clone()),
                    value => paths_in(value, paths),
                }
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| paths_in(item, paths)),
        _ => {}
    }
}

/// All manifests below a folder.
fn manifests_below(dir: &Path) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![dir.to_owned()], Vec::new());
    while let Some(dir) = open.pop() {
        let manifest = dir.join("Cargo.toml");
        if manifest.is_file() {
            found.push(manifest);
        }
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir())
                && !is_output(&entry.path())
                && entry.file_name() != ".git"
            {
                open.push(entry.path());
            }
        }
    }
    found
}

/// The root of the workspace that an unpacked package belongs to. One without a workspace of its
/// own gets one: the folder it was unpacked into may lie below the project, and cargo must not take
/// it for a part of that.
pub(super) fn own_workspace(manifest: &Path, base: &Path) -> Result<PathBuf> {
    let package = manifest.parent().unwrap_or(manifest);
    let outermost = package
        .ancestors()
        .take_while(|dir| dir.starts_with(base))
        .filter(is_root)
        .last();
    if let Some(root) = outermost {
        return Ok(root.to_owned());
    }
    let cannot =
        |error| Error::judge(format!("cannot prepare `{}`", manifest.display())).with_source(error);
    let text = std::fs::read_to_string(manifest).map_err(cannot)?;
    std::fs::write(manifest, format!("{text}{OWN_WORKSPACE}")).map_err(cannot)?;
    Ok(package.to_owned())
}

/// Whether a folder's manifest has a `[workspace]`.
fn is_root(dir: &&Path) -> bool {
    release_gate::config::read_toml(&dir.join("Cargo.toml"))
        .is_ok_and(|table| table.contains_key("workspace"))
}

/// The nearest folder at or above whose manifest has a `[workspace]`, else the folder itself.
pub(super) fn workspace_of(path: &Path) -> PathBuf {
    path.ancestors().find(is_root).unwrap_or(path).to_owned()
}

/// The manifest of a package somewhere below a folder.
pub(super) fn manifest_of(dir: &Path, package: &str) -> Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = manifests_below(dir)
        .into_iter()
        .filter(|manifest| {
            let table = release_gate::config::read_toml(manifest).ok();
            table
                .as_ref()
                .and_then(|table| table.get("package")?.get("name")?.as_str())
                == Some(package)
        })
        .collect();
    // A test fixture deeper down may have the same name.
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    Ok(found.into_iter().next())
}

/// The version a manifest states itself; one inherited from a workspace is found out by cargo
/// later.
pub(super) fn version_in(manifest: &Path) -> Option<String> {
    let table = release_gate::config::read_toml(manifest).ok()?;
    table
        .get("package")?
        .get("version")?
        .as_str()
        .map(str::to_owned)
}
