//! `cargo xtask bench compat`: the fixtures of the test suite judged by this program, cargo-semver-checks and cargo-public-api in one run, and
//! how long each takes on pairs of folders.
//!
//! Arguments: `[--runs N] [--table FILE] [OLD=NEW…]`, each pair two folders of a package. Without pairs the small one of `lib.rs` below is
//! measured. `--table` writes the comparison as Markdown. Peers that are not installed are left out and named.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should say so and stop"
)]

#[path = "../tests/table/mod.rs"]
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::process::{Finished, Runner, Step};
use table::{PAIRS, Pair, TRAPS, Truth};

const PEERS: [&str; 3] = ["cargo-compat", "cargo-semver-checks", "cargo-public-api"];

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut runs, mut table, mut pairs) = (5_usize, None, Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            // Benchmarks run in the package's folder; people name files from the repository's.
            "--table" => {
                table = args.next().map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))
            }
            pair => {
                let (old, new) = pair.split_once('=').expect("a pair is OLD=NEW");
                pairs.push((PathBuf::from(old), PathBuf::from(new)));
            }
        }
    }
    assert!(all().all(|pair| !pair.user.is_empty()), "a pair without a user's program proves nothing");
    let dir = tempfile::tempdir().unwrap();
    let text = accuracy(dir.path());
    print!("{text}");
    if let Some(path) = table {
        release_gate::fs::write_atomic(&path, text.as_bytes()).unwrap();
    }
    if pairs.is_empty() {
        let (old, new) = (dir.path().join("tiny-old"), dir.path().join("tiny-new"));
        package(&old, "tiny", "pub fn f(x: u8) {}\npub struct S { pub a: u8 }\n");
        package(&new, "tiny", "pub fn f(x: u8) {}\npub struct S { pub a: u8 }\npub fn g() {}\n");
        pairs.push((old, new));
    }
    for (old, new) in pairs {
        speed(&old, &new, runs, dir.path());
    }
}

fn all() -> impl Iterator<Item = &'static Pair> {
    PAIRS.iter().chain(TRAPS)
}

fn package(dir: &Path, name: &str, lib: &str) {
    std::fs::create_dir_all(dir.join("src")).unwrap();
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace]\n");
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(dir.join("src/lib.rs"), lib).unwrap();
    let step = Step::cargo().inherit_network_env().args(["generate-lockfile", "--offline"]).current_dir(dir);
    Runner::new().run(step).unwrap().success().unwrap();
}

/// One library of all fixtures; also on which lines each one stands.
fn library(side: impl Fn(&Pair) -> &'static str) -> (String, Vec<(usize, &'static str)>) {
    let mut text = String::from("#![allow(warnings)]\n");
    let mut starts = Vec::new();
    for pair in all() {
        starts.push((text.lines().count() + 1, pair.name));
        text.push_str(&format!("pub mod {} {{\n{}\n}}\n", pair.name, side(pair)));
    }
    (text, starts)
}

/// The command of a peer for two folders.
fn peer(name: &str, old: &Path, new: &Path, target: &Path) -> Step {
    let program = if name == PEERS[0] { env!("CARGO_BIN_EXE_cargo-compat") } else { name };
    let step = Step::new(program).inherit_network_env().env("CARGO_TARGET_DIR", target.as_os_str());
    match name {
        "cargo-compat" => step
            .args(["--offline", "--message-format", "json", "--against"])
            .arg(old)
            .arg("--manifest-path")
            .arg(new.join("Cargo.toml")),
        "cargo-semver-checks" => step
            .args(["semver-checks", "--release-type", "patch", "--color", "never", "--baseline-root"])
            .arg(old)
            .arg("--manifest-path")
            .arg(new.join("Cargo.toml")),
        _ => step
            .inherit(["RUSTUP_HOME", "RUSTUP_TOOLCHAIN"])
            .args(["public-api", "--manifest-path"])
            .arg(new.join("Cargo.toml")),
    }
}

/// Which fixtures a peer calls breaking. `None`: it is not there, or gave no answer.
fn verdicts(
    name: &str,
    old: &Path,
    new: &Path,
    target: &Path,
    starts: &[(usize, &'static str)],
) -> Option<BTreeMap<&'static str, bool>> {
    let mut found: BTreeMap<&'static str, bool> = all().map(|pair| (pair.name, false)).collect();
    match name {
        "cargo-public-api" => {
            let listing = |dir: &Path| {
                let finished = Runner::new().run(peer(name, dir, dir, target)).ok()?;
                finished.is_success().then(|| String::from_utf8_lossy(&finished.stdout).into_owned())
            };
            let (before, after) = (listing(old)?, listing(new)?);
            // What it would show as removed or changed.
            for line in before.lines().filter(|line| !after.lines().any(|other| other == *line)) {
                mark(line, &mut found);
            }
        }
        "cargo-semver-checks" => {
            let finished = Runner::new().run(peer(name, old, new, target)).ok()?;
            let text = String::from_utf8_lossy(&finished.stdout).into_owned() + &finished.stderr_text();
            if !text.contains("checks:") && !text.contains("Checked") {
                return None;
            }
            for line in text.lines() {
                // `… in file /…/lib.rs:12` names a line of one of the two sides.
                let Some(at) = line.rsplit(':').next().and_then(|text| text.trim().parse::<usize>().ok())
                else {
                    continue;
                };
                if line.contains("lib.rs:") && !line.contains("warning") {
                    if let Some((_, name)) = starts.iter().rev().find(|(start, _)| *start <= at) {
                        found.insert(name, true);
                    }
                } else {
                    mark(line, &mut found);
                }
            }
        }
        _ => {
            let finished: Finished = Runner::new().run(peer(name, old, new, target)).ok()?;
            let value: serde_json::Value = serde_json::from_slice(&finished.stdout).ok()?;
            for change in value["data"]["changes"].as_array()? {
                if change["bump"] == "major" {
                    mark(change["item"].as_str()?, &mut found);
                }
            }
        }
    }
    Some(found)
}

/// Finds the fixture that a line is about: its module, its type or its macro.
fn mark(line: &str, found: &mut BTreeMap<&'static str, bool>) {
    let words: Vec<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let name = all()
        .map(|pair| pair.name)
        .filter(|name| {
            words.iter().any(|word| {
                word == name
                    || *word == format!("{name}_macro")
                    || word.to_ascii_lowercase().starts_with(&format!("{}t", name.replace('_', "")))
            })
        })
        .max_by_key(|name| name.len());
    if let Some(name) = name {
        found.insert(name, true);
    }
}

/// All fixtures by all peers, as a Markdown table.
fn accuracy(dir: &Path) -> String {
    let (old, new) = (dir.join("old"), dir.join("new"));
    let (text, starts_old) = library(|pair| pair.old);
    package(&old, "pairs", &text);
    package(&new, "pairs", &library(|pair| pair.new).0);
    let breaking = all().filter(|pair| pair.truth == Truth::Breaking).count();
    let harmless = all().count() - breaking;
    let mut out = format!(
        "# The test suite's pairs, judged by three tools\n\nGenerated by `cargo xtask bench compat --table docs/compat-peers.md`; all three run on the same two libraries of {} pairs.\nrustc decided for each pair whether it breaks.\n\n| tool | breaks found | false alarms |\n|---|---|---|\n",
        all().count()
    );
    let mut missed = String::new();
    for name in PEERS {
        match verdicts(name, &old, &new, &dir.join(name), &starts_old) {
            None => out.push_str(&format!("| {name} | not installed, or no answer | |\n")),
            Some(found) => {
                let right = all().filter(|pair| pair.truth == Truth::Breaking && found[pair.name]).count();
                let wrong: Vec<&str> = all()
                    .filter(|pair| pair.truth == Truth::Harmless && found[pair.name])
                    .map(|pair| pair.name)
                    .collect();
                out.push_str(&format!(
                    "| {name} | {right} of {breaking} | {} of {harmless} |\n",
                    wrong.len()
                ));
                let lost: Vec<&str> = all()
                    .filter(|pair| pair.truth == Truth::Breaking && !found[pair.name])
                    .map(|pair| pair.name)
                    .collect();
                let list =
                    |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                missed.push_str(&format!(
                    "\n## {name}\n\nMissed: {}.\n\nFalse alarms: {}.\n",
                    list(&lost),
                    list(&wrong)
                ));
            }
        }
    }
    out + &missed
}

/// Whether a tool came to a verdict, of whichever kind.
fn judged(finished: &Finished) -> bool {
    // cargo-semver-checks ends with 1 or 100 when it found something, and with 101 when it could not judge.
    matches!(finished.status.code(), Some(0 | 1 | 100))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn speed(old: &Path, new: &Path, runs: usize, dir: &Path) {
    println!("\n{} -> {}", old.display(), new.display());
    let mut base = None;
    for name in PEERS.iter().take(2) {
        let target = dir.join(format!("speed-{name}"));
        let (mut cold, mut warm) = (Vec::new(), Vec::new());
        for run in 0..runs.clamp(1, 3) {
            let target = dir.join(format!("cold-{name}-{run}"));
            match Runner::new().run(peer(name, old, new, &target)) {
                Ok(finished) if judged(&finished) => cold.push(finished.elapsed),
                _ => break,
            }
        }
        for run in 0..=runs {
            let Ok(finished) = Runner::new().run(peer(name, old, new, &target)) else { break };
            if !judged(&finished) {
                break;
            }
            if run > 0 {
                warm.push(finished.elapsed);
            }
        }
        if cold.is_empty() || warm.is_empty() {
            println!("  {name}: not installed, or cannot judge this pair");
            continue;
        }
        let (cold, warm) = (median(cold), median(warm));
        let ratio = |ours: Duration, theirs: Duration| ours.as_secs_f64() / theirs.as_secs_f64();
        print!("  {name}: cold {:.2} s, warm {:.2} s", cold.as_secs_f64(), warm.as_secs_f64());
        match base {
            None => {
                base = Some((cold, warm));
                println!();
            }
            Some((our_cold, our_warm)) => println!(
                " (cargo-compat: {:.2} of its cold time, {:.2} of its warm time)",
                ratio(our_cold, cold),
                ratio(our_warm, warm)
            ),
        }
    }
}
