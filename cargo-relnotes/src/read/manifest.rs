//! A package's manifest at a revision, without a checkout.
//!
//! Must never: run cargo, or resolve anything. Only what the file says, with `workspace = true` looked up in the
//! workspace's manifest of the same revision.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::{CommitId, Git};
use release_gate::{Error, Result};
use toml::{Table, Value};

use crate::model::manifest::Manifest;

/// Reads the manifest of the package in `folder` at a commit; `root` is the workspace's folder. `None` where there is none.
///
/// # Errors
/// git failed, or the manifest is no TOML.
pub fn at(git: &Git, commit: &CommitId, folder: &str, root: &str) -> Result<Option<Manifest>> {
    let path = join(folder, "Cargo.toml");
    let Some(bytes) = git.show(commit, &path)? else { return Ok(None) };
    let table = parse(&bytes, &path, commit)?;
    let workspace_path = join(root, "Cargo.toml");
    let holder = if table.contains_key("workspace") || workspace_path == path {
        table.clone()
    } else {
        match git.show(commit, &workspace_path)? {
            Some(bytes) => parse(&bytes, &workspace_path, commit)?,
            None => Table::new(),
        }
    };
    let workspace = holder.get("workspace").and_then(Value::as_table).cloned().unwrap_or_default();
    Ok(read(&table, &workspace))
}

/// Joins a folder relative to the top (empty for the top itself) and a file name.
pub fn join(folder: &str, file: &str) -> String {
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

fn parse(bytes: &[u8], path: &str, commit: &CommitId) -> Result<Table> {
    let text = String::from_utf8_lossy(bytes);
    text.parse().map_err(|error: toml::de::Error| {
        Error::judge(format!("`{path}` at {} cannot be read: {}", commit.short(), error.message()))
            .with_help("that revision holds a broken manifest; choose another one")
    })
}

fn read(table: &Table, workspace: &Table) -> Option<Manifest> {
    let package = table.get("package").or_else(|| table.get("project"))?.as_table()?;
    let inherited = workspace.get("package").and_then(Value::as_table);
    let field = |name: &str| -> Option<String> {
        match package.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Table(_) => inherited?.get(name)?.as_str().map(str::to_owned),
            _ => None,
        }
    };
    let (direct, optional) = dependencies(table, workspace);
    let bins = table.get("bin").and_then(Value::as_array).into_iter().flatten();
    Some(Manifest {
        name: field("name")?,
        version: field("version").unwrap_or_default(),
        rust_version: field("rust-version"),
        edition: field("edition"),
        features: features(table, &optional),
        bins: bins.filter_map(|bin| bin.get("name")?.as_str().map(str::to_owned)).collect(),
        repository: field("repository"),
        direct,
    })
}

/// Package names of the normal and build dependencies, and keys of the optional ones.
fn dependencies(table: &Table, workspace: &Table) -> (BTreeSet<String>, BTreeSet<String>) {
    let shared = workspace.get("dependencies").and_then(Value::as_table);
    let renamed = |value: &Value| value.get("package").and_then(Value::as_str).map(str::to_owned);
    let (mut direct, mut optional) = (BTreeSet::new(), BTreeSet::new());
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    for section in std::iter::once(table).chain(targets.filter_map(|(_, target)| target.as_table())) {
        for kind in ["dependencies", "build-dependencies"] {
            for (key, value) in section.get(kind).and_then(Value::as_table).into_iter().flatten() {
                let from_workspace = || shared.and_then(|all| all.get(key)).and_then(renamed);
                direct.insert(renamed(value).or_else(from_workspace).unwrap_or_else(|| key.clone()));
                if value.get("optional").and_then(Value::as_bool) == Some(true) {
                    optional.insert(key.clone());
                }
            }
        }
    }
    (direct, optional)
}

/// Declared features, and optional dependencies that are features of their own because no `dep:` hides them.
fn features(table: &Table, optional: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, list) in table.get("features").and_then(Value::as_table).into_iter().flatten() {
        let list = list.as_array().into_iter().flatten();
        features.insert(name.clone(), list.filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let hidden: BTreeSet<String> =
        features.values().flatten().filter_map(|item| item.strip_prefix("dep:")).map(str::to_owned).collect();
    for name in optional.difference(&hidden) {
        features.entry(name.clone()).or_default();
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inheritance_and_implicit_features() {
        let table: Table = r#"
            [package]
            name = "x"
            version.workspace = true
            rust-version = "1.70"
            [dependencies]
            a = { version = "1", optional = true }
            b = { version = "1", optional = true, package = "bee" }
            c.workspace = true
            [target.'cfg(unix)'.dependencies]
            d = "1"
            [features]
            default = ["b2"]
            b2 = ["dep:b"]
            [[bin]]
            name = "tool"
        "#
        .parse()
        .unwrap();
        let workspace: Table =
            "package.version = '1.2.3'\ndependencies.c = { package = 'sea', version = '1' }".parse().unwrap();
        let manifest = read(&table, &workspace).unwrap();
        assert_eq!(manifest.version, "1.2.3");
        assert_eq!(manifest.features.keys().map(String::as_str).collect::<Vec<_>>(), ["a", "b2", "default"]);
        assert_eq!(manifest.direct.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "bee", "d", "sea"]);
        assert!(manifest.bins.contains("tool"));
        assert!(read(&Table::new(), &Table::new()).is_none());
    }
}
