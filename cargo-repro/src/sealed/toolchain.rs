//! The toolchain a sealed build uses: the real programs behind rustup's shims, with their digests.

use std::path::{Path, PathBuf};

use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::process::{Runner, Step};
use release_gate::{Error, Result};

use super::guard::Guard;
use crate::model::published::{Program, ToolchainFacts};

/// How much is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What the programs say of themselves.
    Versions,
    /// That and their digests, for what is published.
    Digests,
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    pub(crate) cargo: PathBuf,
    pub(crate) rustc: PathBuf,
    pub(crate) bin: PathBuf,
    pub(crate) sysroot: PathBuf,
    /// The host's target triple.
    pub(crate) host: String,
    pub(crate) facts: ToolchainFacts,
}

impl Toolchain {
    /// Finds the toolchain of a project.
    ///
    /// # Errors
    /// There is no compiler, or it does not answer.
    pub(crate) fn find(
        runner: &Runner,
        project: &Path,
        linker: Option<&Path>,
        guard: Option<&Guard>,
        detail: Detail,
    ) -> Result<Self> {
        let named_rustc = program_of_variable("RUSTC", "rustc");
        let sysroot = ask(runner, project, &named_rustc, &["--print", "sysroot"])?;
        let sysroot = PathBuf::from(sysroot);
        let rustc = behind_shim(&sysroot, "rustc", named_rustc);
        let cargo = behind_shim(&sysroot, "cargo", program_of_variable("CARGO", "cargo"));

        let verbose = ask(runner, project, &rustc, &["-vV"])?;
        let host = verbose
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .ok_or_else(|| {
                Error::judge(format!("`{} -vV` does not name its host", rustc.display()))
            })?
            .to_owned();

        let facts = ToolchainFacts {
            rustc: Program {
                version: lines(&verbose),
                sha256: digest_with_drivers(&rustc, &sysroot, detail),
            },
            cargo: Program {
                // Its last line names the system it runs on: that is the machine's, and no input of
                // the build.
                version: lines(&ask(runner, project, &cargo, &["-vV"])?)
                    .into_iter()
                    .filter(|line| !line.starts_with("os: "))
                    .collect(),
                sha256: digest(&cargo, detail),
            },
            cc: program(runner, Path::new("cc"), None),
            linker: program(runner, linker.unwrap_or(Path::new("ld")), guard),
        };
        Ok(Self {
            bin: sysroot.join("bin"),
            cargo,
            rustc,
            sysroot,
            host,
            facts,
        })
    }
}

/// What a program answers.
fn ask(runner: &Runner, project: &Path, program: &Path, args: &[&str]) -> Result<String> {
    let step = Step::new(program).args(args).current_dir(project);
    let finished = runner.run(step)?.success()?;
    Ok(String::from_utf8_lossy(&finished.stdout).trim().to_owned())
}

/// The program a variable names, else the usual one.
fn program_of_variable(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable)
        .filter(|name| !name.is_empty())
        .map_or_else(|| usual.into(), PathBuf::from)
}

/// The program of the toolchain itself, not rustup's shim.
fn behind_shim(sysroot: &Path, name: &str, otherwise: PathBuf) -> PathBuf {
    let path = sysroot
        .join("bin")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        path
    } else {
        which(&otherwise).unwrap_or(otherwise)
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn digest(path: &Path, detail: Detail) -> Option<Sha256Digest> {
    match detail {
        Detail::Digests => sha256_file(path).ok().map(|(digest, _)| digest),
        Detail::Versions => None,
    }
}

/// The compiler's digest, its driver libraries included: they do the work.
fn digest_with_drivers(rustc: &Path, sysroot: &Path, detail: Detail) -> Option<Sha256Digest> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(sysroot.join("lib"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().contains("rustc_driver"))
        })
        .collect();
    files.sort();
    files.insert(0, rustc.to_owned());

    let digests: Option<Vec<String>> = files
        .iter()
        .map(|path| digest(path, detail).map(|digest| digest.to_string()))
        .collect();
    digests.map(|digests| sha256_bytes(digests.join("\n").as_bytes()))
}

impl Toolchain {
    /// The channel that is this compiler: `1.95.0`; `None` for what rustup cannot name so, such as
    /// nightlies.
    pub(crate) fn release(&self) -> Option<String> {
        let release = self
            .facts
            .rustc
            .version
            .iter()
            .find_map(|line| line.strip_prefix("release: "))?;
        release
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
            .then(|| release.to_owned())
    }
}

/// A program in PATH and what its first line of `--version` says.
fn program(runner: &Runner, name: &Path, guard: Option<&Guard>) -> Option<Program> {
    let path = which(name)?;
    let mut step = Step::new(&path).arg("--version");
    // What is named by a path may be the project's own.
    if let Some(guard) = guard.filter(|_| name.components().count() > 1) {
        step = guard.ask(step, &path)?;
    }
    let finished = runner
        .run(step)
        .ok()
        .filter(release_gate::process::Finished::is_success)?;
    let text = String::from_utf8_lossy(&finished.stdout).into_owned();
    let version = text
        .lines()
        .take(1)
        .map(|line| line.trim_end().to_owned())
        .collect();
    Some(Program {
        version,
        sha256: sha256_file(&path).ok().map(|(digest, _)| digest),
    })
}

/// The file a program's name stands for.
pub(crate) fn which(name: &Path) -> Option<PathBuf> {
    if name.components().count() > 1 {
        return name.is_file().then(|| name.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}
