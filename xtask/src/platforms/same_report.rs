//! The same calls by the programs of this machine and by those for Windows, on the same project: exit code, report
//! and every file below the artifact folder have to be the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::digest::{Sha256Digest, sha256_file};
use release_gate::error::JudgeExt as _;
use release_gate::facts::files::{BUILDLOG, MANIFEST};
use release_gate::fs::{walk, write_atomic};
use release_gate::process::Step;
use release_gate::{Error, Result};

use super::wine::{self, Wine, linked_for_windows, windows_path};
use crate::workspace::{Workspace, copy_files, executables, with_own_environment};

/// The programs that are compared. `cargo repro` builds what they judge: its sandbox is Linux's.
const PROGRAMS: [&str; 3] = ["cargo-sbom-lite", "cargo-relnotes", "cargo-sign"];

/// The variable with the secret key of `pack`. A file would have to lie below the profile of wine's user.
const SECRET: &str = "RELEASE_GATES_SIGNING_KEY";

/// The project's folder of reports, below its target folder.
const FACTS: &str = "target/release-gates";

/// A file of the project, and what stands in it.
const FILES: [(&str, &str); 3] = [
    (
        "Cargo.toml",
        "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\ndescription = \"A demonstration\"\n",
    ),
    ("src/main.rs", "fn main() {\n    println!(\"demo\");\n}\n"),
    (".gitignore", "/target\n"),
];

/// The calls: a program, and its arguments. `PUBLIC` stands for the public key.
const CALLS: [(&str, &str); 10] = [
    ("sbom-lite", "generate --offline"),
    ("sbom-lite", "licenses --offline"),
    ("sbom-lite", "pins --offline"),
    ("sbom-lite", "audit --no-fetch"),
    (
        "sbom-lite",
        "audit --no-fetch --sbom target/release-gates/demo-1.0.0/sbom.cdx.json",
    ),
    (
        "sbom-lite",
        "diff target/release-gates/demo-1.0.0/sbom.cdx.json target/release-gates/demo-1.0.0/sbom.spdx.json",
    ),
    ("relnotes", ""),
    ("relnotes", "check"),
    ("sign", "pack --no-passphrase"),
    ("sign", "verify --key PUBLIC --expect demo@1.0.0"),
];

/// Runs all calls on both systems.
///
/// # Errors
/// One of them ends otherwise there than here, or leaves other bytes behind.
pub(super) fn check(workspace: &Workspace, wine: &Wine, scratch: &Path) -> Result<()> {
    let here = build(workspace, None)?;
    let windows = build(workspace, Some("x86_64-pc-windows-gnu"))?;
    let project = scratch.join("project");
    make_project(workspace, &project)?;
    let key = scratch.join("key");
    let keygen = Step::new(&here["cargo-sign"])
        .args(["sign", "keygen", "--no-passphrase", "--out"])
        .arg(&key);
    workspace.run("Making", "a key", keygen)?;
    let secret =
        std::fs::read_to_string(&key).or_judge(|| format!("cannot read `{}`", key.display()))?;

    // Each call begins with what the one before left here.
    for (gate, call) in CALLS {
        let before = scratch.join("before");
        copy_folder(&project.join(FACTS), &before)?;
        let program = format!("cargo-{gate}");
        let there = ran(
            workspace,
            wine.start(Step::new(wine::PROGRAM).arg(&windows[&program]))
                .env(SECRET, &secret),
            &project,
            &words(gate, call, &key, windows_path),
        )?;
        copy_folder(&before, &project.join(FACTS))?;
        let ours = ran(
            workspace,
            Step::new(&here[&program]).env(SECRET, &secret),
            &project,
            &words(gate, call, &key, |path| path.display().to_string()),
        )?;
        if there != ours {
            return Err(Error::judge(format!(
                "`cargo {gate} {call}` {} on Windows than here",
                ours.difference(&there)
            )));
        }
    }
    Ok(())
}

/// What a call left behind.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    code: Option<i32>,
    report: Vec<u8>,
    /// The files below the artifact folder.
    files: BTreeMap<PathBuf, Sha256Digest>,
}

impl Ran {
    /// In what the other one differs.
    fn difference(&self, other: &Self) -> &'static str {
        if self.code != other.code {
            "ends with another exit code"
        } else if self.report != other.report {
            "prints another report"
        } else {
            "writes other files"
        }
    }
}

/// The arguments of a call, with paths in a system's spelling.
fn words(gate: &str, call: &str, key: &Path, shown: fn(&Path) -> String) -> Vec<String> {
    let mut words = vec![gate.to_owned()];
    for word in call.split_whitespace() {
        words.push(match word {
            "PUBLIC" => shown(&key.with_extension("pub")),
            word => word.to_owned(),
        });
    }
    words.extend(["--message-format".to_owned(), "json".to_owned()]);
    words
}

fn ran(workspace: &Workspace, step: Step, project: &Path, words: &[String]) -> Result<Ran> {
    // `verify` remembers keys in a folder of the user's, and says where it has none. Wine makes one.
    let step = step
        .inherit(["HOME", "CARGO_HOME", "RUSTUP_HOME"])
        .env("XDG_STATE_HOME", project.with_extension("state"))
        .args(words)
        .current_dir(project);
    workspace.terminal.status("Comparing", words.join(" "));
    let finished = workspace.runner.run(step)?;
    Ok(Ran {
        code: finished.status.code(),
        report: finished.stdout,
        files: digests(&project.join(FACTS))?,
    })
}

/// A repository with one commit, built.
fn make_project(workspace: &Workspace, project: &Path) -> Result<()> {
    for (name, text) in FILES {
        write_atomic(&project.join(name), text.as_bytes())?;
    }
    let lock = Step::cargo()
        .args(["generate-lockfile", "--offline", "--quiet"])
        .current_dir(project);
    workspace.runner.run(lock)?.success()?;
    for call in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "-m", "feat: say demo"],
        &["tag", "v1.0.0"],
    ] {
        let identity = [
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "commit.gpgSign=false",
        ];
        let git = Step::new("git")
            .args(identity)
            .args(call)
            .current_dir(project);
        workspace.runner.run(git)?.success()?;
    }

    let repro = workspace.build_release("cargo-repro")?;
    let build = with_own_environment(Step::new(repro))
        .args(["repro", "build", "--offline"])
        .current_dir(project);
    workspace.run("Building", "the project to compare", build)?;
    Ok(())
}

fn digests(folder: &Path) -> Result<BTreeMap<PathBuf, Sha256Digest>> {
    let mut digests = BTreeMap::new();
    for file in walk(folder).or_judge(|| format!("cannot read `{}`", folder.display()))? {
        // The log says when and by what the calls were made, and the index has its digest.
        if file.relative.ends_with(BUILDLOG) || file.relative.ends_with(MANIFEST) {
            continue;
        }
        let (digest, _) = sha256_file(&file.path)
            .or_judge(|| format!("cannot read `{}`", file.path.display()))?;
        digests.insert(file.relative, digest);
    }
    Ok(digests)
}

/// Makes one folder what another is.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to).or_judge(|| format!("cannot remove `{}`", to.display()))?;
    }
    copy_files(from, to)
}

/// Builds the programs for this machine or a target; where each is, by name.
fn build(workspace: &Workspace, target: Option<&str>) -> Result<BTreeMap<String, PathBuf>> {
    let mut step = workspace
        .cargo()
        .args(["build", "--locked"])
        .args(["--message-format", "json-render-diagnostics"]);
    for program in PROGRAMS {
        step = step.args(["-p", program]);
    }
    if let Some(target) = target {
        step = step.args(["--target", target]);
    }
    let finished = workspace.run(
        "Building",
        "the programs to compare",
        linked_for_windows(step),
    )?;

    let mut programs = BTreeMap::new();
    for path in executables(&finished.stdout) {
        if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
            programs.insert(name.to_owned(), path.clone());
        }
    }
    for program in PROGRAMS {
        if !programs.contains_key(program) {
            return Err(Error::judge(format!(
                "cargo did not say where it put {program}"
            )));
        }
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_named_in_the_spelling_of_its_system() {
        let key = Path::new("/scratch/key");
        let here = words("sign", "verify --key PUBLIC", key, |path| {
            path.display().to_string()
        });
        assert_eq!(here[..4], ["sign", "verify", "--key", "/scratch/key.pub"]);
        let there = words("sign", "verify --key PUBLIC", key, windows_path);
        assert_eq!(there[3], "Z:\\scratch\\key.pub");
    }
}
