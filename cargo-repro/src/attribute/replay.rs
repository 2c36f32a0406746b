//! One compiler call or build script run, repeated alone in scratch folders under chosen
//! conditions.
//!
//! Everything a trial moves in a sandbox (times of sources, the history, sources that a build
//! script writes) is put back before the next one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use release_gate::interrupt;
use release_gate::process::{Finished, Runner, Step};

use super::experiment::Experiment;
use super::outputs::{Outputs, SourcesBefore, collect_outputs};
use super::settings::{At, Isolation, Settings};
use super::subject::{Command, Subject};
use crate::model::build::Build;
use crate::model::roots::is_native;
use crate::sealed::entrance::Entrance;
use crate::sealed::export::{set_modes, set_times};
use crate::sealed::outcome::is_effective;
use crate::sealed::sandbox::Sandbox;
use crate::sealed::{identity, interposer};

/// Variables that hold descriptors of a jobserver that is gone.
const JOBSERVER: &[&str] = &["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];
/// Variables that belong to a sandbox's own machinery.
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

/// Folders of a sandbox that are empty in every trial: what stands in their stead, and their names.
const FRESH: &[(&str, &str)] = &[("replay-home", "home"), ("replay-tmp", "tmp")];

/// Runs trials of one subject.
#[derive(Debug)]
pub(super) struct Trials<'a> {
    runner: &'a Runner,
    a: &'a Sandbox,
    b: &'a Sandbox,
    /// What build A compiled.
    build: &'a Build,
    subject: &'a Subject<'a>,
}

/// Where a trial runs, and where its outputs are then.
struct Stage<'a> {
    command: &'a Command,
    /// The sandbox whose folders the call names.
    named: &'a Sandbox,
    /// The sandbox whose files the call sees.
    seen: &'a Sandbox,
    /// Where the call is told to write.
    scratch: PathBuf,
    /// Where that is from here.
    written: PathBuf,
}

impl<'a> Trials<'a> {
    pub(super) fn new(experiment: &Experiment<'a>, subject: &'a Subject<'a>) -> Self {
        Self {
            runner: experiment.runner,
            a: &experiment.a.sandbox,
            b: &experiment.b.sandbox,
            build: &experiment.a.build,
            subject,
        }
    }

    /// Names of variables whose values differ between the sandboxes, machinery excepted.
    pub(super) fn varied_variables(&self) -> Vec<String> {
        let (a, b) = (&self.subject.a.env, &self.subject.b.env);
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();

        let mut varied: Vec<String> = names
            .into_iter()
            .filter(|name| !JOBSERVER.contains(&name.as_str()))
            .filter(|name| !MACHINERY.contains(&name.as_str()))
            .filter(|name| !self.subject.excluded.contains(name.as_str()))
            .filter(|name| a.get(*name) != b.get(*name))
            .cloned()
            .collect();
        // Those that name no folder first: a folder's name in them can only be seen by who prints
        // them.
        varied.sort_by_key(|name| a.get(name).is_some_and(|value| value.contains('/')));
        varied
    }

    /// Whether a variable names a folder of the sandbox, the home folder excepted, which is
    /// anybody's own.
    pub(super) fn names_sandbox(&self, name: &str) -> bool {
        let root = self.a.root.to_string_lossy();
        let value = self.subject.a.env.get(name);
        name != "HOME" && value.is_some_and(|value| value.contains(&*root))
    }

    /// Whether sealed builds hold this still already.
    pub(super) fn pins(&self, word: &str) -> bool {
        self.a.pins(word)
    }

    /// Whether programs can be told what they see of the clock, of chance and of folders.
    pub(super) fn has_interposer(&self) -> bool {
        self.a.abilities.interposer.is_ok()
    }

    /// Whether trials can run as somebody else.
    pub(super) fn can_change_user(&self) -> bool {
        self.a.abilities.users.is_ok()
    }

    /// Seconds by which B's clock is ahead.
    pub(super) fn clock_ahead(&self) -> u64 {
        self.b.conditions.clock
    }

    /// Text of a trial without the names of either sandbox.
    pub(super) fn neutral(&self, text: &str) -> String {
        self.b.neutral(&self.a.neutral(text))
    }

    /// Whether it is a compiler call, not a build script.
    pub(super) fn compiles(&self) -> bool {
        self.subject.unit.is_some()
    }

    /// Whether a package whose name starts so was compiled.
    pub(super) fn builds(&self, package: &str) -> bool {
        self.build
            .units
            .iter()
            .any(|unit| unit.call.package.starts_with(package))
    }

    /// Whether a trial gave what build A left.
    pub(super) fn gave_what_was_built(&self, outputs: &Outputs) -> bool {
        let Some(unit) = self.subject.unit else {
            return false;
        };
        let stem = unit.stem();
        outputs.digests.len() == unit.outputs.len()
            && outputs.digests.iter().all(|(name, digest)| {
                let built = name
                    .rsplit_once(&stem)
                    .and_then(|(_, suffix)| unit.outputs.get(suffix.trim_start_matches('.')));
                built == Some(digest)
            })
    }

    /// One trial; `None` if the call fails or cannot be made so.
    pub(super) fn run(&mut self, settings: &Settings) -> Option<Outputs> {
        // Nothing is moved for a call that would not be started.
        interrupt::check().ok()?;
        let stage = self.stage(settings.at);
        for folder in [&stage.scratch, &stage.written] {
            empty_folder(folder)?;
        }
        for (kept, _) in FRESH {
            empty_folder(&stage.seen.root.join(kept))?;
        }
        let step = self.step(&stage, settings)?;
        interposer::tell(&stage.seen.root, &self.interposer_settings(settings)).ok()?;

        let moved = self.move_surroundings(&stage, settings);
        let before = SourcesBefore::of(stage.seen, &self.subject.written);
        let finished = self.runner.run(step);

        let mut outputs = Outputs::default();
        for (name, path) in before.files() {
            if let Ok(bytes) = std::fs::read(path) {
                let text = stage.named.neutral(&String::from_utf8_lossy(&bytes));
                outputs.text(name, text);
            }
        }
        before.put_back();
        drop(moved);

        let finished = finished.ok().filter(Finished::is_success)?;
        collect_outputs(&stage.written, &stage.written, stage.named, &mut outputs);
        self.add_words(&stage, settings, &finished, &mut outputs);
        (!outputs.digests.is_empty()).then_some(outputs)
    }

    fn stage(&self, at: At) -> Stage<'a> {
        let command = match at {
            At::B => &self.subject.b,
            At::A | At::BAtA => &self.subject.a,
        };
        let (named, seen) = match at {
            At::A => (self.a, self.a),
            At::B => (self.b, self.b),
            At::BAtA => (self.a, self.b),
        };
        Stage {
            command,
            named,
            seen,
            scratch: named.root.join("replay"),
            written: seen.root.join("replay"),
        }
    }

    /// The call; `None` where this machine cannot make it so.
    fn step(&self, stage: &Stage<'_>, settings: &Settings) -> Option<Step> {
        let mut args = arguments(&stage.command.args, &stage.scratch, settings.expanded);
        args.extend(settings.strip.map(|value| format!("-Cstrip={value}")));
        let mut step = self
            .program(stage, settings)?
            .env_clear()
            .current_dir(&stage.command.cwd)
            .args(args);

        let names: BTreeSet<&String> = self
            .subject
            .a
            .env
            .keys()
            .chain(self.subject.b.env.keys())
            .collect();
        for name in names {
            let left_out =
                JOBSERVER.contains(&name.as_str()) || settings.unset == Some(name.as_str());
            if let Some(value) = self.value_of(name, settings).filter(|_| !left_out) {
                step = step.env(name, value);
            }
        }

        if settings.expanded {
            step = step.env("RUSTC_BOOTSTRAP", "1");
        }
        if self.subject.unit.is_none() {
            step = step.env("OUT_DIR", &stage.scratch);
        }
        for (name, value) in &settings.forced {
            step = step.env(name, value);
        }
        Some(step)
    }

    /// The program with what comes before it: the umask, who runs it, and for sandbox B at A's path
    /// the mount.
    fn program(&self, stage: &Stage<'_>, settings: &Settings) -> Option<Step> {
        let command = stage.command;
        let at_other_path = settings.at == At::BAtA;
        if !cfg!(unix) {
            let possible = !at_other_path && settings.isolation == Isolation::NONE;
            return possible.then(|| Step::new(&command.program));
        }

        let isolations = &self.a.abilities.isolations;
        let namespaces = isolations.namespaces.is_ok();
        if at_other_path && !namespaces {
            return None;
        }
        let umask = self.side(settings.umask).conditions.umask;
        let identity = self.side(settings.user).conditions.identity;
        let mut prefix = identity::before(&self.a.abilities.users, identity, namespaces);
        if settings.isolation.addresses || self.pins("addresses") {
            prefix.push_str("setarch -R ");
        }
        if settings.isolation.threads || self.pins("threads") {
            prefix.push_str("taskset -c 0 ");
        }

        let step = Step::new(&command.program);
        if !namespaces {
            let inside = format!("umask {umask}; exec {prefix}\"$@\"");
            return Some(step.through("sh", ["-c", &inside, "replay"]));
        }
        // Every trial has temporary folders and a home of its own: what builds and other trials left
        // there, it does not find.
        let mut mounts = stage.seen.mounts();
        if at_other_path {
            mounts[0].1.clone_from(&self.a.root);
        }
        if settings.at == At::B {
            // What other scripts hand to this one may be A's.
            mounts.push((self.a.root.clone(), self.a.root.clone()));
        }
        for root in [mounts[0].1.clone(), self.a.root.clone()] {
            let fresh = FRESH
                .iter()
                .map(|(kept, folder)| (stage.seen.root.join(kept), root.join(folder)));
            mounts.extend(fresh);
        }
        let entrance = Entrance {
            isolations,
            host: self.side(settings.host).conditions.host,
            mounts,
            start: &command.cwd,
            inside: &format!("umask {umask}; {prefix}\"$@\""),
            last_process: 1 + settings.perturbation.saturating_mul(1_000) % 30_000,
        };
        Some(entrance.through(step))
    }

    /// The sandbox whose condition holds.
    fn side(&self, other: bool) -> &'a Sandbox {
        if other { self.b } else { self.a }
    }

    /// A variable's value in a trial.
    fn value_of(&self, name: &str, settings: &Settings) -> Option<&String> {
        let in_a = self.subject.a.env.get(name);
        let in_b = self.subject.b.env.get(name);
        let is_folder = in_a.or(in_b).is_some_and(|value| value.contains('/'));
        let varied = settings.variables.contains(name);

        let takes_b = match settings.at {
            At::A => varied,
            At::B => is_folder || varied,
            At::BAtA => !is_folder && varied,
        };
        if takes_b && !settings.kept.contains(name) {
            in_b
        } else {
            in_a
        }
    }

    /// What the interposer is told. The clock stands still, so that a time that is embedded differs
    /// only where the clock was set.
    fn interposer_settings(&self, settings: &Settings) -> Vec<(&'static str, String)> {
        let base = Settings::default();
        // Where one library alone is varied, everything else keeps A's.
        let general = if settings.only.is_some() {
            &base
        } else {
            settings
        };
        let standstill = self.a.standstill();
        let new_files = if settings.new_files {
            self.clock_ahead()
        } else {
            0
        };
        let host = self.side(settings.host).conditions.host;
        let processors = self.side(settings.processors).conditions.processors;
        let mut told = vec![
            ("REPRO_SEED", general.seed.to_string()),
            ("REPRO_FREEZE", (standstill + general.clock).to_string()),
            ("REPRO_BEGUN", self.a.begun().to_string()),
            ("REPRO_NEW_AT", (standstill + new_files).to_string()),
            ("REPRO_ORDER", general.order.to_string()),
            ("REPRO_HOST", host.to_owned()),
            ("REPRO_PROCESSORS", processors.to_string()),
        ];

        if let Some(library) = &settings.only {
            told.extend([
                ("REPRO_ONLY", library.to_string_lossy().into_owned()),
                ("REPRO_ONLY_SEED", settings.seed.to_string()),
                (
                    "REPRO_ONLY_FREEZE",
                    (standstill + settings.clock).to_string(),
                ),
                ("REPRO_ONLY_ORDER", settings.order.to_string()),
            ]);
        }
        if let Some(release) = self.side(settings.kernel).conditions.kernel {
            told.push(("REPRO_KERNEL", release.to_owned()));
        }
        if let Some(name) = self.side(settings.processor).conditions.processor {
            told.push(("REPRO_PROCESSOR", name.to_owned()));
        }
        if settings.isolation.process || self.pins("process") {
            told.push(("REPRO_PROCESS", "4242".to_owned()));
        }
        if settings.perturbation > 0 {
            told.push(("REPRO_PERTURBATION", settings.perturbation.to_string()));
        }
        if settings.isolation.threads || self.pins("threads") {
            told.push(("REPRO_PROMPT", "1".to_owned()));
        }
        if settings.isolation.addresses || self.pins("addresses") {
            told.push(("REPRO_STILL", "1".to_owned()));
        }
        told
    }

    /// Gives sources other times and modes, and the sandbox another history, where the settings say
    /// so, until the result is dropped.
    fn move_surroundings(&self, stage: &Stage<'a>, settings: &Settings) -> Moved<'a> {
        let seen = stage.seen;
        let times = self.side(settings.file_times).conditions.file_times;
        let umask = self.side(settings.umask).conditions.umask_bits();
        let history = self.side(settings.history).conditions.history;
        let own_folder = self.own_folder(seen);

        let mut moved = Moved {
            sandbox: seen,
            modes: None,
            times: None,
            history: history != seen.conditions.history && seen.swap_history(),
            repository: settings.no_repository && seen.hide_repository(),
        };
        if umask != seen.conditions.umask_bits() {
            moved.modes.clone_from(&own_folder);
        }
        if let Some(folder) = &moved.modes {
            let _ = set_modes(folder, umask);
        }
        if times != seen.conditions.file_times {
            moved.times = own_folder;
        }
        if let Some(folder) = &moved.times {
            shift_times(seen, folder, times);
        }
        moved
    }

    /// The package's folder in a sandbox, where it is the project's own.
    fn own_folder(&self, sandbox: &Sandbox) -> Option<PathBuf> {
        let folder = self.subject.manifest_dir.as_ref()?;
        let relative = folder.strip_prefix(&self.a.source).ok()?;
        Some(sandbox.source.join(relative))
    }

    /// Adds what the call said: the expanded source, or what a build script tells cargo.
    fn add_words(
        &self,
        stage: &Stage<'_>,
        settings: &Settings,
        finished: &Finished,
        outputs: &mut Outputs,
    ) {
        let said = String::from_utf8_lossy(&finished.stdout);
        if settings.expanded {
            // As it is: folders that are named in it are named in the output.
            outputs.text("(said)", said.into_owned());
        } else if self.subject.unit.is_none() {
            let statements: Vec<&str> = said.lines().filter(|line| is_effective(line)).collect();
            let statements = stage.named.neutral(&statements.join("\n"));

            // Logs and caches reach nobody.
            outputs.keep(|name| {
                is_native(name)
                    || self.subject.read.contains(name)
                    || statements.contains(name)
                    || self.is_written_source(name)
            });
            outputs.text("(said)", statements);
        }
    }

    /// Whether a text is one of the sources that the build script writes.
    fn is_written_source(&self, name: &str) -> bool {
        self.subject
            .written
            .iter()
            .any(|path| path.to_string_lossy() == name)
    }
}

/// What a trial moved in a sandbox; put back when dropped.
struct Moved<'a> {
    sandbox: &'a Sandbox,
    /// The folder whose files have other modes.
    modes: Option<PathBuf>,
    /// The folder whose files have other times.
    times: Option<PathBuf>,
    /// Whether the other history is there.
    history: bool,
    /// Whether there is no repository.
    repository: bool,
}

impl Drop for Moved<'_> {
    fn drop(&mut self) {
        if self.repository {
            self.sandbox.show_repository();
        }
        if self.history {
            self.sandbox.swap_history();
        }
        if let Some(folder) = &self.modes {
            let _ = set_modes(folder, self.sandbox.conditions.umask_bits());
        }
        if let Some(folder) = &self.times {
            shift_times(self.sandbox, folder, self.sandbox.conditions.file_times);
        }
    }
}

/// Sets the times of a folder's files to the commit's and so much more.
fn shift_times(sandbox: &Sandbox, folder: &Path, shift: Duration) {
    let epoch = u64::try_from(sandbox.epoch()).unwrap_or_default();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(epoch) + shift;
    let _ = set_times(folder, time);
}

/// Makes a folder that holds nothing.
fn empty_folder(folder: &Path) -> Option<()> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).ok()
}

/// Cargo's arguments with the output folder replaced.
fn arguments(args: &[String], scratch: &Path, expanded: bool) -> Vec<String> {
    let scratch = scratch.to_string_lossy().into_owned();
    let mut replaced = Vec::new();
    let mut words = args.iter();

    while let Some(word) = words.next() {
        if word == "--out-dir" {
            words.next();
            replaced.extend(["--out-dir".to_owned(), scratch.clone()]);
        } else if word.starts_with("--out-dir=") {
            replaced.push(format!("--out-dir={scratch}"));
        } else if expanded && word == "--emit" {
            words.next();
        } else if !(expanded && word.starts_with("--emit=")) {
            replaced.push(word.clone());
        }
    }
    if expanded {
        replaced.push("-Zunpretty=expanded".to_owned());
    }
    replaced
}
