//! SIGKILL in the middle of writing leaves either the old file or the new one.
//!
//! `RELEASE_GATES_KILLS=400 cargo test -p release-gates-tests --test it killed -- --nocapture` calls
//! so often and says how many of the calls were killed; without it, a few times a command, and
//! those that build everything twice are left out.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use release_gate::digest::sha256_bytes;
use release_gate::process::{Runner, Step};
use release_gates_tests::{TestEnv, fixtures, program};

/// Files whose content depends on what was written before them, or on the clock; they have to be
/// whole all the same.
const GROWING: [&str; 2] = ["manifest.json", "buildlog.jsonl"];

/// All files below a folder, by path.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

/// What each file may hold: what it held after a call that ended.
type Whole = BTreeMap<PathBuf, BTreeSet<String>>;

fn remember(whole: &mut Whole, root: &Path) {
    for (path, bytes) in files(root) {
        whole
            .entry(path)
            .or_default()
            .insert(sha256_bytes(&bytes).to_string());
    }
}

#[track_caller]
fn assert_whole(whole: &Whole, root: &Path, when: &str) {
    for (path, bytes) in files(root) {
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with('.') {
            continue; // a temporary file nobody reads
        }
        if GROWING.contains(&&*name) {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n');
            let mut documents = if *name == *"manifest.json" {
                vec![&bytes[..]]
            } else {
                lines.collect()
            }
            .into_iter();
            assert!(
                bytes.ends_with(b"\n")
                    && documents
                        .all(|text| serde_json::from_slice::<serde_json::Value>(text).is_ok()),
                "{when}: {} is torn",
                path.display()
            );
        } else {
            let digest = sha256_bytes(&bytes).to_string();
            let known = whole
                .get(&path)
                .is_some_and(|known| known.contains(&digest));
            assert!(
                known,
                "{when}: {} is neither the old file nor the new one",
                path.display()
            );
        }
    }
}

/// A project, and what its commands are given.
struct Target {
    env: TestEnv,
    dir: PathBuf,
    db: String,
    key: String,
    runner: Runner,
}

/// A command that writes.
struct Command {
    tool: &'static str,
    args: Vec<String>,
}

impl Command {
    fn new(tool: &'static str, args: &[&str]) -> Self {
        Self {
            tool,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }

    fn call(&self) -> String {
        format!("{} {}", self.tool, self.args.join(" "))
    }

    /// Whether it builds everything twice.
    fn is_slow(&self) -> bool {
        matches!(
            self.args.first().map(String::as_str),
            Some("check" | "rebuild")
        )
    }

    fn is_build(&self) -> bool {
        self.args.first().is_some_and(|arg| arg == "build")
    }

    /// Whether it makes the keyring, which may not be there then.
    fn is_init(&self) -> bool {
        self.args.iter().any(|arg| arg == "init")
    }
}

impl Target {
    fn new() -> Self {
        let env = TestEnv::new();
        let dir = env.project("demo", fixtures::DEMO);
        let db = fixtures::advisory_db(env.path()).display().to_string();
        let key = env.path().join("release.key").display().to_string();

        // Beside what is released, since that is verified, too.
        std::fs::create_dir_all(dir.join("target/release-gates/beside")).unwrap();
        let target = Self {
            env,
            dir,
            db,
            key,
            runner: Runner::new(),
        };

        let args = ["keygen", "--no-passphrase", "--out", &target.key];
        let keygen = Command::new("cargo-sign", &args);
        assert!(
            target
                .runner
                .run(target.step(&keygen))
                .unwrap()
                .is_success()
        );

        target
    }

    fn step(&self, command: &Command) -> Step {
        self.env
            .step(program(command.tool))
            .current_dir(&self.dir)
            .args(&command.args)
            .env("RELEASE_GATES_STATE_DIR", self.env.path().join("state"))
            .env("CARGO_NET_OFFLINE", "true")
    }

    fn keys(&self) -> PathBuf {
        self.dir.join("release-keys")
    }

    fn forget_keyring(&self, command: &Command) {
        if command.is_init() {
            let _ = std::fs::remove_file(self.keys().join("keyring.json"));
        }
    }

    /// Every command that writes, in the order in which each finds what it needs.
    fn commands(&self) -> Vec<Command> {
        let facts = "target/release-gates/demo-0.1.1";
        let [buildinfo, notes] =
            ["buildinfo.json", "RELEASE_NOTES.md"].map(|name| format!("{facts}/{name}"));
        let [vex, osv, notices] = ["demo.vex.json", "demo.osv.json", "NOTICES"]
            .map(|name| format!("target/release-gates/beside/{name}"));
        let public = format!("{}.pub", self.key);
        let (db, key) = (self.db.as_str(), self.key.as_str());
        let source = "https://git.example.org/demo";
        let attest = ["attest", "--key", key, "--source-uri", source, "--vsa"];
        let commands: [(&str, &[&str]); 17] = [
            ("cargo-sbom-lite", &["generate"]),
            ("cargo-sbom-lite", &["audit", "--db", db]),
            (
                "cargo-sbom-lite",
                &["audit", "--db", db, "--vex", &vex, "--osv", &osv],
            ),
            ("cargo-sbom-lite", &["licenses"]),
            ("cargo-sbom-lite", &["licenses", "--notices", &notices]),
            ("cargo-sbom-lite", &["pins"]),
            ("cargo-compat", &[]),
            ("cargo-repro", &["build"]),
            ("cargo-repro", &["check"]),
            ("cargo-repro", &["rebuild", "--buildinfo", &buildinfo]),
            ("cargo-relnotes", &["--phase", "draft"]),
            ("cargo-relnotes", &["docs"]),
            (
                "cargo-sign",
                &["keys", "init", "--key", key, "--name", "ada"],
            ),
            (
                "cargo-sign",
                &["pack", "--key", key, "--zip", "--despite-refusals"],
            ),
            ("cargo-sign", &attest),
            ("cargo-sign", &["verify", "--key", &public]),
            ("cargo-sign", &["sign", "--key", key, &notes]),
        ];

        let commands = commands.into_iter();

        commands
            .map(|(tool, args)| Command::new(tool, args))
            .collect()
    }

    /// Calls it until it ended twice: the second call finds what the first left, and may have that
    /// to say. Returns what files may hold, and how long the second call took.
    fn learn(&self, command: &Command, watched: &Path) -> (Whole, Duration) {
        let mut whole = Whole::new();
        remember(&mut whole, watched);
        let mut took = Duration::ZERO;
        for _ in 0..2 {
            self.forget_keyring(command);
            let clock = Instant::now();
            let ran = self.runner.run(self.step(command)).unwrap();
            took = clock.elapsed();
            if command.is_build() {
                let info = "target/release-gates/demo-0.1.1/buildinfo.json";
                assert!(self.dir.join(info).is_file());
            }
            let said = format!(
                "{}{}",
                ran.stderr_text(),
                String::from_utf8_lossy(&ran.stdout)
            );
            assert!(ran.is_success(), "{}: {said}", command.call());
            remember(&mut whole, watched);
        }
        (whole, took)
    }

    /// Kills it so often at different moments; returns how often it was called and killed.
    fn kill(&self, command: &Command, watched: &Path, times: u32) -> (u32, u32) {
        let (whole, mut took) = self.learn(command, watched);
        let (mut called, mut killed) = (0, 0);

        // As often as it is wanted, and until it was killed at all: a machine that was busy when
        // the call was timed is quicker now.
        for attempt in 0..times * 4 {
            if attempt >= times && killed > 0 {
                break;
            }
            // Spread over the whole call, and a little more densely near its end, where files are
            // written.
            let at = f64::from(attempt % times + 1) / f64::from(times + 1);
            let after = took.mul_f64(at.sqrt()).max(Duration::from_millis(1));
            self.forget_keyring(command);
            let step = self.step(command).timeout(after);
            let finished = self.runner.run(step).unwrap();
            called += 1;
            killed += u32::from(finished.timed_out);
            if !finished.timed_out {
                took = took.min(finished.elapsed);
            }
            let when = format!("{}, killed after {after:?}", command.call());
            assert_whole(&whole, watched, &when);
        }

        (called, killed)
    }
}

#[test]
fn every_file_is_whole_whenever_a_command_is_killed() {
    let target = Target::new();
    let folder = target.dir.join("target/release-gates");
    let keys = target.keys();
    let wanted: u32 = std::env::var("RELEASE_GATES_KILLS")
        .ok()
        .map_or(45, |text| text.parse().unwrap());
    let mut commands = target.commands();
    commands.retain(|command| wanted >= 100 || !command.is_slow());
    let each = wanted.div_ceil(u32::try_from(commands.len()).unwrap());

    let (mut all_called, mut all_killed) = (0, 0);
    for command in commands {
        let watched = if command.is_init() { &keys } else { &folder };
        let (called, killed) = target.kill(&command, watched, each);
        assert!(killed > 0, "{} was never killed in time", command.call());
        println!("{}: killed {killed} times", command.call());
        all_called += called;
        all_killed += killed;

        // And nothing that was left stands in the way of the next call.
        target.forget_keyring(&command);
        let ran = target.runner.run(target.step(&command)).unwrap();
        assert!(
            ran.is_success(),
            "{}, after it was killed: {}",
            command.call(),
            ran.stderr_text()
        );
        if command.is_init() {
            std::fs::remove_dir_all(&keys).unwrap(); // it would make the tree dirty
        }
    }
    assert!(
        all_killed * 3 > all_called,
        "only {all_killed} of {all_called} calls were killed in time"
    );
    println!("{all_killed} of {all_called} calls were killed");
}

/// The same for the writer alone, where the window can be hit: a child replaces one large file
/// again and again.
#[test]
fn a_large_file_is_never_torn() {
    let env = TestEnv::new();
    let file = env.path().join("document");
    for attempt in 0..12u64 {
        let step = env
            .step(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "killed::writes_until_it_is_killed"])
            .env("RELEASE_GATES_TEST_FILE", &file)
            .timeout(Duration::from_millis(150 + attempt * 17));
        let finished = Runner::new().run(step).unwrap();
        assert!(finished.timed_out, "{finished:?}");
        let bytes = std::fs::read(&file).unwrap();
        let first = bytes[0];
        assert!(
            bytes.len() == 4 << 20 && bytes.iter().all(|byte| *byte == first),
            "torn after attempt {attempt}"
        );
    }
}

#[test]
#[ignore = "the child of the test above; alone it would never end"]
fn writes_until_it_is_killed() {
    let Some(file) = std::env::var_os("RELEASE_GATES_TEST_FILE") else {
        return;
    };
    for letter in (b'a'..=b'z').cycle() {
        release_gate::fs::write_atomic(Path::new(&file), &vec![letter; 4 << 20]).unwrap();
    }
}
