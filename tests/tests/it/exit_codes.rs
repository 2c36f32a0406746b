//! Every tool ends with each of the four exit codes for its own reason: 0 pass, 100 fail, 101 could
//! not judge, 2 wrong usage.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gates_tests::{Ran, TestEnv, fixtures};

fn json(env: &TestEnv, dir: &Path, tool: &str, args: &[&str]) -> Ran {
    env.run(dir, tool, [args, &["--message-format", "json"]].concat())
}

/// Exit codes with the statuses that go with them.
const PASSES: (i32, &str) = (0, "pass");
const FAILS: (i32, &str) = (100, "fail");
const CANNOT_JUDGE: (i32, &str) = (101, "error");

/// The exit code, the report's status and the rule of its first denied finding have to tell the
/// same story.
fn assert_ends(env: &TestEnv, dir: &Path, tool: &str, args: &[&str], (code, status): (i32, &str)) {
    let ran = json(env, dir, tool, args);
    assert_eq!(ran.code, code, "{tool} {args:?}: {ran:#?}");
    let value = ran.json();
    assert_eq!(value["status"], status, "{tool} {args:?}: {value:#}");
    let denied = value["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "deny")
        .count();
    assert_eq!(denied > 0, code != 0, "{tool} {args:?}: {value:#}");
}

#[test]
fn repro() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    assert_ends(&env, &dir, "cargo-repro", &["check", "--offline"], PASSES);
    std::fs::write(env.path().join("a"), "one\n").unwrap();
    std::fs::write(env.path().join("b"), "two\n").unwrap();
    assert_ends(&env, &dir, "cargo-repro", &["diff", "../a", "../a"], PASSES);
    assert_ends(&env, &dir, "cargo-repro", &["diff", "../a", "../b"], FAILS);
    assert_ends(
        &env,
        &dir,
        "cargo-repro",
        &["build", "--offline", "--target", "sparc64-unknown-netbsd"],
        CANNOT_JUDGE,
    );
    assert_eq!(env.run(&dir, "cargo-repro", ["diff", "../a"]).code, 2);
}

#[test]
fn a_build_script_that_embeds_the_time_is_named() {
    let env = TestEnv::new();
    let clock = fixtures::Step {
        message: "feat: time",
        tag: None,
        files: &[
            (
                "build.rs",
                "fn main() {\n    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();\n    \
                 println!(\"cargo::rustc-env=BUILT={}\", now.as_nanos());\n}\n",
            ),
            (
                "src/main.rs",
                "fn main() {\n    println!(\"{}\", env!(\"BUILT\"));\n}\n",
            ),
        ],
    };
    let dir = env.project("demo", &[fixtures::DEMO[0], clock]);
    let ran = json(&env, &dir, "cargo-repro", &["check", "--offline"]);
    assert_eq!(ran.code, 100, "{ran:#?}");
    let value = ran.json();
    let cause = &value["data"]["causes"][0];
    assert_eq!(
        (&cause["package"], &cause["unit"]),
        (&"demo 0.1.0".into(), &"build-script".into()),
        "{value:#}"
    );
    assert_eq!(cause["source"], "build.rs:2", "{value:#}");
    assert!(
        ran.stdout.contains("BUILT"),
        "the evidence names the variable: {value:#}"
    );
}

#[test]
fn sbom_lite() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    assert_ends(
        &env,
        &dir,
        "cargo-sbom-lite",
        &["generate", "--offline"],
        PASSES,
    );
    assert_ends(
        &env,
        &dir,
        "cargo-sbom-lite",
        &["audit", "--offline", "--db", "no-such-folder"],
        CANNOT_JUDGE,
    );
    let other = fixtures::Step {
        message: "chore: no licence",
        tag: None,
        files: &[(
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )],
    };
    let unlicensed = env.project("unlicensed", &[fixtures::DEMO[0], other]);
    std::fs::remove_file(unlicensed.join("LICENSE")).unwrap();
    assert_ends(
        &env,
        &unlicensed,
        "cargo-sbom-lite",
        &["licenses", "--offline"],
        FAILS,
    );
    assert_eq!(env.run(&dir, "cargo-sbom-lite", ["diff", "one"]).code, 2);
}

#[test]
fn sign() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    let key = env.path().join("k");
    assert_eq!(
        env.run(
            &dir,
            "cargo-sign",
            ["keygen", "--no-passphrase", "--out", key.to_str().unwrap()]
        )
        .code,
        0
    );

    // Nothing was built, so nothing can be packed; and nothing was published, so nothing is
    // verified.
    assert_ends(
        &env,
        &dir,
        "cargo-sign",
        &["pack", "--key", key.to_str().unwrap()],
        CANNOT_JUDGE,
    );

    assert_eq!(env.run(&dir, "cargo-repro", ["build", "--offline"]).code, 0);
    assert_eq!(
        env.run(&dir, "cargo-sbom-lite", ["generate", "--offline"])
            .code,
        0
    );

    assert_ends(
        &env,
        &dir,
        "cargo-sign",
        &["pack", "--key", key.to_str().unwrap()],
        PASSES,
    );

    let public = env.path().join("k.pub");
    assert_ends(
        &env,
        &dir,
        "cargo-sign",
        &["verify", "--key", public.to_str().unwrap()],
        PASSES,
    );

    let list = dir.join("target/release-gates/demo-0.1.0/release/checksums.txt");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.replacen(|c: char| c.is_ascii_digit(), "f", 1)).unwrap();
    assert_ends(
        &env,
        &dir,
        "cargo-sign",
        &["verify", "--key", public.to_str().unwrap()],
        FAILS,
    );

    assert_eq!(
        env.run(&dir, "cargo-sign", ["pack", "--no-such-flag"]).code,
        2
    );
}

#[test]
fn compat() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    assert_ends(&env, &dir, "cargo-compat", &["--offline"], PASSES);
    assert_ends(
        &env,
        &dir,
        "cargo-compat",
        &["--offline", "--against", "v9.9.9"],
        CANNOT_JUDGE,
    );
    fixtures::write_all(&dir, fixtures::BREAKING.files);
    assert_ends(
        &env,
        &dir,
        "cargo-compat",
        &["--offline", "--against", "v0.1.1"],
        FAILS,
    );
    assert_eq!(env.run(&dir, "cargo-compat", ["--against"]).code, 2);
}

#[test]
fn relnotes() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    assert_ends(&env, &dir, "cargo-relnotes", &[], PASSES);
    // The facts of the other gates are missing, and a final release needs them.
    assert_ends(
        &env,
        &dir,
        "cargo-relnotes",
        &["--phase", "final"],
        CANNOT_JUDGE,
    );
    let broken = env.project("broken", &[fixtures::DEMO, &[fixtures::BREAKING]].concat());
    assert_eq!(env.run(&broken, "cargo-compat", ["--offline"]).code, 100);
    assert_ends(&env, &broken, "cargo-relnotes", &[], FAILS);
    assert_eq!(
        env.run(&dir, "cargo-relnotes", ["--phase", "later"]).code,
        2
    );
}
