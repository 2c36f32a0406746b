//! One side of the comparison, built: its public API as rustdoc sees it, and its compiled metadata.
//!
//! Both sides are built in one target folder from the same lock file, so that the dependencies they
//! share are built once and are the same on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use release_gate::process::{Finished, Runner, Step};
use release_gate::{Context, Error, Result, SharedArgs};
use rustdoc_types::Crate;
use semver::Version;

use super::{rustdoc, wrapper};
use crate::model::surface::{ForeignGlob, Surface};

/// A side that was built.
#[derive(Debug)]
pub struct Side {
    /// The package.
    pub package: Package,
    /// Its workspace and dependencies.
    pub metadata: Metadata,
    /// Its public API.
    pub api: Crate,
    /// Name of the library as programs use it.
    pub lib_name: String,
    /// Whether it is a procedural-macro crate.
    pub proc_macro: bool,
    /// The library's metadata (or the macro's shared object).
    pub artifact: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps_dirs: Vec<PathBuf>,
    /// The crates of its graph, by file name of their metadata.
    pub crates: BTreeMap<String, Dependency>,
    /// What its globs over other crates bring.
    pub globbed: Vec<Globbed>,
    /// Root of its workspace, which source paths are relative to.
    pub root: PathBuf,
}

/// A glob over another crate, with that crate's description.
#[derive(Debug)]
pub struct Globbed {
    /// The glob.
    pub glob: ForeignGlob,
    /// The other crate; `None` if it could not be described.
    pub api: Option<Crate>,
}

/// A compiled dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Its metadata, or the shared object of a macro crate.
    pub file: PathBuf,
    /// Its library's name.
    pub lib: String,
    /// Its package.
    pub package: String,
    /// The package's version.
    pub version: Version,
}

/// What is to be built, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `old` or `new`, for messages.
    pub name: &'a str,
    /// The manifest.
    pub manifest: &'a Path,
    /// What cargo says of it.
    pub metadata: &'a Metadata,
    /// The package.
    pub package: &'a str,
    /// Where to build.
    pub target_dir: &'a Path,
    /// Features and target flags.
    pub args: &'a SharedArgs,
    /// Features to build with.
    pub features: &'a FeatureSet,
    /// The target, if it is not the host.
    pub target: Option<&'a str>,
}

/// Which features are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureSet {
    /// As the command line says.
    Asked,
    /// The default ones.
    Default,
    /// None.
    Bare,
    /// All but those that by custom need a nightly compiler or are private.
    All,
}

impl FeatureSet {
    /// The word reports use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Asked => "as asked",
            Self::Default => "default features",
            Self::Bare => "no features",
            Self::All => "all features",
        }
    }

    /// The sets worth comparing: one if there are no features.
    pub fn worth_comparing(old: &Package, new: &Package) -> Vec<Self> {
        let mut sets = vec![Self::Default];
        let all = |package: &Package| {
            !public_features(package)
                .iter()
                .all(|name| closure(package).contains(name))
        };
        if all(old) || all(new) {
            sets.push(Self::All);
        }
        if closure(old).len() > 1 || closure(new).len() > 1 {
            sets.push(Self::Bare);
        }
        sets
    }
}

/// Everything the default features turn on.
fn closure(package: &Package) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec!["default".to_owned()];
    while let Some(name) = open.pop() {
        if let Some(values) = package.features.get(&name)
            && found.insert(name)
        {
            open.extend(values.iter().cloned());
        }
    }
    found
}

/// Features that a user of a stable compiler may ask for.
fn public_features(package: &Package) -> Vec<String> {
    let private = |name: &str| {
        name.starts_with(['_'])
            || name.starts_with("unstable")
            || matches!(name, "nightly" | "bench" | "no_std" | "default" | "rustc-dep-of-std" | "compiler_builtins")
            // Only the standard library's own build can turn these on.
            || package.dependencies.iter().any(|dependency| {
                dependency.name.starts_with("rustc-std-workspace")
                    && dependency.rename.as_deref().unwrap_or(&dependency.name) == name
            })
    };
    package
        .features
        .keys()
        .filter(|name| !private(name))
        .cloned()
        .collect()
}

/// The library target of a package, if it has one.
pub fn library(package: &Package) -> Option<&cargo_metadata::Target> {
    package
        .targets
        .iter()
        .find(|target| {
            target.is_lib()
                || target.is_proc_macro()
                || target.is_rlib()
                || target.is_dylib()
                || target.is_cdylib()
        })
        .filter(|target| {
            target.is_lib() || target.is_proc_macro() || target.is_rlib() || target.is_dylib()
        })
}

/// Builds one side.
///
/// # Errors
/// It does not build, or has no such library: nothing can be judged then.
pub fn build(
    request: Request<'_>,
    runner: &Runner,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Side> {
    let metadata = request.metadata;
    let package = member(metadata, request.name, request.package)?.clone();
    let target = library(&package).ok_or_else(|| {
        Error::judge(format!(
            "`{}` of the {} side has no library",
            request.package, request.name
        ))
    })?;
    let (lib_name, proc_macro) = (target.name.replace('-', "_"), target.is_proc_macro());
    let spec = format!("{}@{}", package.name, package.version);
    // Macros have to be loadable; libraries only have to be type-checked.
    let verb = if proc_macro { "build" } else { "check" };
    progress(&format!("{verb} {} ({})", spec, request.name));
    // Symbols may be exported by private functions.
    let private = exports_symbols(&package);
    let mut step = cargo(&request, verb).args([
        "--lib",
        "-p",
        &spec,
        "--message-format",
        "json-render-diagnostics",
    ]);
    // The library is described while it is checked; without this program's own path it is described
    // afterwards.
    if let Ok(this) = std::env::current_exe() {
        step = step
            .env("RUSTC_WORKSPACE_WRAPPER", this.into_os_string())
            .env(wrapper::LIBRARY, &lib_name);
        if private {
            step = step.env(wrapper::PRIVATE, "1");
        }
    }
    let step = step.args(feature_args(&request, &package));
    let mut finished = runner.run(step.clone())?;
    // A crate that asks for unstable features builds with nightly only; what its API is can be
    // judged with this toolchain all the same.
    if !finished.is_success() && finished.stderr_text().contains("E0554") {
        finished = runner.run(step.env("RUSTC_BOOTSTRAP", &lib_name))?;
    }
    let finished = finish(request.name, request.package, finished)?;
    let (artifact, crates, deps_dirs) = artifacts(
        &finished.stdout,
        metadata,
        &package,
        &lib_name,
        request.name,
    )?;
    let described = wrapper::description(&artifact, &lib_name, private)
        .and_then(|path| std::fs::read(path).ok());
    let api = match described {
        Some(bytes) => parse(&bytes, request.name)?,
        None => {
            progress(&format!("document {} ({})", spec, request.name));
            describe(
                &request,
                &spec,
                &lib_name,
                &feature_args(&request, &package),
                private,
                runner,
            )?
        }
    };
    let artifact = if proc_macro {
        set_aside(&request, &artifact)?
    } else {
        artifact
    };
    let globbed = globbed(&request, &package, &api, &crates, runner, progress)?;
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let metadata = metadata.clone();
    Ok(Side {
        package,
        metadata,
        api,
        lib_name,
        proc_macro,
        artifact,
        deps_dirs,
        crates,
        globbed,
        root,
    })
}

/// A target folder that no other call uses until this is dropped: cargo's own lock is held for one
/// build at a time, and a comparison is several.
#[derive(Debug)]
pub struct InUse(#[expect(dead_code, reason = "held for its lock")] std::fs::File);

impl InUse {
    /// Waits until the folder is free.
    ///
    /// # Errors
    /// It cannot be made or locked.
    pub fn lock(target_dir: &Path) -> Result<Self> {
        let path = target_dir.join(".in-use");
        std::fs::create_dir_all(target_dir)
            .and_then(|()| std::fs::File::create(&path))
            .and_then(|file| file.lock().map(|()| Self(file)))
            .map_err(|error| {
                Error::judge(format!("cannot lock `{}`", path.display())).with_source(error)
            })
    }
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

fn cargo(request: &Request<'_>, verb: &str) -> Step {
    // Cargo names a member's files by its path inside the workspace and its version, which may be
    // the same on both sides. Another profile setting for this one package, of no effect on
    // type-checking, keeps the sides apart while their dependencies stay shared.
    let distinct = format!(
        "profile.dev.package.{:?}.codegen-units={}",
        request.package,
        distinct(request)
    );
    let step = Step::cargo()
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", request.target_dir)
        .env("CARGO_INCREMENTAL", "0")
        // Warnings of either side are not ours to judge.
        .env("RUSTFLAGS", "--cap-lints=allow")
        .arg(verb)
        .args(["--config", &distinct])
        .arg("--manifest-path")
        .arg(request.manifest)
        .args(
            request
                .target
                .iter()
                .flat_map(|target| ["--target", target]),
        );
    if request.args.is_offline() {
        step.arg("--offline")
    } else {
        step
    }
}

/// A number that differs between sides and between folders: two baselines of one version must never
/// be taken for each other.
fn distinct(request: &Request<'_>) -> u32 {
    let mut text = request.name.as_bytes().to_vec();
    text.extend(request.manifest.as_os_str().as_encoded_bytes());
    let digest = release_gate::digest::sha256_bytes(&text).to_string();
    257 + u32::from_str_radix(digest.get(..7).unwrap_or("0"), 16).unwrap_or(0)
}

/// Both sides write the same JSON file, so neither may be taken for fresh: a flag of no effect that
/// is another each time.
fn never_fresh() -> String {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("--cap-lints=allow --cfg=documented_at_{nanos}")
}

/// The features as cargo's arguments; of those asked for, the ones this side has, since one side
/// may have features the other lacks.
fn feature_args(request: &Request<'_>, package: &Package) -> Vec<String> {
    let list = |names: Vec<String>| {
        if names.is_empty() {
            Vec::new()
        } else {
            vec!["--features".to_owned(), names.join(",")]
        }
    };
    match request.features {
        FeatureSet::Default => Vec::new(),
        FeatureSet::Bare => vec!["--no-default-features".to_owned()],
        FeatureSet::All => list(public_features(package)),
        FeatureSet::Asked => {
            let features = &request.args.features;
            let mut args = Vec::new();
            if features.all_features {
                args.push("--all-features".to_owned());
            }
            if features.no_default_features {
                args.push("--no-default-features".to_owned());
            }
            let names = features
                .features
                .iter()
                .flat_map(|list| list.split([',', ' ']))
                .filter(|name| !name.is_empty());
            args.extend(list(
                names
                    .filter(|name| package.features.contains_key(*name) || name.contains('/'))
                    .map(str::to_owned)
                    .collect(),
            ));
            args
        }
    }
}

/// A package of a workspace. `side` is for messages.
///
/// # Errors
/// There is none of that name.
pub fn member<'a>(metadata: &'a Metadata, side: &str, name: &str) -> Result<&'a Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name == name)
        .ok_or_else(|| {
            Error::judge(format!("the {side} side has no package `{name}`"))
                .with_help("was it renamed? compare with the release it had this name in")
        })
}

/// A workspace as cargo describes it, nothing built. `side` and `package` are for messages.
///
/// # Errors
/// The manifest is broken, or a dependency cannot be had.
pub fn metadata(cx: &Context, side: &str, manifest: &Path, package: &str) -> Result<Metadata> {
    let step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(manifest);
    let step = if cx.args().is_offline() {
        step.arg("--offline")
    } else {
        step
    };
    let finished = finish(side, package, cx.runner.run(step)?)?;
    MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout)).map_err(|error| {
        Error::judge(format!(
            "cargo's metadata of the {side} side cannot be read"
        ))
        .with_source(error)
    })
}

fn finish(side: &str, package: &str, finished: Finished) -> Result<Finished> {
    let command = finished.command.clone();
    finished.success().map_err(|error| {
        let text = error.to_string();
        let tail: Vec<&str> = text.lines().skip(1).collect();
        Error::judge(format!(
            "the {side} side of `{package}` does not build:\n{}",
            tail.join("\n")
        ))
        .with_help(format!(
            "mend it, then run the gate again; the command was: {}",
            command
                .split(" --message-format")
                .next()
                .unwrap_or(&command)
        ))
    })
}

type Artifacts = (PathBuf, BTreeMap<String, Dependency>, Vec<PathBuf>);

/// Reads where cargo put the library and its dependencies.
fn artifacts(
    stdout: &[u8],
    metadata: &Metadata,
    package: &Package,
    lib_name: &str,
    side: &str,
) -> Result<Artifacts> {
    let (mut own, mut crates, mut dirs) = (None, BTreeMap::new(), Vec::new());
    for line in stdout.split(|byte| *byte == b'\n') {
        let Ok(cargo_metadata::Message::CompilerArtifact(artifact)) = serde_json::from_slice(line)
        else {
            continue;
        };
        let usable = |path: &&cargo_metadata::camino::Utf8PathBuf| {
            matches!(path.extension(), Some("rmeta" | "so" | "dylib" | "dll"))
        };
        let Some(file) = artifact.filenames.iter().find(usable) else {
            continue;
        };
        if let Some(dir) = file.parent() {
            let dir = if dir.file_name() == Some("deps") {
                dir.to_owned()
            } else {
                dir.join("deps")
            }
            .into_std_path_buf();
            if !dirs.contains(&dir) {
                dirs.push(dir);
            }
        }
        let lib = artifact.target.name.replace('-', "_");
        if artifact.package_id == package.id && lib == lib_name {
            own = Some(file.clone().into_std_path_buf());
        } else if let (Some(name), Some(of)) = (
            file.file_name(),
            metadata
                .packages
                .iter()
                .find(|package| package.id == artifact.package_id),
        ) {
            let dependency = Dependency {
                file: file.clone().into(),
                lib,
                package: of.name.to_string(),
                version: of.version.clone(),
            };
            crates.insert(name.to_owned(), dependency);
        }
    }
    let own = own.ok_or_else(|| {
        Error::judge(format!(
            "cargo built no library of `{}` on the {side} side",
            package.name
        ))
    })?;
    Ok((own, crates, dirs))
}

/// Whether a package's sources export symbols to linkers.
fn exports_symbols(package: &Package) -> bool {
    let mut open: Vec<PathBuf> = package
        .targets
        .iter()
        .filter_map(|target| target.src_path.parent())
        .map(|dir| dir.as_std_path().to_owned())
        .collect();
    open.sort();
    open.dedup();
    let mut seen = std::collections::HashSet::new();
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if !seen.insert(path.clone()) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if entry.file_name() != ".git" && !super::cache::is_output(&path) {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && std::fs::read_to_string(&path)
                    .is_ok_and(|text| text.contains("no_mangle") || text.contains("export_name"))
            {
                return true;
            }
        }
    }
    false
}

/// What the globs over other crates bring: those crates are described, too.
fn globbed(
    request: &Request<'_>,
    package: &Package,
    api: &Crate,
    crates: &BTreeMap<String, Dependency>,
    runner: &Runner,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<Globbed>> {
    let mut found: Vec<Globbed> = Vec::new();
    for glob in Surface::of(api)
        .foreign_globs
        .into_iter()
        .filter(|glob| !glob.hidden)
    {
        let first = glob
            .source
            .trim_start_matches("::")
            .split("::")
            .next()
            .unwrap_or_default()
            .to_owned();
        // The name may be another one than the library's own: `serde = { package = "serde_core" }`.
        let renamed = package.dependencies.iter().find(|dependency| {
            dependency
                .rename
                .as_deref()
                .map(|name| name.replace('-', "_"))
                == Some(first.clone())
        });
        let of = crates.values().find(|dependency| match renamed {
            Some(renamed) => dependency.package == renamed.name,
            None => dependency.lib == first,
        });
        let api = match of {
            Some(dependency) => {
                let spec = format!("{}@{}", dependency.package, dependency.version);
                progress(&format!(
                    "document {spec}, which a glob re-exports ({})",
                    request.name
                ));
                describe(request, &spec, &dependency.lib, &[], false, runner).ok()
            }
            None => None,
        };
        found.push(Globbed { glob, api });
    }
    Ok(found)
}

/// rustdoc's JSON of one package of the graph. `RUSTC_BOOTSTRAP` is limited to the one crate, so
/// that build scripts of dependencies see nothing of it.
fn describe(
    request: &Request<'_>,
    spec: &str,
    lib_name: &str,
    features: &[String],
    private: bool,
    runner: &Runner,
) -> Result<Crate> {
    let step = cargo(request, "rustdoc")
        .env("RUSTC_BOOTSTRAP", lib_name)
        .env("RUSTDOCFLAGS", never_fresh())
        .args(["--lib", "-p", spec])
        .args(features)
        .args([
            "--",
            "-Zunstable-options",
            "--output-format",
            "json",
            "--document-hidden-items",
        ]);
    let step = if private {
        step.arg("--document-private-items")
    } else {
        step
    };
    let mut folder = request.target_dir.to_owned();
    if let Some(target) = request.target {
        folder.push(target);
    }
    let path = folder.join("doc").join(format!("{lib_name}.json"));
    // The other side's description must never be read for this one's.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(
                Error::judge(format!("cannot replace `{}`", path.display())).with_source(error)
            );
        }
        _ => {}
    }
    finish(request.name, request.package, runner.run(step)?)?;
    let bytes = std::fs::read(&path).map_err(|error| {
        Error::judge(format!("rustdoc wrote no `{lib_name}.json`")).with_source(error)
    })?;
    parse(&bytes, request.name)
}

fn parse(bytes: &[u8], side: &str) -> Result<Crate> {
    rustdoc::parse(bytes).map_err(|error| {
        Error::judge(format!(
            "rustdoc's description of the {side} side cannot be used"
        ))
        .with_source(error)
        .with_help(
            "use a toolchain whose rustdoc JSON format is known to this version of cargo-compat",
        )
    })
}
