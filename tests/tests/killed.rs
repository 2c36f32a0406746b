//! SIGKILL in the middle of writing leaves either the old file or the new one.
//!
//! `RELEASE_GATES_KILLS=400 cargo test -p release-gates-tests --test killed -- --nocapture` calls
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

#[test]
fn every_file_is_whole_whenever_a_command_is_killed() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let folder = dir.join("target/release-gates");
    let db = fixtures::advisory_db(env.path());
    let runner = Runner::new();
    let key = env.path().join("release.key");
    let keys = dir.join("release-keys");
    let public = key.with_extension("key.pub");
    let (db, key, public) = (
        db.to_str().unwrap(),
        key.to_str().unwrap(),
        public.to_str().unwrap(),
    );
    let step = |tool: &str, args: &[&str]| -> Step {
        env.step(program(tool))
            .current_dir(&dir)
            .args(args)
            .env("RELEASE_GATES_STATE_DIR", env.path().join("state"))
            .env("CARGO_NET_OFFLINE", "true")
    };
    let wanted: u32 = std::env::var("RELEASE_GATES_KILLS")
        .ok()
        .map_or(45, |text| text.parse().unwrap());
    let facts = "target/release-gates/demo-0.1.1";
    let [buildinfo, released] =
        ["buildinfo.json", "RELEASE_NOTES.md"].map(|name| format!("{facts}/{name}"));
    // Beside what is released, since that is verified, too.
    std::fs::create_dir_all(folder.join("beside")).unwrap();
    let [vex, osv, notices] = ["demo.vex.json", "demo.osv.json", "NOTICES"]
        .map(|name| format!("target/release-gates/beside/{name}"));
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
        (
            "cargo-sign",
            &[
                "attest",
                "--key",
                key,
                "--source-uri",
                "https://git.example.org/demo",
                "--vsa",
            ],
        ),
        ("cargo-sign", &["verify", "--key", public]),
        ("cargo-sign", &["sign", "--key", key, &released]),
    ];
    assert!(
        runner
            .run(step(
                "cargo-sign",
                &["keygen", "--no-passphrase", "--out", key]
            ))
            .unwrap()
            .is_success()
    );
    let is_slow = |args: &[&str]| matches!(args.first(), Some(&("check" | "rebuild")));
    let commands: Vec<_> = commands
        .into_iter()
        .filter(|(_, args)| wanted >= 100 || !is_slow(args))
        .collect();
    let each = wanted.div_ceil(u32::try_from(commands.len()).unwrap());
    let (mut killed, mut called) = (0, 0);
    for (tool, args) in commands {
        let call = format!("{tool} {}", args.join(" "));
        let is_init = args.contains(&"init");
        let watched = if is_init { &keys } else { &folder };
        let mut whole = Whole::new();
        remember(&mut whole, watched);
        let mut took = Duration::ZERO;
        // Twice: the second call finds what the first left, and may have that to say.
        for _ in 0..2 {
            if is_init {
                let _ = std::fs::remove_file(keys.join("keyring.json"));
            }
            let clock = Instant::now();
            let ran = runner.run(step(tool, args)).unwrap();
            took = clock.elapsed();
            if args.first() == Some(&"build") {
                assert!(dir.join(&buildinfo).is_file());
            }
            let said = format!(
                "{}{}",
                ran.stderr_text(),
                String::from_utf8_lossy(&ran.stdout)
            );
            assert!(ran.is_success(), "{call}: {said}");
            remember(&mut whole, watched);
        }
        let mut here = 0;
        // As often as it is wanted, and until it was killed at all: a machine that was busy when
        // the call was timed is quicker now.
        for attempt in 0..each * 4 {
            if attempt >= each && here > 0 {
                break;
            }
            // Spread over the whole call, and a little more densely near its end, where files are
            // written.
            let at = f64::from(attempt % each + 1) / f64::from(each + 1);
            let after = took.mul_f64(at.sqrt()).max(Duration::from_millis(1));
            if is_init {
                let _ = std::fs::remove_file(keys.join("keyring.json"));
            }
            let finished = runner.run(step(tool, args).timeout(after)).unwrap();
            called += 1;
            here += u32::from(finished.timed_out);
            if !finished.timed_out {
                took = took.min(finished.elapsed);
            }
            assert_whole(&whole, watched, &format!("{call}, killed after {after:?}"));
        }
        assert!(here > 0, "{call} was never killed in time");
        println!("{call}: killed {here} times");
        killed += here;
        // And nothing that was left stands in the way of the next call.
        if is_init {
            let _ = std::fs::remove_file(keys.join("keyring.json"));
        }
        let ran = runner.run(step(tool, args)).unwrap();
        assert!(
            ran.is_success(),
            "{call}, after it was killed: {}",
            ran.stderr_text()
        );
        if is_init {
            std::fs::remove_dir_all(&keys).unwrap(); // it would make the tree dirty
        }
    }
    assert!(
        killed * 3 > called,
        "only {killed} of {called} calls were killed in time"
    );
    println!("{killed} of {called} calls were killed");
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
            .args(["--ignored", "--exact", "writes_until_it_is_killed"])
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
