//! One compiler call or build script run, repeated alone in scratch folders under chosen
//! conditions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use release_gate::Context;
use release_gate::digest::Sha256Digest;
use release_gate::process::Step;

pub(super) use super::print::Print;
use super::print::{Kept, digests};
pub(super) use super::subject::Subject;
use crate::command::session::Built;
use crate::model::roots::is_native;
use crate::sealed::export::set_times;
use crate::sealed::outcome::is_effective;
use crate::sealed::place::Place;
use crate::sealed::{identity, interposer};

/// Variables that hold descriptors of a jobserver that is gone.
const OWN: &[&str] = &["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];
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

/// Conditions of one trial; the default is place A's, with a fixed seed and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) seed: u32,
    /// Which throw of the other dice it is: the process's number, addresses, and how long threads
    /// wait; 0 for whatever comes.
    pub(super) luck: u32,
    pub(super) clock: u64,
    pub(super) order: u8,
    pub(super) host: bool,
    pub(super) umask: bool,
    pub(super) user: bool,
    pub(super) file_times: bool,
    pub(super) history: bool,
    pub(super) processors: bool,
    pub(super) at: At,
    /// Variables that have B's values.
    pub(super) variables: BTreeSet<String>,
    /// Variables that have A's values in place B.
    pub(super) held: BTreeSet<String>,
    /// Variables set to a fixed value, as a fix would.
    pub(super) forced: Vec<(String, String)>,
    /// A variable that is not set.
    pub(super) unset: Option<&'static str>,
    /// `-C strip` of the profile.
    pub(super) strip: Option<&'static str>,
    pub(super) quiet: Quiet,
    /// Seed, clock and order of what this library asks alone; everything else keeps A's.
    pub(super) only: Option<PathBuf>,
    /// The source after macros ran instead of the output.
    pub(super) expanded: bool,
}

/// Where a trial runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    A,
    /// With B's values of everything that names a folder.
    B,
    /// Place B mounted where A is.
    BAtA,
}

/// Sources of chance that are stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Quiet {
    pub(super) process: bool,
    pub(super) addresses: bool,
    pub(super) threads: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 11,
            luck: 0,
            clock: 0,
            order: 1,
            host: false,
            umask: false,
            user: false,
            file_times: false,
            history: false,
            processors: false,
            at: At::A,
            variables: BTreeSet::new(),
            held: BTreeSet::new(),
            forced: Vec::new(),
            unset: None,
            strip: None,
            quiet: Quiet::default(),
            only: None,
            expanded: false,
        }
    }
}

/// Runs trials of one subject.
#[derive(Debug)]
pub(super) struct Trials<'a> {
    cx: &'a Context,
    a: &'a Built,
    b: &'a Built,
    subject: &'a Subject<'a>,
}

impl<'a> Trials<'a> {
    pub(super) fn new(
        cx: &'a Context,
        a: &'a Built,
        b: &'a Built,
        subject: &'a Subject<'a>,
    ) -> Self {
        Self { cx, a, b, subject }
    }

    /// Names of variables whose values differ between the places, machinery excepted.
    pub(super) fn varied_variables(&self) -> Vec<String> {
        let (a, b) = (&self.subject.a.env, &self.subject.b.env);
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let differs = |name: &&&String| a.get(**name) != b.get(**name);
        let mine = |name: &&String| {
            !OWN.contains(&name.as_str())
                && !MACHINERY.contains(&name.as_str())
                && !self.subject.excluded.contains(name.as_str())
        };
        // Those that name no folder first: a folder's name in them can only be seen by who prints
        // them.
        let mut names: Vec<String> = names
            .into_iter()
            .filter(mine)
            .filter(|name| differs(&name))
            .cloned()
            .collect();
        names.sort_by_key(|name| a.get(name).is_some_and(|value| value.contains('/')));
        names
    }

    /// Whether a variable names a folder of the place, the home folder excepted, which is anybody's
    /// own.
    pub(super) fn is_place(&self, name: &str) -> bool {
        let root = self.a.place.root.to_string_lossy();
        name != "HOME"
            && self
                .subject
                .a
                .env
                .get(name)
                .is_some_and(|value| value.contains(&*root))
    }

    /// Whether sealed builds hold this still already.
    pub(super) fn pins(&self, word: &str) -> bool {
        self.a.place.pins(word)
    }

    /// Whether it is a compiler call, not a build script.
    pub(super) fn compiles(&self) -> bool {
        self.subject.unit.is_some()
    }

    /// Whether a package whose name starts so was compiled.
    pub(super) fn builds(&self, package: &str) -> bool {
        self.a
            .build
            .units
            .iter()
            .any(|unit| unit.call.package.starts_with(package))
    }

    /// Whether a trial gave what build A left.
    pub(super) fn built(&self, print: &Print) -> bool {
        self.subject.unit.is_some_and(|unit| {
            let (stem, suffix) = (unit.stem(), |rest: &str| {
                rest.trim_start_matches('.').to_owned()
            });
            let same = |(name, digest): (&String, &Sha256Digest)| {
                let rest = name.rsplit_once(&stem).map(|(_, rest)| suffix(rest));
                rest.and_then(|rest| unit.outputs.get(&rest)) == Some(digest)
            };
            print.digests.len() == unit.outputs.len() && print.digests.iter().all(same)
        })
    }

    /// One trial; `None` if the call fails or cannot be made so.
    pub(super) fn run(&mut self, settings: &Settings) -> Option<Print> {
        let (a, b) = (&self.a.place, &self.b.place);
        let (command, place) = if settings.at == At::B {
            (&self.subject.b, b)
        } else {
            (&self.subject.a, a)
        };
        // Where the call writes, and where that is seen from here.
        let scratch = if settings.at == At::B {
            b.root.join("replay")
        } else {
            a.root.join("replay")
        };
        let seen = if settings.at == At::A {
            scratch.clone()
        } else {
            b.root.join("replay")
        };
        for dir in [&scratch, &seen] {
            let _ = std::fs::remove_dir_all(dir);
            std::fs::create_dir_all(dir).ok()?;
        }
        let umask = if settings.umask {
            b.conditions.umask
        } else {
            a.conditions.umask
        };
        let who = if settings.user {
            b.conditions.identity
        } else {
            a.conditions.identity
        };
        let user = identity::before(&a.abilities.users, who, settings.at == At::BAtA);
        let step = if cfg!(unix) {
            let quiet = Quiet {
                process: settings.quiet.process,
                addresses: settings.quiet.addresses || self.pins("addresses"),
                threads: settings.quiet.threads || self.pins("threads"),
            };
            let prefix = format!(
                "{user}{}{}",
                if quiet.addresses { "setarch -R " } else { "" },
                if quiet.threads { "taskset -c 0 " } else { "" }
            );
            if settings.at == At::BAtA {
                a.abilities.namespaces.as_ref().ok()?;
                let inside = format!(
                    "mount --bind \"$1\" \"$2\" && cd \"$3\" && shift 3 && umask {umask} && exec {prefix}\"$@\""
                );
                Step::new("unshare")
                    .args(["--map-root-user", "--mount", "sh", "-c", &inside, "replay"])
                    .arg(&b.root)
                    .arg(&a.root)
                    .arg(&command.cwd)
                    .arg(&command.program)
            } else {
                Step::new("sh")
                    .args([
                        "-c",
                        &format!("umask {umask}; exec {prefix}\"$@\""),
                        "replay",
                    ])
                    .arg(&command.program)
            }
        } else if settings.at == At::BAtA || settings.quiet != Quiet::default() {
            return None;
        } else {
            Step::new(&command.program)
        };
        let mut args = self.arguments(&command.args, &scratch, settings.expanded);
        args.extend(settings.strip.map(|value| format!("-Cstrip={value}")));
        let mut step = step.env_clear().current_dir(&command.cwd).args(args);
        let value_of = |name: &str| {
            let (in_a, in_b) = (self.subject.a.env.get(name), self.subject.b.env.get(name));
            let folder = in_a.or(in_b).is_some_and(|value| value.contains('/'));
            let of_b = match settings.at {
                At::A => settings.variables.contains(name),
                At::B => folder || settings.variables.contains(name),
                At::BAtA => !folder && settings.variables.contains(name),
            };
            if of_b && !settings.held.contains(name) {
                in_b
            } else {
                in_a
            }
        };
        let names: BTreeSet<&String> = self
            .subject
            .a
            .env
            .keys()
            .chain(self.subject.b.env.keys())
            .collect();
        for name in names
            .into_iter()
            .filter(|name| !OWN.contains(&name.as_str()))
        {
            if let Some(value) = value_of(name).filter(|_| settings.unset != Some(name.as_str())) {
                step = step.env(name, value);
            }
        }
        let host = if settings.host {
            b.conditions.host
        } else {
            a.conditions.host
        };
        let processors = if settings.processors {
            b.conditions.processors
        } else {
            a.conditions.processors
        };
        let base = Settings::default();
        let held = |mine: u64, base: u64| if settings.only.is_some() { base } else { mine };
        // The clock stands still, so that a time that is embedded differs only where the clock was
        // set.
        let number = |value: u64| value.to_string();
        let mut told = vec![
            (
                "REPRO_SEED",
                number(held(settings.seed.into(), base.seed.into())),
            ),
            (
                "REPRO_FREEZE",
                number(held(STANDSTILL + settings.clock, STANDSTILL)),
            ),
            (
                "REPRO_ORDER",
                number(held(settings.order.into(), base.order.into())),
            ),
            ("REPRO_HOST", host.to_owned()),
            ("REPRO_PROCESSORS", processors.to_string()),
        ];
        if let Some(library) = &settings.only {
            told.extend([
                ("REPRO_ONLY", library.to_string_lossy().into_owned()),
                ("REPRO_ONLY_SEED", settings.seed.to_string()),
                ("REPRO_ONLY_FREEZE", number(STANDSTILL + settings.clock)),
                ("REPRO_ONLY_ORDER", settings.order.to_string()),
            ]);
        }
        if settings.quiet.process || self.pins("process") {
            told.push(("REPRO_PROCESS", "4242".to_owned()));
        }
        if settings.luck > 0 {
            told.push(("REPRO_LUCK", settings.luck.to_string()));
        }
        if settings.quiet.threads || self.pins("threads") {
            told.push(("REPRO_PROMPT", "1".to_owned()));
        }
        if settings.quiet.addresses || self.pins("addresses") {
            told.push(("REPRO_STILL", "1".to_owned()));
        }
        let at = if settings.at == At::A { a } else { b };
        interposer::tell(&at.root, &told).ok()?;
        if settings.expanded {
            step = step.env("RUSTC_BOOTSTRAP", "1");
        }
        if self.subject.unit.is_none() {
            step = step.env("OUT_DIR", &scratch);
        }
        for (name, value) in &settings.forced {
            step = step.env(name, value);
        }
        let seen_place = if settings.at == At::A { a } else { b };
        let times = if settings.file_times {
            b.conditions.file_times
        } else {
            a.conditions.file_times
        };
        let shift = times != seen_place.conditions.file_times;
        if shift {
            self.shift_times(seen_place, times);
        }
        let history = if settings.history {
            b.conditions.history
        } else {
            a.conditions.history
        };
        let swapped = history != seen_place.conditions.history && seen_place.swap_history();
        let before = Kept::of(seen_place, &self.subject.written);
        let finished = self.cx.runner.run(step);
        let mut print = Print::default();
        for (name, path) in before.files() {
            if let Ok(bytes) = std::fs::read(path) {
                print.text(name, place.neutral(&String::from_utf8_lossy(&bytes)));
            }
        }
        before.put_back();
        if swapped {
            seen_place.swap_history();
        }
        if shift {
            self.shift_times(seen_place, seen_place.conditions.file_times);
        }
        let finished = finished
            .ok()
            .filter(release_gate::process::Finished::is_success)?;
        digests(&seen, &seen, place, &mut print);
        let said = String::from_utf8_lossy(&finished.stdout);
        if settings.expanded {
            // As it is: folders that are named in it are named in the output.
            print.text("(said)", said.into_owned());
        } else if self.subject.unit.is_none() {
            let said: Vec<&str> = said.lines().filter(|line| is_effective(line)).collect();
            let said = place.neutral(&said.join("\n"));
            // Logs and caches reach nobody.
            print.keep(|name| {
                is_native(name)
                    || self.subject.read.contains(name)
                    || said.contains(name)
                    || self.wrote(name)
            });
            print.text("(said)", said);
        }
        (!print.digests.is_empty()).then_some(print)
    }

    /// Whether a text is one of the sources that the build script writes.
    fn wrote(&self, name: &str) -> bool {
        self.subject
            .written
            .iter()
            .any(|path| path.to_string_lossy() == name)
    }

    /// Cargo's arguments with the output folder replaced.
    fn arguments(&self, args: &[String], scratch: &Path, expanded: bool) -> Vec<String> {
        let scratch = scratch.to_string_lossy().into_owned();
        let mut out = Vec::new();
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "--out-dir" {
                words.next();
                out.extend(["--out-dir".to_owned(), scratch.clone()]);
            } else if word.starts_with("--out-dir=") {
                out.push(format!("--out-dir={scratch}"));
            } else if expanded && word == "--emit" {
                words.next();
            } else if !(expanded && word.starts_with("--emit=")) {
                out.push(word.clone());
            }
        }
        if expanded {
            out.push("-Zunpretty=expanded".to_owned());
        }
        out
    }

    /// Sets the times of the package's files in a place, where they are the project's own.
    fn shift_times(&self, place: &Place, shift: Duration) {
        let own = self
            .subject
            .manifest_dir
            .as_ref()
            .and_then(|dir| dir.strip_prefix(&self.a.place.source).ok());
        if let Some(dir) = own {
            let epoch = u64::try_from(place.epoch()).unwrap_or_default();
            let _ = set_times(
                &place.source.join(dir),
                SystemTime::UNIX_EPOCH + Duration::from_secs(epoch) + shift,
            );
        }
    }
}
