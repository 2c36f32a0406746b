//! Wine, as programs for Windows need it here: a home of its own, the one library that older versions
//! lack, and Rust's and git's own programs for Windows where this machine has them.

use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::process::Step;

use crate::workspace::Workspace;

/// Debian's program for 64 bits, which its wrapper `wine` does not find.
pub(super) const PROGRAM: &str = "/usr/lib/wine/wine64";

/// What std asks Windows 10 for and wine 8 does not have: random numbers.
const RANDOM_NUMBERS: &str = include_str!("../../../cargo-repro/src/sealed/random.c");

/// A variable that names a folder with `git.exe`, such as that of MinGit.
const GIT: &str = "RELEASE_GATES_GIT_FOR_WINDOWS";

/// A Windows of our own.
#[derive(Debug)]
pub(super) struct Wine {
    home: PathBuf,
    /// PATH of programs, in Windows' spelling.
    path: String,
    /// Whether programs find cargo and rustc.
    pub(super) has_rust: bool,
    /// Whether programs find git.
    pub(super) has_git: bool,
}

impl Wine {
    /// Makes it in a folder. `None`: there is no wine here.
    ///
    /// # Errors
    /// There is one, and it does not start.
    pub(super) fn new(workspace: &Workspace, folder: &Path) -> Result<Option<Self>> {
        if !Path::new(PROGRAM).is_file() {
            return Ok(None);
        }
        let libraries = folder.join("libraries");
        make_random_numbers(workspace, &libraries)?;

        let rust = rust_for_windows(workspace)?;
        let git = std::env::var_os(GIT).map(PathBuf::from);
        let folders = [Some(&libraries), rust.as_ref(), git.as_ref()];
        let path: Vec<String> = folders
            .into_iter()
            .flatten()
            .map(|path| windows_path(path))
            .collect();
        let wine = Self {
            home: folder.join("home"),
            path: path.join(";"),
            has_rust: rust.is_some(),
            has_git: git.is_some_and(|folder| folder.join("git.exe").is_file()),
        };
        // The first start makes the home, which takes a while.
        let started = wine.start(Step::new(PROGRAM).args(["cmd", "/c", "exit 0"]));
        workspace.run("Starting", "wine", started)?;
        Ok(Some(wine))
    }

    /// A step whose children may be programs for Windows.
    pub(super) fn start(&self, step: Step) -> Step {
        step.env("WINEPREFIX", &self.home)
            .env("WINEDEBUG", "-all")
            .env("WINEPATH", &self.path)
    }
}

fn make_random_numbers(workspace: &Workspace, folder: &Path) -> Result<()> {
    let source = folder.join("random.c");
    release_gate::fs::write_atomic(&source, RANDOM_NUMBERS.as_bytes())?;
    let step = Step::new("x86_64-w64-mingw32-gcc")
        .arg("-shared")
        .arg("-o")
        .arg(folder.join("bcryptprimitives.dll"))
        .arg(source)
        .arg("-ladvapi32");
    workspace.runner.run(step)?.success()?;
    Ok(())
}

/// The folder of cargo.exe and rustc.exe, which rustup has after
/// `rustup toolchain install --force-non-host stable-x86_64-pc-windows-gnu`.
fn rust_for_windows(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let step = Step::new("rustc").args(["--print", "sysroot"]);
    let finished = workspace.runner.run(step)?.success()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&finished.stdout).trim());
    let Some(toolchains) = sysroot.parent() else {
        return Ok(None);
    };
    let Ok(entries) = std::fs::read_dir(toolchains) else {
        return Ok(None);
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("cargo.exe").is_file())
        .collect();
    folders.sort();
    Ok(folders.pop())
}

/// A cargo step that links programs for Windows.
pub(super) fn linked_for_windows(step: Step) -> Step {
    step.env(
        "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER",
        "x86_64-w64-mingw32-gcc",
    )
}

/// A path of this machine as programs in wine write it.
pub(super) fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', "\\"))
}
