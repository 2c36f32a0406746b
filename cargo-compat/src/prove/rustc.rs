//! rustc as the judge: one call for a whole program, errors read as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use release_gate::process::{Runner, Step};
use release_gate::{Error, Result};
use serde_json::Value;

/// A compiled library and all that programs over it may name.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// Its name in programs.
    pub name: String,
    /// Its metadata, or the shared object of a macro crate.
    pub artifact: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps_dirs: Vec<PathBuf>,
    /// Other crates that programs name.
    pub externs: BTreeMap<String, PathBuf>,
}

/// The compiler, and a folder for what it writes.
#[derive(Debug)]
pub struct Rustc<'a> {
    program: PathBuf,
    scratch: &'a Path,
    project: &'a Path,
    target: Option<&'a str>,
    calls: AtomicUsize,
}

/// An error of the compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rejection {
    /// Line of the program.
    pub line: usize,
    /// `E0308`; empty if it has none.
    pub code: String,
    /// The message.
    pub message: String,
    /// As rustc prints it.
    pub rendered: String,
}

/// What came of a program.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Whether it compiled.
    pub accepted: bool,
    /// The errors that have a place in it.
    pub rejections: Vec<Rejection>,
    /// The end of what the compiler said, for errors without a place.
    pub tail: String,
}

impl<'a> Rustc<'a> {
    /// The compiler of a project (its toolchain file decides).
    pub fn new(scratch: &'a Path, project: &'a Path, target: Option<&'a str>) -> Self {
        let program = std::env::var_os("RUSTC")
            .filter(|name| !name.is_empty())
            .map_or_else(|| "rustc".into(), PathBuf::from);
        Self { program, scratch, project, target, calls: AtomicUsize::new(0) }
    }

    /// How often the compiler was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Type-checks a program.
    ///
    /// # Errors
    /// The compiler cannot be started, or crashes.
    pub fn check(&self, library: &Library, runner: &Runner, text: &str) -> Result<Verdict> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let name = format!("user{number}.rs");
        let file = self.scratch.join(&name);
        std::fs::write(&file, text)
            .map_err(|error| Error::judge("cannot write the generated program").with_source(error))?;
        let mut step = Step::new(&self.program)
            .current_dir(self.project)
            .args([
                "--crate-name",
                "user",
                "--crate-type",
                "lib",
                "--edition",
                "2024",
                "--emit",
                "metadata",
                "--error-format",
                "json",
                "-A",
                "warnings",
            ])
            .arg("-o")
            .arg(self.scratch.join(format!("libuser{number}.rmeta")))
            .arg("--extern")
            .arg(pair(&library.name, &library.artifact));
        if let Some(target) = self.target {
            step = step.args(["--target", target]);
        }
        for dir in &library.deps_dirs {
            let mut arg = std::ffi::OsString::from("dependency=");
            arg.push(dir);
            step = step.arg("-L").arg(arg);
        }
        for (name, path) in library.externs.iter().filter(|(name, _)| **name != library.name) {
            step = step.arg("--extern").arg(pair(name, path));
        }
        let finished = runner.run(step.arg(&file))?;
        let _ = std::fs::remove_file(self.scratch.join(format!("libuser{number}.rmeta")));
        let mut verdict = Verdict { accepted: finished.is_success(), ..Verdict::default() };
        if verdict.accepted {
            let _ = std::fs::remove_file(&file);
            return Ok(verdict);
        }
        let mut tail = Vec::new();
        for line in finished.stderr_text().lines() {
            let Ok(message) = serde_json::from_str::<Value>(line) else {
                tail.push(line.to_owned());
                continue;
            };
            if message["level"] != "error" && message["level"] != "error: internal compiler error" {
                continue;
            }
            let shown = message["rendered"].as_str().unwrap_or_default();
            tail.push(shown.to_owned());
            let mut lines = Vec::new();
            for primary in [true, false] {
                for span in message["spans"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|span| span["is_primary"] == primary)
                {
                    lines.extend(line_of(span, &name));
                }
                if !lines.is_empty() {
                    break;
                }
            }
            lines.dedup();
            for line in lines {
                verdict.rejections.push(Rejection {
                    line,
                    code: message["code"]["code"].as_str().unwrap_or_default().to_owned(),
                    message: message["message"].as_str().unwrap_or_default().to_owned(),
                    rendered: shown.replace(&*file.to_string_lossy(), "witness.rs"),
                });
            }
        }
        verdict.tail = tail.join("\n").chars().take(4_000).collect();
        Ok(verdict)
    }
}

fn pair(name: &str, path: &Path) -> std::ffi::OsString {
    let mut arg = std::ffi::OsString::from(name);
    arg.push("=");
    arg.push(path);
    arg
}

/// The line of a span in the program; where it lies in a macro's definition, the line that called the macro.
fn line_of(span: &Value, name: &str) -> Option<usize> {
    let mut span = span;
    for _ in 0..200 {
        let file = span["file_name"].as_str().unwrap_or_default();
        if file.rsplit(['/', '\\']).next() == Some(name) {
            return span["line_start"].as_u64().and_then(|line| usize::try_from(line).ok());
        }
        span = span.get("expansion")?.get("span")?;
    }
    None
}
