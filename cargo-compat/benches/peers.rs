//! `cargo xtask bench compat`: the fixtures of the test suite judged by this program,
//! cargo-semver-checks and cargo-public-api in one run, and how long each takes on pairs of
//! folders.
//!
//! Arguments: `[--quick] [--only-speed] [--runs N] [--table FILE] [OLD=NEW…]`, each pair two folders of
//! a package. Without pairs a small one and ten published ones are measured. `--table` writes the comparison
//! as Markdown.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run should say so and stop"
)]

#[path = "../tests/it/table/mod.rs"]
mod table;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::process::{Finished, Runner, Step};
use release_gates_tests::bench::{Measure, Ran, measured, median, published};
use table::{KINDS, PAIRS, Pair, TRAPS, Truth, UNNAMED};

const PEERS: [&str; 3] = ["cargo-compat", "cargo-semver-checks", "cargo-public-api"];

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut runs, mut quick, mut table, mut pairs) = (5_usize, false, None, Vec::new());
    let mut only_speed = false;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (runs, quick) = (1, true),
            "--only-speed" => only_speed = true,
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            // Benchmarks run in the package's folder; people name files from the repository's.
            "--table" => {
                table = args
                    .next()
                    .map(|path| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path))
            }
            pair => {
                let (old, new) = pair.split_once('=').expect("a pair is OLD=NEW");
                pairs.push((PathBuf::from(old), PathBuf::from(new)));
            }
        }
    }

    assert!(
        all().all(|pair| !pair.user.is_empty()),
        "a pair without a user's program proves nothing"
    );

    let dir = tempfile::tempdir().unwrap();
    if !only_speed {
        let text = accuracy(dir.path());
        if let Some(path) = table {
            release_gate::fs::write_atomic(&path, text.as_bytes()).unwrap();
        }
    }
    if pairs.is_empty() {
        let (old, new) = (dir.path().join("tiny-old"), dir.path().join("tiny-new"));
        package(
            &old,
            "tiny",
            "pub fn f(x: u8) {}\npub struct S { pub a: u8 }\n",
        );
        package(
            &new,
            "tiny",
            "pub fn f(x: u8) {}\npub struct S { pub a: u8 }\npub fn g() {}\n",
        );
        pairs.push((old, new));
        // With and without dependencies, features, build scripts; bug fixes and larger steps.
        let names = [
            ("crossbeam-utils", "0.8.20", "0.8.21"),
            ("url", "2.5.4", "2.5.7"),
            ("indexmap", "2.8.0", "2.9.0"),
            ("serde_json", "1.0.134", "1.0.140"),
            ("semver", "1.0.26", "1.0.27"),
            ("anyhow", "1.0.97", "1.0.98"),
            ("memchr", "2.7.5", "2.7.6"),
            ("smallvec", "1.15.0", "1.15.1"),
            ("either", "1.13.0", "1.15.0"),
            ("http", "1.3.1", "1.4.0"),
        ];
        for (name, old, new) in names.into_iter().filter(|_| !quick) {
            match published(dir.path(), name, old).zip(published(dir.path(), name, new)) {
                Some(pair) => pairs.push(pair),
                None => Measure::of(format!("{name} {old} to {new}"))
                    .said("all", "not measured: cargo cannot download it"),
            }
        }
    }

    let mut ratios = Vec::new();
    for (number, (old, new)) in pairs.into_iter().enumerate() {
        let scratch = dir.path().join(format!("speed-{number}"));
        std::fs::create_dir(&scratch).unwrap();
        ratios.extend(speed(&old, &new, runs, &scratch));
        std::fs::remove_dir_all(&scratch).unwrap();
    }
    shares(&ratios);
}

fn all() -> impl Iterator<Item = &'static Pair> {
    PAIRS.iter().chain(TRAPS).chain(UNNAMED).chain(KINDS)
}

fn package(dir: &Path, name: &str, lib: &str) {
    std::fs::create_dir_all(dir.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace]\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(dir.join("src/lib.rs"), lib).unwrap();
    let step = Step::cargo()
        .inherit_network_env()
        .args(["generate-lockfile", "--offline"])
        .current_dir(dir);
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
    let program = if name == PEERS[0] {
        env!("CARGO_BIN_EXE_cargo-compat")
    } else {
        name
    };
    let step = Step::new(program)
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", target.as_os_str());
    match name {
        "cargo-compat" => step
            .args(["--offline", "--message-format", "json", "--against"])
            .arg(old)
            .arg("--manifest-path")
            .arg(new.join("Cargo.toml")),
        "cargo-semver-checks" => step
            .args([
                "semver-checks",
                "--release-type",
                "patch",
                "--color",
                "never",
                "--baseline-root",
            ])
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
                finished
                    .is_success()
                    .then(|| String::from_utf8_lossy(&finished.stdout).into_owned())
            };
            let (before, after) = (listing(old)?, listing(new)?);
            // What it would show as removed or changed.
            for line in before
                .lines()
                .filter(|line| !after.lines().any(|other| other == *line))
            {
                mark(line, &mut found);
            }
        }
        "cargo-semver-checks" => {
            let finished = Runner::new().run(peer(name, old, new, target)).ok()?;
            let text =
                String::from_utf8_lossy(&finished.stdout).into_owned() + &finished.stderr_text();
            if !text.contains("checks:") && !text.contains("Checked") {
                return None;
            }
            for line in text.lines() {
                // `… in file /…/lib.rs:12` names a line of one of the two sides.
                let Some(at) = line
                    .rsplit(':')
                    .next()
                    .and_then(|text| text.trim().parse::<usize>().ok())
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
    let words: Vec<&str> = line
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    let name = all()
        .map(|pair| pair.name)
        .filter(|name| {
            words.iter().any(|word| {
                word == name
                    || *word == format!("{name}_macro")
                    || word
                        .to_ascii_lowercase()
                        .starts_with(&format!("{}t", name.replace('_', "")))
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
    let row = Measure::of(format!("{breaking} breaks and {harmless} harmless changes"));
    let mut missed = String::new();
    for name in PEERS {
        match verdicts(name, &old, &new, &dir.join(name), &starts_old) {
            None => {
                row.said(name, "not installed, or no answer");
                out.push_str(&format!("| {name} | not installed, or no answer | |\n"));
            }
            Some(found) => {
                let right = all()
                    .filter(|pair| pair.truth == Truth::Breaking && found[pair.name])
                    .count();
                let wrong: Vec<&str> = all()
                    .filter(|pair| pair.truth == Truth::Harmless && found[pair.name])
                    .map(|pair| pair.name)
                    .collect();
                out.push_str(&format!(
                    "| {name} | {right} of {breaking} | {} of {harmless} |\n",
                    wrong.len()
                ));
                row.said(
                    name,
                    &format!("{right} found, {} false alarms", wrong.len()),
                );
                let lost: Vec<&str> = all()
                    .filter(|pair| pair.truth == Truth::Breaking && !found[pair.name])
                    .map(|pair| pair.name)
                    .collect();
                let list = |names: &[&str]| {
                    if names.is_empty() {
                        "none".to_owned()
                    } else {
                        names.join(", ")
                    }
                };
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
    // cargo-semver-checks ends with 1 or 100 when it found something, and with 101 when it could
    // not judge.
    matches!(finished.status.code(), Some(0 | 1 | 100))
}

/// What is taken of a thing, with its name.
type Part<Thing, Taken> = (&'static str, fn(&Thing) -> Taken);

/// Processor time and time on the clock of both tools on a pair, in turns: the first call of each on
/// folders that are empty, and further calls on the same ones.
fn speed(old: &Path, new: &Path, runs: usize, dir: &Path) -> Option<(f64, f64)> {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let pair = format!("{} to {}", name(old), name(new));
    let mut times: BTreeMap<(&str, &str), Vec<Option<Ran>>> = BTreeMap::new();
    for run in 0..runs.clamp(1, 3) {
        for tool in &PEERS[..2] {
            let target = dir.join(format!("{tool}-{run}"));
            for when in ["for the first time", "again"] {
                let ran = ran_on_folders(tool, (old, new), (dir, &target));
                times.entry((when, tool)).or_default().push(ran);
            }
        }
    }

    let mut ratios = Vec::new();
    for when in ["for the first time", "again"] {
        let of = |tool: &str, part: fn(&Ran) -> Duration| -> Option<Duration> {
            let all: Option<Vec<Duration>> = times
                .get(&(when, tool))?
                .iter()
                .map(|ran| ran.as_ref().map(part))
                .collect();
            median(all?)
        };
        let parts: [Part<Ran, Duration>; 2] = [
            ("processor time", |ran| ran.cpu),
            ("on the clock", |ran| ran.wall),
        ];
        for (what, part) in parts {
            let mut row = Measure::of(format!("{pair}, {when}, {what}"));
            for tool in &PEERS[..2] {
                row.time(tool, of(tool, part), "");
            }
        }
        let both = of(PEERS[0], |ran| ran.cpu).zip(of(PEERS[1], |ran| ran.cpu));
        ratios.push(both.map(|(own, peer)| own.as_secs_f64() / peer.as_secs_f64()));
    }
    Some((ratios.first().copied()??, ratios.get(1).copied()??))
}

/// A call on two folders. `None`: the program is not there, or came to no verdict.
fn ran_on_folders(
    tool: &str,
    (old, new): (&Path, &Path),
    (dir, target): (&Path, &Path),
) -> Option<Ran> {
    let manifest = new.join("Cargo.toml");
    let mut words: Vec<OsString> = vec!["env".into()];
    words.push(format!("CARGO_TARGET_DIR={}", target.display()).into());
    if tool == PEERS[0] {
        words.push(env!("CARGO_BIN_EXE_cargo-compat").into());
        words.extend(["--offline", "--against"].map(Into::into));
    } else {
        words.push(tool.into());
        let more = [
            "semver-checks",
            "--release-type",
            "patch",
            "--baseline-root",
        ];
        words.extend(more.map(Into::into));
    }
    words.extend([old.into(), "--manifest-path".into(), manifest.into()]);
    measured(dir, &words).filter(|ran| judged(&ran.finished))
}

/// The middle and the largest share of the peer's processor time.
fn shares(ratios: &[(f64, f64)]) {
    let parts: [Part<(f64, f64), f64>; 2] =
        [("for the first time", |of| of.0), ("again", |of| of.1)];
    for (when, part) in parts {
        let mut all: Vec<f64> = ratios.iter().map(part).collect();
        all.sort_by(f64::total_cmp);
        let (Some(middle), Some(largest)) = (all.get(all.len() / 2), all.last()) else {
            continue;
        };
        Measure::of(format!("all {} pairs, {when}, processor time", all.len())).said(
            PEERS[0],
            &format!(
                "{middle:.2} of {} in the middle, at most {largest:.2}",
                PEERS[1]
            ),
        );
    }
}
