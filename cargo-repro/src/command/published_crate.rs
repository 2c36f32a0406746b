//! `cargo repro crate`: a published `.crate` against the one packed from the commit it names.

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::fs::throw_away_dir;
use release_gate::git::{CommitId, Git};
use release_gate::lock::Lock;
use release_gate::process::Step;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result};

use crate::diff::archive::Member;
use crate::judge::package::{Packed, compare, coverage, findings};
use crate::read::package::{Origin, origin, unpack};
use crate::rules;
use crate::sealed::downloads::user_cargo_home;
use crate::sealed::history::{self, History};
use crate::tool::TOOL;
use release_gate::facts::report::published_crate::CrateData;

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

    let scratch = throw_away_dir("crate")?;
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

/// What is said of a published crate.
struct Judged {
    data: CrateData,
    findings: Vec<Finding>,
    summary: String,
    coverage: Coverage,
}

impl Judged {
    /// There is nothing to compare with.
    fn without_commit(mut self, finding: Finding, summary: &str) -> Self {
        self.findings.push(finding);
        summary.clone_into(&mut self.summary);
        self
    }
}

/// Compares a published file with what its commit is packed to.
fn judge_file(cx: &Context, git: &Git, file: &Path, spec: &str, scratch: &Path) -> Result<Judged> {
    let bytes = std::fs::read(file).or_judge(|| format!("cannot read `{spec}`"))?;
    let published = unpack(&bytes, spec)?;
    let stem = file.file_stem().unwrap_or_default();
    let name = stem.to_string_lossy().into_owned();
    let mut judged = Judged {
        data: CrateData {
            name: name.clone(),
            ..CrateData::default()
        },
        findings: Vec::new(),
        summary: String::new(),
        coverage: Coverage::of(1),
    };

    let Some(origin) = origin(&published) else {
        let finding = Finding::new(
            &rules::CRATE_COMMIT_MISSING,
            format!("`{name}` does not say which commit it was packed from"),
        )
        .help("publish from a clean git checkout; `--allow-dirty` and folders without git leave the commit out");
        return Ok(judged.without_commit(finding, "no commit to compare with"));
    };
    judged.data.commit = Some(origin.commit.clone());
    if origin.dirty {
        judged.findings.push(Finding::new(
            &rules::CRATE_DIRTY,
            format!("`{name}` was packed with uncommitted changes"),
        ));
    }

    let commit = origin
        .names_commit()
        .then(|| git.resolve(&origin.commit).ok())
        .flatten();
    let Some(commit) = commit else {
        let finding = Finding::new(
            &rules::CRATE_COMMIT_MISSING,
            format!(
                "`{name}` names the commit {}, which this repository does not have",
                origin.commit
            ),
        )
        .help(
            "run `git fetch --all --tags`; if it stays missing, nobody can see what was published",
        );
        return Ok(judged.without_commit(finding, "the commit is not here"));
    };

    let Some(packed) = pack_commit(cx, git, &commit, &origin, (&name, scratch))? else {
        let finding = Finding::new(
            &rules::CRATE_DIFFERS,
            format!(
                "the commit holds no package in `{}`, where `{name}` says it was packed",
                origin.folder
            ),
        )
        .help("it was published from another folder or another commit than it names");
        return Ok(judged.without_commit(finding, "the commit holds no such package"));
    };
    compare(&mut judged.data, &published, &packed);
    judged.coverage = coverage(&judged.data, &packed);
    judged.findings.extend(findings(&judged.data));
    judged.summary = format!(
        "{} files are the commit's, {} differ",
        judged.data.same,
        judged.data.different.len()
    );
    Ok(judged)
}

/// What cargo packs of the package in a commit; `None` if there is none where it says.
fn pack_commit(
    cx: &Context,
    git: &Git,
    commit: &CommitId,
    origin: &Origin,
    (name, scratch): (&str, &Path),
) -> Result<Option<Packed>> {
    let checkout = scratch.join("checkout");
    git.checkout(commit, &checkout)?;
    let folder = checkout.join(origin.folder()?);
    if !folder.join("Cargo.toml").is_file() {
        return Ok(None);
    }
    // Cargo packs what git knows, hidden files included, and without a repository something else.
    history::make(git, commit, &checkout, History::Whole)?;
    let lock = folder
        .ancestors()
        .take_while(|dir| dir.starts_with(&checkout))
        .map(|dir| dir.join("Cargo.lock"))
        .find(|path| path.is_file());
    let committed_lock = lock.as_deref().map(Lock::read).transpose()?;
    let target = scratch.join("target");

    // As it was locked; where that lock file fits no manifest any more, as it is resolved now.
    let mut members = Err(Error::judge("nothing was packed"));
    for locked in [true, false] {
        if members.is_err() && (committed_lock.is_some() || !locked) {
            members = pack(cx, &folder, &target, (name, locked));
        }
    }
    Ok(Some(Packed {
        members: members?,
        committed_lock,
    }))
}

/// Gets a published crate through cargo.
fn download(cx: &Context, spec: &str, scratch: &Path) -> Result<PathBuf> {
    let (name, version) = spec
        .split_once('@')
        .ok_or_else(|| Error::usage(format!("`{spec}` is not NAME@VERSION")))?;
    let dir = scratch.join("query");
    let failed = || "cannot write a throw-away package".to_owned();
    std::fs::create_dir_all(&dir).or_judge(failed)?;
    let manifest = format!(
        "[package]\nname = \"query\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[dependencies]\nwanted = {{ package = \"{name}\", version = \"={version}\" }}\n[workspace]\n"
    );
    std::fs::write(dir.join("Cargo.toml"), manifest).or_judge(failed)?;
    std::fs::write(dir.join("lib.rs"), "").or_judge(failed)?;
    let mut step = Step::cargo()
        .inherit_network_env()
        .arg("fetch")
        .current_dir(&dir);
    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    cx.terminal.status("Fetching", spec);
    cx.runner.run(step)?.success()?;
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

/// Packs a package as cargo would, without building it.
fn pack(
    cx: &Context,
    package: &Path,
    target: &Path,
    (name, locked): (&str, bool),
) -> Result<Vec<Member>> {
    let mut step = Step::cargo()
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", target)
        // The commit's own configuration may name programs to run in the compiler's place; packing
        // needs none of them.
        .env("RUSTC_WRAPPER", "")
        .env("RUSTC_WORKSPACE_WRAPPER", "")
        .env("RUSTC", "rustc")
        .args(["package", "--no-verify", "--allow-dirty", "--no-metadata"])
        .current_dir(package);
    if locked {
        step = step.arg("--locked");
    }
    if cx.args().is_offline() {
        step = step.arg("--offline");
    }
    cx.terminal
        .status("Packing", format!("{name} from the commit"));
    cx.runner.run(step)?.success()?;
    let file = target.join("package").join(format!("{name}.crate"));
    unpack(
        &std::fs::read(&file).or_judge(|| format!("cargo packed no `{name}.crate`"))?,
        name,
    )
}
