//! What is repeated: a compiler call or the run of a build script, as it was in both sandboxes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::experiment::Experiment;
use crate::model::build::{ScriptRun, Unit};
use crate::model::roots::read_files;
use crate::sealed::sandbox::Sandbox;

/// What is repeated.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) a: Command,
    pub(super) b: Command,
    pub(super) unit: Option<&'a Unit>,
    pub(super) manifest_dir: Option<PathBuf>,
    /// Variables that are not varied: a build script set them, and it is judged for itself.
    pub(super) excluded: BTreeSet<String>,
    /// Sources that a build script writes, relative to the sandbox's sources.
    pub(super) written: Vec<PathBuf>,
    /// Files of OUT_DIR that a compiler call read.
    pub(super) read: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Command {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) cwd: PathBuf,
    pub(super) env: BTreeMap<String, String>,
    /// When a build script was started.
    begun: Option<SystemTime>,
}

impl Command {
    fn of_unit(unit: &Unit) -> Self {
        let args = unit.call.remaps.iter().chain(&unit.call.args);
        Self {
            program: unit.call.program.clone().into(),
            args: args.cloned().collect(),
            cwd: unit.call.cwd.clone(),
            env: unit.call.env.clone(),
            begun: None,
        }
    }
}

impl<'a> Subject<'a> {
    /// How long a build script ran: until cargo wrote down what it had said.
    pub(super) fn run_time(&self) -> Option<Duration> {
        let output = Path::new(self.a.env.get("OUT_DIR")?)
            .parent()?
            .join("output");
        let ended = output.metadata().ok()?.modified().ok()?;
        // File times come from a clock that ticks every few milliseconds: a quick script seems to
        // have ended before it began.
        Some(ended.duration_since(self.a.begun?).unwrap_or_default())
    }

    /// A compiler call.
    pub(super) fn unit(a: &'a Unit, b: &'a Unit) -> Self {
        let manifest_dir = a.call.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Self {
            a: Command::of_unit(a),
            b: Command::of_unit(b),
            unit: Some(a),
            manifest_dir,
            excluded: BTreeSet::new(),
            written: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    /// The run of a build script; `None` where the interposer could not write down how it was
    /// started.
    pub(super) fn script(
        experiment: &Experiment<'_>,
        run_a: &ScriptRun,
        run_b: &ScriptRun,
    ) -> Option<Self> {
        let (a, b) = (experiment.a, experiment.b);
        let mut read = read_files(&a.build, run_a);
        read.extend(read_files(&b.build, run_b));
        if run_a.hands_out_folder() {
            read.extend(run_a.files.keys().chain(run_b.files.keys()).cloned());
        }

        let command_a = started(&a.sandbox, &run_a.out_dir)?;
        let command_b = started(&b.sandbox, &run_b.out_dir)?;
        let manifest_dir = command_a.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Some(Self {
            a: command_a,
            b: command_b,
            unit: None,
            manifest_dir,
            excluded: BTreeSet::new(),
            written: Vec::new(),
            read,
        })
    }

    /// Looks at these sources as at what is left in OUT_DIR.
    pub(super) fn writing(mut self, sources: Vec<PathBuf>) -> Self {
        self.written = sources;
        self
    }

    /// Keeps what other build scripts handed to this one as it was in A: they are judged for
    /// themselves.
    pub(super) fn fed_by(self, feeders: &[&ScriptRun]) -> Self {
        let handed: BTreeSet<String> = self
            .a
            .env
            .iter()
            .filter(|(name, value)| {
                let of_feeder = feeders
                    .iter()
                    .any(|run| value.contains(&*run.out_dir.to_string_lossy()));
                name.starts_with("DEP_") && (of_feeder || self.b.env.get(*name) != Some(*value))
            })
            .map(|(name, _)| name.clone())
            .collect();
        self.without(handed)
    }

    /// Leaves out what a build script told the compiler.
    pub(super) fn without(mut self, variables: BTreeSet<String>) -> Self {
        for name in &variables {
            match self.a.env.get(name).cloned() {
                Some(value) => drop(self.b.env.insert(name.clone(), value)),
                None => drop(self.b.env.remove(name)),
            }
        }
        self.excluded = variables;
        self
    }
}

/// How a build script was started, as the interposer wrote it down.
fn started(sandbox: &Sandbox, out_dir: &Path) -> Option<Command> {
    std::fs::read_dir(&sandbox.scripts)
        .ok()?
        .flatten()
        .find_map(|entry| {
            let bytes = std::fs::read(entry.path()).ok()?;
            let begun = entry.metadata().ok()?.modified().ok()?;
            let text = sandbox.outside(&String::from_utf8_lossy(&bytes));
            let mut words = text.split('\0').map(str::to_owned);
            let program = words.next()?.into();
            let cwd = words.next()?.into();
            let env: BTreeMap<String, String> = words
                .filter_map(|word| {
                    word.split_once('=')
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                })
                .collect();
            (env.get("OUT_DIR").map(Path::new) == Some(out_dir)).then_some(Command {
                program,
                args: Vec::new(),
                cwd,
                env,
                begun: Some(begun),
            })
        })
}
