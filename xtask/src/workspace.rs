//! What every task works with: the terminal, the runner, this repository, and the five programs.

use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};
use release_gate::terminal::{Terminal, Verbosity};
use release_gate::{Error, Result, exit};

/// The five gates, by package and program name.
pub(crate) const GATES: [&str; 5] = [
    "cargo-repro",
    "cargo-sbom-lite",
    "cargo-sign",
    "cargo-compat",
    "cargo-relnotes",
];

/// This repository, and what a task needs to work in it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) terminal: Terminal,
    pub(crate) runner: Runner,
    /// This repository's top folder.
    pub(crate) root: PathBuf,
}

/// Where the five programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    dir: PathBuf,
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

    /// Builds the five gates as they are released.
    pub(crate) fn programs(&self) -> Result<Programs> {
        let mut step = self.cargo().args(["build", "--release", "--locked"]);
        for gate in GATES {
            step = step.args(["-p", gate]);
        }
        let step = step.args(["--message-format", "json-render-diagnostics"]);
        let finished = self.run("Building", "the five gates (release profile)", step)?;
        let executable = finished
            .stdout
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .find(|path| path.file_stem().is_some_and(|name| name == GATES[0]));
        let dir = executable.and_then(|path| path.parent().map(Path::to_owned));
        Ok(Programs {
            dir: dir.ok_or_else(|| Error::judge("cargo did not say where it put the programs"))?,
        })
    }
}

impl Programs {
    /// A step that runs a gate the way cargo does.
    ///
    /// Everything a user's shell would hand on is handed on: the gates clear what they start
    /// themselves.
    pub(crate) fn gate(&self, program: &str) -> Step {
        let subcommand = program.strip_prefix("cargo-").unwrap_or(program);
        let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
        Step::new(
            self.dir
                .join(format!("{program}{}", std::env::consts::EXE_SUFFIX)),
        )
        .inherit(names)
        .arg(subcommand)
    }
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
