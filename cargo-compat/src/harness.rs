//! `--harness`: behaviour. The baseline's own doctests, integration tests and examples, and the
//! project's user programs in `harness/*.rs`, run against both sides from one throw-away package
//! that depends on the one or the other.
//!
//! Only what passed twice with the old library and fails with the new one is reported: what never
//! passed, or not always, shows nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cargo_metadata::{DependencyKind, Package};
use release_gate::error::JudgeExt;
use release_gate::fs::throw_away_dir;
use release_gate::process::Step;
use release_gate::{Context, Result};
use rustdoc_types::Crate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::judge::{Bump, Change};
use crate::rules;

/// A test target that has not ended by then is not compared.
const PATIENCE: Duration = Duration::from_secs(600);
/// A program that has not ended by then is not compared.
const PROGRAM_PATIENCE: Duration = Duration::from_secs(30);

/// What was run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Ran {
    /// Tests that passed twice with the old library and were run with the new one.
    pub(crate) compared: usize,
    /// Tests, or whole targets, that did not pass twice with the old library and so show nothing.
    pub(crate) not_compared: Vec<String>,
    /// The project's own programs that were run on both sides.
    pub(crate) programs: usize,
}

/// One side as the throw-away package depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dependency<'a> {
    pub(crate) package: &'a Package,
    /// Root of its workspace.
    pub(crate) root: &'a Path,
}

impl Dependency<'_> {
    fn dir(&self) -> PathBuf {
        self.package
            .manifest_path
            .parent()
            .map(|dir| dir.as_std_path().to_owned())
            .unwrap_or_default()
    }
}

/// A target of the throw-away package.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Docs,
    Test(String),
    Example(String),
    Program(String),
}

impl Target {
    fn name(&self) -> String {
        match self {
            Self::Docs => "doctests".to_owned(),
            Self::Test(name) => format!("tests/{name}"),
            Self::Example(name) => format!("examples/{name}"),
            Self::Program(name) => format!("harness/{name}"),
        }
    }
}

/// What a target did: each test and whether it passed; for programs the output under an empty name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Outcome {
    compiled: bool,
    tests: BTreeMap<String, bool>,
    output: String,
    error: String,
}

/// Runs everything.
///
/// # Errors
/// The throw-away package cannot be written, or cargo cannot be started.
pub(crate) fn run(
    cx: &Context,
    old: Dependency<'_>,
    new: Dependency<'_>,
    api: &Crate,
    lock: &Path,
    target_dir: &Path,
) -> Result<(Vec<Change>, Ran)> {
    let programs = sources(&new.dir().join("harness"));
    let mut targets = vec![Target::Docs];
    for target in &old.package.targets {
        if target.is_test() {
            targets.push(Target::Test(target.name.clone()));
        } else if target.is_example() {
            targets.push(Target::Example(target.name.clone()));
        }
    }
    targets.extend(programs.iter().map(|path| Target::Program(stem(path))));
    let (with_old, with_new) = (
        place(old, old, api, lock, &programs)?,
        place(old, new, api, lock, &programs)?,
    );
    let mut ran = Ran::default();
    let mut changes = Vec::new();
    for target in &targets {
        cx.terminal.status("Running", target.name());
        let once = outcome(cx, &with_old, target, target_dir)?;
        if !once.compiled {
            ran.not_compared.push(target.name());
            continue;
        }
        let twice = outcome(cx, &with_old, target, target_dir)?;
        let steady: Vec<&String> = once
            .tests
            .iter()
            .filter(|(name, passed)| **passed && twice.tests.get(*name) == Some(&true))
            .map(|(name, _)| name)
            .collect();
        ran.not_compared.extend(
            once.tests
                .keys()
                .filter(|name| !steady.contains(name))
                .map(|name| label(target, name)),
        );
        if steady.is_empty() {
            continue;
        }
        let now = outcome(cx, &with_new, target, target_dir)?;
        if !now.compiled {
            let mut change = Change::unproved(
                &rules::BEHAVIOUR,
                target.name(),
                Bump::Major,
                format!(
                    "`{}` compiles with the old library and not with the new one",
                    target.name()
                ),
            );
            change.after = now.error;
            changes.push(change);
            continue;
        }
        for name in &steady {
            if !now.tests.get(*name).copied().unwrap_or(false) {
                let item = label(target, name);
                let mut change = Change::unproved(
                    &rules::BEHAVIOUR,
                    item.clone(),
                    Bump::Major,
                    format!(
                        "`{item}` passed twice with the old library and fails with the new one"
                    ),
                );
                change.after.clone_from(&now.error);
                changes.push(change);
            }
        }
        if let Target::Program(_) = target {
            ran.programs += 1;
            if once.output == twice.output
                && once.output != now.output
                && now.tests.values().all(|passed| *passed)
            {
                let mut change = Change::unproved(
                    &rules::BEHAVIOUR,
                    target.name(),
                    Bump::Major,
                    format!(
                        "`{}` prints something else with the new library",
                        target.name()
                    ),
                );
                (change.before, change.after) = (
                    first_difference(&once.output, &now.output),
                    first_difference(&now.output, &once.output),
                );
                changes.push(change);
            }
        } else {
            ran.compared += steady.len();
        }
    }
    Ok((changes, ran))
}

fn label(target: &Target, test: &str) -> String {
    if test.is_empty() {
        target.name()
    } else {
        format!("{}: {test}", target.name())
    }
}

fn first_difference(of: &str, other: &str) -> String {
    let mut others = other.lines();
    of.lines()
        .find(|line| others.next() != Some(line))
        .unwrap_or_default()
        .to_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    found.sort();
    found
}

/// Makes the throw-away package: the old package's files without its sources, its documentation as
/// doctests, and one side as dependency.
fn place(
    old: Dependency<'_>,
    side: Dependency<'_>,
    api: &Crate,
    lock: &Path,
    programs: &[PathBuf],
) -> Result<TempDir> {
    let scratch = throw_away_dir("compat-harness")?;
    let failed = || "cannot write the throw-away package of the harness".to_owned();
    let dir = scratch.path();
    copy(
        &old.dir(),
        dir,
        &[
            "src",
            "target",
            ".git",
            "Cargo.toml",
            "Cargo.lock",
            "build.rs",
            "harness",
            "benches",
        ],
    )
    .or_judge(failed)?;
    std::fs::create_dir_all(dir.join("src")).or_judge(failed)?;
    std::fs::create_dir_all(dir.join("harness")).or_judge(failed)?;
    for program in programs {
        std::fs::copy(
            program,
            dir.join("harness")
                .join(program.file_name().unwrap_or_default()),
        )
        .or_judge(failed)?;
    }
    std::fs::write(dir.join("src/lib.rs"), documentation(api)).or_judge(failed)?;
    let manifest = toml::to_string(&manifest(old, side, programs)).or_judge(failed)?;
    std::fs::write(dir.join("Cargo.toml"), manifest).or_judge(failed)?;
    if lock.is_file() {
        std::fs::copy(lock, dir.join("Cargo.lock")).or_judge(failed)?;
    }
    Ok(scratch)
}

fn copy(from: &Path, to: &Path, without: &[&str]) -> std::io::Result<()> {
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
            copy(&entry.path(), &target, &["target", ".git"])?;
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
        let name: String = item
            .name
            .as_deref()
            .unwrap_or("item")
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        text.push_str(&format!(
            "#[doc = {:?}]\npub mod of_{name}_{index} {{}}\n",
            item.docs.as_deref().unwrap_or_default()
        ));
    }
    text
}

fn manifest(old: Dependency<'_>, side: Dependency<'_>, programs: &[PathBuf]) -> toml::Table {
    use toml::Value;
    let text = |text: &str| Value::String(text.to_owned());
    let mut package = toml::Table::new();
    package.insert("name".into(), text("harness-user"));
    package.insert("version".into(), text("0.0.0"));
    package.insert("edition".into(), text(old.package.edition.as_str()));
    for auto in ["autobins", "autotests", "autoexamples", "autobenches"] {
        package.insert(auto.into(), Value::Boolean(false));
    }
    let mut dependencies = toml::Table::new();
    for dependency in old.package.dependencies.iter().filter(|dependency| {
        dependency.kind != DependencyKind::Build
            && !dependency.optional
            && dependency.target.is_none()
    }) {
        let mut table = toml::Table::new();
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
                table.insert("path".into(), text(&path.to_string_lossy()));
            }
            None => {
                table.insert("version".into(), text(&dependency.req.to_string()));
            }
        }
        table.insert(
            "default-features".into(),
            Value::Boolean(dependency.uses_default_features),
        );
        table.insert(
            "features".into(),
            Value::Array(dependency.features.iter().map(|name| text(name)).collect()),
        );
        if dependency.rename.is_some() {
            table.insert("package".into(), text(&dependency.name));
        }
        let key = dependency
            .rename
            .clone()
            .unwrap_or_else(|| dependency.name.clone());
        dependencies.insert(key, Value::Table(table));
    }
    let mut own = toml::Table::new();
    own.insert("path".into(), text(&side.dir().to_string_lossy()));
    dependencies.insert(old.package.name.to_string(), Value::Table(own));
    let mut root = toml::Table::new();
    root.insert("package".into(), Value::Table(package));
    root.insert("dependencies".into(), Value::Table(dependencies));
    root.insert("workspace".into(), Value::Table(toml::Table::new()));
    let target = |name: &str, path: String| {
        let mut table = toml::Table::new();
        table.insert("name".into(), text(name));
        table.insert("path".into(), text(&path));
        Value::Table(table)
    };
    let old_dir = old.dir();
    let below = |path: &Path| {
        path.strip_prefix(&old_dir)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    for (kind, wanted) in [
        ("test", cargo_metadata::TargetKind::Test),
        ("example", cargo_metadata::TargetKind::Example),
    ] {
        let list: Vec<Value> = old
            .package
            .targets
            .iter()
            .filter(|target| target.kind.contains(&wanted))
            .map(|found| target(&found.name, below(found.src_path.as_std_path())))
            .collect();
        root.insert(kind.into(), Value::Array(list));
    }
    root.insert(
        "bin".into(),
        Value::Array(
            programs
                .iter()
                .map(|path| target(&stem(path), format!("harness/{}.rs", stem(path))))
                .collect(),
        ),
    );
    root
}

fn outcome(cx: &Context, place: &TempDir, target: &Target, target_dir: &Path) -> Result<Outcome> {
    let cargo = |verb: &str| {
        let step = Step::cargo()
            .inherit_network_env()
            .env("CARGO_TARGET_DIR", target_dir)
            .env("RUSTFLAGS", "--cap-lints=allow")
            .current_dir(place.path())
            .arg(verb)
            .timeout(PATIENCE);
        if cx.args().is_offline() {
            step.arg("--offline")
        } else {
            step
        }
    };
    let tail = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("error") || line.contains("panicked"))
            .take(5)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let step = match target {
        Target::Docs => cargo("test").arg("--doc"),
        Target::Test(name) => cargo("test").args(["--test", name]),
        Target::Example(name) => {
            return program(
                cx,
                cargo("build").args(["--example", name]),
                target_dir.join("debug/examples").join(name),
                place.path(),
            );
        }
        Target::Program(name) => {
            return program(
                cx,
                cargo("build").args(["--bin", name]),
                target_dir.join("debug").join(name),
                place.path(),
            );
        }
    };
    let finished = cx
        .runner
        .run(step.args(["--no-fail-fast", "--", "--test-threads=2"]))?;
    let stdout = String::from_utf8_lossy(&finished.stdout).into_owned();
    let tests: BTreeMap<String, bool> = stdout.lines().filter_map(result).collect();
    let compiled = stdout.contains("test result:") && !finished.timed_out;
    Ok(Outcome {
        compiled,
        tests,
        output: String::new(),
        error: tail(&format!("{}\n{stdout}", finished.stderr_text())),
    })
}

/// `test name ... ok`; doctests' line numbers are left out of their names, since they are ours.
fn result(line: &str) -> Option<(String, bool)> {
    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    match result.trim() {
        "ok" => Some((name.to_owned(), true)),
        "FAILED" => Some((name.to_owned(), false)),
        _ => None,
    }
}

/// Builds a program and runs it without arguments.
fn program(cx: &Context, build: Step, file: PathBuf, dir: &Path) -> Result<Outcome> {
    let built = cx.runner.run(build)?;
    if !built.is_success() {
        let error = built
            .stderr_text()
            .lines()
            .filter(|line| line.starts_with("error"))
            .take(3)
            .collect::<Vec<_>>()
            .join("\n");
        return Ok(Outcome {
            error,
            ..Outcome::default()
        });
    }
    let file = file.with_extension(std::env::consts::EXE_EXTENSION);
    let finished = cx
        .runner
        .run(Step::new(file).current_dir(dir).timeout(PROGRAM_PATIENCE))?;
    let output = String::from_utf8_lossy(&finished.stdout).into_owned();
    let passed = finished.is_success();
    let error = if passed {
        String::new()
    } else {
        finished
            .stderr_text()
            .lines()
            .take(3)
            .collect::<Vec<_>>()
            .join("\n")
    };
    Ok(Outcome {
        compiled: true,
        tests: [(String::new(), passed)].into(),
        output,
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_are_read() {
        assert_eq!(result("test a::b ... ok"), Some(("a::b".to_owned(), true)));
        assert_eq!(
            result("test src/lib.rs - of_f_0 (line 3) ... FAILED"),
            Some(("src/lib.rs - of_f_0 (line 3)".to_owned(), false))
        );
        for other in [
            "test a ... ignored",
            "running 1 test",
            "test result: ok. 1 passed",
            "",
        ] {
            assert_eq!(result(other), None);
        }
    }
}
