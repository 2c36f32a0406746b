//! One release from a clean commit to a folder that can be published as it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use release_gate::error::JudgeExt as _;
use release_gate::facts::files::CHECKSUMS;
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::fs::{throw_away_dir, walk, write_atomic};
use release_gate::process::Step;
use release_gate::public_key::PublicKey;
use release_gate::{Error, ReportData as _, Result, exit};

use super::args::ReleaseArgs;
use super::extras::write_extras;
use super::installer::{Installed, installers};
use super::packages::{Metadata, Package};
use super::packaging::{Released, homebrew_formula, scoop_manifest};
use crate::workspace::{GATES, OWN_TARGET, TARGETS, Workspace, absolute, copy_files};

/// What judges the commit, in the order of `templates/gate.sh`.
const JUDGES: &str = "pins licenses audit repro sbom compat notes";

/// Runs the task.
///
/// # Errors
/// The call means nothing, or a gate did not pass: its own words were shown.
pub(crate) fn run(workspace: &Workspace, args: &ReleaseArgs) -> Result<u8> {
    let scratch = throw_away_dir("release")?;
    let session = Session::new(workspace, args, scratch.path())?;
    let clock = Instant::now();

    session.judge()?;
    for package in &session.packages {
        session.pack(package)?;
        session.collect(package)?;
    }
    if args.no_rebuild {
        workspace
            .terminal
            .warn("nothing was built a second time elsewhere (--no-rebuild)");
    } else {
        session.rebuild()?;
    }

    let seconds = clock.elapsed().as_secs();
    let summary = format!(
        "{} programs for {} targets in {} ({seconds} s)",
        session.packages.len(),
        session.targets.len(),
        session.out.display()
    );
    workspace.terminal.status("Released", summary);
    Ok(exit::PASS)
}

struct Session<'a> {
    workspace: &'a Workspace,
    args: &'a ReleaseArgs,
    packages: Vec<Package>,
    targets: Vec<String>,
    /// The page of the project.
    repository: String,
    key: PathBuf,
    public_key: PathBuf,
    /// The folder that is published.
    out: PathBuf,
    /// Reports and artifacts of the gates.
    facts: PathBuf,
    /// The folder with the five programs that judge.
    programs: PathBuf,
    scratch: &'a Path,
}

impl<'a> Session<'a> {
    /// Checks everything that can be wrong before hours of building, then builds the gates.
    fn new(workspace: &'a Workspace, args: &'a ReleaseArgs, scratch: &'a Path) -> Result<Self> {
        let key = absolute(&args.key)?;
        let mut public_key = key.clone().into_os_string();
        public_key.push(".pub");
        let public_key = PathBuf::from(public_key);
        for file in [&key, &public_key] {
            if !file.is_file() {
                return Err(Error::usage(format!("there is no `{}`", file.display()))
                    .with_help("`cargo sign keygen --out FILE` makes both halves of a key"));
            }
        }

        let out = absolute(&args.out)?;
        if out.exists() {
            return Err(
                Error::usage(format!("`{}` is there already", out.display()))
                    .with_help("name a new folder with --out"),
            );
        }

        let metadata = Metadata::read(workspace)?;
        let packages = metadata.asked_for(&args.package)?;
        let targets = targets(&args.target)?;
        let repository = repository(args, &packages)?;
        let programs = build_programs(workspace)?;
        let facts = metadata.target_directory.join("release");
        Ok(Self {
            workspace,
            args,
            packages,
            targets,
            repository,
            key,
            public_key,
            out,
            facts,
            programs,
            scratch,
        })
    }

    /// Everything that judges the commit and builds the programs.
    fn judge(&self) -> Result<()> {
        self.gates(JUDGES, &self.packages, &[])
    }

    /// Packs one program; writes the documents and files that name its archives; packs, attests and
    /// verifies all of it.
    fn pack(&self, package: &Package) -> Result<()> {
        let one = std::slice::from_ref(package);
        let extras = self.scratch.join("extras").join(&package.name);
        write_extras(
            self.workspace,
            &self.own_program(package)?,
            &package.name,
            &extras,
        )?;
        let added = ("ADD", extras.display().to_string());

        // The formula names digests of archives, so these come first; they are the same the second time.
        self.gates("pack docs", one, std::slice::from_ref(&added))?;
        let before = self.digests(package)?;
        let included = self.write_included(package, &before)?;

        let more = [added, ("INCLUDE", included)];
        self.gates("pack attest verify", one, &more)?;
        let after = self.digests(package)?;
        let is_same = |(name, digest): (&String, &String)| after.get(name) == Some(digest);
        let is_archive = |name: &str| name.ends_with(".tar.gz") || name.ends_with(".zip");
        let mut archives = before.iter().filter(|(name, _)| is_archive(name));
        if archives.all(is_same) {
            return Ok(());
        }
        Err(Error::judge(format!(
            "the archives of {} came out differently the second time",
            package.name
        )))
    }

    /// The installers and what package managers read. Returns their paths, as words of a list.
    fn write_included(
        &self,
        package: &Package,
        digests: &BTreeMap<String, String>,
    ) -> Result<String> {
        let folder = self.scratch.join("included").join(&package.name);
        let url = format!("{}/releases/download/{}", self.repository, package.tag());
        let released = Released {
            package,
            homepage: &self.repository,
            url: &url,
            digests,
        };

        let key = self.read_public_key()?;
        let installed = Installed {
            name: &package.name,
            version: &package.version,
            url: &url,
            key: &key,
        };

        let mut files: Vec<(String, String)> = Vec::new();
        for (name, text) in installers(&installed)? {
            files.push((name.to_owned(), text));
        }
        if let Some(formula) = homebrew_formula(&released)? {
            files.push((format!("{}.rb", package.name), formula));
        }
        if let Some(manifest) = scoop_manifest(&released)? {
            files.push((format!("{}.json", package.name), manifest));
        }

        let mut paths = Vec::new();
        for (name, text) in files {
            let path = folder.join(name);
            write_atomic(&path, text.as_bytes())?;
            paths.push(path.display().to_string());
        }
        Ok(paths.join(" "))
    }

    /// Copies what is published to the folder that was asked for.
    fn collect(&self, package: &Package) -> Result<()> {
        let from = self.published(package);
        let to = self.out.join(package.folder());
        copy_files(&from, &to)?;
        self.workspace
            .terminal
            .status("Wrote", to.display().to_string());
        Ok(())
    }

    /// The same commit, cloned elsewhere, has to give the same files.
    fn rebuild(&self) -> Result<()> {
        let clone = self.scratch.join("a-clone-in-another-folder");
        let step = Step::new("git")
            .args(["clone", "--quiet", "--no-hardlinks"])
            .arg(&self.workspace.root)
            .arg(&clone);
        self.workspace.run("Cloning", "this repository", step)?;

        for package in &self.packages {
            let info = self.facts.join(package.folder()).join(BuildInfo::FILE);
            let more = [("BUILDINFO", info.display().to_string())];
            let step = self.gate_step("rebuild", std::slice::from_ref(package), &more);
            let step = step
                .current_dir(&clone)
                .env("RELEASE_GATES_ARTIFACT_DIR", self.scratch.join("rebuilt"));
            let what = format!("{} in a second folder", package.name);
            self.workspace.run("Rebuilding", &what, step)?;
        }
        Ok(())
    }

    /// Runs `templates/gate.sh` in this repository.
    fn gates(
        &self,
        words: &str,
        packages: &[Package],
        more: &[(&'static str, String)],
    ) -> Result<()> {
        let clock = Instant::now();
        let mut step = self.gate_step(words, packages, more);
        if words.contains("pack") {
            // The key may have a passphrase.
            step = step.interactive();
        }
        self.workspace.run("Gating", words, step)?;
        let took = format!("{words}: {} s", clock.elapsed().as_secs());
        self.workspace.terminal.status("Passed", took);
        Ok(())
    }

    fn gate_step(&self, words: &str, packages: &[Package], more: &[(&str, String)]) -> Step {
        let names: Vec<&str> = packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        let inherited = std::env::vars_os().map(|(name, _)| name);
        let mut step = Step::new("sh")
            .arg(self.workspace.root.join("templates/gate.sh"))
            .inherit(inherited.filter(|name| !is_word_of_the_script(name)))
            .current_dir(&self.workspace.root)
            .env("GATES", words)
            .env("PACKAGES", names.join(" "))
            .env("TARGETS", self.targets.join(" "))
            .env("CROSS", "1")
            .env("PROGRAMS", &self.programs)
            .env("KEY", &self.key)
            .env("PUBLIC_KEY", &self.public_key)
            .env("SOURCE_URI", &self.repository)
            .env("RELEASE_GATES_ARTIFACT_DIR", &self.facts);
        if let Some(db) = &self.args.db {
            step = step.env("ADVISORY_DB", db);
        }
        if self.args.offline {
            step = step.env("OFFLINE", "1");
        }
        for (name, value) in more {
            step = step.env(name, value);
        }
        step
    }

    /// The program that was built for this machine.
    fn own_program(&self, package: &Package) -> Result<PathBuf> {
        let folder = self.facts.join(package.folder());
        let built = walk(&folder)
            .or_judge(|| format!("cannot read the folder `{}`", folder.display()))?
            .into_iter()
            .find(|file| {
                file.relative
                    .ends_with(Path::new(OWN_TARGET).join(&package.name))
            });
        built
            .map(|file| file.path)
            .ok_or_else(|| Error::judge(format!("{} was not built for {OWN_TARGET}", package.name)))
    }

    /// The folder with what is published of a program.
    fn published(&self, package: &Package) -> PathBuf {
        self.facts.join(package.folder()).join("release")
    }

    /// The list of what is published: SHA-256 by name.
    fn digests(&self, package: &Package) -> Result<BTreeMap<String, String>> {
        let path = self.published(package).join(CHECKSUMS);
        let text = std::fs::read_to_string(&path)
            .or_judge(|| format!("cannot read `{}`", path.display()))?;
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        Ok(lines
            .map(|(digest, name)| (name.to_owned(), digest.to_owned()))
            .collect())
    }

    fn read_public_key(&self) -> Result<PublicKey> {
        let text = std::fs::read_to_string(&self.public_key)
            .or_judge(|| format!("cannot read `{}`", self.public_key.display()))?;
        PublicKey::parse(&text).map_err(|error| {
            Error::usage(format!(
                "`{}` is not a public key",
                self.public_key.display()
            ))
            .with_source(error)
        })
    }
}

/// The targets that are asked for, or all six. Completions are written by the program for this
/// machine, so that one is always among them.
fn targets(asked_for: &[String]) -> Result<Vec<String>> {
    if asked_for.is_empty() {
        return Ok(TARGETS.map(str::to_owned).to_vec());
    }
    if asked_for.iter().any(|target| target == OWN_TARGET) {
        return Ok(asked_for.to_vec());
    }
    Err(
        Error::usage(format!("{OWN_TARGET} is not among the targets"))
            .with_help("its programs write the completions and man pages of all archives"),
    )
}

/// Where the repository is published.
fn repository(args: &ReleaseArgs, packages: &[Package]) -> Result<String> {
    let of_manifest = || {
        packages
            .iter()
            .find_map(|package| package.repository.clone())
    };
    let url = args.repository.clone().or_else(of_manifest);
    let url = url.ok_or_else(|| {
        Error::usage("it is not known where this repository is published")
            .with_help("set `repository` in Cargo.toml, or name it with --repository URL")
    })?;
    let url = url.trim_end_matches('/').trim_end_matches(".git");
    if url.starts_with("https://") {
        return Ok(url.to_owned());
    }
    Err(Error::usage(format!("`{url}` is not an https:// address")))
}

/// Builds the five programs that judge; returns their folder.
fn build_programs(workspace: &Workspace) -> Result<PathBuf> {
    let built = workspace.build_all_released(&GATES)?;
    let folder = built.first().and_then(|path| path.parent());
    folder
        .map(Path::to_owned)
        .ok_or_else(|| Error::judge("cargo did not say where it put the programs"))
}

/// Whether a variable of the caller would change what the script does: only what is said here counts.
fn is_word_of_the_script(name: &std::ffi::OsStr) -> bool {
    const WORDS: [&str; 16] = [
        "GATES",
        "PACKAGES",
        "SIGNED_SINCE",
        "AGAINST",
        "ADVISORY_DB",
        "TARGETS",
        "CROSS",
        "BUILDINFO",
        "ARTIFACTS",
        "ADD",
        "INCLUDE",
        "SOURCE_URI",
        "FORMAT",
        "VERDICTS",
        "OFFLINE",
        "WATCH_TAGS",
    ];
    WORDS.iter().any(|word| name == *word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_this_machine_is_always_among_them() {
        assert_eq!(targets(&[]).unwrap().len(), 6);
        assert!(targets(&[OWN_TARGET.to_owned()]).is_ok());
        assert!(targets(&["aarch64-apple-darwin".to_owned()]).is_err());
    }

    /// A variable of the script that is not known here would reach it from the caller.
    #[test]
    fn every_variable_of_the_script_is_known() {
        let script = include_str!("../../../templates/gate.sh");
        let head = script
            .lines()
            .take_while(|line| !line.starts_with("set -eu"));
        let mut variables = Vec::new();
        for line in head {
            let word = line
                .strip_prefix("#   ")
                .and_then(|line| line.split('=').next());
            if let Some(word) =
                word.filter(|word| word.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
                && !word.is_empty()
            {
                variables.push(word);
            }
        }
        assert!(variables.len() > 12, "{variables:?}");
        for word in variables {
            let is_set_here = ["PUBLIC_KEY", "PROGRAMS"].contains(&word);
            assert!(
                is_set_here || is_word_of_the_script(std::ffi::OsStr::new(word)),
                "{word}"
            );
        }
    }
}
