//! `cargo xtask bench repro`: judging a pair of large files beside diffoscope and `cmp`, causes that hide by luck beside naive
//! rebuilding, and with `PROJECT…` what `check` costs beside one clean build of the same project, what the interposer costs a build,
//! and how long one root takes to be explained, all in the same run.
//!
//! Arguments: `[--mib N] [--macros N] [--rounds N] [PROJECT…]`. Peers that are not installed are said to be missing. Processor times are those
//! of all child processes together, as the shell's `times` gives them.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use release_gate::process::{Finished, Runner, Step};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut mib, mut macros, mut rounds, mut projects) = (100_usize, 100_usize, 3_usize, Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--mib" => mib = args.next().unwrap().parse().unwrap(),
            "--macros" => macros = args.next().unwrap().parse().unwrap(),
            "--rounds" => rounds = args.next().unwrap().parse().unwrap(),
            path => projects.push(PathBuf::from(path)),
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    if mib > 0 {
        pair(scratch.path(), mib);
    }
    if macros > 0 {
        luck(scratch.path(), macros);
    }
    for project in projects {
        let wall = cost(scratch.path(), &project, rounds);
        attribution(scratch.path(), &project, wall);
    }
}

/// A shell that measures: wall-clock time, processor time and peak memory of what it starts.
fn measured(dir: &Path, words: &[&str]) -> (Duration, Duration, Finished) {
    let clock = Instant::now();
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    let step = Step::new("bash")
        .inherit(names)
        .args(["-c", "\"$@\"; code=$?; times >&2; exit $code", "measure"])
        .args(words)
        .current_dir(dir)
        .env_remove("CARGO_TARGET_DIR");
    let finished = Runner::new().run(step).unwrap();
    (clock.elapsed(), processor(&finished.stderr_text()), finished)
}

/// The last line of `times`: user and system time of the children, `0m1.234s 0m0.567s`.
fn processor(text: &str) -> Duration {
    let line = text.lines().rev().find(|line| line.contains('m') && line.ends_with('s')).unwrap_or_default();
    let seconds = |word: &str| -> f64 {
        let (minutes, rest) = word.trim_end_matches('s').split_once('m').unwrap_or(("0", "0"));
        minutes.parse::<f64>().unwrap_or(0.0) * 60.0 + rest.parse::<f64>().unwrap_or(0.0)
    };
    Duration::from_secs_f64(line.split_whitespace().map(seconds).sum())
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Two executables of a given size: this program, blown up by a section of its own bytes, with three bytes changed, or shifted.
fn pair(dir: &Path, mib: usize) {
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let mut padding = Vec::with_capacity(mib << 20);
    while padding.len() + own.len() < mib << 20 {
        padding.extend_from_slice(&own);
    }
    std::fs::write(dir.join("padding"), &padding).unwrap();
    std::fs::write(dir.join("own"), &own).unwrap();
    let add = ["objcopy", "--add-section", ".ballast=padding", "own", "a"];
    let made = measured(dir, &add).2;
    if !made.is_success() {
        println!("objcopy is missing, so no large pair can be made");
        return;
    }
    let mut bytes = std::fs::read(dir.join("a")).unwrap();
    let middle = bytes.len() / 2;
    for at in [middle, middle + 5_000_000, middle + 10_000_000] {
        bytes[at] ^= 1;
    }
    std::fs::write(dir.join("three"), &bytes).unwrap();
    padding.splice(1000..1000, *b"/home/somebody/else/");
    std::fs::write(dir.join("padding"), &padding).unwrap();
    measured(dir, &["objcopy", "--add-section", ".ballast=padding", "own", "shifted"]);
    for (what, other) in [("three bytes changed", "three"), ("20 bytes inserted", "shifted")] {
        println!("\na pair of {} MiB executables, {what}:", bytes.len() >> 20);
        let (wall, cpu, finished) = measured(dir, &[PROGRAM, "diff", "a", other, "--color", "never"]);
        let places = String::from_utf8_lossy(&finished.stdout).lines().count();
        println!(
            "  cargo repro diff: {} ({} of processor time), {places} lines, peak {} MB",
            seconds(wall),
            seconds(cpu),
            peak(dir, other)
        );
        let (wall, _, _) = measured(dir, &["sh", "-c", "cmp -l a \"$0\" | wc -l", other]);
        println!("  cmp -l: {}, names no section", seconds(wall));
        let (wall, _, finished) = measured(dir, &["timeout", "600", "diffoscope", "a", other]);
        match finished.status.code() {
            Some(127) => println!("  diffoscope: not installed"),
            code => println!("  diffoscope: {} (exit code {code:?})", seconds(wall)),
        }
    }
}

/// Peak memory in MB, as the kernel says of the process when it has ended; the shell waits for it alone.
fn peak(dir: &Path, other: &str) -> String {
    let script = "import resource, subprocess, sys\nsubprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)";
    let (_, _, finished) = measured(dir, &["python3", "-c", script, PROGRAM, "diff", "a", other]);
    String::from_utf8_lossy(&finished.stdout).trim().to_owned()
}

/// Packages whose macro depends on random numbers one time in seven: two builds of one agree three times in four.
fn luck(dir: &Path, macros: usize) {
    let root = dir.join("luck");
    let put = |path: String, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}")
    };
    put("Cargo.toml".to_owned(), "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
    put("crates/dice/Cargo.toml".to_owned(), &manifest("dice", "[lib]\nproc-macro = true\n"));
    let dice = "use std::hash::BuildHasher;\n#[proc_macro]\npub fn said(of: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \
                let odd = std::collections::hash_map::RandomState::new().hash_one(of.to_string()) % 7 == 0;\n    \
                odd.to_string().parse().unwrap()\n}\n";
    put("crates/dice/src/lib.rs".to_owned(), dice);
    for n in 0..macros {
        let name = format!("player-{n}");
        put(
            format!("crates/{name}/Cargo.toml"),
            &manifest(&name, "[dependencies]\ndice = { path = \"../dice\" }\n"),
        );
        put(format!("crates/{name}/src/lib.rs"), &format!("pub const SAID: bool = dice::said!({n});\n"));
    }
    let git = "cargo generate-lockfile --offline -q && git init -q && git add -A && git -c user.name=x -c user.email=x@example.org \
               -c commit.gpgsign=false commit -q -m x";
    assert!(measured(&root, &["sh", "-c", git]).2.is_success());
    let facts = dir.join("facts");
    let words =
        [PROGRAM, "check", "--workspace", "--offline", "-q", "--artifact-dir", facts.to_str().unwrap()];
    let (wall, _, _) = measured(&root, &words);
    let (mut found, mut naive) = (0, 0);
    for n in 0..macros {
        let report = std::fs::read(facts.join(format!("player-{n}-1.0.0/repro.json"))).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        let named = report["data"]["causes"].as_array().unwrap().iter().any(|cause| {
            cause["variation"] == "entropy"
                && cause["package"] == "dice 1.0.0"
                && cause["unit"] == "proc-macro"
        });
        found += usize::from(named && report["status"] == "fail");
        naive += usize::from(
            report["data"]["artifacts"].as_array().unwrap().iter().any(|one| one["identical"] == false),
        );
    }
    println!(
        "\n{macros} packages with a macro that is not deterministic one time in seven ({}):",
        seconds(wall)
    );
    println!("  cargo repro check names the macro in {found}");
    println!("  building twice and comparing shows a difference in {naive}");
}

/// The middle one, and how far the outermost are apart in hundredths of it.
fn median(mut times: Vec<Duration>) -> (Duration, f64) {
    times.sort();
    let middle = times[times.len() / 2];
    let spread = (times[times.len() - 1] - times[0]).as_secs_f64() / middle.as_secs_f64().max(0.001);
    (middle, spread * 100.0)
}

/// What `check` costs beside one clean build, and what the interposer costs a build; the wall-clock time of a build.
fn cost(dir: &Path, project: &Path, rounds: usize) -> Duration {
    let name = project.file_name().unwrap().to_string_lossy().into_owned();
    let target = dir.join("target");
    let facts = dir.join("cost");
    let fetch = measured(project, &["cargo", "fetch", "--locked"]).2;
    assert!(fetch.is_success(), "{}", fetch.stderr_text());
    let library = dir.join("interposer.so");
    std::fs::write(dir.join("interposer.c"), include_str!("../src/sealed/interposer.c")).unwrap();
    let compile = ["cc", "-shared", "-fPIC", "-O2", "-o", "interposer.so", "interposer.c", "-ldl"];
    assert!(measured(dir, &compile).2.is_success());
    let build = "exec cargo build --release --locked --offline -q --target-dir \"$0\"";
    let log = dir.join("asked");
    let asked = format!(
        "export LD_PRELOAD={} REPRO_CLOCK=0 REPRO_ORDER=1 REPRO_HOST=x REPRO_PROCESSORS=0 REPRO_LOG={}; {build}",
        library.display(),
        log.display()
    );
    let check = [PROGRAM, "check", "--offline", "-q", "--artifact-dir", facts.to_str().unwrap()];
    let (mut plain, mut with, mut checks, mut walls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut ended = Vec::new();
    // One of each in turn, so that what else the machine does falls on all.
    for _ in 0..rounds.max(1) {
        for (script, times) in [(build, &mut plain), (asked.as_str(), &mut with)] {
            let (wall, cpu, built) = measured(project, &["sh", "-c", script, target.to_str().unwrap()]);
            assert!(built.is_success(), "{}", built.stderr_text());
            std::fs::remove_dir_all(&target).unwrap();
            times.push(cpu);
            if script == build {
                walls.push(wall);
            }
        }
        let (_, cpu, checked) = measured(project, &check);
        checks.push(cpu);
        ended.push(match checked.status.code() {
            Some(0) => "passed",
            Some(100) => "differs",
            _ => "not judged",
        });
    }
    let ((once, spread), (with, _), (all, _)) = (median(plain), median(with), median(checks));
    let ratio = |time: Duration| time.as_secs_f64() / once.as_secs_f64().max(0.001);
    println!(
        "\n{name}, medians of {} rounds, processor time; clean builds are {spread:.1} % apart:",
        rounds.max(1)
    );
    println!("  one clean build: {}", seconds(once));
    println!("  the same with the interposer: {} ({:+.1} %)", seconds(with), (ratio(with) - 1.0) * 100.0);
    println!("  check ({}): {}, {:.2} builds", ended[0], seconds(all), ratio(all));
    median(walls).0
}

/// How long one root takes to be explained: the project with a folder embedded in what it builds.
fn attribution(dir: &Path, project: &Path, build: Duration) {
    let copy = dir.join("attribution");
    let _ = std::fs::remove_dir_all(&copy);
    let clone = ["git", "clone", "-q", "--no-hardlinks", project.to_str().unwrap(), copy.to_str().unwrap()];
    assert!(measured(dir, &clone).2.is_success());
    let Some(root) =
        ["src/main.rs", "src/lib.rs"].map(|name| copy.join(name)).into_iter().find(|path| path.is_file())
    else {
        println!("  one root: not tried, since there is neither src/main.rs nor src/lib.rs");
        return;
    };
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(&root, text + "\n#[used]\nstatic WHERE: &str = env!(\"CARGO_MANIFEST_DIR\");\n").unwrap();
    let facts = dir.join("facts-attribution");
    let words =
        [PROGRAM, "check", "--offline", "-v", "--allow-dirty", "--artifact-dir", facts.to_str().unwrap()];
    let (_, _, checked) = measured(&copy, &words);
    let said = checked.stderr_text();
    let number =
        |before: &str| -> Option<u32> { said.split(before).nth(1)?.split_whitespace().next()?.parse().ok() };
    match number("Explained in ") {
        Some(ms) => println!(
            "  one root explained in {ms} ms, {:.0} % of one build's {} (wall clock)",
            f64::from(ms) / 10.0 / build.as_secs_f64().max(0.001),
            seconds(build)
        ),
        None => println!("  one root: not judged\n{said}"),
    }
}
