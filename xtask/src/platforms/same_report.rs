//! A release made here is verified by the program for Windows, and its report compared byte for byte.

use std::path::{Path, PathBuf};

use release_gate::process::Step;
use release_gate::{Error, Result};

use super::wine::{self, Wine, windows_path};
use crate::workspace::{Workspace, executables};

/// Makes a key and a signed file with each of the two programs, and verifies both with both.
///
/// # Errors
/// One refuses what the other signed, or the two reports differ.
pub(super) fn check(workspace: &Workspace, wine: &Wine, scratch: &Path) -> Result<()> {
    let here = build(workspace, None)?;
    let windows = build(workspace, Some("x86_64-pc-windows-gnu"))?;
    let signers = [Program::here(&here), Program::of_windows(&windows, wine)];

    for (index, signer) in signers.iter().enumerate() {
        let folder = scratch.join(format!("signed-{index}"));
        make_signed(workspace, signer, &folder)?;
        let mut reports = Vec::new();
        for verifier in &signers {
            let step = verifier
                .step()
                .args([
                    "sign",
                    "verify",
                    "--bytes-only",
                    "--message-format",
                    "json",
                    "--key",
                ])
                .arg(verifier.path(&folder.join("key.pub")))
                .arg(verifier.path(&folder.join("notes.md")))
                .current_dir(&folder);
            let finished = workspace.run("Verifying", "one file on both systems", step)?;
            reports.push(finished.stdout);
        }
        if reports[0] != reports[1] {
            return Err(Error::judge(
                "`cargo sign verify` says something else on Windows than here",
            ));
        }
    }
    Ok(())
}

/// A key, a file, and its signature.
fn make_signed(workspace: &Workspace, signer: &Program<'_>, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::judge(format!("cannot make `{}`", folder.display())).with_source(error)
    })?;
    let file = folder.join("notes.md");
    release_gate::fs::write_atomic(&file, b"# Notes\r\n")?;

    let key = signer.path(&folder.join("key"));
    let keygen = signer
        .step()
        .args(["sign", "keygen", "--no-passphrase", "--out", &key])
        .current_dir(folder);
    workspace.run("Making", "a key", keygen)?;
    let sign = signer
        .step()
        .args(["sign", "sign", "--no-passphrase", "--key", &key])
        .arg(signer.path(&file))
        .current_dir(folder);
    workspace.run("Signing", "a file", sign)?;
    Ok(())
}

/// `cargo-sign` of one system.
struct Program<'a> {
    path: &'a Path,
    wine: Option<&'a Wine>,
}

impl<'a> Program<'a> {
    fn here(path: &'a Path) -> Self {
        Self { path, wine: None }
    }

    fn of_windows(path: &'a Path, wine: &'a Wine) -> Self {
        Self {
            path,
            wine: Some(wine),
        }
    }

    /// A call of it, to which arguments are added.
    fn step(&self) -> Step {
        match self.wine {
            Some(wine) => wine.start(Step::new(wine::PROGRAM).arg(self.path)),
            None => Step::new(self.path),
        }
    }

    /// A path as it reads it.
    fn path(&self, path: &Path) -> String {
        match self.wine {
            Some(_) => windows_path(path),
            None => path.display().to_string(),
        }
    }
}

/// Builds `cargo-sign` for this machine or a target.
fn build(workspace: &Workspace, target: Option<&str>) -> Result<PathBuf> {
    let mut step = workspace
        .cargo()
        .args(["build", "--locked", "-p", "cargo-sign"])
        .args(["--message-format", "json-render-diagnostics"])
        .env(
            "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER",
            "x86_64-w64-mingw32-gcc",
        );
    if let Some(target) = target {
        step = step.args(["--target", target]);
    }
    let finished = workspace.run("Building", "cargo-sign", step)?;
    executables(&finished.stdout)
        .pop()
        .ok_or_else(|| Error::judge("cargo did not say where it put cargo-sign"))
}
