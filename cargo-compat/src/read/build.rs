//! Builds one side.
//!
//! Both sides are built in one target folder from the same lock file, so that the dependencies they
//! share are built once and are the same on both sides.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::camino::Utf8PathBuf;
use cargo_metadata::{Artifact, Message, Metadata, Package};
use release_gate::process::{Finished, Runner};
use release_gate::{Error, Result};
use semver::Version;

use super::cargo::{Request, build_step, feature_args, finished_step, workspace_member};
use super::describe::{Described, describe, describe_globbed, parse_description};
use super::environment::{PassedEnv, read_by_build};
use super::side::{Dependency, Side};
use super::words::read_hints;
use super::wrapper;
use crate::model::package::{is_rust_library, library};

/// What of a package is built.
struct Built<'a> {
    package: &'a Package,
    /// cargo's id of the package: names and versions may stand for several.
    spec: String,
    lib_name: String,
    is_proc_macro: bool,
    is_rust: bool,
    features: Vec<String>,
}

impl<'a> Built<'a> {
    fn of(request: &Request<'a>) -> Result<Self> {
        let package = workspace_member(request.metadata, request.name, request.package)?;
        let target = library(package).ok_or_else(|| {
            Error::judge(format!(
                "`{}` of the {} side has no library",
                request.package, request.name
            ))
        })?;
        Ok(Self {
            package,
            spec: package.id.repr.clone(),
            lib_name: target.name.replace('-', "_"),
            is_proc_macro: target.is_proc_macro(),
            is_rust: is_rust_library(target),
            features: feature_args(request, package),
        })
    }

    /// Macros have to be loadable; libraries only have to be type-checked.
    fn verb(&self) -> &'static str {
        if self.is_proc_macro { "build" } else { "check" }
    }
}

/// Builds one side.
///
/// # Errors
/// It does not build, or has no such library: nothing can be judged then.
pub fn build_side(
    request: Request<'_>,
    runner: &Runner,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Side> {
    let built = Built::of(&request)?;
    progress(&format!(
        "{} {} ({})",
        built.verb(),
        built.package.name,
        request.name
    ));
    let mut env = request.env.clone();
    let mut finished = run_build(&request, &built, runner, &mut env)?;
    let mut outputs = Outputs::read(&finished.stdout, request.metadata, &built, request.name)?;
    if env.add(read_by_build(&outputs.library, &outputs.script_outputs)) {
        finished = run_build(&request, &built, runner, &mut env)?;
        outputs = Outputs::read(&finished.stdout, request.metadata, &built, request.name)?;
    }
    let request = Request {
        env: &env,
        ..request
    };

    let described = wrapper::description(&outputs.library, &built.lib_name)
        .and_then(|path| std::fs::read(path).ok());
    let api = match described {
        Some(bytes) => parse_description(&bytes, request.name)?,
        None => {
            progress(&format!(
                "document {} ({})",
                built.package.name, request.name
            ));
            let described = Described {
                spec: &built.spec,
                lib_name: &built.lib_name,
                features: &built.features,
            };
            describe(&request, &described, runner)?
        }
    };
    let artifact = if built.is_proc_macro {
        set_aside(&request, &outputs.library)?
    } else {
        outputs.library
    };
    let globbed = describe_globbed(&request, built.package, &api, &outputs.crates, runner);
    Ok(Side {
        package: built.package.clone(),
        metadata: request.metadata.clone(),
        root: request.metadata.workspace_root.clone().into_std_path_buf(),
        lib_name: built.lib_name,
        is_rust: built.is_rust,
        artifact,
        deps_dirs: outputs.deps_dirs,
        crates: outputs.crates,
        hints: read_hints(built.package, built.is_proc_macro),
        globbed,
        api,
        environment: env.shown(),
    })
}

/// Checks that one side compiles; nothing is described.
///
/// # Errors
/// It does not.
pub fn check_side(request: &Request<'_>, runner: &Runner) -> Result<()> {
    let built = Built::of(request)?;
    let step = build_step(request, built.verb())
        .args(["--lib", "-p", &built.spec])
        .args(&built.features);
    finished_step(request.name, request.package, runner.run(step)?).map(drop)
}

fn run_build(
    request: &Request<'_>,
    built: &Built<'_>,
    runner: &Runner,
    env: &mut PassedEnv,
) -> Result<Finished> {
    let finished = try_build(&Request { env, ..*request }, built, runner)?;
    let said = finished.stderr_text();
    let misses_variable = ["environment variable", "custom build command"]
        .iter()
        .any(|words| said.contains(words));
    if finished.is_success() || !misses_variable || !env.add_all() {
        return finished_step(request.name, request.package, finished);
    }
    let finished = try_build(&Request { env, ..*request }, built, runner)?;
    finished_step(request.name, request.package, finished)
}

fn try_build(request: &Request<'_>, built: &Built<'_>, runner: &Runner) -> Result<Finished> {
    let mut step = build_step(request, built.verb()).args([
        "--lib",
        "-p",
        &built.spec,
        "--message-format",
        "json-render-diagnostics",
    ]);
    // The library is described while it is checked; without this program's own path it is described
    // afterwards.
    if let Ok(this) = std::env::current_exe() {
        step = step
            .env("RUSTC_WORKSPACE_WRAPPER", this.into_os_string())
            .env(wrapper::LIBRARY, &built.lib_name);
    }
    let step = step.args(&built.features);
    let finished = runner.run(step.clone())?;
    // A crate that asks for unstable features builds with nightly only; what its API is can be
    // judged with this toolchain all the same.
    if !finished.is_success() && finished.stderr_text().contains("E0554") {
        return Ok(runner.run(step.env("RUSTC_BOOTSTRAP", &built.lib_name))?);
    }
    Ok(finished)
}

/// Macros of both sides land under the same name: each side's is copied before the other is built.
fn set_aside(request: &Request<'_>, artifact: &Path) -> Result<PathBuf> {
    let dir = request.target_dir.join("sides").join(request.name);
    let copy = dir.join(artifact.file_name().unwrap_or_default());
    std::fs::create_dir_all(&dir)
        .and_then(|()| std::fs::copy(artifact, &copy))
        .map_err(|error| {
            Error::judge(format!(
                "cannot copy the macros of the {} side",
                request.name
            ))
            .with_source(error)
        })?;
    Ok(copy)
}

/// Where cargo put the library and its dependencies.
struct Outputs {
    library: PathBuf,
    crates: BTreeMap<String, Dependency>,
    deps_dirs: Vec<PathBuf>,
    /// What build scripts printed, as files.
    script_outputs: Vec<PathBuf>,
}

impl Outputs {
    fn read(stdout: &[u8], metadata: &Metadata, built: &Built<'_>, side: &str) -> Result<Self> {
        let mut library = None;
        let mut crates = BTreeMap::new();
        let mut deps_dirs = Vec::new();
        let mut script_outputs = Vec::new();
        for line in stdout.split(|byte| *byte == b'\n') {
            let artifact = match serde_json::from_slice(line) {
                Ok(Message::CompilerArtifact(artifact)) => artifact,
                Ok(Message::BuildScriptExecuted(script)) => {
                    script_outputs.push(script.out_dir.with_file_name("output").into());
                    continue;
                }
                _ => continue,
            };
            let Some(file) = artifact.filenames.iter().find(|path| is_usable(path)) else {
                continue;
            };
            deps_dirs.extend(deps_dir(file).filter(|dir| !deps_dirs.contains(dir)));
            let lib = artifact.target.name.replace('-', "_");
            if artifact.package_id == built.package.id && lib == built.lib_name {
                library = Some(file.clone().into_std_path_buf());
            } else if let Some(name) = file.file_name()
                && let Some(dependency) = dependency_of(metadata, &artifact, file)
            {
                crates.insert(name.to_owned(), dependency);
            }
        }

        let library = library.ok_or_else(|| {
            Error::judge(format!(
                "cargo built no library of `{}` on the {side} side",
                built.package.name
            ))
        })?;

        Ok(Self {
            library,
            crates,
            deps_dirs,
            script_outputs,
        })
    }
}

/// Whether programs can be compiled against a file.
fn is_usable(path: &Utf8PathBuf) -> bool {
    matches!(path.extension(), Some("rmeta" | "so" | "dylib" | "dll"))
}

/// The folder of a compiled crate's own dependencies.
fn deps_dir(file: &Utf8PathBuf) -> Option<PathBuf> {
    let dir = file.parent()?;
    let dir = if dir.file_name() == Some("deps") {
        dir.to_owned()
    } else {
        dir.join("deps")
    };
    Some(dir.into_std_path_buf())
}

/// A compiled crate of the graph. cargo's metadata lists what the default features need; of the others
/// their ids say all that there is to know.
fn dependency_of(
    metadata: &Metadata,
    artifact: &Artifact,
    file: &Utf8PathBuf,
) -> Option<Dependency> {
    let id = artifact.package_id.repr.clone();
    let listed = metadata
        .packages
        .iter()
        .find(|package| package.id == artifact.package_id);
    let (package, version, is_local) = match listed {
        Some(package) => (
            package.name.to_string(),
            package.version.clone(),
            package.source.is_none(),
        ),
        None => {
            let (name, version) = name_and_version(&id)?;
            (name, version, id.starts_with("path+"))
        }
    };
    Some(Dependency {
        file: file.clone().into(),
        lib: artifact.target.name.replace('-', "_"),
        package,
        version,
        id,
        source: is_local.then(|| artifact.manifest_path.clone().into_std_path_buf()),
    })
}

/// What a package id says: `registry+https://…#name@1.0.0`, or `path+file:///…/name#1.0.0`.
fn name_and_version(id: &str) -> Option<(String, Version)> {
    let (place, rest) = id.rsplit_once('#')?;
    let (name, version) = match rest.rsplit_once('@') {
        Some(both) => both,
        None => (place.split('?').next()?.rsplit('/').next()?, rest),
    };
    Some((name.to_owned(), version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_ids_tell_names_and_versions() {
        let told =
            |id: &str| name_and_version(id).map(|(name, version)| format!("{name} {version}"));
        for (id, wanted) in [
            (
                "registry+https://example.org/index#serde_core@1.0.229",
                "serde_core 1.0.229",
            ),
            ("path+file:///somewhere/core#0.1.0", "core 0.1.0"),
            (
                "path+file:///somewhere/core-src#core@0.1.0-beta.1",
                "core 0.1.0-beta.1",
            ),
            ("git+https://example.org/core?rev=abc#0.2.0", "core 0.2.0"),
        ] {
            assert_eq!(told(id).as_deref(), Some(wanted));
        }
        assert_eq!(told("core 0.1.0"), None);
    }
}
