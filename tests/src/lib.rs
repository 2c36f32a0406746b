//! A hermetic place to run the five programs in, and the projects they are run on.
//!
//! Every test gets a folder of its own with its own HOME, git configuration and clock; only cargo's
//! download cache and the toolchains are shared with the machine. Nothing here asserts: tests do.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

pub mod bench;
pub mod fixtures;
pub mod registry;
pub mod whole;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use release_gate::process::{Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

/// The five programs and their cargo subcommands.
pub const TOOLS: [(&str, &str); 5] = [
    ("cargo-repro", "repro"),
    ("cargo-sbom-lite", "sbom-lite"),
    ("cargo-sign", "sign"),
    ("cargo-compat", "compat"),
    ("cargo-relnotes", "relnotes"),
];

/// Seconds since 1970 of the first commit; each further one is a day later.
pub const FIRST_COMMIT: i64 = 1_700_000_000;

/// Where the programs under test are, built once for the whole test run: the five, and `xtask`.
pub fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut step = Step::cargo()
            .inherit_network_env()
            .current_dir(repository());
        step = step.args([
            "build",
            "--locked",
            "--message-format",
            "json-render-diagnostics",
        ]);
        for package in TOOLS.map(|(tool, _)| tool).into_iter().chain(["xtask"]) {
            step = step.args(["-p", package]);
        }
        let finished = Runner::new().run(step).unwrap().success().unwrap();
        let messages = finished
            .stdout
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        messages
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .collect()
    });

    built
        .iter()
        .find(|path| path.file_stem() == Some(OsStr::new(name)))
        .unwrap()
        .clone()
}

/// PATH with these folders before the machine's own.
pub fn path_after(first: impl IntoIterator<Item = PathBuf>) -> OsString {
    let machine = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(first.into_iter().chain(std::env::split_paths(&machine))).unwrap()
}

/// PATH as after `cargo install`: the five programs, and what the machine has.
pub fn path_with_programs() -> OsString {
    path_after(TOOLS.map(|(tool, _)| program(tool).parent().unwrap().to_owned()))
}

/// Programs that no package of Debian brings, so that `.ci/run` cannot install them. Where they are
/// missing, the test says so and is counted, and does not fail.
const NOT_PACKAGED: &[&str] = &["mdbook", "slsa-verifier"];

/// Whether the machine has a program that a test needs. Where it has not, the test is to be left:
/// a line on standard error says so, and under `CI=true` the test fails, so that no check is
/// skipped in silence.
///
/// # Panics
/// The program is missing and `CI` is `true`.
pub fn required(program: &str) -> bool {
    if has(program) {
        return true;
    }
    skipped(&format!("`{program}` is not on this machine"));
    let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(
        !in_ci || NOT_PACKAGED.contains(&program),
        "`{program}` is needed by this test; .ci/run has to install it"
    );
    false
}

/// Says that the running test left something out, and why. `cargo xtask test` counts these lines.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // Written to the stream itself: what the macros print is kept by the harness of tests.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// Whether the machine has a program.
fn has(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file())
}

/// A step whose commits and tags are Ada's, made `day` days after the first.
pub fn as_ada(step: Step, day: i64) -> Step {
    let date = format!("{} +0000", FIRST_COMMIT + day * 86_400);
    ["AUTHOR", "COMMITTER"].iter().fold(step, |step, who| {
        step.env(format!("GIT_{who}_NAME"), "Ada")
            .env(format!("GIT_{who}_EMAIL"), "ada@example.org")
            .env(format!("GIT_{who}_DATE"), &date)
    })
}

/// The suite's own repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A folder, an environment, and the projects made in it.
#[derive(Debug)]
pub struct TestEnv {
    dir: TempDir,
    runner: Runner,
}

/// What a program left behind.
#[derive(Debug)]
#[must_use = "a result that nobody looks at tests nothing"]
pub struct Ran {
    /// Exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as the one JSON object it has to be.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

impl Default for TestEnv {
    fn default() -> Self {
        Self::new()
    }
}

impl TestEnv {
    /// An empty one.
    pub fn new() -> Self {
        Self::named("release-gates-e2e-")
    }

    /// An empty one whose folder's name starts so.
    pub fn named(prefix: &str) -> Self {
        let dir = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        Self {
            dir,
            runner: Runner::new(),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A step in this environment.
    pub fn step(&self, program: impl AsRef<OsStr>) -> Step {
        let home = self.dir.path().join("home");
        // HOME is private; what lies below the real one and is needed is named.
        let real = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        let or_default = |name: &str, folder: &str| {
            std::env::var_os(name).map_or_else(|| real.join(folder), PathBuf::from)
        };
        Step::new(program)
            .env("CARGO_HOME", or_default("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", or_default("RUSTUP_HOME", ".rustup"))
            .inherit_network_env()
            .env("HOME", &home)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("CARGO_TARGET_DIR")
    }

    /// A script as the platforms run their steps: without anybody's start-up files, ended by the
    /// first command that fails.
    pub fn bash(&self, script: &str) -> Step {
        self.step("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
    }

    /// Runs one of the five in a folder of this environment.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        dir: &Path,
        tool: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Ran {
        self.run_step(self.step(program(tool)).current_dir(dir).args(args))
    }

    /// Runs a prepared step.
    pub fn run_step(&self, step: Step) -> Ran {
        let finished = self.runner.run(step).unwrap();
        Ran {
            code: finished.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&finished.stderr).into_owned(),
        }
    }

    /// Runs git with a fixed identity; `day` sets the clock.
    pub fn git(&self, dir: &Path, day: i64, args: &[&str]) -> String {
        let step = self.step("git").current_dir(dir).args([
            "-c",
            "commit.gpgSign=false",
            "-c",
            "tag.gpgSign=false",
        ]);
        let finished = self
            .runner
            .run(as_ada(step, day).args(args))
            .unwrap()
            .success()
            .unwrap();
        String::from_utf8_lossy(&finished.stdout).trim().to_owned()
    }

    /// Makes a project with one commit a version, tagged `v<version>`, and returns its folder. Each
    /// step's files replace those of the step before; a lock file is made for each.
    pub fn project(&self, name: &str, steps: &[fixtures::Step<'_>]) -> PathBuf {
        let dir = self.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        self.git(&dir, 0, &["init", "--quiet", "--initial-branch=main"]);
        for (day, step) in (0..).zip(steps) {
            fixtures::write_all(&dir, step.files);
            let lock = self.step("cargo").current_dir(&dir).args([
                "generate-lockfile",
                "--offline",
                "--quiet",
            ]);
            self.runner.run(lock).unwrap().success().unwrap();
            self.git(&dir, day, &["add", "--all"]);
            self.git(
                &dir,
                day,
                &["commit", "--quiet", "--allow-empty", "-m", step.message],
            );
            if let Some(tag) = step.tag {
                self.git(&dir, day, &["tag", "-a", "-m", tag, tag]);
            }
        }
        dir
    }
}
