//! An artifact folder that others use too: calls at the same time, and a disk that is nearly full.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gate::process::Step;
use release_gates_tests::{Ran, TestEnv, fixtures, program, skipped};
use serde_json::Value;

/// The manifest, each of whose entries has to be true of the file it names.
fn manifest(folder: &Path) -> Vec<String> {
    let text = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    let files = manifest["files"].as_array().unwrap();
    for file in files {
        let path = folder.join(file["path"].as_str().unwrap());
        let (digest, size) = release_gate::digest::sha256_file(&path).unwrap();
        assert_eq!(file["sha256"], digest.to_string(), "{}", path.display());
        assert_eq!(file["size"], size);
    }
    files
        .iter()
        .map(|file| file["path"].as_str().unwrap().to_owned())
        .collect()
}

/// Starts all of them, and expects each to pass.
fn at_the_same_time(env: &TestEnv, dir: &Path, calls: &[(&str, &[&str])]) {
    let results: Vec<(String, Ran)> = std::thread::scope(|scope| {
        let started: Vec<_> = calls
            .iter()
            .map(|(tool, args)| {
                let call = format!("{tool} {}", args.join(" "));
                scope.spawn(move || {
                    (
                        call,
                        env.run(dir, tool, [args, &["--offline"][..]].concat()),
                    )
                })
            })
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for (call, ran) in results {
        assert_eq!(ran.code, 0, "{call}: {ran:#?}");
    }
}

#[test]
fn calls_at_the_same_time_do_not_spoil_each_other() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let db = fixtures::advisory_db(env.path());
    let calls: [(&str, &[&str]); 10] = [
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-sbom-lite", &["licenses"]),
        ("cargo-sbom-lite", &["pins"]),
        ("cargo-sbom-lite", &["audit", "--db", db.to_str().unwrap()]),
        ("cargo-compat", &[]),
        ("cargo-compat", &[]),
        ("cargo-repro", &["build"]),
        ("cargo-relnotes", &["--phase", "draft"]),
        ("cargo-relnotes", &["--phase", "draft"]),
    ];

    let _ = program("cargo-repro"); // built before anything is started
    at_the_same_time(&env, &dir, &calls);

    // What is signed has to be there first; then two sign it at once.
    let key = env.path().join("release.key");
    let key = key.to_str().unwrap();
    assert_eq!(
        env.run(
            &dir,
            "cargo-sign",
            ["keygen", "--no-passphrase", "--out", key]
        )
        .code,
        0
    );

    at_the_same_time(
        &env,
        &dir,
        &[(
            "cargo-sign",
            &["pack", "--key", key, "--despite-refusals"][..],
        ); 2],
    );

    let public = format!("{key}.pub");
    at_the_same_time(
        &env,
        &dir,
        &[("cargo-sign", &["verify", "--key", &public][..]); 2],
    );

    let listed = manifest(&dir.join("target/release-gates/demo-0.1.1"));

    for name in [
        "sbom.cdx.json",
        "licenses.json",
        "pins.json",
        "vulns.json",
        "compat.json",
        "buildinfo.json",
        "RELEASE_NOTES.md",
        "release/checksums.txt",
        "verify.json",
    ] {
        assert!(
            listed.iter().any(|path| path == name),
            "{name} was lost from the manifest: {listed:?}"
        );
    }
}

/// Whether a disk can be mounted that only one call sees.
#[cfg(target_os = "linux")]
fn may_mount(env: &TestEnv) -> bool {
    let step = env
        .step("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"]);
    release_gate::process::Runner::new()
        .run(step)
        .is_ok_and(|finished| finished.is_success())
}

/// A project that was built, a key, and the place for a disk.
#[cfg(target_os = "linux")]
struct Built {
    env: TestEnv,
    dir: PathBuf,
    disk: PathBuf,
    key: String,
    facts: PathBuf,
}

/// `None` where no disk can be mounted, which is said.
#[cfg(target_os = "linux")]
fn built() -> Option<Built> {
    let env = TestEnv::new();
    if !may_mount(&env) {
        // Nothing that could be installed would change it, so this fails nowhere.
        skipped("this machine allows no namespaces, so no disk can be mounted");
        return None;
    }

    let dir = env.project("demo", fixtures::DEMO);
    let disk = env.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let key = env.path().join("release.key").display().to_string();
    assert_eq!(
        env.run(
            &dir,
            "cargo-sign",
            ["keygen", "--no-passphrase", "--out", &key]
        )
        .code,
        0
    );

    assert_eq!(env.run(&dir, "cargo-repro", ["build", "--offline"]).code, 0);
    assert_eq!(
        env.run(&dir, "cargo-sbom-lite", ["generate", "--offline"])
            .code,
        0
    );

    let facts = dir.join("target/release-gates/demo-0.1.1");

    Some(Built {
        env,
        dir,
        disk,
        key,
        facts,
    })
}

/// A disk that nobody may write, the superuser neither: what is asked of it is said to have failed.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_read_only() {
    let Some(Built {
        env,
        dir,
        disk,
        key,
        facts,
    }) = built()
    else {
        return;
    };
    let commands: [(&str, &[&str]); 5] = [
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-repro", &["build"]),
        ("cargo-compat", &[]),
        ("cargo-relnotes", &["--phase", "draft"]),
        (
            "cargo-sign",
            &[
                "pack",
                "--key",
                &key,
                "--artifacts",
                facts.to_str().unwrap(),
            ],
        ),
    ];
    for (tool, args) in commands {
        let step = env
            .step("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=1m,ro small \"$1\" || exit 77; shift; exec \"$@\"")
            .arg("sh")
            .arg(&disk)
            .arg(program(tool))
            .args(args)
            .args(["--offline", "--artifact-dir"])
            .arg(&disk)
            .current_dir(&dir);
        let ran = env.run_step(step);
        assert_eq!(ran.code, 101, "{tool}: {ran:#?}");
        assert!(
            ran.stderr.contains("Read-only file system"),
            "{tool}: {ran:#?}"
        );
        assert!(!ran.stderr.contains("panicked"), "{tool}: {ran:#?}");
    }
}

/// A step that mounts a disk of this size, runs the arguments that follow, and copies what is on
/// the disk to the second folder.
#[cfg(target_os = "linux")]
fn on_small_disk(env: &TestEnv, kib: u32, [disk, out]: [&PathBuf; 2]) -> Step {
    let script = format!(
        "mount -t tmpfs -o size={kib}k small \"$1\" || exit 77; out=$2; disk=$1; shift 2; \"$@\"; code=$?; cp -R \"$disk\" \"$out\"; exit $code"
    );
    env.step("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .args([&script, "sh"])
        .args([disk, out])
}

/// Every report is whole, and no temporary file is left.
#[cfg(target_os = "linux")]
#[track_caller]
fn assert_nothing_torn(folder: &Path, call: &str) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with(".release-gates-"), "{call} left {name}");
        if name.ends_with(".json") {
            let whole = serde_json::from_slice::<Value>(&bytes);
            assert!(
                whole.is_ok() && bytes.ends_with(b"\n"),
                "{call}: {name} is torn"
            );
        }
    }
}

/// The artifact folder is a disk of a few kilobytes: what does not fit is said, and what is there
/// is whole.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_nearly_full() {
    let Some(Built {
        env,
        dir,
        disk,
        key,
        facts,
    }) = built()
    else {
        return;
    };
    assert_eq!(env.run(&dir, "cargo-repro", ["check", "--offline"]).code, 0);
    let commands: [(&str, &[&str]); 6] = [
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-repro", &["build"]),
        ("cargo-repro", &["check"]),
        ("cargo-compat", &[]),
        ("cargo-relnotes", &["--phase", "draft"]),
        (
            "cargo-sign",
            &[
                "pack",
                "--key",
                &key,
                "--artifacts",
                facts.to_str().unwrap(),
            ],
        ),
    ];
    let mut full = 0;
    for (tool, args) in commands {
        // One page for each folder and file: from too few for anything to nearly enough.
        for kib in [8, 16, 24] {
            let out = env.path().join(format!("{tool}-{kib}"));
            let call = format!("{tool} {} on {kib} KiB", args.join(" "));
            let step = on_small_disk(&env, kib, [&disk, &out])
                .arg(program(tool))
                .args(args)
                .args(["--offline", "--artifact-dir"])
                .arg(&disk)
                .current_dir(&dir);
            let ran = env.run_step(step);
            assert!([0, 101].contains(&ran.code), "{call}: {ran:#?}");
            assert!(!ran.stderr.contains("panicked"), "{call}: {ran:#?}");
            if ran.code == 101 {
                full += 1;
                assert!(ran.stderr.contains("No space left"), "{call}: {ran:#?}");
            }
            assert_nothing_torn(&out.join("demo-0.1.1"), &call);
        }
    }
    assert!(
        full >= commands.len(),
        "only {full} calls ran out of space, so little was tested"
    );
}
