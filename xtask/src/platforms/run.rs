//! What is tried, target by target.

use std::path::Path;

use release_gate::error::JudgeExt as _;
use release_gate::facts::report::buildinfo::{BuildInfo, SmokeOutcome};
use release_gate::facts::{Envelope, Fact};
use release_gate::fs::{throw_away_dir, write_atomic};
use release_gate::process::Step;
use release_gate::{Error, ReportData as _, Result, exit};

use super::args::PlatformsArgs;
use super::page::{Row, differences, rows, with_rows};
use super::same_report;
use super::wine::{self, Wine, linked_for_windows};
use crate::workspace::{GATES, OWN_TARGET, TARGETS, Workspace, chosen, with_own_environment};

/// The one whose programs and tests wine starts.
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The page with the table.
const PAGE: &str = "docs/platforms.md";

/// Runs the task.
///
/// # Errors
/// A program cannot be built or started, or a test fails.
pub(crate) fn run(workspace: &Workspace, args: &PlatformsArgs) -> Result<u8> {
    let targets = chosen(&args.targets, &TARGETS, "target")?;
    let programs = chosen(&args.package, &GATES, "program")?;
    let scratch = throw_away_dir("platforms")?;
    if args.unit_tests {
        let wine = Wine::new(workspace, &scratch.path().join("wine"))?;
        let wine = wine.ok_or_else(no_wine)?;
        unit_tests(workspace, &programs, &wine)?;
        return Ok(exit::PASS);
    }

    build(workspace, &programs, &targets, scratch.path())?;
    let mut tried = Vec::new();
    for program in &programs {
        tried.extend(started(program, scratch.path())?);
    }
    if targets.contains(&WINDOWS) {
        let more = on_windows(workspace, &programs, scratch.path())?;
        for row in tried.iter_mut().filter(|row| row.target == WINDOWS) {
            row.tried.push_str(&more);
        }
    }
    for row in tried.iter_mut().filter(|row| row.target == OWN_TARGET) {
        row.tried.push_str("; all tests (`cargo xtask test`)");
    }

    settle(workspace, args, &tried)
}

/// Builds the programs for all targets by `cargo repro`, which starts what can be started.
fn build(
    workspace: &Workspace,
    programs: &[&str],
    targets: &[&str],
    artifacts: &Path,
) -> Result<()> {
    let repro = workspace.build_release("cargo-repro")?;
    let mut step = with_own_environment(Step::new(repro))
        .current_dir(&workspace.root)
        .args([
            "repro",
            "build",
            "--cross",
            "--allow-dirty",
            "--artifact-dir",
        ])
        .arg(artifacts);
    for target in targets {
        step = step.args(["--target", target]);
    }
    for program in programs {
        step = step.args(["-p", program]);
    }
    let what = format!("{} programs for {} targets", programs.len(), targets.len());
    workspace.run("Building", &what, step)?;
    Ok(())
}

/// How each build of a program was started.
fn started(program: &str, artifacts: &Path) -> Result<Vec<Row>> {
    let folder = artifacts.join(format!("{program}-{}", env!("CARGO_PKG_VERSION")));
    let path = folder.join(BuildInfo::FILE);
    let bytes = std::fs::read(&path).or_judge(|| format!("cannot read `{}`", path.display()))?;
    let fact = Fact::<Envelope<BuildInfo>>::read(Some(&bytes));
    let info = fact
        .into_usable()
        .ok_or_else(|| Error::judge(format!("`{}` is not a usable report", path.display())))?;

    let mut rows = Vec::new();
    for artifact in info.data.artifacts {
        let Some(smoke) = artifact.smoke else {
            continue;
        };
        let tried = match smoke.outcome {
            SmokeOutcome::Answered => format!("built; started{}", starter(&artifact.target)),
            SmokeOutcome::NoRunner => format!("built; {}", smoke.words),
            SmokeOutcome::NoAnswer | SmokeOutcome::Crashed | SmokeOutcome::NotStarted => {
                return Err(Error::judge(format!(
                    "{program} for {}: {}",
                    artifact.target, smoke.words
                )));
            }
        };
        rows.push(Row {
            program: program.to_owned(),
            target: artifact.target,
            tried,
        });
    }
    Ok(rows)
}

/// What starts a program that is not this machine's own.
fn starter(target: &str) -> &'static str {
    match target {
        OWN_TARGET => "",
        WINDOWS => " by wine",
        _ => " by qemu",
    }
}

/// The tests on Windows; what they add to a row.
fn on_windows(workspace: &Workspace, programs: &[&str], scratch: &Path) -> Result<String> {
    let Some(wine) = Wine::new(workspace, &scratch.join("wine"))? else {
        return Ok("; no test: there is no wine".to_owned());
    };
    unit_tests(workspace, programs, &wine)?;
    same_report::check(workspace, &wine, scratch)?;

    let mut more = String::from("; unit tests by wine");
    let lacks: Vec<&str> = [("cargo", wine.has_rust), ("git", wine.has_git)]
        .into_iter()
        .filter_map(|(program, is_there)| (!is_there).then_some(program))
        .collect();
    if !lacks.is_empty() {
        more.push_str(&format!(
            ", but for those that start {}",
            lacks.join(" or ")
        ));
    }
    Ok(more)
}

/// Unit tests that start what may not be there: a package, a part of their names, and what they start.
const STARTS: &[(&str, &str, Starts)] = &[
    ("release-gate", "git::tests::", Starts::Git),
    // `git submodule` is a shell script.
    ("release-gate", "submodule", Starts::Shell),
];

/// What a test starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Starts {
    Git,
    Shell,
}

fn no_wine() -> Error {
    Error::judge(format!("there is no wine here: `{}`", wine::PROGRAM))
        .with_help("Debian: `apt-get install wine64 gcc-mingw-w64-x86-64`")
}

/// Runs the unit tests of the programs and of what they share, started by wine.
fn unit_tests(workspace: &Workspace, programs: &[&str], wine: &Wine) -> Result<()> {
    if !wine.has_rust {
        return Err(Error::judge("there is no cargo for Windows here, which the tests start").with_help(
            "`rustup toolchain install --profile minimal --force-non-host stable-x86_64-pc-windows-gnu`",
        ));
    }
    // cargo names itself to what it runs, and the tests are to start the cargo for Windows.
    let runner = format!("env -u CARGO {}", wine::PROGRAM);
    for package in ["release-gate-facts", "release-gate"]
        .iter()
        .chain(programs)
    {
        let mut step = workspace
            .cargo()
            .args([
                "test", "--lib", "--locked", "--target", WINDOWS, "-p", package,
            ])
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", &runner)
            .arg("--");
        for (of, part, starts) in STARTS {
            let is_there = *starts == Starts::Git && wine.has_git;
            if of == package && !is_there {
                step = step.args(["--skip", part]);
            }
        }
        let what = format!("{package} by wine (unit tests)");
        workspace.run("Testing", &what, wine.start(linked_for_windows(step)))?;
    }
    Ok(())
}

/// Compares the table of the page with what was tried, or writes it.
fn settle(workspace: &Workspace, args: &PlatformsArgs, tried: &[Row]) -> Result<u8> {
    let path = workspace.root.join(PAGE);
    let page = std::fs::read_to_string(&path).or_judge(|| format!("cannot read `{PAGE}`"))?;
    let no_place = || Error::judge(format!("`{PAGE}` has no place for the table"));

    for row in tried {
        workspace.terminal.status(
            "Tried",
            format!("{} for {}: {}", row.program, row.target, row.tried),
        );
    }
    if args.write {
        let page = with_rows(&page, tried).ok_or_else(no_place)?;
        write_atomic(&path, page.as_bytes())?;
        return Ok(exit::PASS);
    }

    let differences = differences(&rows(&page).ok_or_else(no_place)?, tried);
    if differences.is_empty() {
        return Ok(exit::PASS);
    }
    Err(Error::judge(differences.join("\n"))
        .with_help("`cargo xtask platforms --write` writes what was tried; commit the page"))
}
