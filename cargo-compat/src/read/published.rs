//! Published versions, through cargo itself.

use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use release_gate::error::JudgeExt;
use release_gate::fs::throw_away_dir;
use release_gate::process::Step;
use release_gate::report::{Baseline, BaselineKind};
use release_gate::{Context, Error, Result};

use super::manifests::{own_workspace, strip_dev_dependencies};
use super::old::{Old, Origin};
use super::tree::copy_dir;

/// Stands for the newest published version that is not above the package's own.
pub(super) const NOT_NEWER: &str = "not newer";

/// A published version, yanked or not: a temporary package depends on exactly it, and cargo
/// unpacks it.
pub(super) fn published_version(
    origin: Origin<'_>,
    package: &Package,
    version: &str,
) -> Result<Old> {
    let requirement = match version {
        "latest" => "*".to_owned(),
        NOT_NEWER => format!("<={}", package.version),
        version => format!("={version}"),
    };
    let found = fetch_package(origin.cx, &package.name, &requirement)?;
    let source = found
        .manifest_path
        .parent()
        .ok_or_else(|| unusable(&package.name, version, "it has no folder"))?;
    let source_id = found
        .source
        .as_ref()
        .map(|source| source.repr.as_str())
        .unwrap_or_default();

    // The unpacked package is shared by all of cargo: the build gets a copy.
    let base = origin.cache().folder(
        &format!(
            "registry {source_id} {} {} {}",
            found.name,
            found.version,
            origin.variant()
        ),
        |folder| {
            copy_dir(source.as_std_path(), folder)
                .or_judge(|| "cannot copy the published package".to_owned())?;
            if origin.with_dev_dependencies {
                return Ok(());
            }
            strip_dev_dependencies(folder)
                .or_judge(|| "cannot take the dev-dependencies out of the baseline".to_owned())
        },
        |folder| own_workspace(&folder.join("Cargo.toml"), folder),
    )?;
    let baseline = Baseline {
        kind: BaselineKind::Registry,
        name: found.version.to_string(),
        version: Some(found.version.to_string()),
        commit: None,
    };
    Ok(Old::Sources {
        baseline,
        manifest: base.join("Cargo.toml"),
        base,
    })
}

/// A published package, fetched and unpacked by cargo.
pub(super) fn fetch_package(cx: &Context, name: &str, requirement: &str) -> Result<Package> {
    ask_for(cx, name, requirement)?
        .packages
        .into_iter()
        .find(|found| found.name == name && found.source.is_some())
        .ok_or_else(|| unusable(name, requirement, "it is not there"))
}

fn unusable(name: &str, version: &str, what: &str) -> Error {
    Error::judge(format!(
        "cargo's answer about `{name}` {version} cannot be used: {what}"
    ))
}

/// What cargo says of a package that depends on the version asked for.
fn ask_for(cx: &Context, name: &str, requirement: &str) -> Result<Metadata> {
    let scratch = throw_away_dir("compat-registry")?;

    // Side by side: a package below another's folder would belong to that one's workspace.
    let query = scratch.path().join("query");
    write_query(&query, name, requirement)
        .or_judge(|| "cannot write a temporary package".to_owned())?;
    let mut step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1"])
        .current_dir(&query);

    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    let finished = cx.runner.run(step)?;
    if !finished.is_success() {
        let text = finished.stderr_text();
        return Err(Error::judge(format!(
            "cargo cannot get `{name}` {requirement}: {}",
            text.trim()
        ))
        .with_help("is it published, and are you online?"));
    }

    MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout))
        .map_err(|error| unusable(name, requirement, &error.to_string()))
}

fn write_query(query: &Path, name: &str, requirement: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(query)?;
    let manifest = format!(
        "[package]\nname = \"baseline\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\n\
         baseline-of = {{ package = \"{name}\", version = \"{requirement}\" }}\n[workspace]\n"
    );
    std::fs::write(query.join("Cargo.toml"), manifest)?;
    std::fs::write(query.join("lib.rs"), "")?;
    let Some(version) = requirement.strip_prefix('=') else {
        return Ok(());
    };

    // cargo takes a yanked version only from a lock file; what this one leaves out it fills in.
    let lock = format!(
        "version = 3\n\n[[package]]\nname = \"baseline\"\nversion = \"0.0.0\"\ndependencies = [\n \"{name}\",\n]\n\n\
         [[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
    );
    std::fs::write(query.join("Cargo.lock"), lock)
}
