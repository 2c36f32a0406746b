//! Steps that several calls share.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::Package;
use release_gate::artifacts::ArtifactDir;
use release_gate::error::JudgeExt as _;
use release_gate::fs::write_atomic;
use release_gate::process::Step;
use release_gate::project::Project;
use release_gate::{Context, Error, Finding, Result, Subject};

use crate::model::inventory::Inventory;
use crate::model::provenance::Provenance;
use crate::read::{lock, unit_graph};
use crate::rules;

/// `1 licence`, `2 licences`.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The inventory of one package, with a finding where it is only an approximation.
pub(super) fn inventory_of(
    cx: &Context,
    project: &Project,
    package: &Package,
) -> Result<(Inventory, Vec<Finding>)> {
    let lock_path = project.root.join("Cargo.lock");
    let checksums = if lock_path.is_file() {
        lock::locked_checksums(&lock::read_lock(&lock_path)?)
    } else {
        BTreeMap::new()
    };
    let spec = format!("{}@{}", package.name, package.version);
    cx.terminal.detail(
        "Resolving",
        format!("the build units of {} {}", package.name, package.version),
    );
    match unit_graph::unit_graph(&spec, cx.args(), &cx.runner) {
        Ok(graph) => Ok((
            Inventory::from_units(&project.metadata, package, &graph, &checksums)
                .or_judge(|| "the inventory cannot be made".to_owned())?,
            Vec::new(),
        )),
        Err(unit_graph::UnitGraphError::Cargo(
            error @ release_gate::process::ProcessError::Interrupted { .. },
        )) => Err(error.into()),
        Err(error) => {
            let filtered = for_platforms(cx);
            let metadata = filtered.as_ref().unwrap_or(&project.metadata);
            let inventory = Inventory::from_metadata(metadata, package, &checksums)
                .or_judge(|| "the inventory cannot be made".to_owned())?;
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
        [] => vec![host_triple(cx).ok()?],
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
pub(super) fn ask_rustc(
    cx: &Context,
    project: &Project,
) -> std::thread::JoinHandle<Result<String>> {
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
pub(super) fn provenance_of(
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
        artifacts: built_artifacts(artifacts, &project.subject(package), package)?,
    })
}

/// Writes a file that a flag names, whole or not at all.
pub(super) fn write_whole(cx: &Context, path: &Path, bytes: &[u8]) -> Result<()> {
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
fn built_artifacts(
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

/// The triple of this machine, as rustc has it.
pub(super) fn host_triple(cx: &Context) -> Result<String> {
    let root = cx
        .loaded_project()
        .map(|project| project.root.clone())
        .unwrap_or_default();
    let step = Step::new("rustc")
        .inherit(["RUSTC"])
        .arg("-vV")
        .current_dir(root);
    let text = cx.runner.run(step)?.success()?.stdout;
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| {
            Error::judge("`rustc -vV` names no host").with_help("is this rustc the real one?")
        })
}

/// The last part of a path, for messages that must not name a folder of this machine.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The bytes of a file that a flag names.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).or_judge(|| format!("cannot read `{}`", path.display()))
}
