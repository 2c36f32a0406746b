//! What a sealed build left: cargo's messages, the wrapper's records and the files they name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::project::Project;
use release_gate::{Error, Result};
use serde::Deserialize;

use super::sandbox::Sandbox;
use crate::model::build::{Artifact, ArtifactKind, Build, ScriptRun, Unit};
use crate::model::call::Call;

/// Messages of `cargo build --message-format=json` that are looked at.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        manifest_path: PathBuf,
        target: MessageTarget,
        #[serde(default)]
        filenames: Vec<PathBuf>,
        executable: Option<PathBuf>,
    },
    BuildScriptExecuted {
        out_dir: PathBuf,
        package_id: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct MessageTarget {
    name: String,
    kind: Vec<String>,
}

/// A target of a package as people know it: `program `tool` of `demo``.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    package: String,
    kind: Vec<String>,
    target: String,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the {} `{}` of `{}`",
            self.kind.join("+"),
            self.target,
            self.package
        )
    }
}

/// Cargo's messages; lines that are none are passed over.
fn messages(stdout: &[u8]) -> impl Iterator<Item = Message> {
    stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
}

/// What is made of the text alone, whoever wrote it: cargo's messages, a list for make and the
/// statements of a build script.
pub(crate) fn of_text(text: &str) -> (Vec<(String, String)>, Vec<String>, usize) {
    let packages = messages(text.as_bytes()).filter_map(|message| match message {
        Message::BuildScriptExecuted { package_id, .. } => Some(name_and_version(&package_id)),
        _ => None,
    });
    let statements = text.lines().filter(|line| is_effective(line)).count();
    (packages.collect(), dependencies(text).collect(), statements)
}

/// Reads everything.
///
/// # Errors
/// A file cargo or the wrapper named cannot be read.
pub(crate) fn read(
    sandbox: &Sandbox,
    project: &Project,
    targets: &[String],
    profile: &str,
    stdout: &[u8],
) -> Result<Build> {
    let stdout = sandbox
        .outside(&String::from_utf8_lossy(stdout))
        .into_bytes();
    let mut reader = Reader {
        sandbox,
        project,
        layout: Layout::of(sandbox, targets, profile),
        origins: BTreeMap::new(),
        build: Build {
            units: units(sandbox)?,
            ..Build::default()
        },
    };
    // Macros print to the same stream: what is no message of cargo's is theirs.
    for message in messages(&stdout) {
        reader.message(message)?;
    }
    reader.finish()
}

/// Collects what cargo's messages name.
struct Reader<'a> {
    sandbox: &'a Sandbox,
    project: &'a Project,
    layout: Layout<'a>,
    /// Which target made each finished file.
    origins: BTreeMap<PathBuf, Origin>,
    build: Build,
}

impl Reader<'_> {
    fn message(&mut self, message: Message) -> Result<()> {
        match message {
            Message::BuildScriptExecuted {
                out_dir,
                package_id,
            } => self.script(out_dir, &package_id),
            Message::CompilerArtifact {
                manifest_path,
                target,
                filenames,
                executable,
            } => self.target(&manifest_path, &target, filenames, executable),
            Message::Other => Ok(()),
        }
    }

    fn script(&mut self, out_dir: PathBuf, package_id: &str) -> Result<()> {
        let known = self.build.scripts.iter().any(|run| run.out_dir == out_dir);
        if !known && is_out_dir(&out_dir) {
            let (package, version) = name_and_version(package_id);
            let run = script(self.sandbox, package, version, out_dir)?;
            self.build.scripts.push(run);
        }
        Ok(())
    }

    /// Files of a selected package's target.
    fn target(
        &mut self,
        manifest: &Path,
        target: &MessageTarget,
        files: Vec<PathBuf>,
        executable: Option<PathBuf>,
    ) -> Result<()> {
        let Some(package) = selected_package(self.project, self.sandbox, manifest) else {
            return Ok(());
        };
        if !has_target(package, target) {
            return Ok(());
        }
        let origin = Origin {
            package: package.name.to_string(),
            kind: target.kind.clone(),
            target: target.name.clone(),
        };

        for (kind, path) in released_files(target, files, executable) {
            // Cargo's own files lie in one folder, whoever else says what.
            let Some(triple) = self.layout.triple(&path) else {
                continue;
            };
            match self.origins.insert(path.clone(), origin.clone()) {
                Some(other) if other != origin => {
                    return Err(name_collision(&path, &other, &origin));
                }
                Some(_) => return Err(built_twice(&path, &origin)),
                None => {}
            }
            let made = artifact(package, self.sandbox, triple, kind, path)?;
            self.build.artifacts.push(made);
        }
        Ok(())
    }

    fn finish(self) -> Result<Build> {
        check_complete(self.project, &self.origins)?;
        let mut build = self.build;
        build.scripts.sort_by(|a, b| {
            (&a.package, &a.version, &a.out_dir).cmp(&(&b.package, &b.version, &b.out_dir))
        });
        build.artifacts.sort_by(|a, b| {
            (&a.package, &a.target, &a.name).cmp(&(&b.package, &b.target, &b.name))
        });
        if build.units.is_empty() {
            return Err(Error::judge("no compiler call was recorded in the sealed build").with_help(
                "does `.cargo/config.toml` force another RUSTC_WRAPPER by `[env]`? sealed builds need theirs",
            ));
        }
        Ok(build)
    }
}

/// The selected package a manifest in this place belongs to: members may lie anywhere in the
/// repository, not only below the workspace.
fn selected_package<'a>(
    project: &'a Project,
    sandbox: &Sandbox,
    manifest: &Path,
) -> Option<&'a cargo_metadata::Package> {
    let relative = manifest.strip_prefix(&sandbox.source).ok()?;
    let real = project
        .git
        .as_ref()?
        .root()
        .join(relative)
        .canonicalize()
        .ok()?;
    project.selected().find(|package| {
        package
            .manifest_path
            .as_std_path()
            .canonicalize()
            .is_ok_and(|manifest| manifest == real)
    })
}

/// Whether the package has this target, as `cargo metadata` tells.
fn has_target(package: &cargo_metadata::Package, target: &MessageTarget) -> bool {
    package
        .targets
        .iter()
        .any(|known| known.name == target.name && target_kinds(known) == target.kind)
}

fn target_kinds(target: &cargo_metadata::Target) -> Vec<String> {
    target.kind.iter().map(ToString::to_string).collect()
}

/// Every selected program and library that has to be built was: what is not compared cannot pass.
fn check_complete(project: &Project, origins: &BTreeMap<PathBuf, Origin>) -> Result<()> {
    for package in project.selected() {
        for target in package
            .targets
            .iter()
            .filter(|target| target.required_features.is_empty())
        {
            let kind = target_kinds(target);
            let built = origins.values().any(|origin| {
                *origin.package == **package.name
                    && origin.target == target.name
                    && origin.kind == kind
            });
            let none = ["custom-build", "test", "bench", "example"]
                .iter()
                .any(|word| kind.contains(&(*word).to_owned()));
            if !none && !built {
                return Err(Error::judge(format!(
                    "cargo built `{}` and named no file of its {} `{}` in the target folder",
                    package.name,
                    kind.join("+"),
                    target.name
                ))
                .with_help(
                    "does a configuration move what cargo builds? sealed builds look into CARGO_TARGET_DIR",
                ));
            }
        }
    }
    Ok(())
}

fn name_collision(path: &Path, one: &Origin, other: &Origin) -> Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Error::judge(format!(
        "{one} and {other} end in one file `{name}`, and one overwrites the other"
    ))
    .with_help("give one of them another name, or build them apart with -p")
}

fn built_twice(path: &Path, origin: &Origin) -> Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Error::judge(format!("cargo seems to have built {origin} twice into one file `{name}`")).with_help(
        "either it is built with several sets of features, or a macro prints lines that look like cargo's messages",
    )
}

/// The folder cargo makes for a target, and what the target is called.
fn target_folder(target: String, host: &str) -> (String, String) {
    match target.as_str() {
        "host-tuple" => (host.to_owned(), host.to_owned()),
        // A target of one's own is called as its file.
        _ if target.ends_with(".json") => {
            let stem = Path::new(&target)
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (stem.clone(), stem)
        }
        _ => (target.clone(), target),
    }
}

/// Where cargo puts finished files: `target/[triple/]profile/name`.
struct Layout<'a> {
    target: &'a Path,
    host: &'a str,
    /// Folders of targets that are named, and what the targets are called.
    triples: BTreeMap<String, String>,
    profile: &'a str,
}

impl<'a> Layout<'a> {
    fn of(sandbox: &'a Sandbox, targets: &[String], profile: &'a str) -> Self {
        let host = sandbox.toolchain.host.as_str();
        let configured = if targets.is_empty() {
            sandbox.configured_targets()
        } else {
            targets.to_vec()
        };

        let profile = match profile {
            "dev" | "test" => "debug",
            "bench" => "release",
            other => other,
        };

        Self {
            target: &sandbox.target,
            host,
            triples: configured
                .into_iter()
                .map(|target| target_folder(target, host))
                .collect(),
            profile,
        }
    }

    /// The target a finished file is for; `None` if cargo would not put one there.
    fn triple(&self, path: &Path) -> Option<String> {
        let parts: Vec<&str> = path
            .strip_prefix(self.target)
            .ok()?
            .components()
            .map(|part| match part {
                std::path::Component::Normal(part) => part.to_str(),
                _ => None,
            })
            .collect::<Option<_>>()?;
        match parts.as_slice() {
            [profile, _] if *profile == self.profile => Some(self.host.to_owned()),
            [triple, profile, _] if *profile == self.profile => self.triples.get(*triple).cloned(),
            _ => None,
        }
    }
}

/// Whether cargo ran a build script there.
fn is_out_dir(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "out")
        && path
            .parent()
            .is_some_and(|dir| dir.join("output").is_file())
}

/// Whether cargo says that a target is of one of these kinds.
fn is_of_kind(target: &MessageTarget, wanted: &[&str]) -> bool {
    target
        .kind
        .iter()
        .any(|kind| wanted.contains(&kind.as_str()))
}

/// What kind of artifact a library's file is, by its ending.
fn library_kind(target: &MessageTarget, path: &Path) -> Option<ArtifactKind> {
    match path.extension()?.to_str()? {
        "rlib" => Some(ArtifactKind::Rust),
        "so" | "dylib" | "dll" if is_of_kind(target, &["proc-macro", "dylib"]) => {
            Some(ArtifactKind::Rust)
        }
        "a" | "lib" | "so" | "dylib" | "dll" | "wasm" => Some(ArtifactKind::Foreign),
        _ => None,
    }
}

/// Files of a target that would be released, of those cargo puts under their plain names.
fn released_files(
    target: &MessageTarget,
    files: Vec<PathBuf>,
    executable: Option<PathBuf>,
) -> Vec<(ArtifactKind, PathBuf)> {
    if is_of_kind(target, &["bin"]) {
        return executable
            .into_iter()
            .map(|path| (ArtifactKind::Bin, path))
            .collect();
    }

    if is_of_kind(target, &["custom-build", "test", "bench", "example"]) {
        return Vec::new();
    }

    files
        .into_iter()
        .filter_map(|path| Some((library_kind(target, &path)?, path)))
        .collect()
}

/// What is said of an artifact that cannot be read.
fn unreadable_artifact(sandbox: &Sandbox, path: &Path) -> String {
    format!(
        "cannot read the artifact `{}`",
        sandbox.neutral(&path.to_string_lossy())
    )
}

fn artifact(
    package: &cargo_metadata::Package,
    sandbox: &Sandbox,
    target: String,
    kind: ArtifactKind,
    path: PathBuf,
) -> Result<Artifact> {
    // A build script can put a link to anything there.
    let real = path
        .canonicalize()
        .or_judge(|| unreadable_artifact(sandbox, &path))?;
    if !sandbox
        .target
        .canonicalize()
        .is_ok_and(|target| real.starts_with(target))
    {
        return Err(Error::judge(format!(
            "{}: it leads out of the target folder",
            unreadable_artifact(sandbox, &path)
        )));
    }

    let (sha256, _) = sha256_file(&path).or_judge(|| unreadable_artifact(sandbox, &path))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Artifact {
        package: package.name.to_string(),
        name,
        kind,
        target,
        path,
        sha256,
    })
}

fn unreadable_records() -> String {
    "cannot read the records of the sealed build".to_owned()
}

fn units(sandbox: &Sandbox) -> Result<Vec<Unit>> {
    let mut calls: Vec<Call> = Vec::new();
    for entry in std::fs::read_dir(&sandbox.records).or_judge(unreadable_records)? {
        let path = entry.or_judge(unreadable_records)?.path();
        let bytes = std::fs::read(path).or_judge(unreadable_records)?;
        let text = sandbox.outside(&String::from_utf8_lossy(&bytes));
        calls.push(serde_json::from_str(&text).or_judge(unreadable_records)?);
    }

    calls.sort_by_key(|call| (call.key(), call.metadata.clone(), call.out_dir.clone()));
    calls.dedup_by_key(|call| {
        (
            call.out_dir.clone(),
            call.crate_name.clone(),
            call.extra_filename.clone(),
        )
    });

    let mut listings: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    let mut units = Vec::new();
    for call in calls {
        if !listings.contains_key(&call.out_dir) {
            let names = std::fs::read_dir(&call.out_dir)
                .into_iter()
                .flatten()
                .flatten();
            listings.insert(
                call.out_dir.clone(),
                names
                    .filter_map(|entry| entry.file_name().into_string().ok())
                    .collect(),
            );
        }
        let stem = format!("{}{}", call.crate_name, call.extra_filename);
        let mut unit = Unit {
            call,
            ..Unit::default()
        };
        for name in listings
            .get(&unit.call.out_dir)
            .into_iter()
            .flatten()
            .filter(|name| unit.call.owns(name))
        {
            let suffix = name
                .rsplit_once(&stem)
                .map_or("", |(_, suffix)| suffix)
                .trim_start_matches('.');
            let path = unit.call.out_dir.join(name);
            let (digest, _) = sha256_file(&path)
                .or_judge(|| format!("cannot read `{name}` of the sealed build"))?;
            unit.outputs.insert(suffix.to_owned(), digest);
        }
        unit.reads = dependency_list(
            sandbox,
            &unit.call.out_dir.join(format!("{stem}.d")),
            &unit.call.cwd,
        );
        for path in &unit.reads {
            if let Ok(relative) = path.strip_prefix(&sandbox.source)
                && let Ok((digest, _)) = sha256_file(path)
            {
                unit.sources.insert(relative.to_owned(), digest);
            }
        }
        units.push(unit);
    }

    Ok(units)
}

/// Files a unit read, from the list rustc writes for make.
fn dependency_list(sandbox: &Sandbox, path: &Path, cwd: &Path) -> Vec<PathBuf> {
    let text = sandbox.outside(&std::fs::read_to_string(path).unwrap_or_default());
    dependencies(&text).map(|name| cwd.join(name)).collect()
}

/// The files a list for make names on lines of their own.
fn dependencies(text: &str) -> impl Iterator<Item = String> {
    let names = text
        .lines()
        .filter_map(|line| line.strip_suffix(':'))
        .filter(|name| !name.starts_with('#'));
    names.map(|name| name.replace("\\ ", " "))
}

/// `name` and `version` of a package id specification such as `registry+https://…#name@1.0.0` or `path+file:///x/name#1.0.0`.
fn name_and_version(id: &str) -> (String, String) {
    let (source, fragment) = id.rsplit_once('#').unwrap_or(("", id));
    match fragment.split_once('@') {
        Some((name, version)) => (name.to_owned(), version.to_owned()),
        None => (
            source.rsplit('/').next().unwrap_or_default().to_owned(),
            fragment.to_owned(),
        ),
    }
}

/// Whether a line of a build script is a statement that reaches the compiler.
pub(crate) fn is_effective(statement: &str) -> bool {
    let Some(rest) = statement
        .strip_prefix("cargo::")
        .or_else(|| statement.strip_prefix("cargo:"))
    else {
        return false;
    };
    ![
        "warning=",
        "error=",
        "rerun-if-changed",
        "rerun-if-env-changed",
        "rustc-check-cfg",
    ]
    .iter()
    .any(|start| rest.starts_with(start))
}

fn script(
    sandbox: &Sandbox,
    package: String,
    version: String,
    out_dir: PathBuf,
) -> Result<ScriptRun> {
    let said = out_dir
        .parent()
        .map(|dir| std::fs::read(dir.join("output")).unwrap_or_default())
        .unwrap_or_default();

    let said = sandbox.neutral(&String::from_utf8_lossy(&said));
    let statements = said
        .lines()
        .filter(|line| is_effective(line))
        .map(str::to_owned)
        .collect();

    let mut files = BTreeMap::new();
    visit_files(&out_dir, &mut |path| {
        // Text that names the place is compared without the name, where it is small enough to be
        // generated source.
        let name = path
            .strip_prefix(&out_dir)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned();
        let digest = match std::fs::read(path) {
            Ok(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => sha256_bytes(sandbox.neutral(text).as_bytes()),
                Err(_) => sha256_bytes(&bytes),
            },
            Err(_) => return,
        };
        files.insert(name, digest);
    })
    .or_judge(|| format!("cannot read what the build script of `{package}` left"))?;

    Ok(ScriptRun {
        package,
        version,
        out_dir,
        statements,
        files,
    })
}

fn visit_files(dir: &Path, visit: &mut impl FnMut(&Path)) -> std::io::Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            visit_files(&entry.path(), visit)?;
        } else if kind.is_file() {
            visit(&entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_ids_of_all_kinds_are_read() {
        for id in [
            "registry+https://index#demo@1.0.0",
            "path+file:///x/demo#1.0.0",
            "path+file:///x/y#demo@1.0.0",
        ] {
            let (name, version) = name_and_version(id);
            assert_eq!((name.as_str(), version.as_str()), ("demo", "1.0.0"), "{id}");
        }
    }

    #[test]
    fn remarks_of_build_scripts_are_no_inputs() {
        assert!(
            is_effective("cargo:rustc-env=A=1")
                && is_effective("cargo::rustc-cfg=x")
                && is_effective("cargo:include=/x")
        );
        assert!(
            !is_effective("cargo:warning=took 3 ms")
                && !is_effective("hello")
                && !is_effective("cargo::rerun-if-changed=x")
        );
    }
}
