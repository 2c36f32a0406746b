//! Programs that a build started, as the interposer saw them: what linked, compiled C, made
//! archives. Nothing here is guessed from PATH.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::facts::report::buildinfo::{ProgramRole, StartedProgram};
use release_gate::process::{Finished, Runner, Step};

use super::guard::Guard;
use super::sandbox::Sandbox;
use crate::tools::is_compiler;

/// Every program from outside the sandbox that ran during its build, cargo, rustc and the stand-ins
/// of the sandbox excepted, sorted.
///
/// # Errors
/// One of them cannot be read any more.
pub(crate) fn started_programs(
    runner: &Runner,
    sandbox: &Sandbox,
    guard: Option<&Guard>,
) -> Result<Vec<StartedProgram>> {
    let mut programs = BTreeSet::new();
    for path in paths_outside(sandbox) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let role = role_of(&name);
        let (sha256, _) =
            sha256_file(&path).or_judge(|| format!("cannot read `{}`", path.display()))?;
        programs.insert(StartedProgram {
            role,
            version: version_of(runner, &path, role, guard),
            name: name.into_owned(),
            sha256,
        });
    }
    Ok(programs.into_iter().collect())
}

/// Their files, links followed.
fn paths_outside(sandbox: &Sandbox) -> BTreeSet<PathBuf> {
    let own = std::env::current_exe().ok();
    let toolchain = &sandbox.toolchain;
    let text = std::fs::read(&sandbox.started).unwrap_or_default();

    String::from_utf8_lossy(&text)
        .lines()
        .filter_map(|line| Path::new(line).canonicalize().ok())
        .filter(|path| path.is_file())
        .filter(|path| !path.starts_with(&sandbox.root) && !path.starts_with(&sandbox.seen))
        .filter(|path| Some(path) != own.as_ref())
        .filter(|path| *path != toolchain.rustc && *path != toolchain.cargo)
        .filter(|path| !path.starts_with(&toolchain.bin))
        .collect()
}

/// Whether a program's name is one of these, or ends so behind a target's: `x86_64-linux-gnu-ld`.
fn is_called(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        name.strip_suffix(word)
            .is_some_and(|target| target.is_empty() || target.ends_with('-'))
    })
}

/// What a program does, by its file's name: `x86_64-linux-gnu-gcc-12`, `rust-lld`.
fn role_of(name: &str) -> ProgramRole {
    if is_compiler(name) || matches!(name, "cc1" | "cc1plus" | "lto1" | "lto-wrapper") {
        return ProgramRole::CCompiler;
    }

    let linkers = [
        "ld", "ld.bfd", "ld.gold", "ld.lld", "ld64.lld", "lld", "rust-lld", "lld-link", "wasm-ld",
        "mold", "collect2",
    ];
    if is_called(name, &linkers) {
        ProgramRole::Linker
    } else if is_called(name, &["as"]) {
        ProgramRole::Assembler
    } else if is_called(name, &["ar", "ranlib", "llvm-ar", "llvm-ranlib"]) {
        ProgramRole::Archiver
    } else {
        ProgramRole::Other
    }
}

/// The first line of what a program says of its version. Only those that make artifacts are asked,
/// and the project's own never outside the guard.
fn version_of(
    runner: &Runner,
    path: &Path,
    role: ProgramRole,
    guard: Option<&Guard>,
) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let silent = name.starts_with("cc1") || name.starts_with("lto") || name == "collect2";
    if role == ProgramRole::Other || silent {
        return Vec::new();
    }

    let mut step = Step::new(path);
    if name == "rust-lld" || name == "lld" {
        step = step.args(["-flavor", "gnu"]);
    }
    let mut step = step.arg("--version");
    if let Some(guard) = guard {
        match guard.ask(step, path) {
            Some(guarded) => step = guarded,
            None => return Vec::new(),
        }
    }
    let Some(finished) = runner.run(step).ok().filter(Finished::is_success) else {
        return Vec::new();
    };
    String::from_utf8_lossy(&finished.stdout)
        .lines()
        .take(1)
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_from_names() {
        for (name, role) in [
            ("x86_64-linux-gnu-gcc-12", ProgramRole::CCompiler),
            ("cc1plus", ProgramRole::CCompiler),
            ("x86_64-linux-gnu-ld.bfd", ProgramRole::Linker),
            ("rust-lld", ProgramRole::Linker),
            ("x86_64-linux-gnu-as", ProgramRole::Assembler),
            ("x86_64-linux-gnu-ar", ProgramRole::Archiver),
            ("dash", ProgramRole::Other),
            ("bash", ProgramRole::Other),
        ] {
            assert_eq!(role_of(name), role, "{name}");
        }
    }
}
