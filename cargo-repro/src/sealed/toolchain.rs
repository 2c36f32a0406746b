//! The toolchain a sealed build uses: the real programs behind rustup's shims, with their digests.

use std::path::{Path, PathBuf};

use release_gate::digest::{sha256_bytes, sha256_file};
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
        let ask = |program: &Path, args: &[&str]| -> Result<String> {
            let finished = runner
                .run(Step::new(program).args(args).current_dir(project))?
                .success()?;
            Ok(String::from_utf8_lossy(&finished.stdout).trim().to_owned())
        };
        let rustc = std::env::var_os("RUSTC")
            .filter(|name| !name.is_empty())
            .map_or_else(|| "rustc".into(), PathBuf::from);
        let sysroot = PathBuf::from(ask(&rustc, &["--print", "sysroot"])?);
        let real = |name: &str, otherwise: PathBuf| {
            let path = sysroot
                .join("bin")
                .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            if path.is_file() {
                path
            } else {
                which(&otherwise).unwrap_or(otherwise)
            }
        };
        let rustc = real("rustc", rustc);
        let cargo = std::env::var_os("CARGO")
            .filter(|name| !name.is_empty())
            .map_or_else(|| "cargo".into(), PathBuf::from);
        let cargo = real("cargo", cargo);
        let verbose = ask(&rustc, &["-vV"])?;
        let host = verbose
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .ok_or_else(|| {
                Error::judge(format!("`{} -vV` does not name its host", rustc.display()))
            })?
            .to_owned();
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .map(str::trim_end)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let digest = |path: &Path| match detail {
            Detail::Digests => sha256_file(path).ok().map(|(digest, _)| digest),
            Detail::Versions => None,
        };
        let mut rustc_digests = vec![digest(&rustc).map(|digest| digest.to_string())];
        let mut drivers: Vec<PathBuf> = std::fs::read_dir(sysroot.join("lib"))
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().contains("rustc_driver"))
            })
            .collect();
        drivers.sort();
        rustc_digests.extend(
            drivers
                .iter()
                .map(|path| digest(path).map(|digest| digest.to_string())),
        );
        let all: Option<Vec<String>> = rustc_digests.into_iter().collect();
        let facts = ToolchainFacts {
            rustc: Program {
                version: lines(&verbose),
                sha256: all.map(|all| sha256_bytes(all.join("\n").as_bytes())),
            },
            cargo: Program {
                // Its last line names the system it runs on: that is the machine's, and no input of
                // the build.
                version: lines(&ask(&cargo, &["-vV"])?)
                    .into_iter()
                    .filter(|line| !line.starts_with("os: "))
                    .collect(),
                sha256: digest(&cargo),
            },
            cc: program(runner, Path::new("cc"), None),
            linker: program(runner, linker.unwrap_or(Path::new("ld")), guard),
        };
        let bin = sysroot.join("bin");
        Ok(Self {
            cargo,
            rustc,
            bin,
            sysroot,
            host,
            facts,
        })
    }
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
