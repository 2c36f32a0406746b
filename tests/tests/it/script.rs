//! `templates/gate.sh`, run as a CI would: it passes a good release, and stops a bad one at the gate whose
//! fault it is, before anything is signed.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gates_tests::{Ran, TestEnv, fixtures, path_with_programs, repository};

fn gate(env: &TestEnv, dir: &Path, gates: Option<&str>) -> Ran {
    let key = env.path().join("release.key");
    if !key.exists() {
        let made = env.run(
            dir,
            "cargo-sign",
            ["keygen", "--no-passphrase", "--out", key.to_str().unwrap()],
        );
        assert_eq!(made.code, 0, "{made:#?}");
    }

    let mut step = env
        .step("sh")
        .current_dir(dir)
        .arg(repository().join("templates/gate.sh"))
        .env("PATH", path_with_programs())
        .env("OFFLINE", "1")
        .env("KEY", key.as_os_str())
        .env(
            "PUBLIC_KEY",
            env.path().join("release.key.pub").into_os_string(),
        )
        .env(
            "ADVISORY_DB",
            fixtures::advisory_db(env.path()).into_os_string(),
        );

    if let Some(gates) = gates {
        step = step.env("GATES", gates);
    }

    env.run_step(step)
}

fn is_signed(dir: &Path) -> bool {
    let folders = std::fs::read_dir(dir.join("target/release-gates"))
        .into_iter()
        .flatten()
        .flatten();
    folders.into_iter().any(|folder| {
        folder.path().join("release/checksums.txt.sshsig").exists()
            || folder.path().join("verify.json").exists()
    })
}

#[test]
fn a_good_release_passes_to_the_end() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let ran = gate(&env, &dir, None);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        dir.join("target/release-gates/demo-0.1.1/verify.json")
            .is_file()
    );
    // A part of it, and a word that is none.
    assert_eq!(gate(&env, &dir, Some("pins licenses")).code, 0);
    assert_eq!(gate(&env, &dir, Some("pins nonsense")).code, 2);
}

#[test]
fn a_break_under_a_small_bump_stops_before_anything_is_signed() {
    let env = TestEnv::new();
    let dir = env.project("demo", &[fixtures::DEMO, &[fixtures::BREAKING]].concat());
    let ran = gate(
        &env,
        &dir,
        Some("sbom audit licenses pins compat notes sign"),
    );
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert!(
        ran.stderr.contains("+ cargo compat") && !ran.stderr.contains("+ cargo relnotes"),
        "{ran:#?}"
    );
    assert!(!is_signed(&dir));
}

#[test]
fn a_clock_in_a_build_script_stops_at_the_first_gate() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let script = "fn main() { let t = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos(); println!(\"cargo::rustc-env=BUILT_AT={t}\"); }";
    let main = std::fs::read_to_string(dir.join("src/main.rs")).unwrap();
    fixtures::write_all(
        &dir,
        &[("build.rs", script), ("src/main.rs", &main.replacen("fn main() {", "fn main() {\n    if std::env::args().len() > 9 { println!(\"{}\", env!(\"BUILT_AT\")); }", 1))],
    );
    env.git(&dir, 9, &["add", "-A"]);
    env.git(&dir, 9, &["commit", "-qm", "fix: say when it was built"]);
    let ran = gate(&env, &dir, None);
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert!(
        ran.stderr.contains("+ cargo repro check") && !ran.stderr.contains("+ cargo repro build"),
        "{ran:#?}"
    );
    assert!(!is_signed(&dir));
}

/// What `cargo NAME` means is for the project's own configuration to say, and a break would go by
/// under another name.
#[test]
fn a_project_cannot_put_something_else_in_the_place_of_a_gate() {
    let env = TestEnv::new();
    let alias = [(
        ".cargo/config.toml",
        "[alias]\ncompat = \"version\"\nsign = \"version\"\n",
    )];

    let files = [fixtures::BREAKING.files, &alias].concat();
    let last = fixtures::Step {
        files: &files,
        ..fixtures::BREAKING
    };

    let dir = env.project("demo", &[fixtures::DEMO, &[last]].concat());
    assert_eq!(gate(&env, &dir, Some("compat")).code, 100);

    // A file a gate, where they are asked for.
    let verdicts = env.path().join("verdicts");
    let step = env
        .step("sh")
        .current_dir(&dir)
        .arg(repository().join("templates/gate.sh"));

    let step = step
        .env("PATH", path_with_programs())
        .env("OFFLINE", "1")
        .env("GATES", "pins licenses compat");

    let ran = env.run_step(step.env("FORMAT", "sarif").env("VERDICTS", &verdicts));
    assert!(ran.code == 100 && ran.stdout.is_empty(), "{ran:#?}");

    for name in ["sbom-lite-pins", "sbom-lite-licenses", "compat"] {
        let text = std::fs::read(verdicts.join(name).with_extension("sarif")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(report["version"], "2.1.0", "{name}");
    }
}

/// CI holds one key, a maintainer the other: what CI packed goes no further without the second
/// signature.
#[test]
fn what_needs_two_keys_waits_for_the_second() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let key = |name: &str| env.path().join(name).display().to_string();
    let (first, second) = (key("release.key"), key("alice.key"));
    let sign = |args: &[&str]| {
        let ran = env.run(&dir, "cargo-sign", args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:#?}");
    };

    for file in [&first, &second] {
        sign(&["keygen", "--no-passphrase", "--out", file]);
    }
    let public = std::fs::read_to_string(format!("{first}.pub")).unwrap();
    fixtures::write_all(&dir, &[("release-keys/maintainer.ed25519.pub", &public)]);
    sign(&["keys", "init", "--key", &first, "--name", "ci"]);
    sign(&[
        "keys",
        "add",
        "--key",
        &first,
        "--name",
        "alice",
        &format!("{second}.pub"),
    ]);

    sign(&["keys", "threshold", "--key", &first, "2"]);
    env.git(&dir, 9, &["add", "-A"]);
    env.git(&dir, 9, &["commit", "-qm", "chore: two keys sign"]);
    let gates = |gates: &str| {
        let step = env
            .step("sh")
            .current_dir(&dir)
            .arg(repository().join("templates/gate.sh"));
        let step = step
            .env("PATH", path_with_programs())
            .env("OFFLINE", "1")
            .env("GATES", gates);
        let source = if gates.contains("attest") {
            "https://git.example.org/demo"
        } else {
            ""
        };
        let step = step.env("SOURCE_URI", source);
        env.run_step(step.env(
            "KEY",
            if gates.starts_with("build") {
                &first
            } else {
                &second
            },
        ))
    };

    let ran = gates("build sbom pack");
    assert_eq!(ran.code, 0, "{ran:#?}");
    for waits in ["attest", "verify"] {
        let ran = gates(waits);
        let said = [&*ran.stdout, &*ran.stderr].concat();
        assert!(
            ran.code == 100 && said.contains("[release-threshold]"),
            "{waits}: {ran:#?}"
        );
    }

    let list = dir
        .join("target/release-gates/demo-0.1.1/release/checksums.txt")
        .display()
        .to_string();

    sign(&["sign", "--key", &second, &list]);
    let ran = gates("attest verify");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("OK"), "{ran:#?}");
}
