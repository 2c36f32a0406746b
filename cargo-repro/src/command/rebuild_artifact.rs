//! `cargo repro rebuild --artifact FILE --rev REV`: a program that somebody published without saying
//! how it was built. Its toolchain is read from the program, its commit is built, and the two are
//! compared.

use std::path::Path;
use std::rc::Rc;

use release_gate::digest::sha256_bytes;
use release_gate::error::JudgeExt;
use release_gate::facts::report::rebuild::RebuildData;
use release_gate::facts::report::repro::ComparedArtifact;
use release_gate::git::{CommitId, Git};
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result};

use super::args::BuildArgs;
use super::rebuild::{REPORT, named_folder, ready_guard};
use super::release_info::add_unobserved;
use super::session::Session;
use crate::diff;
use crate::model::build::Artifact;
use crate::read::folders::read_file;
use crate::read::program::{Making, making_of};
use crate::report::artifacts::table;
use crate::report::diff::table as regions;
use crate::rules;
use crate::sealed::built::Built;
use crate::sealed::conditions::Conditions;
use crate::tool::TOOL;

/// Runs the call.
///
/// # Errors
/// The artifact cannot be read, the revision is not checked out, or the build fails.
pub(crate) fn run(cx: &mut Context, args: &BuildArgs, file: &Path, rev: &str) -> Result<Outcome> {
    let published = read_file(file)?;
    let making = making_of(&published);
    let named = named_folder(cx);
    let commit = commit_of(cx, &named, rev)?;

    let mut findings = Vec::new();
    let guard = ready_guard(cx, &named, &commit, &mut findings)?;
    let online = !cx.args().is_offline();
    cx.project_through(|step| guard.cargo(step, None, online))?;
    let session = Session::release(cx, args, Some(Rc::new(guard)))?;
    let cx = &*cx;

    let toolchain: Vec<String> = making
        .other_compiler(&session.toolchain.rustc_version)
        .into_iter()
        .collect();
    for text in &toolchain {
        cx.terminal
            .warn(format!("the toolchain is another one: {text}"));
        findings.push(Finding::new(&rules::TOOLCHAIN_DIFFERS, text.clone()));
    }

    let built = session.build(cx, Conditions::first(session.jobs), "the rebuild")?;
    session.finish(cx);
    let artifact = same_artifact(&built, file, &making)?;
    let digest = sha256_bytes(&published);
    let compared = ComparedArtifact {
        name: artifact.name.clone(),
        target: artifact.target.clone(),
        sha256: [Some(digest), Some(artifact.sha256)],
        identical: digest == artifact.sha256,
    };
    if !compared.identical {
        findings.push(differs(&published, artifact)?);
    }

    let data = RebuildData {
        commit,
        verified: compared.identical,
        toolchain,
        artifacts: vec![compared],
    };
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let subject = project
        .selected()
        .find(|package| *package.name == *artifact.package)
        .map_or_else(
            || project.workspace_subject(),
            |package| project.subject(package),
        );
    let summary = if data.verified {
        "the artifact is what its commit is built to"
    } else {
        "the artifact is not what its commit is built to here"
    };
    Ok(Report::new(REPORT, &TOOL, subject)
        .findings(findings)
        .data(&data)
        .coverage(coverage(&session, &built, &making))
        .human(table(&data.artifacts, &data.toolchain))
        .summary(summary)
        .into())
}

/// The commit of a revision, which has to be checked out: it is built where it lies.
fn commit_of(cx: &Context, folder: &Path, rev: &str) -> Result<CommitId> {
    let git = Git::discover(folder, &cx.runner)?.ok_or_else(|| {
        Error::judge(format!("`{}` is not in a git repository", folder.display()))
            .with_help("clone the repository the artifact was made from")
    })?;
    git.resolve(rev)
        .or_judge(|| format!("`{rev}` is not a revision of this repository"))
}

/// What was built under the artifact's name, for a target it can be of.
fn same_artifact<'a>(built: &'a Built, file: &Path, making: &Making) -> Result<&'a Artifact> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let fitting: Vec<&Artifact> = built
        .build
        .artifacts
        .iter()
        .filter(|artifact| making.fits(&artifact.target))
        .collect();
    let same = fitting.iter().find(|artifact| artifact.name == *name);
    let single = fitting.first().filter(|_| fitting.len() == 1);

    same.or(single).copied().ok_or_else(|| {
        Error::judge(format!(
            "`{name}` cannot be told from what was built here by its name and processor"
        ))
        .with_help("choose its package with -p and its target with --target")
    })
}

/// How the two differ, as far as that can be seen.
fn differs(published: &[u8], artifact: &Artifact) -> Result<Finding> {
    let here =
        std::fs::read(&artifact.path).or_judge(|| format!("cannot read `{}`", artifact.name))?;
    let difference = diff::explain(published, &here);
    let shown: Vec<String> = regions(&difference)
        .lines()
        .take(6)
        .map(|line| line.trim().to_owned())
        .collect();
    let text = format!(
        "`{}` for {} came out different",
        artifact.name, artifact.target
    );
    Ok(Finding::new(&rules::REBUILD_DIFFERS, text).help(shown.join("\n")))
}

fn coverage(session: &Session, built: &Built, making: &Making) -> Coverage {
    let mut coverage = Coverage::of(1);
    session.add_unseen(&mut coverage);
    add_unobserved(&mut coverage, built);
    if *making == Making::default() || making.rustc.is_none() && making.rustc_commit.is_none() {
        coverage.not_judged(
            &rules::NOT_JUDGED_PROGRAMS,
            "the compiler of the artifact",
            1,
            "the artifact does not say which one made it",
        );
    }
    coverage
}
