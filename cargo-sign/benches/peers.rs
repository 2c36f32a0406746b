//! `cargo xtask bench sign`: verifying large releases beside `openssl dgst` and `sha256sum` in the same run.
//!
//! Arguments: `[--mib N] [--runs N]`. Processor time is that of whole processes, as the shell's `times` tells it; each figure is a median.
//! Files were written just before, so that all read from the same cache.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cargo_sign::archive::pack::{Input, tar_gz};
use cargo_sign::format::checksums::{self, List};
use cargo_sign::format::minisign::MinisignSignature;
use cargo_sign::format::public_key::PublicKey;
use cargo_sign::judge::{Checked, Extent, Keys, check_list};
use ed25519_dalek::SigningKey;
use release_gate::digest::sha256_bytes;
use release_gate::process::{Runner, Step};

const SEED: [u8; 32] = [0x5a; 32];

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut mib, mut runs) = (1024_usize, 5_usize);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--mib" => mib = args.next().unwrap().parse().unwrap(),
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            "--list" => return alone(Path::new(&args.next().unwrap())),
            other => panic!("`{other}` is no argument of this benchmark"),
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    one_large(scratch.path(), mib, runs);
    ten_small(scratch.path(), runs.max(9));
    ten_archives(scratch.path(), runs.max(9));
    archive(scratch.path(), 64, runs);
}

/// One large file of a signed list.
fn one_large(scratch: &Path, mib: usize, runs: usize) {
    let dir = scratch.join("large");
    std::fs::create_dir(&dir).unwrap();
    fill(&dir.join("large.bin"), mib);
    sign_list(&dir, &["large.bin"]);
    let (list, file) = (dir.join("checksums.txt"), dir.join("large.bin"));
    println!("one file of {mib} MiB, processor time per GiB");
    let gib = mib as f64 / 1024.0;
    let [mut ours, mut openssl, mut coreutils] = [const { Vec::new() }; 3];
    // In turns, so that a busy moment hits all of them.
    for _ in 0..runs {
        ours.push(cpu(&verify(&dir, &list)));
        openssl.push(cpu(&["openssl".into(), "dgst".into(), "-sha256".into(), file.clone()]));
        coreutils.push(cpu(&["sha256sum".into(), file.clone()]));
    }
    let ours = median(ours.into_iter().map(|seconds| seconds.expect("our own program runs")).collect());
    println!("  cargo sign verify   {:.2} s", ours / gib);
    for (name, seconds) in [("openssl dgst", openssl), ("sha256sum", coreutils)] {
        match seconds.into_iter().collect::<Option<Vec<f64>>>() {
            Some(all) => {
                let theirs = median(all);
                println!("  {name:18}  {:.2} s   ours is {:.2} of it", theirs / gib, ours / theirs);
            }
            None => println!("  {name:18}  not installed, so not compared"),
        }
    }
    let me = std::env::current_exe().unwrap();
    let ran = Runner::new().run(Step::new(me).arg("--list").arg(&list)).unwrap().success().unwrap();
    print!("{}", String::from_utf8_lossy(&ran.stdout));
    std::fs::remove_dir_all(&dir).unwrap();
}

/// Verifies in a process of its own, so that its peak memory can be told.
fn alone(list: &Path) {
    let verdict = check_list(list, &keys(), Extent::Listed).unwrap();
    assert!(verdict.holds(), "{:?}", verdict.findings);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("  peak memory         {}", peak.map_or("unknown here", str::trim));
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
    println!("ten files of 5 MiB, from start to end\n  cargo sign verify   {}", whole(&dir, runs));
    std::fs::remove_dir_all(&dir).unwrap();
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
        let input = |path: &str, bytes: Vec<u8>| Input { path: path.into(), bytes, executable: false };
        let mut files = vec![
            input("SBOM.json", b"{}".to_vec()),
            input("buildinfo.json", buildinfo.to_string().into_bytes()),
            input("program", noise(5 << 20)),
        ];
        let list: List = files.iter().map(|file| (file.path.clone(), sha256_bytes(&file.bytes))).collect();
        let text = checksums::render(&list);
        let prehash = <blake2::Blake2b512 as blake2::Digest>::digest(&text).into();
        let comment = format!(
            "timestamp:1\tfile:{stem}/checksums.txt\thashed\tproject:bench\tversion:1.0.0\tcommit:none"
        );
        let signature =
            MinisignSignature::sign(&signing, &prehash, &comment).render("signature of bench 1.0.0");
        files.extend([input("checksums.txt", text.into()), input("SIGNATURE", signature.into())]);
        let (name, mut bytes) = (format!("{stem}.tar.gz"), Vec::new());
        tar_gz(&mut bytes, &stem, 1, &files).unwrap();
        std::fs::write(dir.join(&name), bytes).unwrap();
        sign(&dir.join(&name), &name);
        names.push(name);
    }
    sign_list(&dir, &names.iter().map(String::as_str).collect::<Vec<_>>());
    println!("ten archives of 5 MiB, from start to end\n  cargo sign verify   {}", whole(&dir, runs));
    std::fs::remove_dir_all(&dir).unwrap();
}

/// The time of a whole process that verifies the list in a folder: on the clock (median and best) and of the processors.
fn whole(dir: &Path, runs: usize) -> String {
    let argv = verify(dir, &dir.join("checksums.txt"));
    let once = |_| {
        let clock = Instant::now();
        run(&argv);
        clock.elapsed().as_secs_f64() * 1000.0
    };
    let mut all: Vec<f64> = (0..runs).map(once).collect();
    all.sort_by(f64::total_cmp);
    let busy = median((0..runs).filter_map(|_| cpu(&argv)).collect()) * 1000.0;
    format!("{:.0} ms (best {:.0} ms, processors {busy:.0} ms)", median(all.clone()), all[0])
}

/// One archive with its own signature: both digests in one pass, then a walk of everything inside.
fn archive(scratch: &Path, mib: usize, runs: usize) {
    let dir = scratch.join("archive");
    std::fs::create_dir(&dir).unwrap();
    let name = "bench-1.0.0-x.tar.gz";
    let program = Input { path: "program".into(), bytes: noise(mib << 20), executable: true };
    let mut bytes = Vec::new();
    tar_gz(&mut bytes, "bench-1.0.0-x", 1, &[program]).unwrap();
    std::fs::write(dir.join(name), &bytes).unwrap();
    sign(&dir.join(name), name);
    let [mut hashed, mut walked] = [const { Vec::new() }; 2];
    for _ in 0..runs {
        let clock = Instant::now();
        let mut checked = Checked::open(&dir.join(name), true).unwrap().unwrap();
        hashed.push(clock.elapsed().as_secs_f64() * 1000.0);
        let clock = Instant::now();
        cargo_sign::archive::walk(&mut checked.file, cargo_sign::archive::Limits::default(), &mut |_, _| {
            Ok(())
        })
        .unwrap();
        walked.push(clock.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "an archive of {mib} MiB\n  both digests        {:.0} ms\n  walk and inflate    {:.0} ms",
        median(hashed),
        median(walked)
    );
}

fn keys() -> Keys {
    Keys::new(vec![PublicKey::new(SigningKey::from_bytes(&SEED).verifying_key())], true)
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
    [vec![PathBuf::from(env!("CARGO_BIN_EXE_cargo-sign"))], args.to_vec()].concat()
}

fn run(argv: &[PathBuf]) {
    let state = std::env::temp_dir().join("no-such-state");
    let step = Step::new(&argv[0])
        .args(&argv[1..])
        .env("RELEASE_GATES_STATE_DIR", state)
        .env("HOME", "/nonexistent");
    Runner::new().run(step).unwrap().success().unwrap();
}

/// User and system seconds of a process and its children; `None` where the program is not there.
fn cpu(argv: &[PathBuf]) -> Option<f64> {
    let script = "\"$@\" > /dev/null 2>&1 || exit 9; times";
    let step =
        Step::new("sh").args(["-c", script, "sh"]).args(argv).env("RELEASE_GATES_STATE_DIR", "/nonexistent");
    let ran = Runner::new().run(step).unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    // The second line is about the children: `0m0.52s 0m0.10s`.
    let seconds = |word: &str| {
        let (minutes, seconds) = word.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    ran.is_success().then(|| text.lines().nth(1)?.split_whitespace().map(seconds).sum::<Option<f64>>())?
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
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
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

fn sign_list(dir: &Path, names: &[&str]) {
    let digest = |name: &&str| release_gate::digest::sha256_file(&dir.join(name)).unwrap().0;
    let list: List = names.iter().map(|name| ((*name).to_owned(), digest(name))).collect();
    let text = checksums::render(&list);
    std::fs::write(dir.join("checksums.txt"), text).unwrap();
    sign(&dir.join("checksums.txt"), "checksums.txt");
}

fn sign(path: &Path, name: &str) {
    let prehash = Checked::open(path, true).unwrap().unwrap().prehash.unwrap();
    let comment = format!("timestamp:1\tfile:{name}\thashed\tproject:bench\tversion:1.0.0\tcommit:none");
    let signature = MinisignSignature::sign(&SigningKey::from_bytes(&SEED), &prehash, &comment);
    let mut sig = path.as_os_str().to_owned();
    sig.push(".sig");
    std::fs::write(sig, signature.render("signature of bench 1.0.0")).unwrap();
}
