//! What the gates' benchmarks (`<gate>/benches/peers.rs`) share: rows of one table, processes that
//! are measured, and published packages as input. `cargo xtask bench` reads the rows; a peer that
//! is not there gets a row that says so.
#![expect(clippy::print_stdout, reason = "rows are what a benchmark is for")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use release_gate::process::{Finished, Runner, Step};
use serde_json::Value;

/// One thing that is measured; its first row is the gate's own.
#[derive(Debug)]
pub struct Measure {
    what: String,
    own: Option<Duration>,
}

impl Measure {
    /// Names what is measured.
    pub fn of(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            own: None,
        }
    }

    /// A tool's time; `more` is said behind it. `None`: it gave no result, and `more` says why.
    pub fn time(&mut self, tool: &str, time: Option<Duration>, more: &str) {
        let Some(time) = time else {
            return self.said(
                tool,
                if more.is_empty() {
                    "not installed"
                } else {
                    more
                },
            );
        };

        let share = self.own.map(
            |own| match own.as_secs_f64() / time.as_secs_f64().max(1e-9) {
                share if share < 0.005 => "< 0.01".to_owned(),
                share => format!("{share:.2}"),
            },
        );

        self.own.get_or_insert(time);
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(", {more}")
        };

        self.row(
            tool,
            &format!("{}{more}", shown(time)),
            &share.unwrap_or_default(),
        );
    }

    /// A result that is not a time.
    pub fn said(&self, tool: &str, result: &str) {
        self.row(tool, result, "");
    }

    fn row(&self, tool: &str, result: &str, share: &str) {
        println!("{}\t{tool}\t{result}\t{share}", self.what);
    }
}

/// `0.34 s`, `54 ms`, `5.8 ms`.
pub fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.2} s"),
        seconds if seconds >= 0.01 => format!("{:.0} ms", seconds * 1000.0),
        seconds => format!("{:.1} ms", seconds * 1000.0),
    }
}

/// The middle one.
pub fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

/// A process that ended.
#[derive(Debug)]
pub struct Ran {
    /// From start to end.
    pub wall: Duration,
    /// User and system time of it and its children.
    pub cpu: Duration,
    /// Its end.
    pub finished: Finished,
}

/// Runs a program with the caller's environment, but for the target folder. `None`: there is no
/// such program.
pub fn measured(dir: &Path, words: &[impl AsRef<OsStr>]) -> Option<Ran> {
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    let step = Step::new("bash")
        .inherit(names)
        .args(["-c", "\"$@\"; code=$?; times >&2; exit $code", "measure"])
        .args(words)
        .current_dir(dir)
        .env_remove("CARGO_TARGET_DIR");
    let clock = Instant::now();
    let finished = Runner::new().run(step).unwrap();
    let wall = clock.elapsed();
    let known = finished.status.code() != Some(127);
    known.then(|| Ran {
        wall,
        cpu: processor(&finished.stderr_text()),
        finished,
    })
}

/// The median of several runs of a program, on the clock or of the processors. `None`: it is not
/// there, or ended otherwise than it may.
pub fn repeated(
    runs: usize,
    dir: &Path,
    words: &[impl AsRef<OsStr>],
    of: fn(&Ran) -> Duration,
    may_end: &[i32],
) -> Option<Duration> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let ran = measured(dir, words)?;
        if !ran
            .finished
            .status
            .code()
            .is_some_and(|code| may_end.contains(&code))
        {
            return None;
        }
        times.push(of(&ran));
    }
    median(times)
}

/// The last line of `times`: user and system time of the children, `0m1.234s 0m0.567s`.
fn processor(text: &str) -> Duration {
    let line = text
        .lines()
        .rev()
        .find(|line| line.contains('m') && line.ends_with('s'))
        .unwrap_or_default();
    let seconds = |word: &str| -> f64 {
        let (minutes, rest) = word
            .trim_end_matches('s')
            .split_once('m')
            .unwrap_or(("0", "0"));
        minutes.parse::<f64>().unwrap_or(0.0) * 60.0 + rest.parse::<f64>().unwrap_or(0.0)
    };
    Duration::from_secs_f64(line.split_whitespace().map(seconds).sum())
}

/// A published package's source, copied below `dir`; cargo downloads it. `None`: it cannot be had,
/// as without a network.
pub fn published(dir: &Path, name: &str, version: &str) -> Option<PathBuf> {
    let asks = dir.join(format!("asks-{name}-{version}"));
    std::fs::create_dir_all(asks.join("src")).unwrap();
    std::fs::write(asks.join("src/lib.rs"), "").unwrap();
    let manifest = format!(
        "[package]\nname = \"asks\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{name} = \"={version}\"\n"
    );
    std::fs::write(asks.join("Cargo.toml"), manifest).unwrap();
    let metadata = measured(&asks, &["cargo", "metadata", "--format-version", "1"])?
        .finished
        .success()
        .ok()?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let found = metadata["packages"]
        .as_array()?
        .iter()
        .find(|one| one["name"] == name)?;
    let source = Path::new(found["manifest_path"].as_str()?).parent()?;
    let copy = dir.join(format!("{name}-{version}"));
    assert!(
        measured(
            dir,
            &[
                OsStr::new("cp"),
                "-r".as_ref(),
                source.as_ref(),
                copy.as_ref()
            ]
        )
        .is_some()
    );
    // What cargo's own copy of the package is known by.
    let _ = std::fs::remove_file(copy.join(".cargo-ok"));
    let _ = std::fs::remove_file(copy.join(".cargo_vcs_info.json"));
    Some(copy)
}

/// Makes a folder a repository of one commit.
pub fn committed(dir: &Path) {
    let script = "git init -q && git add -A -f && git -c user.name=x -c user.email=x@example.org -c commit.gpgsign=false commit -q -m x";
    assert!(
        measured(dir, &["sh", "-c", script])
            .unwrap()
            .finished
            .is_success()
    );
}
