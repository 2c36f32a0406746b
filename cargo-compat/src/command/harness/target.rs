//! A target of the temporary package, run: which tests passed, what a program printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::process::Step;
use release_gate::{Context, Result};

/// A test target that has not ended by then is not compared.
const PATIENCE: Duration = Duration::from_secs(600);
/// A program that has not ended by then is not compared.
const PROGRAM_PATIENCE: Duration = Duration::from_secs(30);

/// A target of the temporary package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Docs,
    Test(String),
    Example(String),
    Program(String),
}

impl Target {
    pub(super) fn label(&self) -> String {
        match self {
            Self::Docs => "doctests".to_owned(),
            Self::Test(name) => format!("tests/{name}"),
            Self::Example(name) => format!("examples/{name}"),
            Self::Program(name) => format!("harness/{name}"),
        }
    }

    /// One of its tests; a program's has no name.
    pub(super) fn test_label(&self, test: &str) -> String {
        if test.is_empty() {
            self.label()
        } else {
            format!("{}: {test}", self.label())
        }
    }
}

/// What a target did: each test and whether it passed; for programs the output under an empty name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) compiled: bool,
    pub(super) tests: BTreeMap<String, bool>,
    pub(super) output: String,
    pub(super) error: String,
}

impl Outcome {
    /// Whether a test passed.
    pub(super) fn passed(&self, test: &str) -> bool {
        self.tests.get(test).copied().unwrap_or(false)
    }
}

/// Runs a target of the package in a folder.
pub(super) fn run_target(
    cx: &Context,
    dir: &Path,
    target: &Target,
    target_dir: &Path,
) -> Result<Outcome> {
    let step = |verb: &str| cargo_step(cx, dir, target_dir, verb);
    match target {
        Target::Docs => run_tests(cx, step("test").arg("--doc")),
        Target::Test(name) => run_tests(cx, step("test").args(["--test", name])),
        Target::Example(name) => {
            let program = target_dir.join("debug/examples").join(name);
            run_program(cx, step("build").args(["--example", name]), program, dir)
        }
        Target::Program(name) => {
            let program = target_dir.join("debug").join(name);
            run_program(cx, step("build").args(["--bin", name]), program, dir)
        }
    }
}

fn cargo_step(cx: &Context, dir: &Path, target_dir: &Path, verb: &str) -> Step {
    let step = Step::cargo()
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", target_dir)
        .env("RUSTFLAGS", "--cap-lints=allow")
        .current_dir(dir)
        .arg(verb)
        .timeout(PATIENCE);
    if cx.args().is_offline() {
        step.arg("--offline")
    } else {
        step
    }
}

fn run_tests(cx: &Context, step: Step) -> Result<Outcome> {
    let finished = cx
        .runner
        .run(step.args(["--no-fail-fast", "--", "--test-threads=2"]))?;
    let stdout = String::from_utf8_lossy(&finished.stdout).into_owned();
    let said = format!("{}\n{stdout}", finished.stderr_text());
    let errors: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("error") || line.contains("panicked"))
        .take(5)
        .collect();
    Ok(Outcome {
        compiled: stdout.contains("test result:") && !finished.timed_out,
        tests: stdout.lines().filter_map(test_result).collect(),
        output: String::new(),
        error: errors.join("\n"),
    })
}

/// `test name ... ok`; doctests' line numbers are left out of their names, since they are ours.
fn test_result(line: &str) -> Option<(String, bool)> {
    let (name, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    match result.trim() {
        "ok" => Some((name.to_owned(), true)),
        "FAILED" => Some((name.to_owned(), false)),
        _ => None,
    }
}

/// Builds a program and runs it without arguments.
fn run_program(cx: &Context, build: Step, file: PathBuf, dir: &Path) -> Result<Outcome> {
    let built = cx.runner.run(build)?;
    if !built.is_success() {
        let said = built.stderr_text();
        let errors: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("error"))
            .take(3)
            .collect();
        return Ok(Outcome {
            error: errors.join("\n"),
            ..Outcome::default()
        });
    }

    let file = file.with_extension(std::env::consts::EXE_EXTENSION);
    let finished = cx
        .runner
        .run(Step::new(file).current_dir(dir).timeout(PROGRAM_PATIENCE))?;
    let passed = finished.is_success();
    let said = finished.stderr_text();
    let error = if passed {
        String::new()
    } else {
        said.lines().take(3).collect::<Vec<_>>().join("\n")
    };
    Ok(Outcome {
        compiled: true,
        tests: [(String::new(), passed)].into(),
        output: String::from_utf8_lossy(&finished.stdout).into_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_are_read() {
        assert_eq!(
            test_result("test a::b ... ok"),
            Some(("a::b".to_owned(), true))
        );
        assert_eq!(
            test_result("test src/lib.rs - of_f_0 (line 3) ... FAILED"),
            Some(("src/lib.rs - of_f_0 (line 3)".to_owned(), false))
        );
        for other in [
            "test a ... ignored",
            "running 1 test",
            "test result: ok. 1 passed",
            "",
        ] {
            assert_eq!(test_result(other), None);
        }
    }
}
