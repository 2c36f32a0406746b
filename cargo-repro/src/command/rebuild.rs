//! `cargo repro rebuild`: what was published, built again on this machine, and compared.

use std::path::Path;
use std::rc::Rc;

use release_gate::artifacts::{ArtifactDir, PackageArtifacts};
use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::git::CommitId;
use release_gate::json::to_canonical_vec;
use release_gate::report::Envelope;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::{BuildInfo, BuiltArtifact, TOLD};
use super::session::Session;
use super::statement::{Rebuilder, Statement};
use crate::cli::PlaceArgs;
use crate::model::cause::Compared;
use crate::rules;
use crate::sealed::conditions::Conditions;
use crate::sealed::guard::Guard;
use crate::sealed::toolchain::{Program, ToolchainFacts};

/// Name of the report.
pub(crate) const REPORT: &str = "rebuild";

/// Name of the statement beside it.
const STATEMENT: &str = "rebuild.intoto.json";

/// `data` of `rebuild.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Rebuilt {
    /// The commit both were built from.
    pub(crate) commit: Option<CommitId>,
    /// What differs between the toolchains, in words; empty if they are the same.
    pub(crate) toolchain: Vec<String>,
    /// Published and rebuilt digests.
    pub(crate) artifacts: Vec<Compared>,
    /// Whether every published artifact that could be built here came out the same.
    pub(crate) verified: bool,
}

/// Reads a published buildinfo.
///
/// # Errors
/// It is none, or its build failed.
pub(crate) fn read(path: &Path) -> Result<(Envelope, BuildInfo)> {
    let shown = path.display();
    let bytes = std::fs::read(path).or_judge(|| format!("cannot read `{shown}`"))?;
    let envelope = Envelope::read(&bytes, "buildinfo")
        .map_err(|error| Error::judge(format!("`{shown}` is no buildinfo")).with_source(error))?;
    let info =
        serde_json::from_value(envelope.data.clone()).or_judge(|| format!("`{shown}` is no buildinfo"))?;
    Ok((envelope, info))
}

/// What differs between two toolchains.
pub(crate) fn toolchain(a: &ToolchainFacts, b: &ToolchainFacts) -> Vec<String> {
    let mut found = Vec::new();
    let programs = [
        ("rustc", Some(&a.rustc), Some(&b.rustc)),
        ("cargo", Some(&a.cargo), Some(&b.cargo)),
        ("cc", a.cc.as_ref(), b.cc.as_ref()),
        ("linker", a.linker.as_ref(), b.linker.as_ref()),
    ];
    for (name, x, y) in programs {
        if x == y {
            continue;
        }
        let lines =
            |program: Option<&Program>| program.map(|program| program.version.clone()).unwrap_or_default();
        let (of_x, of_y) = (lines(x), lines(y));
        // The line in which they differ says more than the first one, where that is the same.
        let at = (0..of_x.len().max(of_y.len())).find(|at| of_x.get(*at) != of_y.get(*at)).unwrap_or(0);
        let show = |program: Option<&Program>, lines: &[String]| {
            program.map_or("none".to_owned(), |program| {
                let digest = program.sha256.map(|digest| digest.to_string()).unwrap_or_default();
                format!(
                    "{} ({})",
                    lines.get(at).map_or("nothing", String::as_str),
                    digest.get(..12).unwrap_or("no digest")
                )
            })
        };
        found.push(format!("{name}: {} and {}", show(x, &of_x), show(y, &of_y)));
    }
    found
}

/// Runs the call.
///
/// # Errors
/// The buildinfo cannot be read, the commit is not checked out, or the build fails.
pub(crate) fn run(
    cx: &mut Context,
    args: &PlaceArgs,
    path: &Path,
    published: Option<&Path>,
) -> Result<Outcome> {
    let (envelope, info) = read(path)?;
    if cx.args().artifact_dir.is_some() {
        forget(cx, &envelope)?;
    }
    let guard = guard(cx, &info)?;
    cx.project_through(|step| guard.cargo(step, None, true))?;
    forget(cx, &envelope)?;
    let mut findings = Vec::new();
    let mut all = true;
    if let Err(why) = &guard.namespaces {
        let text = "the project's configuration, build scripts and macros run as you here, with your files, keys, agents and tokens in reach";
        cx.terminal.warn(format!("{text}: {why}"));
        findings.push(
            Finding::new(&rules::NOT_GUARDED, format!("{text}: {why}"))
                .help("rebuild on Linux with user namespaces, or as a user who owns nothing"),
        );
    }
    if let Some(dir) = published {
        for artifact in &info.artifacts {
            let file =
                [dir.join(&artifact.path), dir.join(&artifact.name)].into_iter().find(|file| file.is_file());
            let file = file
                .ok_or_else(|| Error::judge(format!("`{}` is not in `{}`", artifact.name, dir.display())))?;
            let (digest, _) = sha256_file(&file).or_judge(|| format!("cannot read `{}`", file.display()))?;
            if digest != artifact.sha256 {
                all = false;
                findings.push(Finding::new(
                    &rules::REBUILD_DIFFERS,
                    format!("the published `{}` is not the one buildinfo.json names", artifact.name),
                ));
            }
        }
    }
    let targets = envelope.subject.targets.clone();
    let args = PlaceArgs { profile: Some(info.profile.clone()), targets, ..args.clone() };
    let here = cx.project()?.commit.clone();
    if here != info.commit || info.dirty {
        let wanted = info.commit.as_ref().map_or("no commit".to_owned(), ToString::to_string);
        let error = if info.dirty {
            Error::judge("it was built from uncommitted changes, which nobody can build again")
        } else {
            Error::judge(format!("it was built from {wanted}, and that is not checked out"))
        };
        return Err(error.with_help(format!("git checkout {wanted}")));
    }
    let features = cx.args().feature_list();
    if features != envelope.subject.features {
        return Err(Error::usage(format!(
            "it was built with the features `{}`",
            envelope.subject.features.join(" ")
        ))
        .with_help("give the same feature flags"));
    }
    let session = Session::release(cx, &args, Some(Rc::clone(&guard)))?;
    let root = cx.artifacts()?;
    let cx = &*cx;
    // Other packages beside it can turn on other features of what they share. Which targets are built is up to this machine.
    let (here, there) = (without_targets(&session.published_args(cx)?), without_targets(&info.arguments));
    if here != there {
        return Err(Error::usage(format!(
            "it was built by `cargo {}`, not `cargo {}`",
            there.join(" "),
            here.join(" ")
        ))
        .with_help("give the same packages and feature flags"));
    }
    if session.pins.words() != info.pins {
        return Err(Error::judge(format!(
            "it was built with `[repro] pin = {:?}`, and here that is {:?}",
            info.pins,
            session.pins.words()
        ))
        .with_help("use the configuration of its commit"));
    }
    let differs = toolchain(&info.toolchain, &session.toolchain.facts);
    for text in &differs {
        cx.terminal.warn(format!("the toolchain is another one: {text}"));
        findings.push(Finding::new(&rules::TOOLCHAIN_DIFFERS, text.clone()));
    }
    let built = session.build(cx, Conditions::first(session.jobs), "it again")?;
    session.finish(cx);
    let rebuilt: Vec<(String, String, Sha256Digest)> = built
        .build
        .artifacts
        .iter()
        .map(|artifact| (artifact.target.clone(), artifact.name.clone(), artifact.sha256))
        .collect();
    let artifacts = compare(&info.artifacts, &rebuilt);
    all &= !artifacts.is_empty();
    for artifact in &artifacts {
        match artifact.sha256 {
            [Some(_), Some(_)] if artifact.identical => {}
            [Some(_), None] => {
                all = false;
                findings.push(
                    Finding::new(
                        &rules::REBUILD_DIFFERS,
                        format!("`{}` for {} was not built here", artifact.name, artifact.target),
                    )
                    .help(format!("ask for its target: --target {}", artifact.target)),
                );
            }
            _ => {
                all = false;
                let text = format!("`{}` for {} came out different", artifact.name, artifact.target);
                findings.push(Finding::new(&rules::REBUILD_DIFFERS, text).help(
                    "`cargo repro check` tells why; install the recorded toolchain first if it differs",
                ));
            }
        }
    }
    if all {
        let bytes = std::fs::read(path).or_judge(|| format!("cannot read `{}`", path.display()))?;
        let rebuilder = Rebuilder {
            toolchain: &session.toolchain.facts,
            host: &session.toolchain.host,
            differs: &differs,
        };
        let statement = Statement::new(&envelope.subject, &info, sha256_bytes(&bytes), &rebuilder);
        let bytes = to_canonical_vec(&statement).or_judge(|| "cannot write the statement".to_owned())?;
        if let Some(mut folder) = folder(&root, &envelope) {
            folder.write(STATEMENT, &bytes)?;
            let shown = folder.path(STATEMENT);
            folder.finish()?;
            cx.terminal.status("Wrote", format!("{}; `cargo sign sign` signs it", shown.display()));
        }
    }
    let data = Rebuilt { commit: info.commit.clone(), toolchain: differs, artifacts, verified: all };
    let human = table(&data);
    let summary = if all { "verified reproducible by an independent build" } else { "not verified" };
    let subject = envelope.subject.clone();
    Ok(Report::new(REPORT, &crate::TOOL, subject)
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary)
        .into())
}

/// What is known of the project is asked for under guard, since even that runs its configuration.
fn guard(cx: &Context, info: &BuildInfo) -> Result<Rc<Guard>> {
    let folder = match cx.args().manifest_path().and_then(Path::parent) {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let environment = info.environment.iter().filter(|(name, _)| !TOLD.contains(&name.as_str()));
    let environment = environment.map(|(name, value)| (name.clone(), value.into())).collect();
    Ok(Rc::new(Guard::new(&cx.runner, folder, environment)?))
}

fn folder(root: &ArtifactDir, envelope: &Envelope) -> Option<PackageArtifacts> {
    let subject = &envelope.subject;
    Some(root.for_package(subject.package.as_deref()?, subject.version.as_deref()?))
}

/// Removes the statement of an earlier rebuild: whatever happens now, it says nothing about it.
fn forget(cx: &mut Context, envelope: &Envelope) -> Result<()> {
    let root = cx.artifacts()?;
    let Some(folder) = folder(&root, envelope) else { return Ok(()) };
    let path = folder.path(STATEMENT);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::judge(format!("cannot remove `{}` of an earlier rebuild", path.display()))
                .with_source(error))
        }
        _ => Ok(()),
    }
}

/// Arguments without `--target` and its values.
pub(crate) fn without_targets(args: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if word == "--target" {
            words.next();
        } else {
            kept.push(word.clone());
        }
    }
    kept
}

/// Published and rebuilt digests by target and name.
fn compare(published: &[BuiltArtifact], rebuilt: &[(String, String, Sha256Digest)]) -> Vec<Compared> {
    published
        .iter()
        .map(|artifact| {
            let other = rebuilt
                .iter()
                .find(|(target, name, _)| *target == artifact.target && *name == artifact.name)
                .map(|(.., digest)| *digest);
            Compared {
                name: artifact.name.clone(),
                target: artifact.target.clone(),
                sha256: [Some(artifact.sha256), other],
                identical: other == Some(artifact.sha256),
            }
        })
        .collect()
}

/// The table for people.
pub(crate) fn table(data: &Rebuilt) -> String {
    let mut text = String::new();
    for artifact in &data.artifacts {
        let word = if artifact.identical { "identical" } else { "DIFFERS  " };
        let digest = artifact.sha256[0].map(|digest| digest.to_string()).unwrap_or_default();
        text.push_str(&format!(
            "  {word}  {}  {}  {}\n",
            digest.get(..16).unwrap_or(""),
            artifact.name,
            artifact.target
        ));
    }
    for line in &data.toolchain {
        text.push_str(&format!("  toolchain  {line}\n"));
    }
    text
}
