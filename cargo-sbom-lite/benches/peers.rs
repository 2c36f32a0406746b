//! `cargo xtask bench sbom-lite`: documents beside cargo-cyclonedx and the calls of cargo they rest
//! on, audits beside cargo-audit and cargo-deny, licences beside cargo-deny and cargo-about, a
//! workspace of a thousand packages, and documents of fifty thousand components.
//!
//! Arguments: `[--quick] [--runs N] [--db DIR] [--members N] [--components N] [PROJECT…]`. Without
//! projects published ones are taken. The advisory database is looked for where cargo-audit keeps
//! it, or `RELEASE_GATES_ADVISORY_DB`.
//!
//! Times are of the processors, children included, and tools take turns: what else the machine does
//! falls on all of them.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::advisories::locate;
use release_gate::process::{Runner, Step};
use release_gates_tests::bench::{Measure, Ran, measured, median, published, repeated};
use serde_json::json;

/// Programs of several sizes that are published with their lock files.
const PUBLISHED: &[(&str, &str)] = &[
    ("hexyl", "0.16.0"),
    ("just", "1.59.0"),
    ("ripgrep", "14.1.1"),
];

const OURS: &str = env!("CARGO_BIN_EXE_cargo-sbom-lite");

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut runs = 7_usize;
    let mut members = 1_000_usize;
    let mut components = 50_000_usize;
    let mut projects = Vec::new();
    let mut db = locate(None).ok().flatten();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (runs, members, components) = (1, 20, 500),
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            "--members" => members = args.next().unwrap().parse().unwrap(),
            "--components" => components = args.next().unwrap().parse().unwrap(),
            "--db" => db = args.next().map(PathBuf::from),
            project => projects.push(PathBuf::from(project)),
        }
    }

    let dir = tempfile::tempdir().unwrap();
    if projects.is_empty() {
        for (name, version) in PUBLISHED {
            match published(dir.path(), name, version) {
                Some(project) => projects.push(project),
                None => Measure::of(format!("documents of {name} {version}"))
                    .said("all", "not measured: cargo cannot download it"),
            }
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
        repeated(runs, &workspace, &ours, processors, &[0]),
        "",
    );
    if let Some(db) = db.as_deref().and_then(Path::to_str) {
        large_documents(dir.path(), components, runs, db);
    }
}

fn processors(ran: &Ran) -> Duration {
    ran.cpu
}

fn words(args: &[&str], program: &str) -> Vec<OsString> {
    std::iter::once(program)
        .chain(args.iter().copied())
        .map(OsString::from)
        .collect()
}

/// Tools in one row each, which take turns; a peer that ended otherwise than it may is said to have
/// failed.
fn beside(what: &str, dir: &Path, runs: usize, tools: &[(&str, Vec<OsString>)]) {
    let mut results: Vec<Turns> = tools.iter().map(|_| Turns::Took(Vec::new())).collect();
    for _ in 0..runs {
        for ((tool, words), turns) in tools.iter().zip(&mut results) {
            if let Turns::Took(times) = turns {
                match measured(dir, words) {
                    None => *turns = Turns::Absent,
                    Some(ran) if has_worked(tool, &ran) => times.push(ran.cpu),
                    Some(_) => *turns = Turns::Failed,
                }
            }
        }
    }

    let mut row = Measure::of(what);
    for ((tool, _), turns) in tools.iter().zip(results) {
        match turns {
            Turns::Took(times) => row.time(tool, median(times), ""),
            Turns::Absent => row.time(tool, None, ""),
            Turns::Failed => row.time(tool, None, "failed"),
        }
    }
}

/// The times of a tool, or why there are none.
enum Turns {
    Took(Vec<Duration>),
    Absent,
    Failed,
}

/// A judge that found something did its work, too: 100 is ours, 1 cargo-audit's, 1 and 4
/// cargo-deny's.
fn has_worked(tool: &str, ran: &Ran) -> bool {
    let may_end: &[i32] = match tool {
        "cargo sbom-lite" => &[0, 100],
        "cargo-audit" | "cargo-deny" => &[0, 1, 4],
        _ => &[0],
    };
    ran.finished
        .status
        .code()
        .is_some_and(|code| may_end.contains(&code))
}

/// Audits of documents that name many packages.
fn large_documents(dir: &Path, components: usize, runs: usize, db: &str) {
    let listed = (0..components).map(|n| {
        json!({ "type": "library", "name": format!("crate-{n}"), "version": "1.0.0",
            "purl": format!("pkg:cargo/crate-{n}@1.0.0") })
    });
    let cyclonedx = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": listed.collect::<Vec<_>>() });
    let packages = (0..components).map(|n| {
        json!({ "SPDXID": format!("SPDXRef-{n}"), "name": format!("crate-{n}"),
            "versionInfo": "1.0.0", "downloadLocation": "NOASSERTION",
            "externalRefs": [{ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                "referenceLocator": format!("pkg:cargo/crate-{n}@1.0.0") }] })
    });
    let spdx = json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "many",
        "dataLicense": "CC0-1.0", "documentNamespace": "https://example.org/many",
        "creationInfo": { "created": "2026-01-01T00:00:00Z", "creators": ["Tool: bench"] },
        "packages": packages.collect::<Vec<_>>() });

    for (format, file, document) in [
        ("CycloneDX", "many.cdx.json", cyclonedx),
        ("SPDX", "many.spdx.json", spdx),
    ] {
        std::fs::write(dir.join(file), document.to_string()).unwrap();
        let words = words(
            &["sbom-lite", "audit", "-q", "--db", db, "--sbom", file],
            OURS,
        );
        let mut row = Measure::of(format!(
            "audit of a {format} document of {components} components"
        ));
        row.time(
            "cargo sbom-lite",
            repeated(runs, dir, &words, processors, &[0]),
            "",
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
