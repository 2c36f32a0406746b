//! Words of people reach a release: a vulnerability that was repaired, and a break whose commit says
//! nothing but that it is one, each released from a fresh clone through `templates/gate.sh`.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gates_tests::fixtures::{self, Step};
use release_gates_tests::{Ran, TestEnv, path_with_programs, repository};

/// Only the gate that reads words: what the others find out is not asked for.
const CONFIG: &str = "[relnotes]\nrequired-facts = []\n";

fn manifest(version: &str) -> String {
    format!(
        "[package]\nname = \"demo\"\nversion = \"{version}\"\nedition = \"2024\"\nlicense = \"MIT\"\n"
    )
}

/// A project at 1.0.0, and one commit more under another version.
fn project(env: &TestEnv, message: &str, version: &str) -> PathBuf {
    let first = [
        (".gitignore", "/target\n"),
        ("release-gates.toml", CONFIG),
        ("Cargo.toml", &manifest("1.0.0")),
        ("src/lib.rs", "//! Demo.\n"),
    ];

    let then = [
        ("Cargo.toml", &*manifest(version)),
        ("src/lib.rs", "//! Demo, again.\n"),
    ];

    let steps = [
        Step {
            message: "feat: first release",
            tag: Some("v1.0.0"),
            files: &first,
        },
        Step {
            message,
            tag: None,
            files: &then,
        },
    ];

    env.project("demo", &steps)
}

/// The release as a CI makes it: from a clone that nobody worked in.
fn release(env: &TestEnv, dir: &Path, clone: &str) -> (Ran, PathBuf) {
    let there = env.path().join(clone);
    let paths = [dir, &there].map(|path| path.to_str().unwrap());
    env.git(dir, 9, &["clone", "--quiet", paths[0], paths[1]]);
    let step = env
        .step("sh")
        .current_dir(&there)
        .arg(repository().join("templates/gate.sh"))
        .env("PATH", path_with_programs())
        .env("OFFLINE", "1")
        .env("GATES", "notes")
        .env(
            "ADVISORY_DB",
            fixtures::advisory_db(env.path()).into_os_string(),
        );
    (env.run_step(step), there)
}

/// Fills in what a command left to be filled in, and commits it.
fn fill_in(env: &TestEnv, dir: &Path) {
    let made = env.run(dir, "cargo-relnotes", ["prepare"]);
    assert_eq!(made.code, 0, "{made:#?}");
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.extend((name != ".git" && name != "target").then_some(path));
            } else if name.ends_with(".md") || name.ends_with(".json") {
                let text = std::fs::read_to_string(&path).unwrap();
                std::fs::write(&path, text.replace("FILL-IN", "said by people")).unwrap();
            }
        }
    }

    let notes = "Please update today.\n";
    let files = std::fs::read_dir(dir.join("release-notes")).unwrap();
    for file in files {
        std::fs::write(file.unwrap().path(), notes).unwrap();
    }
    env.git(dir, 9, &["add", "--all"]);
    env.git(
        dir,
        9,
        &["commit", "--quiet", "-m", "docs: words for the release"],
    );
}

fn released(dir: &Path, version: &str, file: &str) -> String {
    let folder = dir.join(format!("target/release-gates/demo-{version}"));
    std::fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn a_repaired_vulnerability_is_released_with_the_advisory_people_wrote() {
    let env = TestEnv::new();
    let dir = project(
        &env,
        "fix(security): check the length (CVE-2026-12345)",
        "1.0.1",
    );
    let (ran, _) = release(&env, &dir, "before");
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert!(ran.stdout.contains("placeholder-left"), "{ran:#?}");

    fill_in(&env, &dir);
    let (ran, clone) = release(&env, &dir, "ci");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let notes = released(&clone, "1.0.1", "RELEASE_NOTES.md");
    assert!(
        notes.contains("Please update today.") && notes.contains("CVE-2026-12345"),
        "{notes}"
    );
}

#[test]
fn a_break_without_a_footer_is_released_with_the_guide_people_wrote() {
    let env = TestEnv::new();
    let dir = project(&env, "feat!: drop the old parser", "2.0.0");
    let (ran, _) = release(&env, &dir, "before");
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert!(ran.stdout.contains("placeholder-left"), "{ran:#?}");

    fill_in(&env, &dir);
    let (ran, clone) = release(&env, &dir, "ci");
    assert_eq!(ran.code, 0, "{ran:#?}");
    let guide = released(&clone, "2.0.0", "MIGRATION.md");
    assert!(
        guide.contains("said by people") && !guide.contains("FILL-IN"),
        "{guide}"
    );
}
