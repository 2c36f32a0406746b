//! One release of a small project through all five gates, and what every machine output has to be.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gates_tests::{Ran, TestEnv, fixtures, repository};
use serde_json::Value;

/// Calls of a whole release in the order in which their facts are needed, each with the exit code
/// it has to end with.
fn release(env: &TestEnv, dir: &Path) -> Vec<(String, Ran)> {
    let key = env.path().join("release.key");
    let public = env.path().join("release.key.pub");
    let (key, public) = (key.to_str().unwrap(), public.to_str().unwrap());
    let keygen = env.run(
        dir,
        "cargo-sign",
        ["keygen", "--no-passphrase", "--out", key],
    );

    assert_eq!(keygen.code, 0, "{keygen:#?}");
    let db = fixtures::advisory_db(env.path());
    let calls: [(&str, &[&str]); 9] = [
        ("cargo-repro", &["check"]),
        ("cargo-repro", &["build"]),
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-sbom-lite", &["licenses"]),
        ("cargo-sbom-lite", &["audit", "--db", db.to_str().unwrap()]),
        ("cargo-compat", &[]),
        ("cargo-relnotes", &["--phase", "final"]),
        ("cargo-sign", &["pack", "--key", key]),
        ("cargo-sign", &["verify", "--key", public]),
    ];

    calls
        .iter()
        .map(|(tool, args)| {
            let args = [args, &["--message-format", "json", "--offline"][..]].concat();
            (
                format!("{tool} {}", args.join(" ")),
                env.run(dir, tool, args),
            )
        })
        .collect()
}

/// Reports that lie in a package's artifact folder.
fn reports(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && let Ok(value) = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap())
            && value["schema"]
                .as_str()
                .is_some_and(|schema| schema.starts_with("release-gate/"))
        {
            found.push((path, value));
        }
    }
    found
}

fn assert_valid(name: &str, value: &Value) {
    let id = value["schema"].as_str().unwrap();
    let kind = id
        .strip_prefix("release-gate/")
        .and_then(|rest| rest.strip_suffix("/v1"))
        .unwrap();
    let file = repository().join(format!("docs/schemas/{kind}.schema.json"));
    let schema: Value = serde_json::from_slice(
        &std::fs::read(&file).unwrap_or_else(|_| panic!("{name}: no schema {}", file.display())),
    )
    .unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

/// Nothing in a machine output may say where or when it was made.
fn assert_timeless(name: &str, text: &str, env: &TestEnv) {
    for place in [
        env.path().to_str().unwrap(),
        repository().to_str().unwrap(),
        "/home/",
        "/root/",
        "/tmp/",
    ] {
        assert!(
            !text.contains(place),
            "{name} contains the path {place}: {text}"
        );
    }
    // The toolchain's own dates are facts of the build; today's is not.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let today = release_gate::time::iso_date(i64::try_from(now).unwrap());
    assert!(
        !text.contains(&today),
        "{name} contains today's date: {text}"
    );
}

#[test]
fn a_release_passes_every_gate_and_its_files_are_in_order() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    for (call, ran) in release(&env, &dir) {
        assert_eq!(ran.code, 0, "{call}: {ran:#?}");
        let value = ran.json();
        assert_eq!(value["status"], "pass", "{call}: {value:#}");
        assert_timeless(&call, &ran.stdout, &env);
    }

    let folder = dir.join("target/release-gates/demo-0.1.1");
    let reports = reports(&folder);
    let names: Vec<String> = reports
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();

    for name in [
        "buildinfo.json",
        "compat.json",
        "relnotes.json",
        "repro.json",
        "verify.json",
    ] {
        assert!(
            names.contains(&name.to_owned()),
            "{name} is not among {names:?}"
        );
    }

    for (path, value) in &reports {
        assert_valid(&path.display().to_string(), value);
    }

    // The manifest names every file with its digest, and itself is written last.
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let files = manifest["files"].as_array().unwrap();
    for file in files {
        let path = folder.join(file["path"].as_str().unwrap());
        let (digest, size) = release_gate::digest::sha256_file(&path).unwrap();
        assert_eq!(file["sha256"], digest.to_string(), "{}", path.display());
        assert_eq!(file["size"], size);
    }

    let listed: Vec<&str> = files
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();

    for name in [
        "sbom.cdx.json",
        "sbom.spdx.json",
        "RELEASE_NOTES.md",
        "buildlog.jsonl",
        "compat.json",
    ] {
        assert!(
            listed.contains(&name),
            "{name} is not in the manifest: {listed:?}"
        );
    }
}

#[test]
fn the_same_commit_gives_the_same_reports_in_another_folder() {
    let one = TestEnv::new();
    let other = TestEnv::named("release-gates-e2e-in-another-and-longer-folder-");
    let read = |env: &TestEnv| {
        let dir = env.project("demo", fixtures::DEMO);
        for (call, ran) in release(env, &dir) {
            assert_eq!(ran.code, 0, "{call}: {ran:#?}");
        }
        let folder = dir.join("target/release-gates/demo-0.1.1");
        [
            "buildinfo.json",
            "compat.json",
            "relnotes.json",
            "sbom.cdx.json",
            "sbom.spdx.json",
            "RELEASE_NOTES.md",
        ]
        .map(|name| (name, std::fs::read_to_string(folder.join(name)).unwrap()))
    };
    for ((name, a), (_, b)) in read(&one).into_iter().zip(read(&other)) {
        assert_eq!(a, b, "{name}");
    }
}

#[test]
fn a_break_under_a_patch_version_fails_and_the_notes_say_so() {
    let env = TestEnv::new();
    let steps = [fixtures::DEMO, &[fixtures::BREAKING]].concat();
    let dir = env.project("demo", &steps);
    let compat = env.run(
        &dir,
        "cargo-compat",
        ["--message-format", "json", "--offline"],
    );
    assert_eq!(compat.code, 100, "{compat:#?}");
    let value = compat.json();
    assert_eq!(
        (&value["status"], &value["data"]["required_bump"]),
        (&"fail".into(), &"major".into())
    );
    let changes = value["data"]["changes"].as_array().unwrap();
    let add = changes
        .iter()
        .find(|change| change["item"] == "add")
        .unwrap();
    assert_eq!(
        (&add["rule"], &add["witness"]["proved"]),
        (&"signature-changed".into(), &true.into())
    );
    assert!(
        changes
            .iter()
            .any(|change| change["item"] == "sub" && change["rule"] == "item-removed")
    );
    // The saved program breaks again when it is asked for.
    let program = add["witness"]["program"].as_str().unwrap();
    let witness = env.run(&dir, "cargo-compat", ["--offline", "--witness", program]);
    assert_eq!(witness.code, 100, "{witness:#?}");
    let notes = env.run(&dir, "cargo-relnotes", ["--message-format", "json"]);
    let text =
        std::fs::read_to_string(dir.join("target/release-gates/demo-0.1.2/RELEASE_NOTES.md"))
            .unwrap();
    assert!(
        notes.stdout.contains("add") || text.contains("add"),
        "{text}"
    );
    assert_eq!(notes.code, 100, "an unmarked break is denied: {notes:#?}");
    // A file that nobody committed does not make the release its own baseline.
    std::fs::write(dir.join("stray"), "").unwrap();
    let dirty = env.run(
        &dir,
        "cargo-compat",
        ["--message-format", "json", "--offline"],
    );
    assert_eq!(
        (dirty.code, &dirty.json()["baseline"]["name"]),
        (100, &"v0.1.1".into()),
        "{dirty:#?}"
    );
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    for (call, ran) in release(&env, &dir) {
        assert_eq!(ran.code, 0, "{call}: {ran:#?}");
    }
    let folder = dir.join("target/release-gates/demo-0.1.1");
    let archive = std::fs::read_dir(folder.join("release"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".tar.gz"))
        .unwrap();

    let good = std::fs::read(&archive).unwrap();
    let public = env.path().join("release.key.pub");
    let verify = || {
        env.run(
            &dir,
            "cargo-sign",
            [
                "verify",
                "--message-format",
                "json",
                "--key",
                public.to_str().unwrap(),
            ],
        )
    };

    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&archive, &bad).unwrap();
    let ran = verify();
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert_valid("verify", &ran.json());
    std::fs::write(&archive, &good).unwrap();
    assert_eq!(verify().code, 0);
}

#[test]
fn without_a_database_nothing_is_called_free_of_vulnerabilities() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    let step = env
        .step(release_gates_tests::program("cargo-sbom-lite"))
        .current_dir(&dir)
        .args(["audit", "--message-format", "json", "--offline"]);
    let ran = env.run_step(
        step.env("CARGO_HOME", env.path().join("empty-cargo-home"))
            .env_remove("RELEASE_GATES_ADVISORY_DB"),
    );
    assert_eq!(ran.code, 101, "{ran:#?}");
    assert_eq!(ran.json()["status"], "error");
}

#[test]
fn every_look_of_a_report_can_be_asked_for() {
    let env = TestEnv::new();
    let steps = [fixtures::DEMO, &[fixtures::BREAKING]].concat();
    let dir = env.project("demo", &steps);
    let run = |format: &str| {
        env.run(
            &dir,
            "cargo-compat",
            ["--offline", "--message-format", format],
        )
    };
    let sarif = run("sarif").json();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        for location in result["locations"].as_array().into_iter().flatten() {
            let uri = location["physicalLocation"]["artifactLocation"]["uri"]
                .as_str()
                .unwrap();
            assert!(!uri.starts_with('/') && !uri.contains(".."), "{uri}");
        }
    }
    assert!(run("github").stdout.contains("::error"));
    let junit = run("junit").stdout;
    assert!(
        junit.starts_with("<?xml") && junit.contains("<failure"),
        "{junit}"
    );
    let human = run("human").stdout;
    assert!(
        human.contains("required bump") && human.contains("help:"),
        "{human}"
    );
}
