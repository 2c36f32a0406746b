//! `cargo xtask bench sign`: verifying large releases beside tools that every system has, in the
//! same run.
//!
//! Arguments: `[--quick] [--mib N] [--runs N]`. Processor time is that of whole processes, as the
//! shell's `times` tells it; each figure is a median. Files were written just before, so that all
//! read from the same cache.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cargo_sign::archive::pack::{Input, tar_gz};
use cargo_sign::format::checksums::{self, List};
use cargo_sign::format::minisign::MinisignSignature;
use cargo_sign::inspect::check_list;
use cargo_sign::judge::keys::Keys;
use cargo_sign::judge::listing::Extent;
use cargo_sign::read::file::{Hashed, Prehashed};
use ed25519_dalek::SigningKey;
use release_gate::digest::sha256_bytes;
use release_gate::process::{Runner, Step};
use release_gate::public_key::PublicKey;
use release_gates_tests::bench::{Measure, Ran, measured, median};

const SEED: [u8; 32] = [0x5a; 32];
const OURS: &str = "cargo sign verify";

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut mib, mut runs) = (1024_usize, 5_usize);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (mib, runs) = (16, 1),
            "--mib" => mib = args.next().unwrap().parse().unwrap(),
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            "--list" => return alone(Path::new(&args.next().unwrap())),
            other => panic!("`{other}` is no argument of this benchmark"),
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    one_large(scratch.path(), mib, runs);
    ten_small(scratch.path(), runs);
    ten_archives(scratch.path(), runs);
    archive(scratch.path(), mib.min(64), runs);
}

/// One large file: its digest in a signed list beside tools that only make digests, its signature
/// beside tools that verify it.
fn one_large(scratch: &Path, mib: usize, runs: usize) {
    let dir = scratch.join("large");
    std::fs::create_dir(&dir).unwrap();
    let file = dir.join("large.bin");
    fill(&file, mib);
    sign_list(&dir, &["large.bin"]);
    let list = dir.join("checksums.txt");
    let me = std::env::current_exe().unwrap();
    let alone = Runner::new()
        .run(Step::new(me).arg("--list").arg(&list))
        .unwrap()
        .success()
        .unwrap();
    let peak = format!(
        "peak memory {}",
        String::from_utf8_lossy(&alone.stdout).trim()
    );

    let ours = verify(&dir, &list);
    let of = |program: &str, args: &[&str]| -> Vec<PathBuf> {
        let words = std::iter::once(program)
            .chain(args.iter().copied())
            .map(PathBuf::from);
        words.chain([file.clone()]).collect()
    };
    let openssl = of("openssl", &["dgst", "-sha256"]);
    in_turns(
        &format!("SHA-256 of {mib} MiB, from a signed list (processor time)"),
        runs,
        &[
            (OURS, &ours, peak.as_str()),
            ("openssl dgst", &openssl, ""),
            ("sha256sum", &of("sha256sum", &[]), ""),
        ],
    );
    // Not before: a list's file that has a signature of its own is verified by both.
    sign(&file, "large.bin");
    let key = dir.with_extension("pub").to_string_lossy().into_owned();
    let signature = dir.join("large.bin.sig").to_string_lossy().into_owned();
    in_turns(
        &format!("a minisign signature of {mib} MiB (processor time)"),
        runs,
        &[
            (OURS, &verify(&dir, &file), "BLAKE2b alone"),
            (
                "minisign -V",
                &of(
                    "minisign",
                    &["-V", "-q", "-p", &key, "-x", &signature, "-m"],
                ),
                "",
            ),
            (
                "rsign verify",
                &of("rsign", &["verify", "-q", "-p", &key, "-x", &signature]),
                "",
            ),
        ],
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

/// In turns, so that a busy moment hits all of them.
fn in_turns(what: &str, runs: usize, tools: &[(&str, &[PathBuf], &str)]) {
    let mut times: Vec<Option<Vec<Duration>>> = tools.iter().map(|_| Some(Vec::new())).collect();
    let mut failed = vec![""; tools.len()];
    for _ in 0..runs {
        for (at, (_, argv, _)) in tools.iter().enumerate() {
            match process(argv) {
                Some(ran) if ran.finished.is_success() => {
                    times[at].get_or_insert_default().push(ran.cpu);
                    continue;
                }
                Some(_) => failed[at] = "failed",
                None => failed[at] = "not installed",
            }
            times[at] = None;
        }
    }

    let mut measure = Measure::of(what);

    for ((times, (tool, _, more)), failed) in times.into_iter().zip(tools).zip(failed) {
        let time = if failed.is_empty() {
            times.and_then(median)
        } else {
            None
        };
        measure.time(tool, time, if time.is_some() { more } else { failed });
    }
}

/// Verifies in a process of its own, so that its peak memory can be told.
fn alone(list: &Path) {
    let verdict = check_list(list, &keys(), Extent::Listed).unwrap();
    assert!(verdict.holds(), "{:?}", verdict.findings);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", peak.map_or("unknown", str::trim));
}

/// A release of ten files of 5 MB: the time of a whole process.
fn ten_small(scratch: &Path, runs: usize) {
    let dir = scratch.join("small");
    std::fs::create_dir(&dir).unwrap();
    let names: Vec<String> = (0..10).map(|number| format!("file{number}.bin")).collect();
    for name in &names {
        fill(&dir.join(name), 5);
    }
    sign_list(&dir, &names.iter().map(String::as_str).collect::<Vec<_>>());
    whole("a signed list of ten files of 5 MiB", &dir, runs);
}

/// The same as ten archives, each with a signature of its own and a signed list inside.
fn ten_archives(scratch: &Path, runs: usize) {
    let dir = scratch.join("archives");
    std::fs::create_dir(&dir).unwrap();
    let signing = SigningKey::from_bytes(&SEED);
    let mut names = Vec::new();
    for number in 0..10 {
        let stem = format!("bench-1.0.0-{number}");
        let buildinfo = serde_json::json!({"schema": "release-gate/buildinfo/v1", "tool": {"name": "bench", "version": "1.0.0"},
            "subject": {"package": "bench", "version": "1.0.0"}, "baseline": null, "status": "pass", "findings": [], "data": {}});
        let input = |path: &str, bytes: Vec<u8>| Input {
            path: path.into(),
            bytes,
            executable: false,
        };
        let mut files = vec![
            input("SBOM.json", b"{}".to_vec()),
            input("buildinfo.json", buildinfo.to_string().into_bytes()),
            input("program", noise(5 << 20)),
        ];
        let list: List = files
            .iter()
            .map(|file| (file.path.clone(), sha256_bytes(&file.bytes)))
            .collect();
        let text = checksums::render(&list);
        let prehash = cargo_sign::format::minisign::Prehash::of(text.as_bytes());
        let comment = format!(
            "timestamp:1\tfile:{stem}/checksums.txt\thashed\tproject:bench\tversion:1.0.0\tcommit:none"
        );
        let signature = MinisignSignature::sign(&signing, &prehash, &comment)
            .render("signature of bench 1.0.0");
        files.extend([
            input("checksums.txt", text.into()),
            input("SIGNATURE", signature.into()),
        ]);
        let (name, mut bytes) = (format!("{stem}.tar.gz"), Vec::new());
        tar_gz(&mut bytes, &stem, 1, &files).unwrap();
        std::fs::write(dir.join(&name), bytes).unwrap();
        sign(&dir.join(&name), &name);
        names.push(name);
    }

    sign_list(&dir, &names.iter().map(String::as_str).collect::<Vec<_>>());
    whole(
        "ten archives of 5 MiB, each signed and with a signed list inside",
        &dir,
        runs,
    );
}

/// The time of a whole process that verifies the list in a folder, from start to end.
fn whole(what: &str, dir: &Path, runs: usize) {
    let argv = verify(dir, &dir.join("checksums.txt"));
    let all: Vec<Ran> = (0..runs.max(9)).filter_map(|_| process(&argv)).collect();
    assert!(
        all.iter().all(|ran| ran.finished.is_success()),
        "{}",
        all[0].finished.stderr_text()
    );
    let cpu = median(all.iter().map(|ran| ran.cpu).collect()).unwrap();
    let more = format!(
        "{} of processor time",
        release_gates_tests::bench::shown(cpu)
    );
    Measure::of(what).time(
        OURS,
        median(all.iter().map(|ran| ran.wall).collect()),
        &more,
    );
    std::fs::remove_dir_all(dir).unwrap();
}

/// One archive with its own signature: both digests in one pass, then a walk of everything inside.
fn archive(scratch: &Path, mib: usize, runs: usize) {
    let dir = scratch.join("archive");
    std::fs::create_dir(&dir).unwrap();
    let name = "bench-1.0.0-x.tar.gz";
    let program = Input {
        path: "program".into(),
        bytes: noise(mib << 20),
        executable: true,
    };

    let mut bytes = Vec::new();
    tar_gz(&mut bytes, "bench-1.0.0-x", 1, &[program]).unwrap();
    std::fs::write(dir.join(name), &bytes).unwrap();
    sign(&dir.join(name), name);
    let [mut hashed, mut walked] = [const { Vec::new() }; 2];
    for _ in 0..runs {
        let clock = Instant::now();
        let mut checked = Hashed::open(&dir.join(name)).unwrap().unwrap();
        hashed.push(clock.elapsed());
        let clock = Instant::now();
        cargo_sign::archive::walk(
            &mut checked.file,
            cargo_sign::archive::Limits::default(),
            &mut |_, _| Ok(()),
        )
        .unwrap();
        walked.push(clock.elapsed());
    }

    Measure::of(format!("both digests of an archive of {mib} MiB")).time(OURS, median(hashed), "");
    Measure::of(format!("a walk through an archive of {mib} MiB")).time(OURS, median(walked), "");
}

fn keys() -> Keys {
    Keys::new(
        vec![PublicKey::new(
            SigningKey::from_bytes(&SEED).verifying_key(),
        )],
        true,
    )
}

fn verify(dir: &Path, list: &Path) -> Vec<PathBuf> {
    let key = dir.with_extension("pub");
    std::fs::write(&key, keys().keys[0].minisign("bench")).unwrap();
    let manifest = dir.join("no-project/Cargo.toml");
    let args = [
        "verify".into(),
        "-q".into(),
        "--manifest-path".into(),
        manifest,
        "--key".into(),
        key,
        list.to_owned(),
    ];
    [
        vec![PathBuf::from(env!("CARGO_BIN_EXE_cargo-sign"))],
        args.to_vec(),
    ]
    .concat()
}

/// A process that remembers nothing.
fn process(argv: &[PathBuf]) -> Option<Ran> {
    let words = [
        "env",
        "RELEASE_GATES_STATE_DIR=/nonexistent",
        "HOME=/nonexistent",
    ]
    .map(PathBuf::from);
    measured(Path::new("."), &[&words, argv].concat())
}

fn fill(path: &Path, mib: usize) {
    let block = noise(1 << 20);
    let mut file = std::fs::File::create(path).unwrap();
    for _ in 0..mib {
        file.write_all(&block).unwrap();
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

fn sign_list(dir: &Path, names: &[&str]) {
    let digest = |name: &&str| {
        release_gate::digest::sha256_file(&dir.join(name))
            .unwrap()
            .0
    };
    let list: List = names
        .iter()
        .map(|name| ((*name).to_owned(), digest(name)))
        .collect();
    let text = checksums::render(&list);
    std::fs::write(dir.join("checksums.txt"), text).unwrap();
    sign(&dir.join("checksums.txt"), "checksums.txt");
}

fn sign(path: &Path, name: &str) {
    let prehash = Prehashed::open(path).unwrap().unwrap().prehash;
    let comment =
        format!("timestamp:1\tfile:{name}\thashed\tproject:bench\tversion:1.0.0\tcommit:none");
    let signature = MinisignSignature::sign(&SigningKey::from_bytes(&SEED), &prehash, &comment);
    let mut sig = path.as_os_str().to_owned();
    sig.push(".sig");
    std::fs::write(sig, signature.render("signature of bench 1.0.0")).unwrap();
}
