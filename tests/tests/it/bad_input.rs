//! Bad surroundings: each gets one clear error that names the thing and the next step, exit 101 or
//! 2, no panic, nothing half-written.

use std::path::Path;

use release_gates_tests::{Ran, TestEnv, fixtures, program};

/// The main call of each tool on a project.
const MAIN: [(&str, &[&str]); 5] = [
    ("cargo-repro", &["check"]),
    ("cargo-repro", &["build"]),
    ("cargo-sbom-lite", &["generate"]),
    ("cargo-compat", &[]),
    ("cargo-relnotes", &[]),
];

fn assert_refused(what: &str, ran: &Ran, codes: &[i32], words: &[&str]) {
    assert!(codes.contains(&ran.code), "{what}: {ran:#?}");
    // What a gate could judge as wrong is in its report, what kept it from judging is on standard
    // error.
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("error"), "{what} says no error: {ran:#?}");
    assert!(
        !ran.stderr.contains("panicked") && !ran.stderr.contains("RUST_BACKTRACE"),
        "{what} panicked: {ran:#?}"
    );
    assert!(
        words.iter().any(|word| said.contains(word)),
        "{what} names none of {words:?}: {ran:#?}"
    );
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none())
}

#[test]
fn no_manifest() {
    let env = TestEnv::new();
    let dir = env.path().join("nothing");
    std::fs::create_dir(&dir).unwrap();
    for (tool, args) in MAIN {
        let ran = env.run(&dir, tool, args);
        assert_refused(tool, &ran, &[2, 101], &["Cargo.toml"]);
        assert!(is_empty(&dir), "{tool} left something behind");
    }
}

#[test]
fn a_broken_manifest() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    std::fs::write(dir.join("Cargo.toml"), "[package\nname = ").unwrap();
    for (tool, args) in MAIN {
        assert_refused(tool, &env.run(&dir, tool, args), &[2, 101], &["Cargo.toml"]);
    }
}

#[test]
fn no_repository() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    std::fs::remove_dir_all(dir.join(".git")).unwrap();
    for (tool, args) in [
        ("cargo-repro", &["check"][..]),
        ("cargo-repro", &["build"]),
        ("cargo-relnotes", &[]),
    ] {
        assert_refused(tool, &env.run(&dir, tool, args), &[101], &["git"]);
    }

    // These need none, and say what they did without.
    let compat = env.run(
        &dir,
        "cargo-compat",
        ["--offline", "--message-format", "json"],
    );

    assert_eq!(
        (compat.code, &compat.json()["status"]),
        (0, &"skipped".into()),
        "{compat:#?}"
    );

    let sbom = env.run(&dir, "cargo-sbom-lite", ["generate"]);
    assert_eq!(sbom.code, 0, "{sbom:#?}");
}

#[test]
fn an_unknown_revision() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    let compat = env.run(
        &dir,
        "cargo-compat",
        ["--offline", "--against", "no-such-tag"],
    );
    assert_refused("compat", &compat, &[101, 2], &["no-such-tag"]);
    let notes = env.run(&dir, "cargo-relnotes", ["--since", "no-such-tag"]);
    assert_refused("relnotes", &notes, &[101, 2], &["no-such-tag"]);
    for hostile in [
        "--upload-pack=touch x",
        "-h",
        "@{-1}",
        "HEAD:Cargo.toml",
        "",
    ] {
        let ran = env.run(
            &dir,
            "cargo-compat",
            ["--offline", &format!("--against={hostile}")],
        );
        assert_refused(hostile, &ran, &[101, 2], &["error"]);
    }
}

#[test]
fn a_shallow_clone() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let url = format!("file://{}", dir.display());
    env.git(
        env.path(),
        5,
        &["clone", "--quiet", "--depth", "1", &url, "shallow"],
    );
    let shallow = env.path().join("shallow");
    let notes = env.run(&shallow, "cargo-relnotes", ["--since", "v0.1.0"]);
    assert_refused("relnotes", &notes, &[101, 2], &["shallow", "v0.1.0"]);
    let repro = env.run(&shallow, "cargo-repro", ["check", "--offline"]);
    assert_eq!(repro.code, 0, "one commit is enough to build: {repro:#?}");
}

#[test]
fn a_lock_file_that_is_needed_and_missing() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    std::fs::remove_file(dir.join("Cargo.lock")).unwrap();
    for (tool, args) in MAIN {
        let args = [args, &["--locked", "--offline"]].concat();
        let ran = env.run(&dir, tool, &args);
        // Notes are made from the lock file of the commit, which is there.
        if tool != "cargo-relnotes" {
            let words = ["Cargo.lock", "lock file", "--locked"];
            assert_refused(tool, &ran, &[2, 101], &words);
        }
        assert!(!dir.join("Cargo.lock").exists(), "{tool} wrote a lock file");
    }
}

#[test]
fn a_program_has_no_library_to_compare() {
    let env = TestEnv::new();
    let only_main: &[fixtures::Step<'_>] = &[fixtures::Step {
        message: "feat: a program",
        tag: Some("v1.0.0"),
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"tool\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
            ),
            ("src/main.rs", "fn main() {}\n"),
        ],
    }];
    let dir = env.project("tool", only_main);
    let ran = env.run(&dir, "cargo-compat", ["--message-format", "json"]);
    let value = ran.json();
    assert_eq!(
        (ran.code, &value["status"], &value["findings"][0]["rule"]),
        (0, &"skipped".into(), &"no-library".into())
    );
}

#[test]
fn a_project_that_does_not_build() {
    let env = TestEnv::new();
    let broken = fixtures::Step {
        message: "feat: oops",
        tag: None,
        files: &[("src/lib.rs", "pub fn f() -> u8 { \"no\" }\n")],
    };
    let dir = env.project("demo", &[fixtures::DEMO[0], broken]);
    for (tool, args) in [
        ("cargo-repro", &["check", "--offline"][..]),
        ("cargo-repro", &["build", "--offline"]),
        ("cargo-compat", &["--offline", "--against", "v0.1.0"]),
    ] {
        let ran = env.run(&dir, tool, args);
        assert_refused(tool, &ran, &[101], &["E0308", "mismatched types"]);
    }
}

#[test]
fn a_stale_pass_is_not_left_behind() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    assert_eq!(env.run(&dir, "cargo-compat", ["--offline"]).code, 0);
    std::fs::write(dir.join("src/lib.rs"), "pub fn f() -> u8 { \"no\" }\n").unwrap();
    assert_eq!(env.run(&dir, "cargo-compat", ["--offline"]).code, 101);
    let report = std::fs::read(dir.join("target/release-gates/demo-0.1.1/compat.json")).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(value["status"], "error");
}

#[cfg(unix)]
#[test]
fn an_artifact_folder_that_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let file = env.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let locked = env.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write anywhere; a file in a folder's place stops everybody.
    let writable = std::fs::write(locked.join("probe"), "").is_ok();
    let places = [Some(file), (!writable).then_some(locked)];
    for place in places.into_iter().flatten() {
        for (tool, args) in MAIN {
            let args = [
                args,
                &["--offline", "--artifact-dir", place.to_str().unwrap()],
            ]
            .concat();
            let ran = env.run(&dir, tool, &args);
            assert_refused(
                tool,
                &ran,
                &[101],
                &[place.file_name().unwrap().to_str().unwrap()],
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);

    // Nothing larger than 1 KiB may be written: the signal that comes with it is ignored, so that
    // writing fails as on a full disk.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let step = env
        .step("sh")
        .args(["-c", script, "sh"])
        .arg(program("cargo-sbom-lite"))
        .args(["generate", "--offline", "--manifest-path"])
        .arg(dir.join("Cargo.toml"))
        .current_dir(&dir);

    let ran = env.run_step(step);
    assert_refused(
        "sbom-lite",
        &ran,
        &[101],
        &["sbom", "File too large", "write"],
    );

    let folder = dir.join("target/release-gates/demo-0.1.1");
    let left: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().file_name()).collect())
        .unwrap_or_default();
    assert!(!left.iter().any(|name| name == "sbom.cdx.json"), "{left:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn paths_with_spaces_and_bytes_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let env = TestEnv::named("release gates with spaces ");
    let dir = env.project("demo project", fixtures::DEMO);
    for (tool, args) in MAIN {
        let args = [args, &["--offline"]].concat();
        let ran = env.run(&dir, tool, &args);
        assert_eq!(ran.code, 0, "{tool}: {ran:#?}");
    }

    let odd = env.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    std::fs::rename(&dir, &odd).unwrap();

    for (tool, args) in MAIN {
        let ran = env.run_step(
            env.step(program(tool))
                .current_dir(&odd)
                .args(args)
                .arg("--offline"),
        );
        // Cargo itself refuses such paths in its output; the gate passes or says so.
        assert!(
            [0, 101].contains(&ran.code) && !ran.stderr.contains("panicked"),
            "{tool}: {ran:#?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_it_and_its_children() {
    let env = TestEnv::new();
    let slow = fixtures::Step {
        message: "feat: slow",
        tag: None,
        files: &[
            (".gitignore", "/target\n"),
            (
                "Cargo.toml",
                "[package]\nname = \"slowpoke\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
            ),
            ("src/main.rs", "fn main() {}\n"),
            (
                "build.rs",
                "fn main() { std::thread::sleep(std::time::Duration::from_secs(600)); }\n",
            ),
        ],
    };

    let dir = env.project("slowpoke", &[slow]);

    // `--kill-after` only so that a defect does not hang the test run; a test run in the background
    // ignores the signal.
    let step = env
        .step("env")
        .args([
            "--default-signal=INT",
            "timeout",
            "--preserve-status",
            "--foreground",
            "--signal=INT",
            "--kill-after=60",
            "6",
        ])
        .arg(program("cargo-repro"))
        .args(["build", "--offline"])
        .current_dir(&dir);

    let ran = env.run_step(step);
    assert_refused("repro", &ran, &[101], &["interrupted"]);
    let report =
        std::fs::read_to_string(dir.join("target/release-gates/slowpoke-0.1.0/buildinfo.json"))
            .unwrap_or_default();
    assert!(!report.contains("\"pass\""), "{report}");

    // Its name is in the paths of its build, which lies in a sealed place somewhere else.
    let running: Vec<String> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains("/build/slowpoke-"))
        .collect();

    assert!(running.is_empty(), "{running:#?}");
}
