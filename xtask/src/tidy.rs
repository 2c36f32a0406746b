//! What keeps the repository tidy: nothing strays, nothing is of one machine.

use std::path::Path;

use release_gate::error::JudgeExt;
use release_gate::process::{Runner, Step};
use release_gate::{Error, Result};

/// Paths that only exist on somebody's machine.
const MACHINE_PATHS: &[&str] = &["/root/", "/work/", "/Users/", "C:\\Users\\"];

/// Where example paths are right: tests and fuzz seeds make them up.
const EXAMPLES: &[&str] = &["tests/", "fuzz/seeds/"];

/// Checks every file that git tracks.
///
/// # Errors
/// Something is out of place; all of it is named.
pub(crate) fn check(root: &Path, runner: &Runner) -> Result<()> {
    let files = tracked_files(root, runner)?;
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md"))
        .or_judge(|| "cannot read `ARCHITECTURE.md`".to_owned())?;

    let mut problems = stray_problems(&files, &architecture);
    for file in &files {
        // A file that was deleted and not yet committed is nothing to check.
        let Ok(bytes) = std::fs::read(root.join(file)) else {
            continue;
        };
        problems.extend(text_problems(file, &bytes));
        problems.extend(contract_problems(file, &bytes));
    }

    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::judge(format!(
        "the repository is not tidy:\n{}",
        problems.join("\n")
    )))
}

fn tracked_files(root: &Path, runner: &Runner) -> Result<Vec<String>> {
    let step = Step::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root);
    let finished = runner.run(step)?.success()?;
    Ok(String::from_utf8_lossy(&finished.stdout)
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Files and folders at the top that ARCHITECTURE.md does not name.
fn stray_problems(files: &[String], architecture: &str) -> Vec<String> {
    let mut tops: Vec<&str> = files
        .iter()
        .map(|file| file.split('/').next().unwrap_or(file))
        .collect();
    tops.dedup();
    tops.into_iter()
        .filter(|top| !architecture.contains(top))
        .map(|top| format!("  {top}: ARCHITECTURE.md does not name it"))
        .collect()
}

/// What is wrong in one file's text. Files that are not text are not looked at.
fn text_problems(file: &str, bytes: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let is_example = file.split_inclusive('/').any(|part| part == "tests/")
        || EXAMPLES.iter().any(|folder| file.starts_with(folder));

    if !is_example && !text.is_empty() && !text.ends_with('\n') {
        problems.push(format!("  {file}: the last line has no end"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if is_example {
            break;
        }
        if line.ends_with(' ') && !file.ends_with(".md") {
            problems.push(format!("  {file}:{number}: white space at the end"));
        }
        // This file has to name them.
        if file != "xtask/src/tidy.rs" && MACHINE_PATHS.iter().any(|path| line.contains(path)) {
            problems.push(format!("  {file}:{number}: a path of one machine"));
        }
    }
    problems
}

/// Names of files that `release-gate-facts` has constants for.
const REPORT_FILES: &[&str] = &[
    "buildinfo.json",
    "buildlog.jsonl",
    "compat.json",
    "licenses.json",
    "manifest.json",
    "pack.json",
    "pins.json",
    "rebuild.json",
    "relnotes.json",
    "relnotes-check.json",
    "repro.json",
    "sbom.cdx.json",
    "sbom.json",
    "sbom-diff.json",
    "sbom.spdx.json",
    "verify.json",
    "vulns.json",
    "watch.json",
    "checksums.txt",
    "provenance.intoto.jsonl",
    "RELEASE_NOTES.md",
    "MIGRATION.md",
    "INSTALL.md",
];

/// Code that spells a report's file name or reads a report by key, instead of by the types of
/// `release-gate-facts`. Tests and comments may.
fn contract_problems(file: &str, bytes: &[u8]) -> Vec<String> {
    let is_code = file.ends_with(".rs") && file.contains("/src/");
    let is_exempt = file.starts_with("release-gate/facts/")
        || file.starts_with("tests/")
        || file.ends_with("tests.rs")
        || file == "xtask/src/tidy.rs";
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Vec::new();
    };
    if !is_code || is_exempt {
        return Vec::new();
    }

    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let line = line.trim_start();
        if line.starts_with("//") {
            continue;
        }
        let named = REPORT_FILES
            .iter()
            .find(|name| line.contains(&format!("\"{name}\"")));
        if let Some(name) = named {
            problems.push(format!(
                "  {file}:{number}: `{name}` is a constant of release-gate-facts"
            ));
        }
        if line.contains(".data[\"") {
            problems.push(format!("  {file}:{number}: a report is read by key"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strays_at_the_top_are_named() {
        let files = ["README.md", "lib.sh", "xtask/src/main.rs"].map(str::to_owned);
        let problems = stray_problems(&files, "README.md … `xtask/`");
        assert_eq!(problems, ["  lib.sh: ARCHITECTURE.md does not name it"]);
    }

    #[test]
    fn code_names_no_report_and_reads_none_by_key() {
        let found = |text: &str| contract_problems("cargo-x/src/a.rs", text.as_bytes()).len();
        assert_eq!(found("read(\"compat.json\")\n"), 1);
        assert_eq!(found("report.data[\"changes\"]\n"), 1);
        assert_eq!(found("// \"compat.json\"\n"), 0);
        assert_eq!(found("#[cfg(test)]\nmod tests { \"compat.json\" }\n"), 0);
        assert_eq!(found("read(CompatData::FILE)\n"), 0);
    }

    #[test]
    fn texts_end_and_name_no_machine() {
        assert_eq!(text_problems("a.rs", b"fine\n"), Vec::<String>::new());
        assert_eq!(text_problems("a.rs", b"cut").len(), 1);
        assert_eq!(text_problems("a.rs", b"x \n").len(), 1);
        assert_eq!(text_problems("a.sh", b"cd /root/x\n").len(), 1);
        assert_eq!(text_problems("cargo-x/tests/a.rs", b"\"/root/x\"").len(), 0);
        assert_eq!(text_problems("a.png", b"\x89PNG\xff").len(), 0);
    }
}
