//! A package's manifest at a revision, without a checkout.
//!
//! Must never: run cargo, or resolve anything. Only what the file says, with `workspace = true`
//! looked up in the workspace's manifest of the same revision.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::git::{CommitId, Git};
use release_gate::{Error, Result};
use semver::Version;
use toml::{Table, Value};

use super::blobs;
use crate::model::manifest::Manifest;

/// Reads the manifest of the package in `folder` at a commit; `root` is the workspace's folder.
/// `None` where there is none.
///
/// # Errors
/// git failed, or the manifest is not valid TOML.
pub fn at(git: &Git, commit: &CommitId, folder: &str, root: &str) -> Result<Option<Manifest>> {
    let path = join(folder, "Cargo.toml");
    let Some(bytes) = blobs::file(git, commit, &path)? else {
        return Ok(None);
    };
    let table = parse_toml(&bytes, &path, commit)?;
    let workspace_path = join(root, "Cargo.toml");
    let holder = if table.contains_key("workspace") || workspace_path == path {
        table.clone()
    } else {
        match blobs::file(git, commit, &workspace_path)? {
            Some(bytes) => parse_toml(&bytes, &workspace_path, commit)?,
            None => Table::new(),
        }
    };
    let workspace = holder
        .get("workspace")
        .and_then(Value::as_table)
        .cloned()
        .unwrap_or_default();
    Ok(of(&table, &workspace))
}

/// The manifest of the package called `name`, wherever it lay at the commit, and its folder: first
/// where it is expected, then anywhere.
///
/// # Errors
/// git failed, or the manifest is not valid TOML.
pub fn find(
    git: &Git,
    commit: &CommitId,
    name: &str,
    folder: &str,
    root: &str,
) -> Result<Option<(String, Manifest)>> {
    if let Some(manifest) = at(git, commit, folder, root)?.filter(|manifest| manifest.name == name)
    {
        return Ok(Some((folder.to_owned(), manifest)));
    }
    let listed = git.plumbing([
        "ls-tree",
        "-r",
        "-z",
        "--name-only",
        "--full-tree",
        commit.as_str(),
    ])?;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let mut folders: Vec<&str> = listed
        .split('\0')
        .filter_map(|path| path.strip_suffix("Cargo.toml"))
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
        .map(|folder| folder.trim_end_matches('/'))
        .collect();
    // The nearest to the top: copies lie deep in folders of tests.
    folders.sort_by_key(|folder| {
        (
            folder.matches('/').count() + usize::from(!folder.is_empty()),
            *folder,
        )
    });
    let names: Vec<String> = folders
        .iter()
        .map(|folder| format!("{commit}:{}", join(folder, "Cargo.toml")))
        .collect();
    for (folder, blob) in folders.iter().zip(blobs::read(git, &names)?) {
        let text = blob
            .map(|blob| String::from_utf8_lossy(&blob.bytes).into_owned())
            .unwrap_or_default();
        let table: Option<Table> = text.parse().ok();
        if table.is_some_and(|table| {
            table
                .get("package")
                .and_then(|package| package.get("name")?.as_str())
                == Some(name)
        }) {
            return Ok(
                at(git, commit, folder, root)?.map(|manifest| ((*folder).to_owned(), manifest))
            );
        }
    }
    Ok(None)
}

/// The versions the package had at the commits of a range that changed a manifest, newest first.
///
/// # Errors
/// git failed.
pub fn versions(
    git: &Git,
    from: Option<&CommitId>,
    to: &CommitId,
    folder: &str,
    root: &str,
) -> Result<Vec<(CommitId, Version)>> {
    // Enough for any project; a longer list would only repeat what the first entries say.
    const MOST: &str = "--max-count=2000";
    let own = join(folder, "Cargo.toml");
    let shared = join(root, "Cargo.toml");
    let mut args = vec![
        "rev-list",
        "--no-merges",
        MOST,
        "--end-of-options",
        to.as_str(),
    ];

    let without = from.map(|from| format!("^{from}"));
    args.extend(without.as_deref());
    args.extend(["--", &own]);
    if shared != own {
        args.push(&shared);
    }
    let list = String::from_utf8_lossy(&git.plumbing(args)?).into_owned();
    let commits: Vec<CommitId> = list.lines().filter_map(|line| line.parse().ok()).collect();
    let paths = match shared == own {
        true => vec![&own],
        false => vec![&own, &shared],
    };
    let names: Vec<String> = commits
        .iter()
        .flat_map(|commit| paths.iter().map(move |path| format!("{commit}:{path}")))
        .collect();

    let blobs = blobs::read(git, &names)?;
    let mut found: Vec<(CommitId, Version)> = Vec::new();
    let mut known: BTreeMap<Vec<String>, Option<Version>> = BTreeMap::new();
    for (commit, manifests) in commits.into_iter().zip(blobs.chunks(paths.len())) {
        let ids = manifests.iter().map(|blob| match blob {
            Some(blob) => blob.id.clone(),
            None => String::new(),
        });
        let version = known.entry(ids.collect()).or_insert_with(|| {
            let tables: Vec<Option<Table>> = manifests.iter().map(table_of).collect();
            let own = tables.first()?.as_ref()?;
            version_of(own, tables.last()?.as_ref())
        });
        if let Some(version) = version {
            found.push((commit, version.clone()));
        }
    }

    Ok(found)
}

/// The manifests of the package called `name` at many commits, in their order, each with the folder
/// it lay in; `None` where there is none.
///
/// # Errors
/// git failed, or a manifest is not valid TOML.
pub fn many(
    git: &Git,
    commits: &[CommitId],
    name: &str,
    folder: &str,
    root: &str,
) -> Result<Vec<Option<(String, Manifest)>>> {
    let paths = [join(folder, "Cargo.toml"), join(root, "Cargo.toml")];
    let names: Vec<String> = commits
        .iter()
        .flat_map(|commit| paths.iter().map(move |path| format!("{commit}:{path}")))
        .collect();

    let blobs = blobs::read(git, &names)?;
    let mut found = Vec::with_capacity(commits.len());
    for (commit, pair) in commits.iter().zip(blobs.chunks(2)) {
        let workspace = table_of(&pair[1])
            .and_then(|mut table| table.remove("workspace"))
            .and_then(|workspace| workspace.as_table().cloned())
            .unwrap_or_default();
        let usual = table_of(&pair[0])
            .and_then(|own| of(&own, &workspace))
            .filter(|manifest| manifest.name == name);
        found.push(match usual {
            Some(manifest) => Some((folder.to_owned(), manifest)),
            None => find(git, commit, name, folder, root)?,
        });
    }

    Ok(found)
}

fn table_of(blob: &Option<blobs::Blob>) -> Option<Table> {
    String::from_utf8_lossy(&blob.as_ref()?.bytes).parse().ok()
}

/// The version a manifest says, or its workspace for it.
fn version_of(own: &Table, shared: Option<&Table>) -> Option<Version> {
    let text = match own.get("package")?.get("version")? {
        Value::String(text) => text.as_str(),
        _ => shared?
            .get("workspace")?
            .get("package")?
            .get("version")?
            .as_str()?,
    };
    Version::parse(text).ok()
}

/// Whether the package called `name` had each of these versions at each of these commits, in their
/// order; looked for in its folder and at the top.
///
/// # Errors
/// git failed.
pub fn had(git: &Git, name: &str, folder: &str, at: &[(&CommitId, &Version)]) -> Result<Vec<bool>> {
    let paths = [join(folder, "Cargo.toml"), "Cargo.toml".to_owned()];
    let names: Vec<String> = at
        .iter()
        .flat_map(|(commit, _)| paths.iter().map(move |path| format!("{commit}:{path}")))
        .collect();
    let blobs = blobs::read(git, &names)?;
    Ok(at
        .iter()
        .zip(blobs.chunks(2))
        .map(|((_, wanted), pair)| {
            let tables = [table_of(&pair[0]), table_of(&pair[1])];
            let mine = tables.iter().flatten().find(|own| is_named(own, name));
            mine.and_then(|own| version_of(own, tables[1].as_ref()))
                .as_ref()
                == Some(*wanted)
        })
        .collect())
}

/// Whether a manifest is that of the package of this name.
fn is_named(manifest: &Table, name: &str) -> bool {
    let package = manifest.get("package");
    package.and_then(|package| package.get("name")?.as_str()) == Some(name)
}

/// Joins a folder relative to the top (empty for the top itself) and a file name.
pub fn join(folder: &str, file: &str) -> String {
    if folder.is_empty() {
        file.to_owned()
    } else {
        format!("{folder}/{file}")
    }
}

fn parse_toml(bytes: &[u8], path: &str, commit: &CommitId) -> Result<Table> {
    let text = String::from_utf8_lossy(bytes);
    text.parse().map_err(|error: toml::de::Error| {
        Error::judge(format!(
            "`{path}` at {} cannot be read: {}",
            commit.short(),
            error.message()
        ))
        .with_help("that revision holds a broken manifest; choose another one")
    })
}

/// A manifest's tables as a manifest; `workspace` is the table of that name it inherits from.
pub fn of(table: &Table, workspace: &Table) -> Option<Manifest> {
    let package = table
        .get("package")
        .or_else(|| table.get("project"))?
        .as_table()?;

    let inherited = workspace.get("package").and_then(Value::as_table);
    let field = |name: &str| -> Option<String> {
        match package.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Table(_) => inherited?.get(name)?.as_str().map(str::to_owned),
            _ => None,
        }
    };

    let (direct, tests_only, optional) = read_dependencies(table, workspace);
    let bins = table
        .get("bin")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();

    Some(Manifest {
        name: field("name")?,
        version: field("version").unwrap_or_default(),
        rust_version: field("rust-version"),
        edition: field("edition"),
        features: read_features(table, &optional),
        bins: bins
            .filter_map(|bin| bin.get("name")?.as_str().map(str::to_owned))
            .collect(),
        repository: field("repository"),
        direct,
        tests_only,
    })
}

/// Package names of the normal and build dependencies, of those only tests need, and keys of the
/// optional ones.
fn read_dependencies(
    table: &Table,
    workspace: &Table,
) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let shared = workspace.get("dependencies").and_then(Value::as_table);
    let mut direct = BTreeSet::new();
    let mut tests = BTreeSet::new();
    let mut optional = BTreeSet::new();
    let targets = table
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flatten();

    for section in std::iter::once(table).chain(targets.filter_map(|(_, target)| target.as_table()))
    {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (key, value) in section
                .get(kind)
                .and_then(Value::as_table)
                .into_iter()
                .flatten()
            {
                // `key.workspace = true` takes the name from the workspace's table.
                let in_workspace = shared.and_then(|all| all.get(key));
                let names = if kind == "dev-dependencies" {
                    &mut tests
                } else {
                    &mut direct
                };
                names.insert(
                    renamed_package(value)
                        .or_else(|| in_workspace.and_then(renamed_package))
                        .unwrap_or_else(|| key.clone()),
                );
                if value.get("optional").and_then(Value::as_bool) == Some(true) {
                    optional.insert(key.clone());
                }
            }
        }
    }

    let tests_only = tests.difference(&direct).cloned().collect();

    (direct, tests_only, optional)
}

/// The name of a package that the manifest calls by another one.
fn renamed_package(value: &Value) -> Option<String> {
    value.get("package")?.as_str().map(str::to_owned)
}

/// Declared features, and optional dependencies that are features of their own because no `dep:`
/// hides them.
fn read_features(table: &Table, optional: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut features: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, list) in table
        .get("features")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let list = list.as_array().into_iter().flatten();
        features.insert(
            name.clone(),
            list.filter_map(Value::as_str).map(str::to_owned).collect(),
        );
    }

    let hidden: BTreeSet<String> = features
        .values()
        .flatten()
        .filter_map(|item| item.strip_prefix("dep:"))
        .map(str::to_owned)
        .collect();

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
            "package.version = '1.2.3'\ndependencies.c = { package = 'sea', version = '1' }"
                .parse()
                .unwrap();
        let manifest = of(&table, &workspace).unwrap();
        assert_eq!(manifest.version, "1.2.3");
        assert_eq!(
            manifest
                .features
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>(),
            ["a", "b2", "default"]
        );
        assert_eq!(
            manifest
                .direct
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>(),
            ["a", "bee", "d", "sea"]
        );
        assert!(manifest.bins.contains("tool"));
        assert!(of(&Table::new(), &Table::new()).is_none());
    }
}
