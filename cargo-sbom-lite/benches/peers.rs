//! `cargo xtask bench sbom-lite`: documents beside cargo-cyclonedx and the calls of cargo they rest on, audits beside cargo-audit, and a
//! workspace of a thousand packages.
//!
//! Arguments: `[--runs N] [--db DIR] [--members N] [PROJECT…]`. Peers that are not installed are left out and named.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run should say so and stop"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::process::{Runner, Step};

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let (mut runs, mut members, mut db, mut projects) = (7_usize, 1_000_usize, None, Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--runs" => runs = args.next().unwrap().parse().unwrap(),
            "--members" => members = args.next().unwrap().parse().unwrap(),
            "--db" => db = args.next().map(PathBuf::from),
            project => projects.push(PathBuf::from(project)),
        }
    }
    if projects.is_empty() {
        projects.push(Path::new(env!("CARGO_MANIFEST_DIR")).to_owned());
    }
    for project in projects {
        measure(&project, runs, db.as_deref());
    }
    let dir = tempfile::tempdir().unwrap();
    many(dir.path(), members);
    println!("\na workspace of {members} packages, one of which needs all others");
    let ours = time(runs, || generate(dir.path(), "all"));
    println!("  generate: {}", shown(ours));
}

fn program() -> Step {
    // As `cargo sbom-lite` starts it: cargo tells which cargo it is.
    Step::new(env!("CARGO_BIN_EXE_cargo-sbom-lite")).inherit_network_env().inherit(["CARGO"])
}

fn generate(project: &Path, package: &str) -> Step {
    program().current_dir(project).args(["generate", "--offline", "-q", "-o", "/dev/null", "-p", package])
}

/// The median of several runs; `None` if the program is not there or fails.
fn time(runs: usize, step: impl Fn() -> Step) -> Option<Duration> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let finished = Runner::new().run(step()).ok()?;
        // A gate that found something did its work, too.
        if !matches!(finished.status.code(), Some(0 | 1 | 100)) {
            return None;
        }
        times.push(finished.elapsed);
    }
    times.sort();
    times.get(times.len() / 2).copied()
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(
        || "not there, or failed".to_owned(),
        |time| format!("{:.0} ms", time.as_secs_f64() * 1_000.0),
    )
}

fn ratio(ours: Option<Duration>, theirs: Option<Duration>) -> String {
    ours.zip(theirs).map_or_else(String::new, |(ours, theirs)| {
        format!(" ({:.2} of it)", ours.as_secs_f64() / theirs.as_secs_f64())
    })
}

fn measure(project: &Path, runs: usize, db: Option<&Path>) {
    let manifest = std::fs::read_to_string(project.join("Cargo.toml")).unwrap();
    let table: toml::Table = manifest.parse().unwrap();
    let package = table["package"]["name"].as_str().unwrap().to_owned();
    println!("\n{package}");
    let metadata = time(runs, || {
        Step::cargo().inherit_network_env().current_dir(project).args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
        ])
    });
    let graph = time(runs, || {
        Step::cargo().inherit_network_env().current_dir(project).env("RUSTC_BOOTSTRAP", "1").args([
            "build",
            "--release",
            "--offline",
            "-Zunstable-options",
            "--unit-graph",
            "-p",
            &package,
        ])
    });
    let base = metadata.zip(graph).map(|(a, b)| a + b);
    let ours = time(runs, || generate(project, &package));
    let cyclonedx = time(runs, || {
        Step::new("cargo-cyclonedx").inherit_network_env().current_dir(project).args([
            "cyclonedx",
            "--format",
            "json",
            "--override-filename",
            "bench-of-sbom-lite",
        ])
    });
    let _ = std::fs::remove_file(project.join("bench-of-sbom-lite.json"));
    println!("  generate: {}", shown(ours));
    println!("  cargo metadata + unit graph: {}{}", shown(base), ratio(ours, base));
    println!("  cargo-cyclonedx: {}{}", shown(cyclonedx), ratio(ours, cyclonedx));
    let Some(db) = db else { return };
    let lock = project.ancestors().map(|dir| dir.join("Cargo.lock")).find(|path| path.is_file()).unwrap();
    let audit = time(runs, || program().args(["audit", "-q", "--db"]).arg(db).arg("--lockfile").arg(&lock));
    let peer = time(runs, || {
        Step::new("cargo-audit")
            .args(["audit", "--no-fetch", "--stale", "-q", "--db"])
            .arg(db)
            .arg("-f")
            .arg(&lock)
    });
    println!("  audit: {}", shown(audit));
    println!("  cargo-audit: {}{}", shown(peer), ratio(audit, peer));
}

fn many(dir: &Path, members: usize) {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"all\", \"m*\"]\n");
    let mut all =
        String::from("[package]\nname = \"all\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[dependencies]\n");
    for member in 0..members {
        let before =
            member.checked_sub(1).map(|n| format!("m{n} = {{ path = \"../m{n}\" }}\n")).unwrap_or_default();
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
    let step = Step::cargo().inherit_network_env().args(["generate-lockfile", "--offline"]).current_dir(dir);
    Runner::new().run(step).unwrap().success().unwrap();
}
