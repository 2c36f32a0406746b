//! No report and no note says where on a machine it was made, whatever went wrong there: what a
//! gate quotes of cargo, git and rustc has to lose its folders first.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gate::fs::walk;
use release_gates_tests::{TestEnv, fixtures};

/// Every call that leaves a report, with paths that are relative where one is asked for.
const CALLS: &[(&str, &[&str])] = &[
    ("cargo-sbom-lite", &["pins"]),
    ("cargo-sbom-lite", &["licenses"]),
    ("cargo-sbom-lite", &["audit", "--db", "../advisory-db"]),
    ("cargo-sbom-lite", &["audit", "--db", "../no-such-folder"]),
    ("cargo-sbom-lite", &["generate"]),
    ("cargo-repro", &["check"]),
    ("cargo-repro", &["build"]),
    ("cargo-compat", &["--against", "v0.1.0"]),
    ("cargo-relnotes", &["--phase", "final"]),
    ("cargo-relnotes", &["check", "--phase", "final"]),
    (
        "cargo-sign",
        &["verify-source", "--key", "../no-such-key.pub"],
    ),
    ("cargo-sign", &["pack", "--key", "../no-such-key"]),
    ("cargo-sign", &["verify", "--key", "../no-such-key.pub"]),
];

/// What is done to a project before the gates are asked.
type Damage = fn(&Path);

const DAMAGES: &[(&str, Damage)] = &[
    ("a manifest that is not valid", break_manifest),
    ("no lock file", remove_lock),
    ("a lock file that is not valid", break_lock),
    ("code that does not compile", break_code),
    ("a dependency that is nowhere", ask_for_missing_folder),
    (
        "a configuration of cargo that is not valid",
        break_cargo_configuration,
    ),
];

fn break_manifest(dir: &Path) {
    std::fs::write(dir.join("Cargo.toml"), "[package\nname = ").unwrap();
}

fn remove_lock(dir: &Path) {
    std::fs::remove_file(dir.join("Cargo.lock")).unwrap();
}

fn break_lock(dir: &Path) {
    std::fs::write(dir.join("Cargo.lock"), "version = 4\n[[package]]\n").unwrap();
}

fn break_code(dir: &Path) {
    std::fs::write(
        dir.join("src/lib.rs"),
        "pub fn add() -> u32 { \"three\" }\n",
    )
    .unwrap();
}

fn ask_for_missing_folder(dir: &Path) {
    let manifest = dir.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = format!("{text}[dependencies]\nnowhere = {{ path = \"../nowhere\" }}\n");
    std::fs::write(manifest, text).unwrap();
}

fn break_cargo_configuration(dir: &Path) {
    std::fs::create_dir_all(dir.join(".cargo")).unwrap();
    std::fs::write(dir.join(".cargo/config.toml"), "[build\n").unwrap();
}

/// The texts below a folder, by their path there.
fn texts_below(folder: &Path) -> Vec<(String, String)> {
    let Ok(files) = walk(folder) else {
        return Vec::new();
    };
    files
        .into_iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(folder.join(&file.relative)).ok()?;
            Some((file.relative.display().to_string(), text))
        })
        .collect()
}

/// The line of a text that has one of these folders.
fn line_with<'a>(text: &'a str, folders: &[String]) -> Option<&'a str> {
    let has_folder = |line: &&str| folders.iter().any(|folder| line.contains(folder.as_str()));
    text.lines().find(has_folder)
}

/// Every call over a project that is well, in the order in which one needs the other. The key lies
/// beside the project.
const HEALTHY: &[(&str, &[&str])] = &[
    ("cargo-sbom-lite", &["pins"]),
    ("cargo-sbom-lite", &["licenses", "--notices", "../NOTICES"]),
    ("cargo-sbom-lite", &["audit", "--db", "../advisory-db"]),
    (
        "cargo-sbom-lite",
        &["audit", "--db", "../advisory-db", "--watch-tags", "2"],
    ),
    ("cargo-sbom-lite", &["generate"]),
    (
        "cargo-sbom-lite",
        &["diff", "sbom.cdx.json", "sbom.cdx.json"],
    ),
    ("cargo-repro", &["check"]),
    ("cargo-repro", &["build"]),
    ("cargo-repro", &["rebuild", "--buildinfo", "buildinfo.json"]),
    (
        "cargo-repro",
        &["compare", "buildinfo.json", "buildinfo.json"],
    ),
    ("cargo-repro", &["diff", "sbom.cdx.json", "sbom.spdx.json"]),
    ("cargo-compat", &["--against", "v0.1.0"]),
    ("cargo-relnotes", &["--phase", "final"]),
    ("cargo-relnotes", &["check", "--phase", "final"]),
    ("cargo-relnotes", &["docs"]),
    ("cargo-relnotes", &["rollback"]),
    ("cargo-sign", &["pack", "--key", "../release.key"]),
    (
        "cargo-sign",
        &[
            "attest",
            "--key",
            "../release.key",
            "--source-uri",
            "https://example.org/demo",
        ],
    ),
    ("cargo-sign", &["verify", "--key", "../release.key.pub"]),
    (
        "cargo-sign",
        &[
            "upload",
            "--dry-run",
            "--key",
            "../release.key.pub",
            "--source-uri",
            "https://example.org/demo",
        ],
    ),
    (
        "cargo-sign",
        &["verify-source", "--key", "../release.key.pub"],
    ),
];

#[test]
fn what_goes_well_is_told_without_the_machines_folders() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    fixtures::advisory_db(env.path());
    let keygen = ["keygen", "--no-passphrase", "--out", "../release.key"];
    let made = env.run(&dir, "cargo-sign", keygen);
    assert_eq!(made.code, 0, "{made:#?}");

    let home = std::env::var("HOME").unwrap_or_default();
    let folders: Vec<String> = [env.path().display().to_string(), home]
        .into_iter()
        .filter(|folder| folder.len() > 1)
        .collect();
    let artifacts = dir.join("target/release-gates/demo-0.1.1");
    let (mut passed, mut refused, mut wrong) = (0, Vec::new(), Vec::new());
    for (program, args) in HEALTHY {
        // A report of an earlier call is named as it lies in the artifact folder.
        let named = args.iter().map(|arg| {
            let report = artifacts.join(arg);
            let is_report = arg.contains(".json") && report.is_file();
            if is_report {
                format!("target/release-gates/demo-0.1.1/{arg}")
            } else {
                (*arg).to_owned()
            }
        });
        // Files are compared without a project, and so without a network.
        let is_comparison = ["diff", "compare"].contains(&args[0]);
        let offline = (!is_comparison).then_some("--offline");
        let more = offline.into_iter().chain(["--message-format", "json"]);
        let ran = env.run(&dir, program, named.chain(more.map(str::to_owned)));
        if ran.code == 0 {
            passed += 1;
        } else {
            refused.push(format!("{program} {args:?}: {}", ran.stderr));
        }
        if let Some(line) = line_with(&ran.stdout, &folders) {
            wrong.push(format!("{program} {args:?}: {line}"));
        }
    }
    for (name, text) in texts_below(&dir.join("target/release-gates")) {
        if name.ends_with("buildlog.jsonl") {
            continue;
        }
        if let Some(line) = line_with(&text, &folders) {
            wrong.push(format!("{name}: {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // All but the comparison of two documents of two kinds, and the source, which is not signed.
    assert!(passed >= HEALTHY.len() - 2, "{passed} passed: {refused:#?}");
}

#[test]
fn what_goes_wrong_is_told_without_the_machines_folders() {
    let mut wrong = Vec::new();
    let mut reports = 0;
    for (damage, apply) in DAMAGES {
        let env = TestEnv::new();
        let dir = env.project("demo", fixtures::DEMO);
        fixtures::advisory_db(env.path());
        apply(&dir);
        env.git(&dir, 9, &["add", "--all"]);
        env.git(&dir, 9, &["commit", "--quiet", "-m", "chore: damage"]);

        let home = std::env::var("HOME").unwrap_or_default();
        let folders: Vec<String> = [env.path().display().to_string(), home]
            .into_iter()
            .filter(|folder| folder.len() > 1)
            .collect();
        for (program, args) in CALLS {
            let args = args
                .iter()
                .copied()
                .chain(["--offline", "--message-format", "json"]);
            let ran = env.run(&dir, program, args);
            reports += usize::from(ran.stdout.starts_with('{'));
            if let Some(line) = line_with(&ran.stdout, &folders) {
                wrong.push(format!("{damage}: {program}: {line}"));
            }
        }
        let artifacts = dir.join("target/release-gates");
        for (name, text) in texts_below(&artifacts) {
            // The audit log says what ran on this machine and is not published.
            if name.ends_with("buildlog.jsonl") {
                continue;
            }
            if let Some(line) = line_with(&text, &folders) {
                wrong.push(format!("{damage}: {name}: {line}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(reports >= 30, "{reports} reports were looked at");
}
