//! `cargo repro rebuild`: what was published, built again on this machine, and compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use release_gate::artifacts::{ArtifactDir, PackageArtifacts};
use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::git::{CommitId, Git};
use release_gate::json::to_canonical_vec;
use release_gate::report::{Envelope, Subject};
use release_gate::{Context, Error, Finding, Level, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::{BuildInfo, BuiltArtifact, told};
use super::claims;
use super::session::{Built, Session};
use super::statement::{Rebuilder, Statement};
use crate::cli::PlaceArgs;
use crate::config::Config;
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
/// It is none, its build did not pass, or it cannot be relied on.
pub(crate) fn read(path: &Path) -> Result<(Envelope, BuildInfo)> {
    let (envelope, info, _) = parse(path)?;
    claims::sound(&path.display().to_string(), &envelope, &info)?;
    Ok((envelope, info))
}

/// A published buildinfo and its digest, whatever it says.
fn parse(path: &Path) -> Result<(Envelope, BuildInfo, Sha256Digest)> {
    let shown = path.display();
    let bytes = std::fs::read(path).or_judge(|| format!("cannot read `{shown}`"))?;
    let (envelope, info) = published(&bytes, &shown.to_string())?;
    Ok((envelope, info, sha256_bytes(&bytes)))
}

/// The text of a published buildinfo, whatever it says.
pub(crate) fn published(bytes: &[u8], shown: &str) -> Result<(Envelope, BuildInfo)> {
    let envelope = Envelope::read(bytes, "buildinfo")
        .map_err(|error| Error::judge(format!("`{shown}` is no buildinfo")).with_source(error))?;
    let info = serde_json::from_value(envelope.data.clone())
        .or_judge(|| format!("`{shown}` is no buildinfo"))?;
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
        let lines = |program: Option<&Program>| {
            program
                .map(|program| program.version.clone())
                .unwrap_or_default()
        };
        let (of_x, of_y) = (lines(x), lines(y));
        // The line in which they differ says more than the first one, where that is the same.
        let at = (0..of_x.len().max(of_y.len()))
            .find(|at| of_x.get(*at) != of_y.get(*at))
            .unwrap_or(0);
        let show = |program: Option<&Program>, lines: &[String]| {
            program.map_or("none".to_owned(), |program| {
                let digest = program
                    .sha256
                    .map(|digest| digest.to_string())
                    .unwrap_or_default();
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
    let (envelope, info, buildinfo) = parse(path)?;
    let named = folder_of(cx);
    forget_early(cx, &named, &envelope.subject)?;
    claims::sound(&path.display().to_string(), &envelope, &info)?;
    if info.artifacts.is_empty() {
        return Err(Error::judge(format!(
            "`{}` names no artifact, so there is nothing to compare",
            path.display()
        ))
        .with_help("a package that builds nothing to release cannot be rebuilt"));
    }
    let mut findings = Vec::new();
    let guard = guard(cx, &named, &info, &mut findings)?;
    let online = !cx.args().is_offline();
    cx.project_through(|step| guard.cargo(step, None, online))?;
    let subject = subject(cx, &envelope.subject)?;
    let root = cx.artifacts()?;
    forget(&root, &subject)?;
    let mut guard = guard;
    guard.environment = claims::environment(&info.environment, &handed_on(cx, &guard)?)?;
    let guard = Rc::new(guard);
    let mut all = true;
    if let Some(dir) = published {
        for artifact in &info.artifacts {
            let file = [dir.join(&artifact.path), dir.join(&artifact.name)]
                .into_iter()
                .find(|file| file.is_file());
            let file = file.ok_or_else(|| {
                Error::judge(format!("`{}` is not in `{}`", artifact.name, dir.display()))
            })?;
            let (digest, _) =
                sha256_file(&file).or_judge(|| format!("cannot read `{}`", file.display()))?;
            if digest != artifact.sha256 {
                all = false;
                findings.push(Finding::new(
                    &rules::REBUILD_DIFFERS,
                    format!(
                        "the published `{}` is not the one buildinfo.json names",
                        artifact.name
                    ),
                ));
            }
        }
    }
    let targets = envelope.subject.targets.clone();
    // It is the commit that is built, never a work tree.
    let args = PlaceArgs {
        profile: Some(info.profile.clone()),
        targets,
        allow_dirty: false,
        ..args.clone()
    };
    let features = cx.args().feature_list();
    if features != envelope.subject.features {
        return Err(Error::usage(format!(
            "it was built with the features `{}`",
            envelope.subject.features.join(" ")
        ))
        .with_help("give the same feature flags"));
    }
    let session = Session::release(cx, &args, Some(Rc::clone(&guard)))?;
    let cx = &*cx;
    // Other packages beside it can turn on other features of what they share. Which targets are
    // built is up to this machine.
    let (here, there) = (
        without_targets(&session.published_args(cx)?),
        without_targets(&info.arguments),
    );
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
        cx.terminal
            .warn(format!("the toolchain is another one: {text}"));
        findings.push(Finding::new(&rules::TOOLCHAIN_DIFFERS, text.clone()));
    }
    let built = session.build(cx, Conditions::first(session.jobs), "it again")?;
    session.finish(cx);
    let rebuilt = rebuilt(cx, &session, &built, &subject)?;
    let said = claims::differing(&envelope.subject, &info, &subject, &rebuilt);
    all &= said.is_empty();
    findings.extend(said);
    let artifacts = compare(&info.artifacts, &rebuilt.artifacts);
    all &= !artifacts.is_empty();
    for artifact in &artifacts {
        match artifact.sha256 {
            [Some(_), Some(_)] if artifact.identical => {}
            [Some(_), None] => {
                all = false;
                findings.push(
                    Finding::new(
                        &rules::REBUILD_DIFFERS,
                        format!(
                            "`{}` for {} was not built here",
                            artifact.name, artifact.target
                        ),
                    )
                    .help(format!("ask for its target: --target {}", artifact.target)),
                );
            }
            [None, _] => {
                all = false;
                let text = format!(
                    "`{}` for {} was built here, and buildinfo.json does not name it",
                    artifact.name, artifact.target
                );
                findings.push(
                    Finding::new(&rules::REBUILD_DIFFERS, text)
                        .help("publish everything that is built, and ask for no other target"),
                );
            }
            _ => {
                all = false;
                let text = format!(
                    "`{}` for {} came out different",
                    artifact.name, artifact.target
                );
                findings.push(Finding::new(&rules::REBUILD_DIFFERS, text).help(
                    "`cargo repro check` tells why; install the recorded toolchain first if it differs",
                ));
            }
        }
    }
    let mut denied = false;
    for finding in &findings {
        denied |= cx.level(release_gate::rule::find(rules::RULES, &finding.rule)?)? == Level::Deny;
    }
    if all && !denied {
        let rebuilder = Rebuilder {
            toolchain: &session.toolchain.facts,
            host: &session.toolchain.host,
            differs: &differs,
        };
        let statement = Statement::new(&subject, &rebuilt, buildinfo, &rebuilder);
        let bytes =
            to_canonical_vec(&statement).or_judge(|| "cannot write the statement".to_owned())?;
        if let Some(mut folder) = folder(&root, &subject) {
            folder.write(STATEMENT, &bytes)?;
            let shown = folder.path(STATEMENT);
            folder.finish()?;
            cx.terminal.status(
                "Wrote",
                format!("{}; `cargo sign sign` signs it", shown.display()),
            );
        }
    }
    let data = Rebuilt {
        commit: rebuilt.commit,
        toolchain: differs,
        artifacts,
        verified: all,
    };
    let human = table(&data);
    let summary = if all {
        "verified reproducible by an independent build"
    } else {
        "not verified"
    };
    Ok(Report::new(REPORT, &crate::TOOL, subject)
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary)
        .into())
}

/// The folder that was named, or the current one.
fn folder_of(cx: &Context) -> PathBuf {
    match cx.args().manifest_path().and_then(Path::parent) {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What is known of the project is asked for under guard, since even that runs its configuration.
/// Without one, nothing of it runs where that is denied.
fn guard(
    cx: &Context,
    folder: &Path,
    info: &BuildInfo,
    findings: &mut Vec<Finding>,
) -> Result<Guard> {
    let git = Git::discover(folder, &cx.runner)?.ok_or_else(|| {
        Error::judge(format!("`{}` is in no git repository", folder.display()))
            .with_help("clone the repository the release was made from")
    })?;
    let wanted = info
        .commit
        .as_ref()
        .map_or("no commit".to_owned(), ToString::to_string);
    if info.dirty {
        return Err(Error::judge(
            "it was built from uncommitted changes, which nobody can build again",
        )
        .with_help("ask for a release of a commit"));
    }
    let Some(commit) = git
        .head()?
        .filter(|head| Some(head) == info.commit.as_ref())
    else {
        return Err(Error::judge(format!(
            "it was built from {wanted}, and that is not checked out"
        ))
        .with_help(format!("git checkout {wanted}")));
    };
    let guard = Guard::new(&cx.runner, folder, &git, &commit)?;
    if let Err(why) = &guard.namespaces {
        let text = "the project's configuration, build scripts and macros run as you here, with your files, keys, agents and tokens in reach";
        let help = "rebuild on Linux with user namespaces, or as a user who owns nothing";
        if cx.level(&rules::NOT_GUARDED)? == Level::Deny {
            return Err(Error::judge(format!(
                "`{}` is denied, and nothing was run: {why}",
                rules::NOT_GUARDED.id
            ))
            .with_help(help));
        }
        cx.terminal.warn(format!("{text}: {why}"));
        findings.push(Finding::new(&rules::NOT_GUARDED, format!("{text}: {why}")).help(help));
    }
    Ok(guard)
}

/// What is rebuilt: the package of this project that was published.
fn subject(cx: &mut Context, published: &Subject) -> Result<Subject> {
    let project = cx.project()?;
    let name = published.package.as_deref().unwrap_or_default();
    let package = project
        .selected()
        .find(|package| *package.name == *name)
        .ok_or_else(|| {
            let names: Vec<&str> = project
                .selected()
                .map(|package| package.name.as_str())
                .collect();
            Error::judge(format!(
                "it was built of the package `{name}`, and here that is `{}`",
                names.join("`, `")
            ))
            .with_help("choose it with -p, in a clone of its repository")
        })?;
    Ok(Subject {
        targets: published.targets.clone(),
        ..project.subject(package)
    })
}

/// Variables the commit itself hands on to builds.
fn handed_on(cx: &mut Context, guard: &Guard) -> Result<Vec<String>> {
    let project = cx.project()?;
    let root = project
        .root
        .canonicalize()
        .or_judge(|| "cannot find the workspace".to_owned())?;
    let workspace = root
        .strip_prefix(guard.project())
        .or_judge(|| "the workspace lies outside its repository".to_owned())?;
    let single = project.single().ok().map(|package| &package.metadata);
    let metadata: Vec<_> = single
        .into_iter()
        .chain([&project.metadata.workspace_metadata])
        .collect();
    let config =
        release_gate::config::Config::find(None, Some(&guard.export().join(workspace)), &metadata)?;
    Ok(config.table::<Config>(crate::TOOL.subcommand)?.pass_env)
}

/// What was built here, as `build` would publish it.
fn rebuilt(cx: &Context, session: &Session, built: &Built, subject: &Subject) -> Result<BuildInfo> {
    let mut artifacts = Vec::new();
    for artifact in built
        .build
        .artifacts
        .iter()
        .filter(|artifact| Some(&artifact.package) == subject.package.as_ref())
    {
        let size = std::fs::metadata(&artifact.path)
            .or_judge(|| format!("cannot read `{}`", artifact.name))?
            .len();
        artifacts.push(BuiltArtifact {
            name: artifact.name.clone(),
            target: artifact.target.clone(),
            path: format!("artifacts/{}/{}", artifact.target, artifact.name),
            sha256: artifact.sha256,
            size,
            smoke: None,
        });
    }
    artifacts.sort_by(|a, b| (&a.target, &a.name).cmp(&(&b.target, &b.name)));
    let inputs = built
        .inputs
        .as_ref()
        .ok_or_else(|| Error::judge("the inputs were not looked at"))?;
    Ok(BuildInfo {
        commit: Some(session.source.commit.clone()),
        dirty: session.source.dirty,
        source_date_epoch: session.source.epoch,
        source_sha256: Some(inputs.source_sha256),
        lock_sha256: Some(inputs.lock_sha256),
        toolchain: session.toolchain.facts.clone(),
        host: session.toolchain.host.clone(),
        profile: session.profile.clone(),
        arguments: session.published_args(cx)?,
        environment: told(&built.place),
        pins: session.pins.words().to_vec(),
        dependencies: inputs.dependencies.clone(),
        checks: Vec::new(),
        artifacts,
    })
}

fn folder(root: &ArtifactDir, subject: &Subject) -> Option<PackageArtifacts> {
    Some(root.for_package(subject.package.as_deref()?, subject.version.as_deref()?))
}

/// Before the project is known, an earlier statement is where it is put, as far as that can be
/// said.
fn forget_early(cx: &Context, named: &Path, subject: &Subject) -> Result<()> {
    let roots: Vec<PathBuf> = match &cx.args().artifact_dir {
        Some(dir) => vec![dir.clone()],
        None => {
            let named = named.canonicalize().unwrap_or_else(|_| named.to_owned());
            let with_target = named
                .ancestors()
                .map(|dir| dir.join("target/release-gates"));
            with_target.filter(|dir| dir.is_dir()).take(1).collect()
        }
    };
    roots
        .into_iter()
        .try_for_each(|root| forget(&ArtifactDir::new(root, &crate::TOOL), subject))
}

/// Removes the statement of an earlier rebuild: whatever happens now, it says nothing about it.
fn forget(root: &ArtifactDir, subject: &Subject) -> Result<()> {
    let Some(folder) = folder(root, subject) else {
        return Ok(());
    };
    let path = folder.path(STATEMENT);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::judge(format!(
            "cannot remove `{}` of an earlier rebuild",
            path.display()
        ))
        .with_source(error)),
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

/// Published and rebuilt digests by target and name; what only one names is there too.
fn compare(published: &[BuiltArtifact], rebuilt: &[BuiltArtifact]) -> Vec<Compared> {
    let mut all: BTreeMap<(&str, &str), [Option<Sha256Digest>; 2]> = BTreeMap::new();
    for (side, artifacts) in [published, rebuilt].into_iter().enumerate() {
        for artifact in artifacts {
            all.entry((&artifact.target, &artifact.name)).or_default()[side] =
                Some(artifact.sha256);
        }
    }
    all.into_iter()
        .map(|((target, name), sha256)| Compared {
            name: name.to_owned(),
            target: target.to_owned(),
            identical: sha256[0] == sha256[1],
            sha256,
        })
        .collect()
}

/// The table for people.
pub(crate) fn table(data: &Rebuilt) -> String {
    let mut text = String::new();
    for artifact in &data.artifacts {
        let word = if artifact.identical {
            "identical"
        } else {
            "DIFFERS  "
        };
        let digest = artifact.sha256[0]
            .or(artifact.sha256[1])
            .map(|digest| digest.to_string())
            .unwrap_or_default();
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
