//! `cargo repro rebuild`: what was published, built again on this machine, and compared.

use std::path::Path;

use release_gate::digest::{Sha256Digest, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::git::CommitId;
use release_gate::report::Envelope;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::{BuildInfo, BuiltArtifact};
use super::session::Session;
use crate::cli::PlaceArgs;
use crate::model::cause::Compared;
use crate::rules;
use crate::sealed::place::Conditions;
use crate::sealed::toolchain::ToolchainFacts;

/// Name of the report.
pub(crate) const REPORT: &str = "rebuild";

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
        let show = |program: Option<&crate::sealed::toolchain::Program>| {
            program.map_or("none".to_owned(), |program| {
                let digest = program.sha256.map(|digest| digest.to_string()).unwrap_or_default();
                format!(
                    "{} ({})",
                    program.version.first().cloned().unwrap_or_default(),
                    digest.get(..12).unwrap_or("no digest")
                )
            })
        };
        found.push(format!("{name}: {} and {}", show(x), show(y)));
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
    let mut findings = Vec::new();
    if let Some(dir) = published {
        for artifact in &info.artifacts {
            let file =
                [dir.join(&artifact.path), dir.join(&artifact.name)].into_iter().find(|file| file.is_file());
            let file = file
                .ok_or_else(|| Error::judge(format!("`{}` is not in `{}`", artifact.name, dir.display())))?;
            let (digest, _) = sha256_file(&file).or_judge(|| format!("cannot read `{}`", file.display()))?;
            if digest != artifact.sha256 {
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
    let session = Session::start(cx, &args)?.without_interposer();
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
    let mut all = !artifacts.is_empty();
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
