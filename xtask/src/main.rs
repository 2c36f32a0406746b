//! The suite's own tasks: `cargo xtask gate | report | release | platforms | test | bench | fuzz | docs | book`.
//!
//! Tasks start the gates as a user would, as programs, and meet them in their reports only.

mod bench;
mod book;
mod configuration;
mod docs;
mod fuzz;
mod gate;
mod ladder;
mod outcome;
mod platforms;
mod prose;
mod release;
mod report;
mod steps;
mod table;
mod test;
mod tidy;
mod verdict;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Tasks of the release-gates suite
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the five gates and run them in order on a project (default: this repository)
    Gate(gate::GateArgs),
    /// Write the page about the releases in an artifact folder, for people
    Report(report::ReportArgs),
    /// Release this repository's programs for six targets through their own gates
    Release(release::ReleaseArgs),
    /// Build, start and test the programs for other systems, as far as this machine can
    Platforms(platforms::PlatformsArgs),
    /// Everything CI runs, but for long fuzzing and benchmarks: formatting, lints, documentation,
    /// drift, tests
    Test(test::TestArgs),
    /// Check the ladder of imports in ARCHITECTURE.md, that nothing strays, and how the pages read
    Tidy,
    /// Say how the pages read: words a sentence, and what does not read well
    Prose,
    /// Generate the CLI reference, rule catalogue and report schemas in docs/
    Docs(docs::DocsArgs),
    /// Build the guide in docs/ as a book with search (needs mdbook)
    Book(book::BookArgs),
    /// Run a gate's benchmark beside its peers
    Bench(bench::BenchArgs),
    /// Run the fuzz targets (needs cargo-fuzz and the nightly toolchain)
    Fuzz(fuzz::FuzzArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    release_gate::interrupt::install();
    let workspace = Workspace::new();
    let result = match cli.task {
        Task::Gate(args) => gate::run(&workspace, args),
        Task::Report(args) => report::run(&workspace, &args),
        Task::Release(args) => release::run(&workspace, &args),
        Task::Platforms(args) => platforms::run(&workspace, &args),
        Task::Test(args) => test::run(&workspace, &args),
        Task::Tidy => test::tidy(&workspace).map(|()| release_gate::exit::PASS),
        Task::Prose => prose::run(&workspace),
        Task::Docs(args) => docs::run(&workspace, &args),
        Task::Book(args) => book::run(&workspace, &args),
        Task::Bench(args) => bench::run(&workspace, &args),
        Task::Fuzz(args) => fuzz::run(&workspace, &args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            workspace.terminal.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
