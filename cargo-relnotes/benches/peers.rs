//! `cargo xtask bench relnotes`: one release and a whole history of a large repository, beside `git
//! log -z` and git-cliff in the same run.
//!
//! Arguments: `[--quick] [--commits N] [--runs N] [REPOSITORY…]`. Without repositories a synthetic
//! one is made (linear, a tag for every thousand commits). Ours includes the git processes we
//! started; how long it takes beyond them is said, too.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cargo_relnotes::compose::release::{Request, Sources, compose_release};
use cargo_relnotes::compose::target::Target;
use cargo_relnotes::model::account::{self, Policy};
use cargo_relnotes::model::config::Config;
use cargo_relnotes::model::corrections::Corrections;
use cargo_relnotes::model::folders::Location;
use cargo_relnotes::model::fragments::Fragments;
use cargo_relnotes::model::manifest::Manifest;
use cargo_relnotes::model::range::Span;
use cargo_relnotes::model::reverts::Known;
use cargo_relnotes::model::sections::Table;
use cargo_relnotes::read::history;
use cargo_relnotes::report::notes;
use release_gate::Tool;
use release_gate::artifacts::ArtifactDir;
use release_gate::git::Git;
use release_gate::process::{Runner, Step};
use release_gate::report::Subject;
use release_gates_tests::bench::{Measure, measured, median, shown};

const TOOL: Tool = cargo_relnotes::TOOL;

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .peekable();

    let (mut commits, mut runs, mut repositories) = (300_000_usize, 5_usize, Vec::new());
    let mut history_of: Option<PathBuf> = None;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (commits, runs) = (3_000, 1),
            "--commits" => commits = args.next().unwrap().parse().unwrap(),
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            "--whole-history" => history_of = args.next().map(PathBuf::from),
            path => repositories.push(PathBuf::from(path)),
        }
    }

    if let Some(path) = history_of {
        return whole_history(&path);
    }
    let throw_away = tempfile::tempdir().unwrap();
    if repositories.is_empty() {
        let path = throw_away.path().join("synthetic");
        synthetic(&path, commits);
        repositories.push(path);
    }

    for path in repositories {
        measure(&path, runs, throw_away.path());
    }
}

fn git(path: &Path) -> Git {
    Git::discover(path, &Runner::new())
        .unwrap()
        .unwrap_or_else(|| panic!("{} is no repository with a work tree", path.display()))
}

fn measure(path: &Path, runs: usize, scratch: &Path) {
    let plain = git(path);
    let head = plain.head().unwrap().unwrap();
    let count = history::count(&plain, &Span::all(head.clone())).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let peer = |args: &[&str]| {
        // It says what it made on standard output; ten minutes are enough for anything that is used
        // at releases.
        let words = ["timeout", "600", "git-cliff", "--offline", "--no-exec"];
        let ran = measured(path, &[&words, args].concat());
        match ran.map(|ran| (ran.finished.status.code(), ran.wall)) {
            Some((Some(0), wall)) => (Some(wall), String::new()),
            Some((Some(124), _)) => (None, "not done after ten minutes".to_owned()),
            Some((code, _)) => (None, format!("failed ({code:?})")),
            None => (None, String::new()),
        }
    };

    for first_timers in [false, true] {
        let (mut wall, mut beyond, mut lines) = (Vec::new(), Vec::new(), 0);
        for _ in 0..runs {
            let runner = Runner::new();
            let clock = Instant::now();
            let git = Git::discover(path, &runner).unwrap().unwrap();
            lines = one_release(&git, scratch, first_timers);
            let all = clock.elapsed();
            let inside: Duration = runner.records().iter().map(|record| record.elapsed).sum();
            beyond.push(all.saturating_sub(inside));
            wall.push(all);
        }
        let also = if first_timers {
            ", with first-time contributors"
        } else {
            ""
        };
        let mut row = Measure::of(format!(
            "notes of the newest release of {name}, {count} commits{also}"
        ));
        let more = format!(
            "{} of it beyond git, {lines} lines",
            shown(median(beyond).unwrap())
        );
        row.time("cargo relnotes", median(wall), &more);
        if !first_timers {
            let (time, why) = peer(&["--latest"]);
            row.time("git-cliff --latest", time, &why);
        }
    }

    // In a process of its own, so that its peak memory can be told.
    let me = std::env::current_exe().unwrap();
    let words = [me.as_os_str(), "--whole-history".as_ref(), path.as_os_str()];
    let ran = measured(Path::new("."), &words).unwrap();
    let said = ran.finished.success().unwrap();
    let mut row = Measure::of(format!("every commit of {name}"));
    row.time(
        "cargo relnotes",
        Some(ran.wall),
        String::from_utf8_lossy(&said.stdout).trim(),
    );
    let clock = Instant::now();
    let bytes = plain
        .plumbing([
            "log",
            "-z",
            "--format=%H%x00%P%x00%aN%x00%aE%x00%ct%x00%B",
            "HEAD",
        ])
        .unwrap()
        .len();
    row.time(
        "git log -z, all fields",
        Some(clock.elapsed()),
        &format!("{} MB", bytes / 1_000_000),
    );
    let (time, why) = peer(&[]);
    row.time("git-cliff", time, &why);
}

/// Notes of `HEAD` since the tag before, from the first call of git to the finished text.
fn one_release(git: &Git, scratch: &Path, first_timers: bool) -> usize {
    let commit = git.head().unwrap().unwrap();
    let target = Target {
        package: "bench".into(),
        manifest: Manifest::default(),
        version: "99999.0.0".parse().unwrap(),
        uncommitted: false,
        subject: Subject {
            commit: Some(commit.clone()),
            ..Subject::default()
        },
        commit,
        location: Location::default(),
        is_library: false,
    };

    let config = Config {
        first_timers: Some(first_timers),
        ..Config::default()
    };

    let folder = ArtifactDir::new(scratch, &TOOL).for_package("bench", "99999.0.0");
    let sources = Sources {
        cache: None,
        git,
        folder: &folder,
        advisories: None,
    };

    let release = compose_release(&sources, &target, &config, &Request::default()).unwrap();
    notes::render(&release).unwrap();

    release.changes.accounting.entries.len()
}

/// Reads and accounts for every commit there is, and says what it took.
fn whole_history(path: &Path) {
    let git = git(path);
    let head = git.head().unwrap().unwrap();
    let clock = Instant::now();
    let commits = history::commits(&git, &Span::all(head)).unwrap();
    let read = clock.elapsed();
    let table = Table::default();
    let policy = Policy {
        table: &table,
        rows: None,
        corrections: &Corrections::default(),
        fragments: &Fragments::new(),
    };
    let reverts = account::reverts(&commits, &table);
    let sums = account::account(&commits, policy, &reverts, &Known::default()).sums();
    let total = clock.elapsed();
    assert_eq!(sums.total, commits.len() as u64);
    println!(
        "{} to read, {} to account, peak memory {}",
        shown(read),
        shown(total - read),
        peak_memory()
    );
}

/// The high-water mark of this process, where the system tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|text| text.trim().parse::<u64>().ok());
    kib.map_or_else(
        || "unknown here".to_owned(),
        |kib| format!("{} MB", kib * 1024 / 1_000_000),
    )
}

/// A linear history through `git fast-import`, with messages as they are written.
fn synthetic(path: &Path, commits: usize) {
    let run = |step: Step| {
        Runner::new()
            .run(step.env("GIT_CONFIG_GLOBAL", "/dev/null"))
            .unwrap()
            .success()
            .unwrap()
    };
    run(Step::new("git")
        .args(["init", "--quiet", "--initial-branch=main"])
        .arg(path));
    let kinds = [
        "feat",
        "fix",
        "chore",
        "docs",
        "perf",
        "feat(parser)",
        "fix(cli)",
        "refactor",
    ];
    let mut stream = String::with_capacity(commits * 320);
    for number in 0..commits {
        let message = format!(
            "{}: change number {number} of `Thing<{number}>` (#{number})\n\nA paragraph that says why this was done, as people do.\n\nSigned-off-by: Author {} <a{}@example.com>\n",
            kinds[number % kinds.len()],
            number % 500,
            number % 500
        );
        let who = format!(
            "Author {} <a{}@example.com> {} +0000",
            number % 500,
            number % 500,
            1_000_000_000 + number * 60
        );
        let content = format!("{number}\n");
        write!(
            stream,
            "commit refs/heads/main\nmark :{}\nauthor {who}\ncommitter {who}\ndata {}\n{message}\nM 100644 inline f{}\ndata {}\n{content}\n",
            number + 1,
            message.len(),
            number % 100,
            content.len()
        )
        .unwrap();
        if number % 1_000 == 999 && number + 1 < commits {
            write!(
                stream,
                "reset refs/tags/v1.{}.0\nfrom :{}\n\n",
                number / 1_000,
                number + 1
            )
            .unwrap();
        }
    }
    run(Step::new("git")
        .arg("-C")
        .arg(path)
        .args(["fast-import", "--quiet"])
        .stdin(stream));
}
