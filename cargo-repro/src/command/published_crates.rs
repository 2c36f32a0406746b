//! `cargo repro crates`: every published crate that Cargo.lock names against its repository, as far
//! as clones of those are at hand.

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::facts::report::published_crates::CratesData;
use release_gate::git::Git;
use release_gate::lock::{Lock, Locked};
use release_gate::process::Runner;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Error, Outcome, Report, Result};

use super::crate_file::{Judged, judge_file};
use crate::read::package::{origin, unpack};
use crate::rules;
use crate::sealed::downloads::user_cargo_home;
use crate::sealed::leftovers::ThrowAway;
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "crates";

/// Why a crate was not compared.
enum Looked {
    Judged(Box<Judged>),
    NotJudged(String),
}

impl Looked {
    fn not_judged(why: &str) -> Self {
        Self::NotJudged(why.to_owned())
    }
}

/// Runs the call.
///
/// # Errors
/// There is no lock file, or the folder of clones cannot be read.
pub(crate) fn run(cx: &mut Context, clones: &Path) -> Result<Outcome> {
    cx.project()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let lock = Lock::read(&project.root.join("Cargo.lock"))?;
    let repositories = find_repositories(clones, &cx.runner)?;

    let mut data = CratesData::default();
    let mut findings = Vec::new();
    let mut coverage = Coverage::default();
    for package in lock.packages.iter().filter(|one| one.is_from_registry()) {
        let name = format!("{}-{}", package.name, package.version);
        match look_at(cx, &repositories, package, &name)? {
            Looked::Judged(judged) => {
                coverage.extend(&Coverage::of(1));
                findings.extend(judged.findings.into_iter().map(|mut finding| {
                    finding.message = format!("{name}: {}", finding.message);
                    finding
                }));
                data.crates.push(judged.data);
            }
            Looked::NotJudged(why) => {
                coverage.not_judged(&rules::NOT_JUDGED_CRATE, &name, 1, why);
            }
        }
    }

    let judged = data.crates.len();
    let summary = format!(
        "{} compared, {} not judged",
        counted(judged as u64, "crate", "crates"),
        coverage.not_judged_count()
    );
    Ok(Report::new(REPORT, &TOOL, project.workspace_subject())
        .findings(findings)
        .data(&data)
        .coverage(coverage)
        .summary(summary)
        .print_only()
        .into())
}

fn unreadable_folder(folder: &Path) -> String {
    format!("cannot read `{}`", folder.display())
}

/// The git repositories right in a folder.
fn find_repositories(clones: &Path, runner: &Runner) -> Result<Vec<Git>> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(clones).or_judge(|| unreadable_folder(clones))? {
        folders.push(entry.or_judge(|| unreadable_folder(clones))?.path());
    }
    folders.sort();

    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| folder.join(".git").exists()) {
        found.extend(Git::discover(folder, runner)?);
    }
    Ok(found)
}

/// Compares a crate with the repository that has its commit.
fn look_at(cx: &Context, repositories: &[Git], package: &Locked, name: &str) -> Result<Looked> {
    let Some(file) = downloaded(package, name) else {
        return Ok(Looked::not_judged(
            "it was not downloaded to this machine: run `cargo fetch`",
        ));
    };
    let bytes = std::fs::read(&file).or_judge(|| format!("cannot read `{name}.crate`"))?;
    let Some(origin) = origin(&unpack(&bytes, name)?) else {
        return Ok(Looked::not_judged(
            "it does not say which commit it was packed from",
        ));
    };
    let Some(git) = repositories
        .iter()
        .find(|git| origin.names_commit() && git.resolve(&origin.commit).is_ok())
    else {
        return Ok(Looked::not_judged(
            "no clone that was named has the commit it was packed from",
        ));
    };

    cx.terminal.status("Comparing", name);
    let scratch = ThrowAway::make("crate")?;
    Ok(match judge_file(cx, git, &file, name, scratch.path()) {
        Ok(judged) => Looked::Judged(Box::new(judged)),
        // Of a command that failed, the last line says why.
        Err(error) => {
            let chain = error.chain();
            let why = chain.lines().next_back().unwrap_or_default();
            Looked::NotJudged(format!("its commit cannot be packed: {}", why.trim()))
        }
    })
}

/// The file in the user's CARGO_HOME that has the locked checksum.
fn downloaded(package: &Locked, name: &str) -> Option<PathBuf> {
    let caches = std::fs::read_dir(user_cargo_home()?.join("registry/cache")).ok()?;
    caches
        .flatten()
        .map(|entry| entry.path().join(format!("{name}.crate")))
        .find(|path| sha256_file(path).is_ok_and(|(digest, _)| Some(digest) == package.checksum))
}
