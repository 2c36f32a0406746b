//! `cargo repro build`: one sealed release build, its artifacts, `buildinfo.json` and the audit
//! log.

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::fs::copy_atomic;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Error, Outcome, Report, Result};

use super::args::BuildArgs;
use super::checks;
use super::release_info::{add_unobserved, inputs_info, release_info};
use super::session::Session;
use super::smoke;
use crate::judge::processor::native_finding;
use crate::model::build::{Artifact, ArtifactKind};
use crate::report::build::{checksum_list, table};
use crate::sealed::built::Built;
use crate::sealed::conditions::Conditions;
use crate::tool::TOOL;
use release_gate::facts::report::buildinfo::{BuildInfo, BuiltArtifact, SmokeTest};

/// Name of the report.
pub(crate) const REPORT: &str = "buildinfo";
/// Name of the audit log.
const LOG: &str = release_gate::facts::files::BUILDLOG;
/// Digests of the artifacts, for `sha256sum --check`; packing replaces it by the list of what is
/// published.
const LIST: &str = release_gate::facts::files::CHECKSUMS;

/// Runs the call.
///
/// # Errors
/// The build or a check fails, or an artifact cannot be written.
pub(crate) fn run(cx: &mut Context, args: &BuildArgs) -> Result<Outcome> {
    let session = Session::release(cx, args, None)?;
    let root = cx.artifacts()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;

    // What is checked comes first: nothing is released that fails.
    let checked = checks::run_all(cx, &session)?;
    if let Some(failed) = &checked.failed {
        session.finish(cx);
        return not_built(cx, &session, failed, &checked.passed);
    }

    let built = session.build(cx, Conditions::first(session.jobs), "the release build")?;

    let mut reports = Vec::new();
    for package in project.selected() {
        let mut folder = root.for_package(&package.name, &package.version.to_string());
        let own = artifacts_of(&built, package)?;
        let mut findings = session.remarks(&built.exported);

        let sandbox = &built.sandbox;
        let source = sandbox
            .cargo_config
            .line_with("target-cpu", &sandbox.source);
        findings.extend(native_finding(&built.build, &package.name, source));

        let mut artifacts = Vec::new();
        for artifact in own {
            let tried = smoke::try_program(cx, &session, &built, artifact)?;
            findings.extend(tried.finding);
            artifacts.push(keep(&mut folder, artifact, tried.answer)?);
        }
        artifacts.sort_by(|a, b| (&a.target, &a.name).cmp(&(&b.target, &b.name)));

        let info = BuildInfo {
            checks: checked.passed.clone(),
            ..release_info(cx, &session, &built, artifacts)?
        };
        folder.write(LIST, checksum_list(&info.artifacts).as_bytes())?;
        append_log(cx, &mut folder)?;
        folder.finish()?;

        let mut coverage = Coverage::of(info.artifacts.len().max(1));
        session.add_unseen(&mut coverage);
        add_unobserved(&mut coverage, &built);
        smoke::add_not_started(&mut coverage, &info.artifacts);
        reports.push(
            Report::new(REPORT, &TOOL, project.subject(package))
                .findings(findings)
                .data(&info)
                .coverage(coverage)
                .human(table(&info))
                .summary(counted(info.artifacts.len(), "artifact", "artifacts")),
        );
    }
    session.finish(cx);
    Ok(Outcome::Reports(reports))
}

/// Nothing was built, since a check failed.
fn not_built(
    cx: &Context,
    session: &Session,
    failed: &checks::Failed,
    passed: &[String],
) -> Result<Outcome> {
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let info = BuildInfo {
        checks: passed.to_vec(),
        ..inputs_info(cx, session, &failed.inputs, &failed.sandbox)?
    };
    let reports = project
        .selected()
        .map(|package| {
            Report::new(REPORT, &TOOL, project.subject(package))
                .findings([failed.finding.clone()])
                .data(&info)
                .coverage(Coverage::of(passed.len() + 1))
                .summary("a check failed, and nothing was built")
        })
        .collect();
    Ok(Outcome::Reports(reports))
}

/// What was built of a package.
fn artifacts_of<'a>(
    built: &'a Built,
    package: &cargo_metadata::Package,
) -> Result<Vec<&'a Artifact>> {
    let own: Vec<&Artifact> = built
        .build
        .artifacts
        .iter()
        .filter(|artifact| artifact.package == *package.name)
        .collect();

    if own.is_empty() && has_program(package) {
        return Err(Error::judge(format!(
            "nothing of `{}` was built, and it has something to release",
            package.name
        ))
        .with_help(
            "its programs may need features: see `required-features`, and name them with --features",
        ));
    }
    Ok(own)
}

/// Whether a package has something that is released as a file: a program, or a library for other
/// languages.
fn has_program(package: &cargo_metadata::Package) -> bool {
    let kinds = package.targets.iter().flat_map(|target| &target.kind);
    kinds
        .map(ToString::to_string)
        .any(|kind| matches!(kind.as_str(), "bin" | "cdylib" | "staticlib"))
}

/// Copies an artifact to the artifact folder.
fn keep(
    folder: &mut PackageArtifacts,
    artifact: &Artifact,
    smoke: Option<SmokeTest>,
) -> Result<BuiltArtifact> {
    let path = format!("artifacts/{}/{}", artifact.target, artifact.name);
    let to = folder.path(&path);
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)
            .or_judge(|| format!("cannot make the folder of `{}`", to.display()))?;
    }
    copy_atomic(&artifact.path, &to)?;

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if artifact.kind == ArtifactKind::Bin {
            0o755
        } else {
            0o644
        };
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(mode))
            .or_judge(|| format!("cannot set the mode of `{path}`"))?;
    }

    folder.record(&path)?;
    let (sha256, size) = sha256_file(&to).or_judge(|| format!("cannot read `{path}`"))?;
    if sha256 != artifact.sha256 {
        return Err(Error::judge(format!(
            "`{path}` changed while it was copied"
        )));
    }
    Ok(BuiltArtifact {
        name: artifact.name.clone(),
        target: artifact.target.clone(),
        path,
        sha256,
        size,
        smoke,
    })
}

/// Appends what ran to the package's audit log.
fn append_log(cx: &Context, folder: &mut PackageArtifacts) -> Result<()> {
    let mut log = folder.resume_log(LOG)?;
    for record in cx.runner.records() {
        log.append(&record)?;
    }
    folder.write(LOG, log.as_bytes())
}
