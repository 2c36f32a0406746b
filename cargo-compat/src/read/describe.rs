//! rustdoc's JSON of crates that were not described while they were checked.

use std::collections::BTreeMap;

use cargo_metadata::Package;
use release_gate::process::Runner;
use release_gate::{Error, Result};
use rustdoc_types::Crate;

use super::cargo::{Request, build_step, finished_step};
use super::rustdoc;
use super::side::{Dependency, Globbed, Side};
use crate::model::names::Hints;
use crate::model::surface::{ForeignGlob, Surface};

/// A package of the graph that rustdoc is to describe.
pub(super) struct Described<'a> {
    /// cargo's name for the package.
    pub(super) spec: &'a str,
    pub(super) lib_name: &'a str,
    pub(super) features: &'a [String],
}

/// rustdoc's JSON of one package of the graph. `RUSTC_BOOTSTRAP` is limited to the one crate, so
/// that build scripts of dependencies see nothing of it.
pub(super) fn describe(
    request: &Request<'_>,
    described: &Described<'_>,
    runner: &Runner,
) -> Result<Crate> {
    let Described {
        spec,
        lib_name,
        features,
    } = *described;

    let step = build_step(request, "rustdoc")
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
            "--document-private-items",
        ]);

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

    finished_step(request.name, request.package, runner.run(step)?)?;
    let bytes = std::fs::read(&path).map_err(|error| {
        Error::judge(format!("rustdoc wrote no `{lib_name}.json`")).with_source(error)
    })?;

    parse_description(&bytes, request.name)
}

pub(super) fn parse_description(bytes: &[u8], side: &str) -> Result<Crate> {
    rustdoc::parse(bytes).map_err(|error| {
        Error::judge(format!(
            "rustdoc's description of the {side} side cannot be used"
        ))
        .with_source(error)
        .with_help(
            "rustdoc is that of the project's toolchain: where rust-toolchain.toml pins an older one, `cargo +stable compat` takes the stable one",
        )
    })
}

/// Both sides write the same JSON file, so neither may be taken for fresh: a flag of no effect that
/// is another each time.
fn never_fresh() -> String {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("--cap-lints=allow --cfg=documented_at_{nanos}")
}

/// What the globs over other crates bring: those crates are described, too.
pub(super) fn describe_globbed(
    request: &Request<'_>,
    package: &Package,
    api: &Crate,
    crates: &BTreeMap<String, Dependency>,
    runner: &Runner,
) -> Vec<Globbed> {
    Surface::of(api)
        .foreign_globs
        .into_iter()
        .filter(|glob| !glob.hidden)
        .map(|glob| {
            let api = globbed_crate(package, crates, &glob).and_then(|dependency| {
                let described = Described {
                    spec: &dependency.id,
                    lib_name: &dependency.lib,
                    features: &[],
                };
                describe(request, &described, runner).ok()
            });
            Globbed { glob, api }
        })
        .collect()
}

/// The crate a glob names, which may be under another name than the library's own:
/// `serde = { package = "serde_core" }`.
fn globbed_crate<'a>(
    package: &Package,
    crates: &'a BTreeMap<String, Dependency>,
    glob: &ForeignGlob,
) -> Option<&'a Dependency> {
    let first = glob.source.trim_start_matches("::").split("::").next()?;
    let renamed = package.dependencies.iter().find(|dependency| {
        dependency
            .rename
            .as_deref()
            .is_some_and(|name| name.replace('-', "_") == first)
    });
    crates.values().find(|dependency| match renamed {
        Some(renamed) => dependency.package == renamed.name,
        None => dependency.lib == first,
    })
}

/// A dependency as a side of its own: described, and compiled already.
///
/// # Errors
/// rustdoc cannot describe it.
pub fn dependency_side(
    request: &Request<'_>,
    dependency: &Dependency,
    of: &Side,
    runner: &Runner,
) -> Result<Side> {
    let described = Described {
        spec: &dependency.id,
        lib_name: &dependency.lib,
        features: &[],
    };

    let api = describe(request, &described, runner)?;
    let package = request
        .metadata
        .packages
        .iter()
        .find(|package| package.id.repr == dependency.id)
        .unwrap_or(&of.package)
        .clone();

    Ok(Side {
        environment: String::new(),
        package,
        metadata: of.metadata.clone(),
        api,
        lib_name: dependency.lib.clone(),
        is_rust: true,
        artifact: dependency.file.clone(),
        deps_dirs: of.deps_dirs.clone(),
        crates: of.crates.clone(),
        globbed: Vec::new(),
        hints: Hints::default(),
        root: of.root.clone(),
    })
}
