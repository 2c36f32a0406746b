//! The toolchain a sealed build uses: the real programs behind rustup's shims, and what is published
//! about them.

use std::path::{Path, PathBuf};

use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::facts::report::buildinfo::{self, Program, StandardLibrary, StartedProgram};
use release_gate::process::{Runner, Step, program_of_variable};
use release_gate::{Error, Result};

/// Where the programs are, and what they say of themselves.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    pub(crate) cargo: PathBuf,
    pub(crate) rustc: PathBuf,
    pub(crate) bin: PathBuf,
    pub(crate) sysroot: PathBuf,
    /// The host's target triple.
    pub(crate) host: String,
    /// What `rustc -vV` says.
    pub(crate) rustc_version: Vec<String>,
    /// What `cargo -vV` says of cargo.
    cargo_version: Vec<String>,
}

impl Toolchain {
    /// Finds the toolchain of a project.
    ///
    /// # Errors
    /// There is no compiler, or it does not answer.
    pub(crate) fn find(runner: &Runner, project: &Path) -> Result<Self> {
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
        // Its last line names the system it runs on: that is the machine's, and no input of the
        // build.
        let cargo_version = lines(&ask(runner, project, &cargo, &["-vV"])?)
            .into_iter()
            .filter(|line| !line.starts_with("os: "))
            .collect();

        Ok(Self {
            bin: sysroot.join("bin"),
            rustc_version: lines(&verbose),
            cargo_version,
            cargo,
            rustc,
            sysroot,
            host,
        })
    }

    /// What is published about it, beside the programs that a build started.
    ///
    /// # Errors
    /// A file of the toolchain cannot be read.
    pub(crate) fn facts(
        &self,
        targets: &[String],
        programs: Vec<StartedProgram>,
    ) -> Result<buildinfo::Toolchain> {
        let mut std_targets = targets.to_vec();
        std_targets.push(self.host.clone());
        std_targets.sort();
        std_targets.dedup();

        let std = std_targets
            .iter()
            .filter_map(|target| self.standard_library(target).transpose())
            .collect::<Result<Vec<_>>>()?;
        Ok(buildinfo::Toolchain {
            rustc: Program {
                version: self.rustc_version.clone(),
                sha256: self.rustc_digest()?,
            },
            cargo: Program {
                version: self.cargo_version.clone(),
                sha256: digest(&self.cargo)?,
            },
            std,
            programs,
        })
    }

    /// The compiler's digest, its driver libraries included: they do the work.
    fn rustc_digest(&self) -> Result<Sha256Digest> {
        let mut files = files_of(&self.sysroot.join("lib"));
        files.retain(|path| file_name(path).contains("rustc_driver"));
        files.insert(0, self.rustc.clone());

        let digests = files
            .iter()
            .map(|path| Ok(digest(path)?.to_string()))
            .collect::<Result<Vec<String>>>()?;
        Ok(sha256_bytes(digests.join("\n").as_bytes()))
    }

    /// The standard library of a target as the toolchain ships it; `None` where it ships none.
    fn standard_library(&self, target: &str) -> Result<Option<StandardLibrary>> {
        let folder = self.sysroot.join("lib/rustlib").join(target).join("lib");
        let files = files_of(&folder);
        if files.is_empty() {
            return Ok(None);
        }
        let mut list = String::new();
        for path in files {
            list.push_str(&format!("{}  {}\n", digest(&path)?, file_name(&path)));
        }
        Ok(Some(StandardLibrary {
            target: target.to_owned(),
            sha256: sha256_bytes(list.as_bytes()),
        }))
    }

    /// Where the toolchain keeps the linker that it brings along, under the names C compilers know.
    pub(crate) fn own_linker(&self) -> PathBuf {
        let tools = self.sysroot.join("lib/rustlib").join(&self.host);
        tools.join("bin/gcc-ld")
    }

    /// The channel that is this compiler: `1.95.0`; `None` for what rustup cannot name so, such as
    /// nightlies.
    pub(crate) fn release(&self) -> Option<String> {
        let release = self
            .rustc_version
            .iter()
            .find_map(|line| line.strip_prefix("release: "))?;
        release
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
            .then(|| release.to_owned())
    }
}

/// What a program answers.
fn ask(runner: &Runner, project: &Path, program: &Path, args: &[&str]) -> Result<String> {
    let step = Step::new(program).args(args).current_dir(project);
    let finished = runner.run(step)?.success()?;
    Ok(String::from_utf8_lossy(&finished.stdout).trim().to_owned())
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

fn digest(path: &Path) -> Result<Sha256Digest> {
    let (digest, _) = sha256_file(path).or_judge(|| format!("cannot read `{}`", path.display()))?;
    Ok(digest)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The files right in a folder, sorted; none where there is no such folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
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
