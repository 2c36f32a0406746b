//! What each call does: reads, builds models, judges, reports.

pub mod audit;
pub mod diff;
pub mod generate;
pub mod policy;
pub mod watch;

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::Package;
use release_gate::artifacts::ArtifactDir;
use release_gate::fs::write_atomic;
use release_gate::process::Step;
use release_gate::project::Project;
use release_gate::{Context, Finding, Result, Subject};
use serde::Deserialize;

use crate::judge::audit::{Ignore, Threshold};
use crate::judge::licenses;
use crate::model::inventory::Inventory;
use crate::read::{lock, unit_graph};
use crate::report::Provenance;
use crate::rules;

/// `[sbom-lite]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// See `--fail-on`.
    pub fail_on: Option<Threshold>,
    /// See `--max-db-age`.
    pub max_db_age: Option<u32>,
    /// Advisories to live with.
    pub ignore: Vec<Ignore>,
    /// Licence policy.
    pub licenses: licenses::Policy,
}

/// `1 licence`, `2 licences`.
fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The inventory of one package, with a finding where it is only an approximation.
fn inventory(
    cx: &Context,
    project: &Project,
    package: &Package,
) -> Result<(Inventory, Vec<Finding>)> {
    let lock_path = project.root.join("Cargo.lock");
    let checksums = if lock_path.is_file() {
        lock::checksums(&lock::read(&lock_path)?)
    } else {
        BTreeMap::new()
    };
    let spec = format!("{}@{}", package.name, package.version);
    cx.terminal.detail(
        "Resolving",
        format!("the build units of {} {}", package.name, package.version),
    );
    let wrong =
        |error| release_gate::Error::judge("the inventory cannot be made").with_source(error);
    match unit_graph::unit_graph(&spec, cx.args(), &cx.runner) {
        Ok(graph) => Ok((
            Inventory::from_units(&project.metadata, package, &graph, &checksums).map_err(wrong)?,
            Vec::new(),
        )),
        Err(unit_graph::UnitGraphError::Cargo(
            error @ release_gate::process::ProcessError::Interrupted { .. },
        )) => Err(error.into()),
        Err(error) => {
            let filtered = for_platforms(cx);
            let metadata = filtered.as_ref().unwrap_or(&project.metadata);
            let inventory =
                Inventory::from_metadata(metadata, package, &checksums).map_err(wrong)?;
            let why = error.to_string();
            let finding = Finding::new(
                &rules::APPROXIMATION,
                format!("the list of {spec} is an approximation"),
            )
            .help(format!(
                "cargo gave no unit graph: {}",
                why.lines().last().unwrap_or_default()
            ));
            Ok((inventory, vec![finding]))
        }
    }
}

/// The dependency graph for the targets that are built for, so that an approximation names no
/// package of other systems. `None` where cargo does not give it: then the graph of all targets has
/// to do.
fn for_platforms(cx: &Context) -> Option<cargo_metadata::Metadata> {
    let args = cx.args();
    let mut step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1"]);
    let targets = match &args.target[..] {
        [] => vec![audit::host(cx).ok()?],
        targets => targets.to_vec(),
    };
    for target in targets {
        step = step.args(["--filter-platform".to_owned(), target]);
    }
    step = step
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(args.lock_args());
    let finished = cx.runner.run(step).ok()?.success().ok()?;
    cargo_metadata::MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout)).ok()
}

/// `rustc --version` of the project's toolchain, asked for while cargo is asked for something else.
fn rustc(cx: &Context, project: &Project) -> std::thread::JoinHandle<Result<String>> {
    let (runner, root) = (cx.runner.clone(), project.root.clone());
    std::thread::spawn(move || {
        let step = Step::new("rustc")
            .inherit(["RUSTC"])
            .arg("--version")
            .current_dir(root);
        let finished = runner.run(step)?.success()?;
        Ok(String::from_utf8_lossy(&finished.stdout).trim().to_owned())
    })
}

/// What documents say beside their components.
fn provenance(
    artifacts: &ArtifactDir,
    project: &Project,
    package: &Package,
    rustc: &str,
) -> Result<Provenance> {
    Ok(Provenance {
        commit: project.commit.clone(),
        dirty: project.dirty,
        lock_sha256: project.lock_sha256.map(|digest| digest.to_string()),
        epoch: project.epoch()?,
        rustc: Some(rustc.to_owned()),
        artifacts: built(artifacts, &project.subject(package), package)?,
    })
}

/// Writes a file that a flag names, whole or not at all.
fn write_whole(cx: &Context, path: &Path, bytes: &[u8]) -> Result<()> {
    if cx.args().dry_run {
        cx.terminal.status(
            "Would write",
            format!("{} ({} bytes)", path.display(), bytes.len()),
        );
        return Ok(());
    }
    write_atomic(path, bytes)?;
    cx.terminal.status("Wrote", path.display().to_string());
    Ok(())
}

/// Artifacts that a build of this very commit and lock file recorded. What is stale or of another
/// kind is not used.
fn built(
    artifacts: &ArtifactDir,
    judged: &Subject,
    package: &Package,
) -> Result<Vec<(String, String)>> {
    let folder = artifacts.for_package(&package.name, &package.version.to_string());
    let Some(bytes) = folder.read("buildinfo.json")? else {
        return Ok(Vec::new());
    };
    let Ok(envelope) = release_gate::report::Envelope::read(&bytes, "buildinfo") else {
        return Ok(Vec::new());
    };
    if envelope.subject.stale_against(judged).is_some() {
        return Ok(Vec::new());
    }
    let artifacts = envelope.data["artifacts"].as_array().into_iter().flatten();
    let mut list: Vec<(String, String)> = artifacts
        .filter_map(|artifact| {
            Some((
                artifact["path"].as_str()?.to_owned(),
                artifact["sha256"].as_str()?.to_owned(),
            ))
        })
        .collect();
    list.sort();
    Ok(list)
}
