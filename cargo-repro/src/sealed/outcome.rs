//! What a sealed build left: cargo's messages, the wrapper's records and the files they name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::project::Project;
use release_gate::{Error, Result};
use serde::Deserialize;

use super::place::Place;
use crate::model::build::{Artifact, ArtifactKind, Build, ScriptRun, Unit};
use crate::model::call::Call;

/// Messages of `cargo build --message-format=json` that are looked at.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        manifest_path: PathBuf,
        target: MessageTarget,
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
    kind: Vec<String>,
}

/// Reads everything.
///
/// # Errors
/// A file cargo or the wrapper named cannot be read.
pub(crate) fn read(
    place: &Place,
    project: &Project,
    targets: &[String],
    host: &str,
    stdout: &[u8],
) -> Result<Build> {
    let mut build = Build { units: units(place)?, ..Build::default() };
    let stdout = place.outside(&String::from_utf8_lossy(stdout)).into_bytes();
    let messages =
        stdout.split(|byte| *byte == b'\n').filter(|line| line.first() == Some(&b'{')).map(|line| {
            serde_json::from_slice::<Message>(line).or_judge(|| "cannot read cargo's messages".to_owned())
        });
    for message in messages {
        match message? {
            Message::BuildScriptExecuted { out_dir, package_id } => {
                let (package, version) = name_and_version(&package_id);
                build.scripts.push(script(place, package, version, out_dir)?);
            }
            Message::CompilerArtifact { manifest_path, target, filenames, executable } => {
                let files = released(&target, filenames, executable);
                if files.is_empty() {
                    continue;
                }
                let Some(package) = selected(project, place, &manifest_path) else { continue };
                for (kind, path) in files {
                    build.artifacts.push(artifact(package, place, targets, host, kind, path)?);
                }
            }
            Message::Other => {}
        }
    }
    build
        .scripts
        .sort_by(|a, b| (&a.package, &a.version, &a.out_dir).cmp(&(&b.package, &b.version, &b.out_dir)));
    let key =
        |artifact: &Artifact| (artifact.package.clone(), artifact.target.clone(), artifact.name.clone());
    build.artifacts.sort_by_key(key);
    build.artifacts.dedup_by_key(|artifact| key(artifact));
    if build.units.is_empty() {
        return Err(Error::judge("no compiler call was recorded in the sealed build").with_help(
            "does `.cargo/config.toml` force another RUSTC_WRAPPER by `[env]`? sealed builds need theirs",
        ));
    }
    Ok(build)
}

/// The selected package a manifest in this place belongs to.
fn selected<'a>(project: &'a Project, place: &Place, manifest: &Path) -> Option<&'a cargo_metadata::Package> {
    let relative = manifest.strip_prefix(&place.workspace).ok()?;
    project.selected().find(|package| package.manifest_path.as_std_path() == project.root.join(relative))
}

/// Files of a target that would be released, of those cargo puts under their plain names.
fn released(
    target: &MessageTarget,
    files: Vec<PathBuf>,
    executable: Option<PathBuf>,
) -> Vec<(ArtifactKind, PathBuf)> {
    let is = |wanted: &[&str]| target.kind.iter().any(|kind| wanted.contains(&kind.as_str()));
    if is(&["bin"]) {
        return executable.into_iter().map(|path| (ArtifactKind::Bin, path)).collect();
    }
    if is(&["custom-build", "test", "bench", "example"]) {
        return Vec::new();
    }
    let kind_of = |path: &Path| {
        let extension = path.extension()?.to_str()?;
        match extension {
            "rlib" => Some(ArtifactKind::Rust),
            "so" | "dylib" | "dll" if is(&["proc-macro", "dylib"]) => Some(ArtifactKind::Rust),
            "a" | "lib" | "so" | "dylib" | "dll" | "wasm" => Some(ArtifactKind::Foreign),
            _ => None,
        }
    };
    files.into_iter().filter_map(|path| Some((kind_of(&path)?, path))).collect()
}

fn artifact(
    package: &cargo_metadata::Package,
    place: &Place,
    targets: &[String],
    host: &str,
    kind: ArtifactKind,
    path: PathBuf,
) -> Result<Artifact> {
    let shown = || format!("cannot read the artifact `{}`", place.neutral(&path.to_string_lossy()));
    // A build script can put a link to anything there.
    let real = path.canonicalize().or_judge(shown)?;
    if !place.target.canonicalize().is_ok_and(|target| real.starts_with(target)) {
        return Err(Error::judge(format!("{}: it leads out of the target folder", shown())));
    }
    let (sha256, _) = sha256_file(&path).or_judge(shown)?;
    let first = path.strip_prefix(&place.target).ok().and_then(|path| path.components().next());
    let first = first.map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    let target = targets.iter().find(|target| **target == first).cloned().unwrap_or_else(|| host.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Artifact { package: package.name.to_string(), name, kind, target, path, sha256 })
}

fn units(place: &Place) -> Result<Vec<Unit>> {
    let unreadable = || "cannot read the records of the sealed build".to_owned();
    let mut calls: Vec<Call> = Vec::new();
    for entry in std::fs::read_dir(&place.records).or_judge(unreadable)? {
        let bytes = std::fs::read(entry.or_judge(unreadable)?.path()).or_judge(unreadable)?;
        let text = place.outside(&String::from_utf8_lossy(&bytes));
        calls.push(serde_json::from_str(&text).or_judge(unreadable)?);
    }
    calls.sort_by_key(|call| (call.key(), call.metadata.clone(), call.out_dir.clone()));
    calls.dedup_by_key(|call| (call.out_dir.clone(), call.crate_name.clone(), call.extra_filename.clone()));
    let mut listings: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    let mut units = Vec::new();
    for call in calls {
        if !listings.contains_key(&call.out_dir) {
            let names = std::fs::read_dir(&call.out_dir).into_iter().flatten().flatten();
            listings.insert(
                call.out_dir.clone(),
                names.filter_map(|entry| entry.file_name().into_string().ok()).collect(),
            );
        }
        let stem = format!("{}{}", call.crate_name, call.extra_filename);
        let mut unit = Unit { call, ..Unit::default() };
        for name in listings.get(&unit.call.out_dir).into_iter().flatten().filter(|name| unit.call.owns(name))
        {
            let suffix = name.rsplit_once(&stem).map_or("", |(_, suffix)| suffix).trim_start_matches('.');
            let path = unit.call.out_dir.join(name);
            let (digest, _) =
                sha256_file(&path).or_judge(|| format!("cannot read `{name}` of the sealed build"))?;
            unit.outputs.insert(suffix.to_owned(), digest);
        }
        unit.reads = dependency_list(place, &unit.call.out_dir.join(format!("{stem}.d")), &unit.call.cwd);
        units.push(unit);
    }
    Ok(units)
}

/// Files a unit read, from the list rustc writes for make.
fn dependency_list(place: &Place, path: &Path, cwd: &Path) -> Vec<PathBuf> {
    let text = place.outside(&std::fs::read_to_string(path).unwrap_or_default());
    let names = text.lines().filter_map(|line| line.strip_suffix(':')).filter(|name| !name.starts_with('#'));
    names.map(|name| cwd.join(name.replace("\\ ", " "))).collect()
}

/// `name` and `version` of a package id specification such as `registry+https://…#name@1.0.0` or `path+file:///x/name#1.0.0`.
fn name_and_version(id: &str) -> (String, String) {
    let (source, fragment) = id.rsplit_once('#').unwrap_or(("", id));
    match fragment.split_once('@') {
        Some((name, version)) => (name.to_owned(), version.to_owned()),
        None => (source.rsplit('/').next().unwrap_or_default().to_owned(), fragment.to_owned()),
    }
}

/// Statements of a build script that reach the compiler.
fn is_effective(statement: &str) -> bool {
    let Some(rest) = statement.strip_prefix("cargo::").or_else(|| statement.strip_prefix("cargo:")) else {
        return false;
    };
    !["warning=", "error=", "rerun-if-changed", "rerun-if-env-changed", "rustc-check-cfg"]
        .iter()
        .any(|start| rest.starts_with(start))
}

fn script(place: &Place, package: String, version: String, out_dir: PathBuf) -> Result<ScriptRun> {
    let said =
        out_dir.parent().map(|dir| std::fs::read(dir.join("output")).unwrap_or_default()).unwrap_or_default();
    let said = place.neutral(&String::from_utf8_lossy(&said));
    let statements = said.lines().filter(|line| is_effective(line)).map(str::to_owned).collect();
    let mut files = BTreeMap::new();
    walk(&out_dir, &mut |path| {
        // Text that names the place is compared without the name, where it is small enough to be generated source.
        let name = path.strip_prefix(&out_dir).unwrap_or(path).to_string_lossy().into_owned();
        let digest = match std::fs::read(path) {
            Ok(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => sha256_bytes(place.neutral(text).as_bytes()),
                Err(_) => sha256_bytes(&bytes),
            },
            Err(_) => return,
        };
        files.insert(name, digest);
    })
    .or_judge(|| format!("cannot read what the build script of `{package}` left"))?;
    Ok(ScriptRun { package, version, out_dir, statements, files })
}

fn walk(dir: &Path, visit: &mut impl FnMut(&Path)) -> std::io::Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), visit)?;
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
        let two = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(name_and_version("registry+https://index#demo@1.0.0"), two("demo", "1.0.0"));
        assert_eq!(name_and_version("path+file:///x/demo#1.0.0"), two("demo", "1.0.0"));
        assert_eq!(name_and_version("path+file:///x/y#demo@1.0.0"), two("demo", "1.0.0"));
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
