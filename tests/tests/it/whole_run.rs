//! `cargo xtask gate` over a small project: every step of the table, one screen at the end, the
//! page beside it.
//!
//! The task builds the gates as they are released. Here a program called `cargo` answers that call
//! with those the tests were built with, and is cargo for all others.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gates_tests::{Ran, TestEnv, fixtures, path_after, program};

/// The verdicts of the closing table, in the order of the steps.
const STEPS: [&str; 11] = [
    "sbom-lite pins",
    "sbom-lite licenses",
    "sbom-lite audit",
    "repro check",
    "repro build",
    "sbom-lite",
    "compat",
    "relnotes",
    "relnotes check",
    "sign pack",
    "sign verify",
];

fn gate(env: &TestEnv, dir: &Path) -> Ran {
    let machine = std::env::var_os("PATH").unwrap();
    let cargo = std::env::split_paths(&machine)
        .map(|folder| folder.join("cargo"))
        .find(|path| path.is_file())
        .unwrap();
    let built = program("cargo-sign").parent().unwrap().to_owned();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*'--release --locked -p cargo-'*) ;;\n*) exec '{}' \"$@\" ;;\nesac\n\
         for word; do case $word in cargo-*) echo \"{{\\\"executable\\\":\\\"{}/$word\\\"}}\" ;; esac; done\n",
        cargo.display(),
        built.display()
    );
    let bin: PathBuf = env.path().join("bin");
    fixtures::write_programs(&bin, &[("cargo", &script)]);

    let step = env
        .step(program("xtask"))
        .current_dir(dir)
        .env("PATH", path_after([bin]))
        .args(["gate", "--offline", "--manifest-path"])
        .arg(dir.join("Cargo.toml"))
        .arg("--db")
        .arg(fixtures::advisory_db(env.path()))
        .arg("--report")
        .arg(env.path().join("page.html"));
    env.run_step(step)
}

/// The lines of the closing table, without its head.
fn rows(ran: &Ran) -> Vec<&str> {
    let lines = ran.stdout.lines().map(str::trim);
    let lines = lines.skip_while(|line| !line.starts_with("---")).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn a_release_that_passes_ends_with_a_table() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let ran = gate(&env, &dir);
    assert_eq!(ran.code, 0, "{ran:#?}");

    let rows = rows(&ran);
    assert_eq!(rows.len(), STEPS.len(), "{ran:#?}");
    for (row, step) in rows.iter().zip(STEPS) {
        let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells[0], step, "{ran:#?}");
        assert!(cells[1].trim().starts_with("passed"), "{row}");
    }
    let page = std::fs::read_to_string(env.path().join("page.html")).unwrap();
    assert!(page.contains("Every gate that was run passed."), "{page}");
}

#[test]
fn a_release_that_fails_ends_with_one_screen_of_causes() {
    let env = TestEnv::new();
    let dir = env.project("demo", &[fixtures::DEMO, &[fixtures::BREAKING]].concat());
    let ran = gate(&env, &dir);
    assert_eq!(ran.code, 100, "{ran:#?}");

    let compat = rows(&ran)[6];
    assert!(
        compat.starts_with("compat") && compat.contains("failed"),
        "{ran:#?}"
    );
    assert!(ran.stdout.contains("compat[bump-too-small]"), "{ran:#?}");
    assert!(ran.stdout.lines().count() <= 60, "{ran:#?}");
    // Each rule of a gate is told once.
    let causes = ran.stdout.lines().filter(|line| line.contains("]: "));
    let mut causes: Vec<&str> = causes.filter_map(|line| line.split("]: ").next()).collect();
    let told = causes.len();
    causes.sort_unstable();
    causes.dedup();
    assert_eq!(causes.len(), told, "{ran:#?}");

    let page = std::fs::read_to_string(env.path().join("page.html")).unwrap();
    assert!(
        page.contains("Not every gate passed.</span> Failed: "),
        "{page}"
    );
}
