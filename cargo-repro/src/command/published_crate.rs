//! `cargo repro crate`: a published `.crate` against the one packed from the commit it names.

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::process::Step;
use release_gate::{Context, Error, Outcome, Report, Result};

use super::crate_file::judge_file;

use crate::sealed::downloads::user_cargo_home;
use crate::sealed::leftovers::ThrowAway;
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "crate";

/// Runs the call.
///
/// # Errors
/// The crate cannot be had, or the commit cannot be packed.
pub(crate) fn run(cx: &mut Context, spec: Option<&str>) -> Result<Outcome> {
    cx.project()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let spec = match spec {
        Some(spec) => spec.to_owned(),
        None => {
            let package = project.single()?;
            format!("{}@{}", package.name, package.version)
        }
    };

    let scratch = ThrowAway::make("crate")?;
    let file = if spec.ends_with(".crate") {
        PathBuf::from(&spec)
    } else {
        download(cx, &spec, scratch.path())?
    };
    let judged = judge_file(cx, project.repository()?, &file, &spec, scratch.path())?;

    Ok(Report::new(REPORT, &TOOL, project.workspace_subject())
        .findings(judged.findings)
        .data(&judged.data)
        .coverage(judged.coverage)
        .summary(judged.summary)
        .print_only()
        .into())
}

fn cannot_write_query() -> String {
    "cannot write a temporary package".to_owned()
}

/// Cargo's first error is about the crate; what follows is about the package that asks for it.
fn cannot_get(cx: &Context, spec: &str, told: &str) -> Error {
    let mut errors = told.lines().filter_map(|line| line.strip_prefix("error: "));
    let why = errors.next().unwrap_or("cargo says no reason");
    let help = if cx.args().is_offline() {
        "leave out --offline, or name a .crate file"
    } else {
        "check the name, the version and the network, or name a .crate file"
    };
    Error::judge(format!("cargo cannot get `{spec}`: {why}")).with_help(help)
}

/// Gets a published crate through cargo.
fn download(cx: &Context, spec: &str, scratch: &Path) -> Result<PathBuf> {
    let (name, version) = spec
        .split_once('@')
        .ok_or_else(|| Error::usage(format!("`{spec}` is not NAME@VERSION")))?;

    let dir = scratch.join("query");
    std::fs::create_dir_all(&dir).or_judge(cannot_write_query)?;
    let manifest = format!(
        "[package]\nname = \"query\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nwanted = {{ package = \"{name}\", version = \"={version}\" }}\n[workspace]\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).or_judge(cannot_write_query)?;
    std::fs::write(dir.join("lib.rs"), "").or_judge(cannot_write_query)?;

    let mut step = Step::cargo()
        .inherit_network_env()
        .arg("fetch")
        .current_dir(&dir);

    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    cx.terminal.status("Fetching", spec);
    let finished = cx.runner.run(step)?;
    if !finished.is_success() {
        return Err(cannot_get(cx, spec, &finished.stderr_text()));
    }
    let home = user_cargo_home().ok_or_else(|| Error::judge("CARGO_HOME cannot be found"))?;
    let file = format!("{name}-{version}.crate");

    // Several registries may have one of that name: the lock file says whose checksum was meant.
    let lock = std::fs::read_to_string(dir.join("Cargo.lock"))
        .or_judge(|| "cargo wrote no lock file".to_owned())?;
    let caches = std::fs::read_dir(home.join("registry/cache"))
        .into_iter()
        .flatten()
        .flatten();

    caches
        .map(|entry| entry.path().join(&file))
        .find(|path| sha256_file(path).is_ok_and(|(digest, _)| lock.contains(&digest.to_string())))
        .ok_or_else(|| Error::judge(format!("cargo did not keep `{file}`")))
}
