//! The temporary package that runs old code: the old package's files without its sources, its
//! documentation as doctests, and one side as dependency.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Package, TargetKind};
use release_gate::Result;
use release_gate::error::JudgeExt;
use release_gate::fs::throw_away_dir;
use rustdoc_types::{Crate, Item};
use tempfile::TempDir;
use toml::{Table, Value};

use crate::read::side::Side;

/// Files of the old package that the temporary package must not have.
const LEFT_OUT: [&str; 8] = [
    "src",
    "target",
    ".git",
    "Cargo.toml",
    "Cargo.lock",
    "build.rs",
    "harness",
    "benches",
];

/// One side as the temporary package depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dependency<'a> {
    pub(crate) package: &'a Package,
    /// Root of its workspace.
    root: &'a Path,
}

impl<'a> Dependency<'a> {
    pub(crate) fn of(side: &'a Side) -> Self {
        Self {
            package: &side.package,
            root: &side.root,
        }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.package
            .manifest_path
            .parent()
            .map(|dir| dir.as_std_path().to_owned())
            .unwrap_or_default()
    }
}

/// Everything the packages of both sides are made from.
pub(crate) struct Plan<'a> {
    pub(crate) old: Dependency<'a>,
    pub(crate) new: Dependency<'a>,
    /// The old API, for its documentation.
    pub(crate) api: &'a Crate,
    pub(crate) lock: &'a Path,
    pub(crate) target_dir: &'a Path,
}

/// Makes the package that depends on one side.
pub(super) fn throw_away_package(
    plan: &Plan<'_>,
    side: Dependency<'_>,
    programs: &[PathBuf],
) -> Result<TempDir> {
    let scratch = throw_away_dir("compat-harness")?;
    let failed = || "cannot write the temporary package of the harness".to_owned();
    let dir = scratch.path();
    copy_files(&plan.old.dir(), dir, &LEFT_OUT).or_judge(failed)?;
    std::fs::create_dir_all(dir.join("src")).or_judge(failed)?;
    std::fs::create_dir_all(dir.join("harness")).or_judge(failed)?;
    for program in programs {
        let name = program.file_name().unwrap_or_default();
        std::fs::copy(program, dir.join("harness").join(name)).or_judge(failed)?;
    }
    std::fs::write(dir.join("src/lib.rs"), documentation(plan.api)).or_judge(failed)?;
    let manifest = toml::to_string(&manifest_of(plan.old, side, programs)).or_judge(failed)?;
    std::fs::write(dir.join("Cargo.toml"), manifest).or_judge(failed)?;
    if plan.lock.is_file() {
        std::fs::copy(plan.lock, dir.join("Cargo.lock")).or_judge(failed)?;
    }
    Ok(scratch)
}

fn copy_files(from: &Path, to: &Path, without: &[&str]) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry
            .file_name()
            .to_str()
            .is_some_and(|name| without.contains(&name))
        {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_files(&entry.path(), &target, &["target", ".git"])?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// A module for each documented item, so that rustdoc finds the old code blocks.
fn documentation(api: &Crate) -> String {
    let mut items: Vec<_> = api
        .index
        .values()
        .filter(|item| {
            item.crate_id == 0 && item.docs.as_ref().is_some_and(|docs| docs.contains("```"))
        })
        .collect();
    items.sort_by_key(|item| {
        item.span
            .as_ref()
            .map(|span| (span.filename.clone(), span.begin))
    });
    let mut text = String::from("#![allow(warnings)]\n");
    for (index, item) in items.iter().enumerate() {
        let name = plain_name(item);
        text.push_str(&format!(
            "#[doc = {:?}]\npub mod of_{name}_{index} {{}}\n",
            item.docs.as_deref().unwrap_or_default()
        ));
    }
    text
}

fn plain_name(item: &Item) -> String {
    item.name
        .as_deref()
        .unwrap_or("item")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

/// A program's name: that of its file.
pub(super) fn program_name(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

fn manifest_of(old: Dependency<'_>, side: Dependency<'_>, programs: &[PathBuf]) -> Table {
    let mut root = Table::new();
    root.insert("package".into(), Value::Table(package_table(old)));
    root.insert(
        "dependencies".into(),
        Value::Table(dependency_tables(old, side)),
    );
    root.insert("workspace".into(), Value::Table(Table::new()));
    for (kind, wanted) in [("test", TargetKind::Test), ("example", TargetKind::Example)] {
        root.insert(kind.into(), Value::Array(target_tables(old, &wanted)));
    }
    let bins = programs
        .iter()
        .map(|path| {
            let name = program_name(path);
            let file = format!("harness/{name}.rs");
            target_table(name, file)
        })
        .collect();
    root.insert("bin".into(), Value::Array(bins));
    root
}

fn package_table(old: Dependency<'_>) -> Table {
    let mut package = Table::new();
    package.insert("name".into(), text("harness-user"));
    package.insert("version".into(), text("0.0.0"));
    package.insert("edition".into(), text(old.package.edition.as_str()));
    for auto in ["autobins", "autotests", "autoexamples", "autobenches"] {
        package.insert(auto.into(), Value::Boolean(false));
    }
    package
}

fn dependency_tables(old: Dependency<'_>, side: Dependency<'_>) -> Table {
    let mut dependencies = Table::new();
    let used = old.package.dependencies.iter().filter(|dependency| {
        dependency.kind != DependencyKind::Build
            && !dependency.optional
            && dependency.target.is_none()
    });
    for dependency in used {
        let key = dependency
            .rename
            .clone()
            .unwrap_or_else(|| dependency.name.clone());
        let table = dependency_table(dependency, old, side);
        dependencies.insert(key, Value::Table(table));
    }
    let mut own = Table::new();
    own.insert("path".into(), text(side.dir().to_string_lossy()));
    dependencies.insert(old.package.name.to_string(), Value::Table(own));
    dependencies
}

fn dependency_table(
    dependency: &cargo_metadata::Dependency,
    old: Dependency<'_>,
    side: Dependency<'_>,
) -> Table {
    let mut table = Table::new();
    match &dependency.path {
        // A sibling of the workspace: the one of the side that is tried.
        Some(path) => {
            let below = path
                .as_std_path()
                .strip_prefix(old.root)
                .map(|below| side.root.join(below));
            let path = below
                .ok()
                .filter(|path| path.is_dir())
                .unwrap_or_else(|| path.as_std_path().to_owned());
            table.insert("path".into(), text(path.to_string_lossy()));
        }
        None => {
            table.insert("version".into(), text(dependency.req.to_string()));
        }
    }

    table.insert(
        "default-features".into(),
        Value::Boolean(dependency.uses_default_features),
    );

    let features = dependency.features.iter().map(text).collect();
    table.insert("features".into(), Value::Array(features));
    if dependency.rename.is_some() {
        table.insert("package".into(), text(&dependency.name));
    }

    table
}

/// The old package's targets of one kind.
fn target_tables(old: Dependency<'_>, wanted: &TargetKind) -> Vec<Value> {
    let dir = old.dir();
    old.package
        .targets
        .iter()
        .filter(|target| target.kind.contains(wanted))
        .map(|found| {
            let path = found.src_path.as_std_path();
            let below = path.strip_prefix(&dir).unwrap_or(path);
            target_table(&found.name, below.to_string_lossy())
        })
        .collect()
}

fn target_table(name: impl Into<String>, path: impl Into<String>) -> Value {
    let mut table = Table::new();
    table.insert("name".into(), text(name));
    table.insert("path".into(), text(path));
    Value::Table(table)
}
