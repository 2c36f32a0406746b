//! rustc as the judge: one call for a whole program, errors read as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::fs::write_atomic;
use release_gate::process::{Runner, Step, program_of_variable};
use release_gate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many verdicts are kept.
const REMEMBERED: usize = 4_000;

/// A compiled library and all that programs over it may name.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// Its name in programs.
    pub name: String,
    /// Its metadata, or the shared object of a macro crate.
    pub artifact: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps_dirs: Vec<PathBuf>,
    /// Whether programs must not link the standard library: the library brings what it brings.
    pub no_std: bool,
    /// Other crates that programs name.
    pub externs: BTreeMap<String, PathBuf>,
    /// What stands for all of it in the cache of verdicts; made when it is first needed.
    pub identity: OnceLock<Option<String>>,
}

impl Library {
    /// A digest of the library, which holds those of all it was compiled from and the compiler's
    /// version, and of what else may be named. `None`: something of it cannot be read, so
    /// nothing about it is remembered.
    fn identity(&self) -> Option<&str> {
        let digest_all = || {
            let mut text = format!("{} {}\n", self.name, sha256_file(&self.artifact).ok()?.0);
            for (name, path) in &self.externs {
                let metadata = std::fs::metadata(path).ok()?;
                let changed = metadata
                    .modified()
                    .ok()?
                    .duration_since(std::time::UNIX_EPOCH)
                    .ok()?;
                text.push_str(&format!(
                    "{name} {} {} {}\n",
                    path.display(),
                    metadata.len(),
                    changed.as_nanos()
                ));
            }
            Some(sha256_bytes(text.as_bytes()).to_string())
        };
        self.identity.get_or_init(digest_all).as_deref()
    }
}

/// The compiler, and a folder for what it writes.
#[derive(Debug)]
pub struct Rustc<'a> {
    program: PathBuf,
    scratch: &'a Path,
    project: &'a Path,
    target: Option<&'a str>,
    calls: AtomicUsize,
    remembered: Option<PathBuf>,
}

/// An error of the compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
        Self {
            program: program_of_variable("RUSTC", "rustc"),
            scratch,
            project,
            target,
            calls: AtomicUsize::new(0),
            remembered: None,
        }
    }

    /// Remembers verdicts in a folder: the same program against the same library has the same
    /// verdict.
    pub fn remembering(self, folder: PathBuf) -> Self {
        // Old verdicts are worth less than a small folder.
        if std::fs::read_dir(&folder).is_ok_and(|entries| entries.count() > REMEMBERED) {
            let _ = std::fs::remove_dir_all(&folder);
        }
        Self {
            remembered: Some(folder),
            ..self
        }
    }

    fn remembered(&self, library: &Library, text: &str) -> Option<PathBuf> {
        let key = format!(
            "1\n{}\n{}\n{text}",
            self.target.unwrap_or_default(),
            library.identity()?
        );
        Some(
            self.remembered
                .as_ref()?
                .join(format!("{}.json", sha256_bytes(key.as_bytes()))),
        )
    }

    /// Type-checks a program.
    ///
    /// # Errors
    /// The compiler cannot be started, or crashes.
    pub fn check(&self, library: &Library, runner: &Runner, text: &str) -> Result<Verdict> {
        let remembered = self.remembered(library, text);
        let known = remembered
            .as_ref()
            .and_then(|path| std::fs::read(path).ok());
        if let Some(verdict) = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return Ok(verdict);
        }
        let verdict = self.compile(library, runner, text)?;
        // A compiler that fell over says nothing worth remembering.
        if let Some(path) =
            remembered.filter(|_| verdict.accepted || !verdict.rejections.is_empty())
            && let Ok(bytes) = serde_json::to_vec(&verdict)
        {
            // Not being able to remember is no fault of the release.
            let _ = write_atomic(&path, &bytes);
        }
        Ok(verdict)
    }

    fn compile(&self, library: &Library, runner: &Runner, text: &str) -> Result<Verdict> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let name = format!("user{number}.rs");
        let file = self.scratch.join(&name);
        let metadata = self.scratch.join(format!("libuser{number}.rmeta"));
        std::fs::write(&file, text).map_err(|error| {
            Error::judge("cannot write the generated program").with_source(error)
        })?;
        let step = self.compile_step("user", library, &metadata).arg(&file);
        let finished = runner.run(step)?;
        let _ = std::fs::remove_file(&metadata);
        if finished.is_success() {
            let _ = std::fs::remove_file(&file);
            return Ok(Verdict {
                accepted: true,
                ..Verdict::default()
            });
        }
        Ok(read_errors(&finished.stderr_text(), &name, &file))
    }

    fn compile_step(&self, name: &str, library: &Library, metadata: &Path) -> Step {
        let mut step = Step::new(&self.program)
            .current_dir(self.project)
            .args(["--crate-name", name, "--crate-type", "lib"])
            .args(["--edition", "2024", "--emit", "metadata"])
            .args(["--error-format", "json", "-A", "warnings"])
            .arg("-o")
            .arg(metadata)
            .arg("--extern")
            .arg(assigned(&library.name, &library.artifact));
        if let Some(target) = self.target {
            step = step.args(["--target", target]);
        }
        for dir in &library.deps_dirs {
            step = step.arg("-L").arg(assigned("dependency", dir));
        }
        for (name, path) in &library.externs {
            if *name != library.name {
                step = step.arg("--extern").arg(assigned(name, path));
            }
        }
        step
    }
}

/// A library that was made from a text.
#[derive(Debug)]
pub struct MadeLibrary {
    /// Its metadata.
    pub artifact: PathBuf,
    /// rustdoc's description of it.
    pub description: Vec<u8>,
}

impl Rustc<'_> {
    /// Compiles and describes a library over another one. `None`: it does not compile.
    ///
    /// # Errors
    /// The compiler cannot be started.
    pub fn make_library(
        &self,
        library: &Library,
        runner: &Runner,
        name: &str,
        text: &str,
    ) -> Result<Option<MadeLibrary>> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let dir = self.scratch.join(format!("made{number}"));
        let file = dir.join("lib.rs");
        let artifact = dir.join(format!("lib{name}.rmeta"));
        std::fs::create_dir_all(&dir)
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|error| Error::judge("cannot write a generated library").with_source(error))?;
        let compile = self.compile_step(name, library, &artifact).arg(&file);
        if !runner.run(compile)?.is_success() {
            return Ok(None);
        }
        let rustdoc = std::env::var_os("RUSTDOC")
            .filter(|name| !name.is_empty())
            .map_or_else(|| self.program.with_file_name("rustdoc"), PathBuf::from);
        let mut step = Step::new(rustdoc)
            .current_dir(self.project)
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["--crate-name", name, "--edition", "2024"])
            .args(["-Zunstable-options", "--output-format", "json"])
            .args(["--document-hidden-items", "--cap-lints", "allow"])
            .arg("-o")
            .arg(&dir)
            .arg("--extern")
            .arg(assigned(&library.name, &library.artifact));

        for deps in &library.deps_dirs {
            step = step.arg("-L").arg(assigned("dependency", deps));
        }
        if !runner.run(step.arg(&file))?.is_success() {
            return Ok(None);
        }
        let description = std::fs::read(dir.join(format!("{name}.json"))).map_err(|error| {
            Error::judge("rustdoc described no generated library").with_source(error)
        })?;

        Ok(Some(MadeLibrary {
            artifact,
            description,
        }))
    }
}

/// Reads rustc's messages. `name` is the program's file name, `file` its whole path.
fn read_errors(stderr: &str, name: &str, file: &Path) -> Verdict {
    let mut verdict = Verdict::default();
    let mut tail = Vec::new();
    for line in stderr.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            tail.push(line.to_owned());
            continue;
        };
        if message["level"] != "error" && message["level"] != "error: internal compiler error" {
            continue;
        }
        let shown = message["rendered"].as_str().unwrap_or_default();
        tail.push(shown.to_owned());
        let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for line in lines_of(&message, name) {
            verdict.rejections.push(Rejection {
                line,
                code: text_of(&message["code"]["code"]),
                message: text_of(&message["message"]),
                rendered: shown.replace(&*file.to_string_lossy(), "witness.rs"),
            });
        }
    }
    verdict.tail = tail.join("\n").chars().take(4_000).collect();
    verdict
}

/// The lines of the program that an error is about: those of its primary spans, else of others.
fn lines_of(message: &Value, name: &str) -> Vec<usize> {
    for primary in [true, false] {
        let mut lines: Vec<usize> = message["spans"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|span| span["is_primary"] == primary)
            .filter_map(|span| line_of(span, name))
            .collect();
        lines.dedup();
        if !lines.is_empty() {
            return lines;
        }
    }
    Vec::new()
}

fn assigned(name: &str, path: &Path) -> std::ffi::OsString {
    let mut arg = std::ffi::OsString::from(name);
    arg.push("=");
    arg.push(path);
    arg
}

/// The line of a span in the program; where it lies in a macro's definition, the line that called
/// the macro.
fn line_of(span: &Value, name: &str) -> Option<usize> {
    let mut span = span;
    for _ in 0..200 {
        let file = span["file_name"].as_str().unwrap_or_default();
        if file.rsplit(['/', '\\']).next() == Some(name) {
            return span["line_start"]
                .as_u64()
                .and_then(|line| usize::try_from(line).ok());
        }
        span = span.get("expansion")?.get("span")?;
    }
    None
}
