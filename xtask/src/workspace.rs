//! What every task works with: the terminal, the runner, this repository, and the five programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread::Scope;

use release_gate::error::JudgeExt as _;
use release_gate::fs::{copy_atomic, walk};
use release_gate::process::{Finished, Runner, Step};
use release_gate::terminal::{Terminal, Verbosity};
use release_gate::{Error, Result, exit};
use serde::Deserialize;

/// The five gates, by package and program name.
pub(crate) const GATES: [&str; 5] = [
    "cargo-repro",
    "cargo-sbom-lite",
    "cargo-sign",
    "cargo-compat",
    "cargo-relnotes",
];

/// The systems that a release is for: Linux, Windows and macOS, each on x86-64 and Arm.
pub(crate) const TARGETS: [&str; 6] = [
    OWN_TARGET,
    "aarch64-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "aarch64-pc-windows-gnullvm",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// The one that a release is made on.
pub(crate) const OWN_TARGET: &str = "x86_64-unknown-linux-gnu";

/// This repository, and what a task needs to work in it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) terminal: Terminal,
    pub(crate) runner: Runner,
    /// This repository's top folder.
    pub(crate) root: PathBuf,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self {
            terminal: Terminal::new(anstream::ColorChoice::Auto, Verbosity::Normal),
            runner: Runner::new(),
            root: manifest_dir.parent().unwrap_or(manifest_dir).to_owned(),
        }
    }

    /// A cargo step in this repository, with the network where cargo wants it.
    pub(crate) fn cargo(&self) -> Step {
        Step::cargo()
            .inherit_network_env()
            .inherit(["RUSTC_WRAPPER", "CARGO_BUILD_JOBS"])
            .current_dir(&self.root)
    }

    /// Runs a step whose lines a person wants to see, under a verb; its output is shown when it
    /// fails.
    pub(crate) fn run(&self, verb: &str, what: &str, step: Step) -> Result<Finished> {
        self.terminal.status(verb, what);
        let spinner = self.terminal.spinner(verb);
        let finished = self
            .runner
            .run_with(step, |line| spinner.message(line.trim_start()))?;
        drop(spinner);
        if !finished.is_success() {
            self.terminal
                .people(&String::from_utf8_lossy(&finished.stdout));
            self.terminal.people(&finished.stderr_text());
            return Err(Error::judge(format!(
                "`{}` failed ({})",
                finished.command, finished.status
            )));
        }
        Ok(finished)
    }

    /// Builds one gate as it is released, and says where it is.
    pub(crate) fn build_release(&self, program: &str) -> Result<PathBuf> {
        let mut built = self.build_all_released(&[program])?;
        built
            .pop()
            .ok_or_else(|| Error::judge(format!("cargo did not say where it put {program}")))
    }

    /// Builds some gates as they are released, in one call: what they share is compiled once. Says
    /// where they are, in the order they were named in.
    pub(crate) fn build_all_released(&self, programs: &[&str]) -> Result<Vec<PathBuf>> {
        let mut step = self.cargo().args(["build", "--release", "--locked"]);
        for program in programs {
            step = step.args(["-p", program]);
        }
        let step = step.args(["--message-format", "json-render-diagnostics"]);
        let names = programs.join(", ");
        self.terminal
            .status("Building", format!("{names} (release profile)"));
        let finished = self.runner.run(step)?;
        if !finished.is_success() {
            self.terminal.people(&finished.stderr_text());
            return Err(Error::judge(format!(
                "`{}` failed ({})",
                finished.command, finished.status
            )));
        }

        let executables = executables(&finished.stdout);
        let place = |program: &&str| {
            let mut all = executables.iter();
            all.find(|path| path.file_stem().is_some_and(|name| name == *program))
                .cloned()
                .ok_or_else(|| Error::judge(format!("cargo did not say where it put {program}")))
        };
        programs.iter().map(place).collect()
    }
}

/// The programs that a build's messages (`--message-format json…`) name.
pub(crate) fn executables(messages: &[u8]) -> Vec<PathBuf> {
    /// What is needed of a message.
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let lines = messages.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    messages.filter_map(|message| message.executable).collect()
}

/// The gates as they are released. They are built one after the other beside anyone who uses them, so
/// that the first can judge while the last still compile.
#[derive(Debug)]
pub(crate) struct Programs {
    /// What was built and not asked for yet.
    arriving: Receiver<Result<(String, PathBuf)>>,
    built: BTreeMap<String, PathBuf>,
}

impl Programs {
    /// Begins to build them in this order.
    pub(crate) fn build<'scope>(
        scope: &'scope Scope<'scope, '_>,
        workspace: &'scope Workspace,
        order: Vec<String>,
    ) -> Self {
        let (sender, arriving) = mpsc::channel();
        scope.spawn(move || {
            for program in order {
                let built = workspace.build_release(&program);
                let failed = built.is_err();
                let sent = sender.send(built.map(|path| (program, path)));
                // Nobody waits for what comes after a failure, or after the session ended.
                if failed || sent.is_err() {
                    return;
                }
            }
        });
        Self {
            arriving,
            built: BTreeMap::new(),
        }
    }

    /// A step that runs a gate the way cargo does, once it is built.
    ///
    /// Everything a user's shell would hand on is handed on: the gates clear what they start
    /// themselves.
    pub(crate) fn gate(&mut self, program: &str) -> Result<Step> {
        while !self.built.contains_key(program) {
            let (name, path) = self
                .arriving
                .recv()
                .map_err(|_| Error::judge(format!("{program} was not built")))??;
            self.built.insert(name, path);
        }

        let subcommand = program.strip_prefix("cargo-").unwrap_or(program);
        Ok(with_own_environment(Step::new(&self.built[program])).arg(subcommand))
    }
}

/// Those of a list that were named, in its order, or all of them where none is.
///
/// # Errors
/// A name is none of the list.
pub(crate) fn chosen<'a>(named: &[String], all: &[&'a str], what: &str) -> Result<Vec<&'a str>> {
    if let Some(unknown) = named.iter().find(|name| !all.contains(&name.as_str())) {
        return Err(
            Error::usage(format!("`{unknown}` is not a {what} of this suite"))
                .with_help(format!("they are {}", all.join(", "))),
        );
    }
    let mut chosen = all.to_vec();
    if !named.is_empty() {
        chosen.retain(|one| named.iter().any(|name| name == one));
    }
    Ok(chosen)
}

/// A step that sees everything that this process sees.
pub(crate) fn with_own_environment(step: Step) -> Step {
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    step.inherit(names)
}

/// Copies every file of a folder to another one.
///
/// # Errors
/// One cannot be read or written.
pub(crate) fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let files = walk(from).or_judge(|| format!("cannot read the folder `{}`", from.display()))?;
    for file in files {
        copy_atomic(&file.path, &to.join(&file.relative))?;
    }
    Ok(())
}

/// A path that is found from any folder.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        Error::usage(format!("cannot find `{}`", path.display())).with_source(error)
    })
}

/// The exit code that matters more: not judged before failed before wrong usage before passed.
pub(crate) fn worst(a: u8, b: u8) -> u8 {
    let rank = |code| match code {
        exit::PASS => 0,
        exit::FAIL => 2,
        exit::USAGE => 1,
        _ => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}
