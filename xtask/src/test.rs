//! `cargo xtask test`: everything CI runs, but for long fuzzing and benchmarks.

use std::time::Instant;

use release_gate::process::Step;
use release_gate::{Error, Result, exit};

use crate::workspace::Workspace;
use crate::{docs, ladder, tidy};

/// Run all checks and tests
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Only the tests, without formatting, lints, documentation and drift
    #[arg(long)]
    tests_only: bool,
}

/// Runs the stages in order and stops at the first that fails.
pub(crate) fn run(workspace: &Workspace, args: &TestArgs) -> Result<u8> {
    let clock = Instant::now();
    if !args.tests_only {
        lint(workspace)?;
        docs::check(workspace)?;
    }
    let (passed, failed) = tests(workspace)?;
    workspace.terminal.status(
        "Finished",
        format!("all stages in {:.0} s", clock.elapsed().as_secs_f64()),
    );
    workspace
        .terminal
        .result(&format!("{passed} passed, {failed} failed\n"))
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
    Ok(if failed == 0 { exit::PASS } else { exit::FAIL })
}

fn lint(workspace: &Workspace) -> Result<()> {
    workspace.run(
        "Checking",
        "formatting",
        workspace.cargo().args(["fmt", "--all", "--check"]),
    )?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ];
    workspace.run(
        "Checking",
        "lints (clippy -D warnings)",
        workspace.cargo().args(clippy),
    )?;
    let doc = workspace.cargo().env("RUSTDOCFLAGS", "-D warnings");
    workspace.run(
        "Checking",
        "documentation",
        doc.args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"]),
    )?;
    tidy(workspace)
}

/// Checks the order of imports, and that nothing strays.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    workspace
        .terminal
        .status("Checking", "the ladder of imports");
    ladder::check(&workspace.root)?;
    workspace.terminal.status("Checking", "that nothing strays");
    tidy::check(&workspace.root, &workspace.runner)
}

/// Runs `cargo test` and adds its closing lines up. That no test ran is a failure.
fn tests(workspace: &Workspace) -> Result<(u64, u64)> {
    workspace.terminal.status("Testing", "the workspace");
    let spinner = workspace.terminal.spinner("Testing");
    let step: Step = workspace
        .cargo()
        .args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    let finished = workspace
        .runner
        .run_with(step, |line| spinner.message(line.trim_start()))?;
    drop(spinner);
    let output = String::from_utf8_lossy(&finished.stdout);
    workspace.terminal.people(&output);
    if !finished.is_success() {
        workspace.terminal.people(&finished.stderr_text());
    }
    let (passed, failed) = output
        .lines()
        .filter_map(counts)
        .fold((0, 0), |sum, (p, f)| (sum.0 + p, sum.1 + f));
    if passed + failed == 0 {
        return Err(Error::judge("no test ran"));
    }
    if !finished.is_success() && failed == 0 {
        return Err(Error::judge(format!(
            "`{}` failed ({})",
            finished.command, finished.status
        )));
    }
    Ok((passed, failed))
}

/// Takes `test result: ok. 47 passed; 0 failed; …` apart.
fn counts(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = &rest[..rest.find(word)?];
        before.trim_end().rsplit(' ').next()?.parse().ok()
    };
    Some((number(" passed")?, number(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn closing_lines_are_added_up() {
        assert_eq!(
            counts("test result: ok. 47 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out"),
            Some((47, 0))
        );
        assert_eq!(
            counts("test result: FAILED. 3 passed; 2 failed; 0 ignored"),
            Some((3, 2))
        );
        assert_eq!(counts("test a::b ... ok"), None);
    }
}
