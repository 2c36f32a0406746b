//! `cargo xtask test`: everything CI runs, but for long fuzzing and benchmarks.

use std::collections::BTreeSet;
use std::time::Instant;

use release_gate::process::Step;
use release_gate::{Error, Result, exit};

use crate::workspace::Workspace;
use crate::{book, docs, ladder, prose, tidy};

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
    let counts = tests(workspace)?;
    workspace.terminal.status(
        "Finished",
        format!("all stages in {:.0} s", clock.elapsed().as_secs_f64()),
    );
    workspace
        .terminal
        .result(&closing_line(counts))
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
    Ok(if counts.failed == 0 {
        exit::PASS
    } else {
        exit::FAIL
    })
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

    // Tests may be long tables; programs and libraries may not.
    let sizes = [
        "clippy",
        "--workspace",
        "--lib",
        "--bins",
        "--locked",
        "--quiet",
        "--",
        "-D",
        "clippy::too_many_lines",
        "-D",
        "clippy::cognitive_complexity",
    ];

    workspace.run(
        "Checking",
        "the size of functions",
        workspace.cargo().args(sizes),
    )?;

    let doc = workspace.cargo().env("RUSTDOCFLAGS", "-D warnings");
    workspace.run(
        "Checking",
        "documentation",
        doc.args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"]),
    )?;

    tidy(workspace)
}

/// Checks the order of imports, that nothing strays, and how the pages read.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    workspace
        .terminal
        .status("Checking", "the ladder of imports");
    ladder::check(&workspace.root)?;
    workspace.terminal.status("Checking", "that nothing strays");
    tidy::check(&workspace.root, &workspace.runner)?;
    workspace
        .terminal
        .status("Checking", "that the book is whole");
    book::check(&workspace.root)?;
    workspace.terminal.status("Checking", "how the pages read");
    prose::check(&workspace.root)
}

/// What came of the tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    /// Tests that ended early or left a part out, because the machine lacks what they need.
    skipped: u64,
}

/// Runs `cargo test` and adds its closing lines up. That no test ran is a failure.
fn tests(workspace: &Workspace) -> Result<Counts> {
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
    let told = finished.stderr_text();
    workspace.terminal.people(&output);
    if !finished.is_success() {
        workspace.terminal.people(&told);
    }
    let skipped = skipped_lines(&told);
    workspace.terminal.people(&skipped.join("\n"));

    let mut counts = sum(&output);
    counts.skipped = tests_of(&skipped);
    if counts.passed + counts.failed == 0 {
        return Err(Error::judge("no test ran"));
    }
    if !finished.is_success() && counts.failed == 0 {
        return Err(Error::judge(format!(
            "`{}` failed ({})",
            finished.command, finished.status
        )));
    }
    Ok(counts)
}

fn closing_line(counts: Counts) -> String {
    let Counts {
        passed,
        failed,
        skipped,
    } = counts;
    let skipped = match skipped {
        0 => String::new(),
        skipped => format!(", {skipped} of them skipped in whole or in part"),
    };
    format!("{passed} passed{skipped}, {failed} failed\n")
}

/// The lines with which tests say that they left something out.
fn skipped_lines(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines();
    lines.filter(|line| line.starts_with("SKIPPED ")).collect()
}

/// How many tests said so. One may say it several times.
fn tests_of(skipped: &[&str]) -> u64 {
    let tests = skipped.iter().filter_map(|line| line.split(' ').nth(1));
    tests.collect::<BTreeSet<_>>().len() as u64
}

/// Adds the closing lines of all test programs up.
fn sum(stdout: &str) -> Counts {
    let mut sum = Counts::default();
    for (passed, failed) in stdout.lines().filter_map(counts) {
        sum.passed += passed;
        sum.failed += failed;
    }
    sum
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
    use super::*;

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

    #[test]
    fn what_was_skipped_is_counted_by_test() {
        let stderr = "x\nSKIPPED a::b: `jq` is not on this machine\nSKIPPED a::b: `gpg` is not on this machine\n\
            SKIPPED c: no namespaces\n";
        let counts = Counts {
            passed: 5,
            failed: 0,
            skipped: tests_of(&skipped_lines(stderr)),
        };
        assert_eq!(
            closing_line(counts),
            "5 passed, 2 of them skipped in whole or in part, 0 failed\n"
        );
    }
}
