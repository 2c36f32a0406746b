//! What is repeated: a compiler call or the run of a build script, as it was in both places.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::command::session::Built;
use crate::model::build::{ScriptRun, Unit};
use crate::model::roots::read_files;
use crate::sealed::place::Place;

/// What is repeated.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) a: Command,
    pub(super) b: Command,
    pub(super) unit: Option<&'a Unit>,
    pub(super) manifest_dir: Option<PathBuf>,
    /// Variables that are not varied: a build script set them, and it is judged for itself.
    pub(super) excluded: BTreeSet<String>,
    /// Sources that a build script writes, relative to the place's sources.
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

impl<'a> Subject<'a> {
    /// How long a build script ran: until cargo wrote down what it had said.
    pub(super) fn took(&self) -> Option<Duration> {
        let output = Path::new(self.a.env.get("OUT_DIR")?)
            .parent()?
            .join("output");
        let ended = output.metadata().ok()?.modified().ok()?;
        // File times come from a clock that ticks every few milliseconds: a quick script seems to
        // have ended before it began.
        Some(ended.duration_since(self.a.begun?).unwrap_or_default())
    }

    pub(super) fn unit(_: &Built, _: &Built, a: &'a Unit, b: &'a Unit) -> Self {
        let command = |unit: &Unit| Command {
            program: unit.call.program.clone().into(),
            args: unit
                .call
                .remaps
                .iter()
                .chain(&unit.call.args)
                .cloned()
                .collect(),
            cwd: unit.call.cwd.clone(),
            env: unit.call.env.clone(),
            begun: None,
        };
        let manifest_dir = a.call.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Self {
            a: command(a),
            b: command(b),
            unit: Some(a),
            manifest_dir,
            excluded: BTreeSet::new(),
            written: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    /// `None` where the interposer could not write down how the script was started.
    pub(super) fn script(
        a: &Built,
        b: &Built,
        run_a: &ScriptRun,
        run_b: &ScriptRun,
    ) -> Option<Self> {
        let mut read = read_files(&a.build, run_a);
        read.extend(read_files(&b.build, run_b));
        let (a, b) = (
            started(&a.place, &run_a.out_dir)?,
            started(&b.place, &run_b.out_dir)?,
        );
        let manifest_dir = a.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Some(Self {
            a,
            b,
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
fn started(place: &Place, out_dir: &Path) -> Option<Command> {
    std::fs::read_dir(&place.scripts)
        .ok()?
        .flatten()
        .find_map(|entry| {
            let bytes = std::fs::read(entry.path()).ok()?;
            let begun = entry.metadata().ok()?.modified().ok()?;
            let text = place.outside(&String::from_utf8_lossy(&bytes));
            let mut words = text.split('\0').map(str::to_owned);
            let (program, cwd) = (words.next()?.into(), words.next()?.into());
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
