//! One compiler call or build script run, repeated alone in scratch folders under chosen conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use release_gate::Context;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::process::Step;

use crate::command::session::Built;
use crate::model::build::{ScriptRun, Unit};
use crate::sealed::export::set_times;
use crate::sealed::place::Place;

/// Variables that hold descriptors of a jobserver that is gone, or that trials set themselves.
const OWN: &[&str] = &[
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "MFLAGS",
    "REPRO_CLOCK",
    "REPRO_ORDER",
    "REPRO_HOST",
    "REPRO_LOG",
    "REPRO_SCRIPTS",
    "REPRO_SEED",
    "REPRO_FREEZE",
];
/// Where the clock of a trial stands: seconds since 1970.
const STANDSTILL: u64 = 1_600_000_000;
/// Variables that belong to a place's own machinery.
const MACHINERY: &[&str] = &[
    "CARGO_REPRO_TOOLS",
    "RUSTC_WRAPPER",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "CARGO_TARGET_DIR",
    "PWD",
    "OLDPWD",
    "_",
];

/// What is repeated.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    a: Command,
    b: Command,
    unit: Option<&'a Unit>,
    manifest_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default)]
struct Command {
    program: PathBuf,
    args: Vec<String>,
    cwd: PathBuf,
    env: BTreeMap<String, String>,
}

impl<'a> Subject<'a> {
    pub(super) fn unit(_: &Built, _: &Built, a: &'a Unit, b: &'a Unit) -> Self {
        let command = |unit: &Unit| Command {
            program: unit.call.program.clone().into(),
            args: unit.call.remaps.iter().chain(&unit.call.args).cloned().collect(),
            cwd: unit.call.cwd.clone(),
            env: unit.call.env.clone(),
        };
        let manifest_dir = a.call.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Self { a: command(a), b: command(b), unit: Some(a), manifest_dir }
    }

    /// `None` where the interposer could not write down how the script was started.
    pub(super) fn script(a: &Built, b: &Built, run_a: &ScriptRun, run_b: &ScriptRun) -> Option<Self> {
        let (a, b) = (started(&a.place, &run_a.out_dir)?, started(&b.place, &run_b.out_dir)?);
        let manifest_dir = a.env.get("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Some(Self { a, b, unit: None, manifest_dir })
    }
}

/// How a build script was started, as the interposer wrote it down.
fn started(place: &Place, out_dir: &Path) -> Option<Command> {
    std::fs::read_dir(&place.scripts).ok()?.flatten().find_map(|entry| {
        let bytes = std::fs::read(entry.path()).ok()?;
        let mut words = bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let (program, cwd) = (words.next()?.into(), words.next()?.into());
        let env: BTreeMap<String, String> = words
            .filter_map(|word| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        (env.get("OUT_DIR").map(Path::new) == Some(out_dir)).then_some(Command {
            program,
            args: Vec::new(),
            cwd,
            env,
        })
    })
}

/// Conditions of one trial; the default is place A's, with a fixed seed and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) seed: u32,
    pub(super) clock: u64,
    pub(super) order: u8,
    pub(super) host: bool,
    pub(super) umask: bool,
    pub(super) file_times: bool,
    /// In place B, with B's values of everything that names a folder.
    pub(super) in_b: bool,
    /// Variables that have B's values.
    pub(super) variables: BTreeSet<String>,
    /// Variables set to a fixed value, as a fix would.
    pub(super) forced: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 11,
            clock: 0,
            order: 1,
            host: false,
            umask: false,
            file_times: false,
            in_b: false,
            variables: BTreeSet::new(),
            forced: Vec::new(),
        }
    }
}

/// What a trial left: digests of files and of what a build script said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Print(BTreeMap<String, Sha256Digest>);

/// Runs trials of one subject.
#[derive(Debug)]
pub(super) struct Trials<'a> {
    cx: &'a Context,
    a: &'a Built,
    b: &'a Built,
    subject: &'a Subject<'a>,
    scratch: PathBuf,
}

impl<'a> Trials<'a> {
    pub(super) fn new(cx: &'a Context, a: &'a Built, b: &'a Built, subject: &'a Subject<'a>) -> Self {
        Self { cx, a, b, subject, scratch: a.place.root.join("replay") }
    }

    /// Names of variables whose values differ between the places, machinery excepted.
    pub(super) fn varied_variables(&self) -> Vec<String> {
        let (a, b) = (&self.subject.a.env, &self.subject.b.env);
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let differs = |name: &&&String| a.get(**name) != b.get(**name);
        let mine = |name: &&String| !OWN.contains(&name.as_str()) && !MACHINERY.contains(&name.as_str());
        // Those that name no folder first: a folder's name in them can only be seen by who prints them.
        let mut names: Vec<String> =
            names.into_iter().filter(mine).filter(|name| differs(&name)).cloned().collect();
        names.sort_by_key(|name| a.get(name).is_some_and(|value| value.contains('/')));
        names
    }

    /// One trial; `None` if the call fails.
    pub(super) fn run(&mut self, settings: &Settings) -> Option<Print> {
        let _ = std::fs::remove_dir_all(&self.scratch);
        std::fs::create_dir_all(&self.scratch).ok()?;
        let (command, place) =
            if settings.in_b { (&self.subject.b, &self.b.place) } else { (&self.subject.a, &self.a.place) };
        let umask =
            if settings.umask { self.b.place.conditions.umask } else { self.a.place.conditions.umask };
        let step = if cfg!(unix) {
            Step::new("sh")
                .args(["-c", &format!("umask {umask}; exec \"$@\""), "replay"])
                .arg(&command.program)
        } else {
            Step::new(&command.program)
        };
        let mut step = step.env_clear().current_dir(&command.cwd).args(self.redirected(&command.args));
        for (name, value) in command.env.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
            let other =
                if settings.in_b { self.subject.a.env.get(name) } else { self.subject.b.env.get(name) };
            // In place B variables that name no folder keep A's values, so that only the path is another.
            let swap = if settings.in_b { !value.contains('/') } else { settings.variables.contains(name) };
            step = step.env(name, if swap { other.unwrap_or(value) } else { value });
        }
        for name in settings.variables.iter().filter(|name| !command.env.contains_key(*name)) {
            if let Some(value) = self.subject.b.env.get(name) {
                step = step.env(name, value);
            }
        }
        let host = if settings.host { self.b.place.conditions.host } else { self.a.place.conditions.host };
        step = step
            .env("REPRO_SEED", settings.seed.to_string())
            // The clock stands still, so that a time that is embedded differs only where the clock was set.
            .env("REPRO_FREEZE", (STANDSTILL + settings.clock).to_string())
            .env("REPRO_ORDER", settings.order.to_string())
            .env("REPRO_HOST", host);
        if self.subject.unit.is_none() {
            step = step.env("OUT_DIR", &self.scratch);
        }
        for (name, value) in &settings.forced {
            step = step.env(name, value);
        }
        let shifted = settings.file_times.then(|| self.shift_times(self.b.place.conditions.file_times));
        let finished = self.cx.runner.run(step);
        if shifted.is_some() {
            self.shift_times(self.a.place.conditions.file_times);
        }
        let finished = finished.ok().filter(release_gate::process::Finished::is_success)?;
        let mut print = BTreeMap::new();
        digests(&self.scratch, &self.scratch, place, &mut print);
        if self.subject.unit.is_none() {
            let said = place.neutral(&String::from_utf8_lossy(&finished.stdout));
            print.insert("(said)".to_owned(), sha256_bytes(said.as_bytes()));
        }
        (!print.is_empty()).then_some(Print(print))
    }

    /// Cargo's arguments with the output folder replaced.
    fn redirected(&self, args: &[String]) -> Vec<String> {
        let scratch = self.scratch.to_string_lossy().into_owned();
        let mut out = Vec::new();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "--out-dir" {
                words.next();
                out.extend(["--out-dir".to_owned(), scratch.clone()]);
            } else if word.starts_with("--out-dir=") {
                out.push(format!("--out-dir={scratch}"));
            } else {
                out.push(word.clone());
            }
        }
        out
    }

    fn shift_times(&self, shift: Duration) {
        if let Some(dir) =
            self.subject.manifest_dir.as_ref().filter(|dir| dir.starts_with(&self.a.place.source))
        {
            let epoch = u64::try_from(self.a.place.epoch()).unwrap_or_default();
            let _ = set_times(dir, SystemTime::UNIX_EPOCH + Duration::from_secs(epoch) + shift);
        }
    }
}

fn digests(root: &Path, dir: &Path, place: &Place, print: &mut BTreeMap<String, Sha256Digest>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            digests(root, &path, place, print);
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "d") {
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let digest = match std::str::from_utf8(&bytes) {
            Ok(text) => sha256_bytes(place.neutral(text).as_bytes()),
            Err(_) => sha256_bytes(&bytes),
        };
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        print.insert(name, digest);
    }
}
