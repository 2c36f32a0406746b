//! `cargo xtask bench sbom-lite`: documents beside cargo-cyclonedx and the calls of cargo they rest
//! on, audits beside cargo-audit and cargo-deny, licences beside cargo-deny and cargo-about, and a
//! workspace of a thousand packages.
//!
//! Arguments: `[--quick] [--runs N] [--db DIR] [--members N] [PROJECT…]`. Without projects a
//! published one is taken. The advisory database is looked for where cargo-audit keeps it, or
//! `RELEASE_GATES_ADVISORY_DB`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gate::advisories::locate;
use release_gate::process::{Runner, Step};
use release_gates_tests::bench::{Measure, Ran, measured, published, repeated};

const OURS: &str = env!("CARGO_BIN_EXE_cargo-sbom-lite");

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut runs, mut members, mut projects) = (7_usize, 1_000_usize, Vec::new());
    let mut db = locate(None).ok().flatten();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (runs, members) = (1, 20),
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            "--members" => members = args.next().unwrap().parse().unwrap(),
            "--db" => db = args.next().map(PathBuf::from),
            project => projects.push(PathBuf::from(project)),
        }
    }

    let dir = tempfile::tempdir().unwrap();
    if projects.is_empty() {
        match published(dir.path(), "just", "1.59.0") {
            Some(project) => projects.push(project),
            None => Measure::of("documents of just 1.59.0")
                .said("all", "not measured: cargo cannot download it"),
        }
    }

    for project in projects {
        measure(&project, runs, db.as_deref());
    }
    let workspace = dir.path().join("many");
    many(&workspace, members);
    let mut row = Measure::of(format!(
        "documents of one of {members} packages, which needs all others"
    ));
    let ours = words(
        &[
            "sbom-lite",
            "generate",
            "--offline",
            "-q",
            "-o",
            "/dev/null",
            "-p",
            "all",
        ],
        OURS,
    );

    row.time(
        "cargo sbom-lite",
        repeated(runs, &workspace, &ours, wall, &[0]),
        "",
    );
}

fn wall(ran: &Ran) -> std::time::Duration {
    ran.wall
}

fn words(args: &[&str], program: &str) -> Vec<OsString> {
    std::iter::once(program)
        .chain(args.iter().copied())
        .map(OsString::from)
        .collect()
}

/// Tools in one row each; a peer that ended otherwise than it may is said to have failed.
fn beside(what: &str, dir: &Path, runs: usize, tools: &[(&str, Vec<OsString>)]) {
    let mut row = Measure::of(what);
    for (tool, words) in tools {
        // A judge that found something did its work, too: 100 is ours, 1 cargo-audit's, 1 and 4
        // cargo-deny's.
        let may_end: &[i32] = match *tool {
            "cargo sbom-lite" => &[0, 100],
            "cargo-audit" | "cargo-deny" => &[0, 1, 4],
            _ => &[0],
        };
        let time = repeated(runs, dir, words, wall, may_end);
        let there = time.is_some() || measured(dir, &words[..1]).is_some();
        row.time(
            tool,
            time,
            if time.is_none() && there {
                "failed"
            } else {
                ""
            },
        );
    }
}

fn measure(project: &Path, runs: usize, db: Option<&Path>) {
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    let table: toml::Table = manifest.parse().unwrap();
    let package = table["package"]["name"].as_str().unwrap().to_owned();
    let name = format!(
        "{package} {}",
        table["package"]["version"].as_str().unwrap_or_default()
    );
    let prepared = measured(project, &["cargo", "fetch", "--locked", "-q"]);
    if !prepared.is_some_and(|ran| ran.finished.is_success()) {
        return Measure::of(name).said(
            "all",
            "not measured: cargo cannot download its dependencies",
        );
    }
    let unit_graph = "cargo metadata --format-version 1 --offline > /dev/null && RUSTC_BOOTSTRAP=1 cargo build --release --offline \
                      -Zunstable-options --unit-graph > /dev/null";
    beside(
        &format!("CycloneDX and SPDX documents of {name}"),
        project,
        runs,
        &[
            (
                "cargo sbom-lite",
                words(
                    &[
                        "sbom-lite",
                        "generate",
                        "--offline",
                        "-q",
                        "-o",
                        "/dev/null",
                        "-p",
                        &package,
                    ],
                    OURS,
                ),
            ),
            (
                "cargo metadata and unit graph alone",
                words(&["-c", unit_graph], "sh"),
            ),
            (
                "cargo-cyclonedx",
                words(
                    &[
                        "cyclonedx",
                        "--format",
                        "json",
                        "--override-filename",
                        "bench-of-sbom-lite",
                    ],
                    "cargo-cyclonedx",
                ),
            ),
        ],
    );
    let _ = std::fs::remove_file(project.join("bench-of-sbom-lite.json"));
    let lock = project
        .ancestors()
        .map(|dir| dir.join("Cargo.lock"))
        .find(|path| path.is_file())
        .unwrap();
    let lock = lock.to_str().unwrap();
    let advisories = format!("advisories of the lock file of {name}");
    match db.and_then(Path::to_str) {
        None => Measure::of(advisories).said("all", "not measured: there is no advisory database"),
        Some(db) => {
            let scratch = tempfile::tempdir().unwrap();
            let mut tools = vec![
                (
                    "cargo sbom-lite",
                    words(
                        &["sbom-lite", "audit", "-q", "--db", db, "--lockfile", lock],
                        OURS,
                    ),
                ),
                (
                    "cargo-audit",
                    words(
                        &[
                            "audit",
                            "--no-fetch",
                            "--stale",
                            "-q",
                            "--db",
                            db,
                            "-f",
                            lock,
                        ],
                        "cargo-audit",
                    ),
                ),
            ];
            if let Some(config) = deny_database(scratch.path(), db) {
                tools.push((
                    "cargo-deny",
                    words(
                        &[
                            "deny",
                            "--offline",
                            "--config",
                            &config,
                            "check",
                            "advisories",
                        ],
                        "cargo-deny",
                    ),
                ));
            }
            beside(&advisories, project, runs, &tools);
        }
    }
    let allowed = tempfile::tempdir().unwrap();
    let accepted = r#"["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "Unicode-3.0", "Unlicense", "Zlib"]"#;
    let put = |file: &str, text: String| {
        let path = allowed.path().join(file);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let deny = put("deny.toml", format!("[licenses]\nallow = {accepted}\n"));
    let about = put("about.toml", format!("accepted = {accepted}\n"));
    let own = put(
        "release-gates.toml",
        format!("[sbom-lite.licenses]\nallow = {accepted}\n"),
    );
    beside(
        &format!("licences of {name}"),
        project,
        runs,
        &[
            (
                "cargo sbom-lite",
                words(
                    &[
                        "sbom-lite",
                        "licenses",
                        "--offline",
                        "-q",
                        "-p",
                        &package,
                        "--config",
                        &own,
                    ],
                    OURS,
                ),
            ),
            (
                "cargo-deny",
                words(
                    &["deny", "--offline", "--config", &deny, "check", "licenses"],
                    "cargo-deny",
                ),
            ),
            (
                "cargo-about, with the texts",
                words(
                    &[
                        "about",
                        "generate",
                        "--offline",
                        "--config",
                        &about,
                        "--format",
                        "json",
                    ],
                    "cargo-about",
                ),
            ),
        ],
    );
}

/// A configuration with which cargo-deny finds a database that is somewhere else.
fn deny_database(scratch: &Path, db: &str) -> Option<String> {
    let script = "git clone -q \"$0\" advisory-db-3157b0e258782691 && cd advisory-db-3157b0e258782691 && git fetch -q";
    measured(scratch, &["sh", "-c", script, db])?
        .finished
        .success()
        .ok()?;
    let config = scratch.join("deny.toml");
    std::fs::write(
        &config,
        format!("[advisories]\ndb-path = {:?}\n", scratch.to_str()?),
    )
    .unwrap();
    config.to_str().map(str::to_owned)
}

fn many(dir: &Path, members: usize) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };

    write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"all\", \"m*\"]\n",
    );

    let mut all = String::from(
        "[package]\nname = \"all\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[dependencies]\n",
    );
    for member in 0..members {
        let before = member
            .checked_sub(1)
            .map(|n| format!("m{n} = {{ path = \"../m{n}\" }}\n"))
            .unwrap_or_default();
        write(
            &format!("m{member}/Cargo.toml"),
            &format!(
                "[package]\nname = \"m{member}\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n[dependencies]\n{before}"
            ),
        );
        write(&format!("m{member}/src/lib.rs"), "");
        all.push_str(&format!("m{member} = {{ path = \"../m{member}\" }}\n"));
    }

    write("all/Cargo.toml", &all);
    write("all/src/main.rs", "fn main() {}\n");
    let step = Step::cargo()
        .inherit_network_env()
        .args(["generate-lockfile", "--offline"])
        .current_dir(dir);

    Runner::new().run(step).unwrap().success().unwrap();
}
