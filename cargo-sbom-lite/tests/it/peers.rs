//! What cargo-audit and cargo-deny say of the lock files of real projects.
//!
//! `RELEASE_GATES_PROJECTS` names a folder with a checkout of each project, whose dependencies were
//! downloaded by `cargo fetch --locked`; `RELEASE_GATES_ADVISORY_DB` a checkout of RustSec's database.
//! A package that is in Cargo.lock and in no graph is reported by cargo-audit and not by cargo-deny.
//!
//! ```console
//! $ cargo test -p cargo-sbom-lite --test it peers -- --ignored --nocapture
//! ```

#![expect(
    clippy::unwrap_used,
    reason = "a tool that cannot be asked fails its test"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};
use serde_json::Value;

/// Id of the advisory, or `yanked`; package and version.
type Reported = BTreeSet<(String, String, String)>;

#[test]
#[ignore = "needs cargo-audit, cargo-deny, an advisory database and checkouts of projects, which are not part of this repository"]
fn lock_files_of_real_projects_have_the_advisories_that_others_report() {
    let projects = sorted_folders(&named_folder("RELEASE_GATES_PROJECTS"));
    let db = named_folder("RELEASE_GATES_ADVISORY_DB");
    let deny = deny_config(&db);
    let mut differences = Vec::new();
    let mut agreed = 0_usize;

    for project in &projects {
        let name = project.file_name().unwrap().to_string_lossy().into_owned();
        let ours = reported_by_us(project, &db);
        let audit = reported_by_audit(project, &db);
        let denied = reported_by_deny(project, &deny);
        // cargo-deny looks at what the graph of the workspace reaches, cargo-audit at every package
        // that the lock file names.
        let graph = packages_of_graph(project);
        let reachable: Reported = ours
            .iter()
            .filter(|(_, package, version)| graph.contains(&(package.clone(), version.clone())))
            .cloned()
            .collect();

        let before = differences.len();
        differences.extend(compare(&name, "cargo-audit", &ours, &audit));
        differences.extend(compare(&name, "cargo-deny", &reachable, &denied));
        agreed += usize::from(differences.len() == before);
        eprintln!(
            "{name}: {} reported, {} of them in the graph",
            ours.len(),
            reachable.len()
        );
    }

    eprintln!("{agreed} of {} lock files agree", projects.len());
    assert!(!projects.is_empty(), "there is no project to compare");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn named_folder(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set")))
}

fn sorted_folders(dir: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Cargo.lock").is_file())
        .collect();
    folders.sort();
    folders
}

fn compare(project: &str, peer: &str, ours: &Reported, theirs: &Reported) -> Vec<String> {
    let only = |who: &str, one: &Reported, other: &Reported| -> Vec<String> {
        one.difference(other)
            .map(|(id, package, version)| {
                format!("{project}: only {who} reports {id} of {package} {version}")
            })
            .collect()
    };
    let mut found = only(&format!("sbom-lite, not {peer},"), ours, theirs);
    found.extend(only(peer, theirs, ours));
    found
}

/// Runs a program in a project; what it prints to standard output and standard error.
fn run(project: &Path, program: &str, args: &[&str]) -> (String, String) {
    let names: Vec<_> = std::env::vars_os().map(|(name, _)| name).collect();
    let step = Step::new(program)
        .inherit(names)
        .args(args)
        .current_dir(project);
    let finished = Runner::new().run(step).unwrap();
    let stdout = String::from_utf8_lossy(&finished.stdout).into_owned();
    (stdout, finished.stderr_text())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn reported_by_us(project: &Path, db: &Path) -> Reported {
    let args = [
        "audit",
        "--lockfile",
        "Cargo.lock",
        "--message-format",
        "json",
        "--db",
        db.to_str().unwrap(),
    ];
    let (stdout, stderr) = run(project, env!("CARGO_BIN_EXE_cargo-sbom-lite"), &args);
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let advisories = report["data"]["advisories"].as_array().unwrap();
    // A namesake from elsewhere, as one's own package, is a warning of ours alone.
    let mut reported: Reported = advisories
        .iter()
        .filter(|hit| hit["source"] == "crates.io")
        .map(|hit| {
            (
                text(&hit["id"]),
                text(&hit["package"]),
                text(&hit["version"]),
            )
        })
        .collect();
    for package in report["data"]["yanked"].as_array().unwrap() {
        let (name, version) = (text(&package["package"]), text(&package["version"]));
        reported.insert(("yanked".to_owned(), name, version));
    }
    reported
}

fn reported_by_audit(project: &Path, db: &Path) -> Reported {
    let args = [
        "audit",
        "--json",
        "--no-fetch",
        "--stale",
        "--db",
        db.to_str().unwrap(),
        "-f",
        "Cargo.lock",
    ];
    let (stdout, stderr) = run(project, "cargo-audit", &args);
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let vulnerabilities = report["vulnerabilities"]["list"].as_array().unwrap().iter();
    let warnings = report["warnings"].as_object().unwrap().values();
    vulnerabilities
        .chain(warnings.flat_map(|list| list.as_array().unwrap()))
        .map(|one| {
            let id = match &one["advisory"] {
                Value::Null => text(&one["kind"]),
                advisory => text(&advisory["id"]),
            };
            (
                id,
                text(&one["package"]["name"]),
                text(&one["package"]["version"]),
            )
        })
        .collect()
}

/// A configuration with which cargo-deny reports everything, by the same database.
fn deny_config(db: &Path) -> PathBuf {
    let folder = std::env::temp_dir().join("release-gates-deny");
    // The name under which it keeps the database of RustSec's address.
    let copy = folder.join("advisory-db-3157b0e258782691");
    if !copy.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let (from, to) = (db.to_str().unwrap(), copy.to_str().unwrap());
        run(&folder, "git", &["clone", "-q", from, to]);
        run(&copy, "git", &["fetch", "-q"]);
    }
    let config = folder.join("deny.toml");
    let text = format!(
        "[graph]\nall-features = true\n[advisories]\ndb-path = {folder:?}\nyanked = \"warn\"\nunmaintained = \"all\"\nunsound = \"all\"\n"
    );
    std::fs::write(&config, text).unwrap();
    config
}

fn reported_by_deny(project: &Path, config: &Path) -> Reported {
    let args = [
        "--format",
        "json",
        "--workspace",
        "--offline",
        "--locked",
        "check",
        "--config",
        config.to_str().unwrap(),
        "--disable-fetch",
        "advisories",
    ];
    let (_, stderr) = run(project, "cargo-deny", &args);
    let mut reported = Reported::new();
    let mut has_summary = false;
    for line in stderr.lines() {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        has_summary |= line["type"] == "summary";
        let fields = &line["fields"];
        let id = match (&fields["advisory"]["id"], fields["code"].as_str()) {
            (Value::String(id), _) => id.clone(),
            (_, Some("yanked")) => "yanked".to_owned(),
            _ => continue,
        };
        for graph in fields["graphs"].as_array().into_iter().flatten() {
            let package = graph.get("Krate").unwrap_or(graph);
            reported.insert((
                id.clone(),
                text(&package["name"]),
                text(&package["version"]),
            ));
        }
    }
    assert!(has_summary, "cargo-deny did not judge it: {stderr}");
    reported
}

/// Names and versions of the packages that the workspace reaches with all features.
fn packages_of_graph(project: &Path) -> BTreeSet<(String, String)> {
    let args = [
        "tree",
        "--workspace",
        "--all-features",
        "--target",
        "all",
        "--offline",
        "--locked",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let (stdout, stderr) = run(project, "cargo", &args);
    assert!(!stdout.is_empty(), "{stderr}");
    stdout
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(" v")?;
            let version = rest.split_whitespace().next()?;
            Some((name.to_owned(), version.to_owned()))
        })
        .collect()
}
