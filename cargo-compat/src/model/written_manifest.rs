//! Manifests that are written from what cargo says of a package: every setting stands in them that
//! a workspace would have given, so the package builds in any place.

use std::path::Path;

use cargo_metadata::{Dependency, DependencyKind, Package, Target};
use toml::{Table, Value};

/// Where the packages of a manifest's dependencies are taken from, in place of where they are.
pub trait Placed {
    /// The folder that stands for a dependency.
    fn folder_of(&self, dependency: &Dependency) -> Option<&Path>;
}

/// A text as a value.
pub fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn texts<'a>(list: impl IntoIterator<Item = &'a String>) -> Value {
    Value::Array(list.into_iter().map(text).collect())
}

/// The manifest of a package, without what only its own tests need.
pub fn manifest_of(package: &Package, placed: &dyn Placed) -> Table {
    let mut root = Table::new();
    root.insert("package".into(), Value::Table(package_table(package)));
    for target in &package.targets {
        add_target(&mut root, package, target);
    }
    for dependency in &package.dependencies {
        add_dependency(&mut root, dependency, placed);
    }

    let features: Table = package
        .features
        .iter()
        .map(|(name, values)| (name.clone(), texts(values)))
        .collect();
    root.insert("features".into(), Value::Table(features));
    root
}

fn package_table(package: &Package) -> Table {
    let mut table = Table::new();
    table.insert("name".into(), text(package.name.as_str()));
    table.insert("version".into(), text(package.version.to_string()));
    table.insert("edition".into(), text(package.edition.as_str()));
    table.insert("authors".into(), texts(&package.authors));
    let described = [
        ("description", &package.description),
        ("license", &package.license),
        ("repository", &package.repository),
        ("homepage", &package.homepage),
        ("links", &package.links),
        ("default-run", &package.default_run),
    ];
    for (key, value) in described {
        if let Some(value) = value {
            table.insert(key.into(), text(value));
        }
    }
    for auto in ["autobins", "autotests", "autoexamples", "autobenches"] {
        table.insert(auto.into(), Value::Boolean(false));
    }

    let script = package
        .targets
        .iter()
        .find(|target| target.is_custom_build());
    let build = script.map_or(Value::Boolean(false), |script| {
        text(script.src_path.as_str())
    });
    table.insert("build".into(), build);
    table
}

/// Libraries and programs; what is for tests only is left out.
fn add_target(root: &mut Table, package: &Package, target: &Target) {
    let mut table = Table::new();
    table.insert("name".into(), text(&target.name));
    table.insert("path".into(), text(target.src_path.as_str()));
    if target.edition != package.edition {
        table.insert("edition".into(), text(target.edition.as_str()));
    }
    if target.is_bin() {
        table.insert("required-features".into(), texts(&target.required_features));
        push(root, "bin", table);
    } else if target.is_proc_macro() {
        table.insert("proc-macro".into(), Value::Boolean(true));
        root.insert("lib".into(), Value::Table(table));
    } else if !target.is_custom_build()
        && !target.is_test()
        && !target.is_example()
        && !target.is_bench()
    {
        let kinds = target.crate_types.iter().map(|kind| text(kind.to_string()));
        table.insert("crate-type".into(), Value::Array(kinds.collect()));
        root.insert("lib".into(), Value::Table(table));
    }
}

fn push(root: &mut Table, key: &str, table: Table) {
    let list = root.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(list) = list {
        list.push(Value::Table(table));
    }
}

/// The name that a package's sources and features know a dependency by.
pub fn key_of(dependency: &Dependency) -> &str {
    dependency.rename.as_deref().unwrap_or(&dependency.name)
}

fn add_dependency(root: &mut Table, dependency: &Dependency, placed: &dyn Placed) {
    let section = match dependency.kind {
        DependencyKind::Normal => "dependencies",
        DependencyKind::Build => "build-dependencies",
        _ => return,
    };
    let mut table = place_of(dependency, placed);
    table.insert(
        "default-features".into(),
        Value::Boolean(dependency.uses_default_features),
    );
    table.insert("features".into(), texts(&dependency.features));
    table.insert("optional".into(), Value::Boolean(dependency.optional));
    table.insert("package".into(), text(&dependency.name));

    let platform = dependency.target.as_ref().map(ToString::to_string);
    let at = match &platform {
        Some(platform) => table_at(root, "target").and_then(|targets| table_at(targets, platform)),
        None => Some(root),
    };
    if let Some(list) = at.and_then(|at| table_at(at, section)) {
        list.insert(key_of(dependency).to_owned(), Value::Table(table));
    }
}

/// The table below a key, made where there is none.
fn table_at<'t>(table: &'t mut Table, key: &str) -> Option<&'t mut Table> {
    table
        .entry(key)
        .or_insert_with(|| Value::Table(Table::new()))
        .as_table_mut()
}

fn place_of(dependency: &Dependency, placed: &dyn Placed) -> Table {
    let mut table = Table::new();
    if let Some(folder) = placed.folder_of(dependency) {
        table.insert("path".into(), text(folder.to_string_lossy()));
        return table;
    }
    if let Some(path) = &dependency.path {
        table.insert("path".into(), text(path.as_str()));
        return table;
    }

    let source = dependency
        .source
        .as_ref()
        .map(|source| source.repr.as_str());
    match source.and_then(|source| source.strip_prefix("git+")) {
        Some(repository) => add_git_place(&mut table, repository),
        None => {
            table.insert("version".into(), text(dependency.req.to_string()));
            if let Some(registry) = &dependency.registry {
                table.insert("registry-index".into(), text(registry));
            }
        }
    }
    table
}

/// `https://host/repository?branch=name` as a manifest says it.
fn add_git_place(table: &mut Table, repository: &str) {
    let plain = repository.split('#').next().unwrap_or_default();
    let (url, query) = plain.split_once('?').unwrap_or((plain, ""));
    table.insert("git".into(), text(url));
    for (key, value) in query.split('&').filter_map(|part| part.split_once('=')) {
        if matches!(key, "branch" | "tag" | "rev") {
            table.insert(key.into(), text(value));
        }
    }
}
