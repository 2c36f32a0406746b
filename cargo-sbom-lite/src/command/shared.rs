//! Steps that several calls share.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::artifacts::ArtifactDir;
use release_gate::digest::sha256_bytes;
use release_gate::error::JudgeExt as _;
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::facts::{Envelope, Fact, ReportData as _};
use release_gate::fs::write_atomic;
use release_gate::process::{ProcessError, Step};
use release_gate::project::Project;
use release_gate::suggest::nearest;
use release_gate::text::one_line;
use release_gate::{Context, Coverage, Error, Finding, Report, Result, Subject};
use sha2::{Digest as _, Sha512};

use crate::model::config::Maker;
use crate::model::inventory::{Checksums, Inventory, PackageFacts};
use crate::model::provenance::{Artifact, Provenance};
use crate::model::url::redact_text;
use crate::read::unit_graph::UnitGraphError;
use crate::read::{lock, unit_graph};
use crate::rules;

/// The inventory of one package, with a finding where it is only an approximation.
pub(super) fn inventory_of(
    cx: &Context,
    project: &Project,
    package: &Package,
    mirrors: &[String],
) -> Result<(Inventory, Vec<Finding>)> {
    let checksums = checksums_of(project)?;
    let facts = PackageFacts {
        metadata: &project.metadata,
        checksums: &checksums,
        mirrors,
    };
    cx.terminal.detail(
        "Resolving",
        format!("the build units of {} {}", package.name, package.version),
    );
    match unit_graph::unit_graph(&package.id.repr, cx.args(), &cx.runner) {
        Ok(graph) => Ok((
            Inventory::from_units(facts, package, &graph).or_judge(no_inventory)?,
            Vec::new(),
        )),
        Err(error) => {
            let finding = approximation(error, &format!("{} {}", package.name, package.version))?;
            Ok((approximate(cx, facts, package)?, vec![finding]))
        }
    }
}

/// The inventories of all packages, from one unit graph of the workspace.
pub(super) fn inventories_of(
    cx: &Context,
    project: &Project,
    packages: &[Package],
    mirrors: &[String],
) -> Result<(Vec<Inventory>, Vec<Finding>)> {
    if let [package] = packages {
        let (inventory, findings) = inventory_of(cx, project, package, mirrors)?;
        return Ok((vec![inventory], findings));
    }

    let checksums = checksums_of(project)?;
    let facts = PackageFacts {
        metadata: &project.metadata,
        checksums: &checksums,
        mirrors,
    };

    cx.terminal
        .detail("Resolving", "the build units of the workspace");
    let mut inventories = Vec::new();
    let Ok(graph) = unit_graph::workspace_graph(cx.args(), &cx.runner) else {
        // What cannot be built together (features that only one of them has) may be built one by
        // one.
        let mut findings = Vec::new();
        for package in packages {
            let (inventory, found) = inventory_of(cx, project, package, mirrors)?;
            inventories.push(inventory);
            findings.extend(found);
        }
        return Ok((inventories, findings));
    };

    for package in packages {
        inventories.push(Inventory::from_units(facts, package, &graph).or_judge(no_inventory)?);
    }

    Ok((inventories, Vec::new()))
}

fn no_inventory() -> String {
    "the inventory cannot be made".to_owned()
}

fn checksums_of(project: &Project) -> Result<Checksums> {
    let lock = lock::read_lock(&project.root.join("Cargo.lock"))?;
    Ok(lock::locked_checksums(&lock))
}

/// What is said where cargo gives no unit graph; an interrupt is one.
fn approximation(error: UnitGraphError, what: &str) -> Result<Finding> {
    if let UnitGraphError::Cargo(error @ ProcessError::Interrupted { .. }) = error {
        return Err(error.into());
    }
    Ok(Finding::new(
        &rules::APPROXIMATION,
        format!("the list of {what} is an approximation"),
    )
    .help(format!(
        "cargo could not make the unit graph: {}",
        redact_text(&one_line(&error.to_string()))
    )))
}

/// The inventory by the dependency graph, for the targets that are asked for, so that it names no
/// package of other systems.
fn approximate(cx: &Context, facts: PackageFacts<'_>, package: &Package) -> Result<Inventory> {
    let filtered = for_platforms(cx);
    let facts = PackageFacts {
        metadata: filtered.as_ref().unwrap_or(facts.metadata),
        ..facts
    };
    Inventory::from_metadata(facts, package, &cx.args().target).or_judge(no_inventory)
}

/// The dependency graph for the targets that are built for. `None` where cargo does not give it:
/// then the graph of all targets has to do.
fn for_platforms(cx: &Context) -> Option<cargo_metadata::Metadata> {
    let args = cx.args();
    let mut step = Step::cargo()
        .inherit_network_env()
        .inherit(unit_graph::building_variables())
        .args(["metadata", "--format-version", "1"]);
    let host = host_triple(cx).ok()?;
    let mut targets = args.target.clone();
    // Build scripts run on the host, whatever is built for.
    targets.push(host);
    for target in targets {
        step = step.args(["--filter-platform".to_owned(), target]);
    }
    step = step
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(unit_graph::locked_args(args));
    let finished = cx.runner.run(step).ok()?.success().ok()?;
    cargo_metadata::MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout)).ok()
}

/// Refuses a target triple that rustc does not know: it would be any system, and judged as none.
pub(super) fn check_targets(cx: &Context) -> Result<()> {
    let asked = &cx.args().target;
    let named: Vec<&String> = asked
        .iter()
        .filter(|target| !target.ends_with(".json"))
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let text = ask_rustc_for(cx, &["--print", "target-list"])?;
    let known: Vec<&str> = text.lines().map(str::trim).collect();
    for target in named {
        if known.contains(&target.as_str()) {
            continue;
        }
        let error = Error::usage(format!("rustc knows no target `{target}`"));
        return Err(match nearest(target, known.iter().copied()) {
            Some(near) => error.with_help(format!("did you mean `{near}`?")),
            None => error.with_help("`rustc --print target-list` names them"),
        });
    }
    Ok(())
}

/// What rustc prints for arguments, in the project's folder.
pub(super) fn ask_rustc_for(cx: &Context, args: &[&str]) -> Result<String> {
    let mut step = Step::rustc().args(args);
    if let Some(project) = cx.loaded_project() {
        step = step.current_dir(&project.root);
    }
    let output = cx.runner.run(step)?.success()?.stdout;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// `rustc --version` of the project's toolchain, asked for while cargo is asked for something else.
pub(super) fn ask_rustc(
    cx: &Context,
    project: &Project,
) -> std::thread::JoinHandle<Result<String>> {
    let (runner, root) = (cx.runner.clone(), project.root.clone());
    std::thread::spawn(move || {
        let step = Step::rustc().arg("--version").current_dir(root);
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
    let built = built_artifacts(artifacts, &project.subject(package), package)?;
    Ok(Provenance {
        commit: project.commit.clone(),
        dirty: project.dirty,
        lock_sha256: project.lock_sha256.map(|digest| digest.to_string()),
        epoch: project.epoch()?,
        rustc: Some(rustc.to_owned()),
        maker: Maker::default(),
        native: Vec::new(),
        artifact_gap: built.as_ref().err().cloned(),
        artifacts: built.unwrap_or_default(),
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

/// Artifacts that a build of this very commit and lock file recorded; the inner error says why a
/// record that is there is not about them.
///
/// # Errors
/// The record is not of the shape that is known here: what it says is anybody's guess.
fn built_artifacts(
    artifacts: &ArtifactDir,
    judged: &Subject,
    package: &Package,
) -> Result<Result<Vec<Artifact>, String>> {
    let folder = artifacts.for_package(&package.name, &package.version.to_string());
    let bytes = folder.read(BuildInfo::FILE)?;
    let report = match Fact::<Envelope<BuildInfo>>::read_about(bytes.as_deref(), judged) {
        Fact::Usable(report) => report,
        Fact::Missing => return Ok(Ok(Vec::new())),
        Fact::Stale(why) | Fact::Error(why) | Fact::NotApplicable(why) => return Ok(Err(why)),
        Fact::OtherShape(why) => {
            return Err(Error::judge(format!(
                "`{}` is not of the shape that is known here: {why}",
                BuildInfo::FILE
            ))
            .with_help("make it again with `cargo repro build`, or delete it"));
        }
    };

    let mut list = Vec::new();
    for artifact in report.data.artifacts {
        let sha256 = artifact.sha256.to_string();
        let sha512 = sha512_of(&folder.path(&artifact.path), &sha256);
        list.push(Artifact {
            path: artifact.path,
            target: artifact.target,
            sha256,
            sha512,
        });
    }

    list.sort();

    Ok(Ok(list))
}

/// SHA-512 of a file, if it is the one that a build recorded.
fn sha512_of(path: &Path, recorded: &str) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let is_recorded = sha256_bytes(&bytes).to_string() == recorded;
    is_recorded.then(|| {
        let digest = Sha512::digest(&bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    })
}

/// The triple of this machine, as rustc has it.
pub(super) fn host_triple(cx: &Context) -> Result<String> {
    ask_rustc_for(cx, &["-vV"])?
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| {
            Error::judge("`rustc -vV` names no host").with_help("is this rustc the real one?")
        })
}

/// Packages that a call about everything is about: all members of the workspace, unless packages
/// were named.
pub(super) fn whole_workspace(cx: &Context, project: &Project) -> Vec<Package> {
    let asked = &cx.args().workspace;
    if !asked.package.is_empty() || !asked.exclude.is_empty() {
        return project.selected().cloned().collect();
    }
    project
        .metadata
        .workspace_packages()
        .into_iter()
        .cloned()
        .collect()
}

/// One report over all packages that is printed, and one for each of them in its artifact folder;
/// of one package there is one for both.
pub(super) fn reports_of(
    project: &Project,
    packages: &[Package],
    report: impl Fn(Subject) -> Report,
) -> Vec<Report> {
    if let [package] = packages {
        return vec![report(project.subject(package))];
    }
    let mut reports: Vec<Report> = packages
        .iter()
        .map(|package| report(project.subject(package)).keep_only())
        .collect();
    reports.push(report(project.workspace_subject()).print_only());
    reports
}

/// Members of the workspace that a call was not about, as entries of its coverage.
pub(super) fn add_left_out(coverage: &mut Coverage, project: &Project, packages: &[Package]) {
    for member in project.metadata.workspace_packages() {
        if !packages.iter().any(|package| package.id == member.id) {
            coverage.not_judged(
                &rules::NOT_JUDGED_PACKAGE,
                format!("{} {}", member.name, member.version),
                1,
                "the call is about other packages of the workspace",
            );
        }
    }
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
    std::fs::read(path).or_judge(|| format!("cannot read `{}`", file_name(path)))
}
