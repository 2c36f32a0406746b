//! `cargo repro rebuild`: what was published, built again on this machine, and compared.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use release_gate::artifacts::{ArtifactDir, PackageArtifacts};
use release_gate::digest::sha256_file;
use release_gate::error::JudgeExt;
use release_gate::facts::report::buildinfo::{BuildInfo, BuiltArtifact};
use release_gate::facts::report::rebuild::RebuildData;
use release_gate::git::{CommitId, Git};
use release_gate::json::to_canonical_vec;
use release_gate::report::Subject;
use release_gate::{Context, Coverage, Error, Finding, Level, Outcome, Report, Result};

use super::args::BuildArgs;
use super::release_info::{add_unobserved, release_info};
use super::session::Session;
use crate::judge::artifacts::{lay_over, rebuild_finding};
use crate::judge::{claims, toolchain};
use crate::model::arguments::without_targets;
use crate::model::config::Config;
use crate::read::buildinfo::{self, Published};
use crate::report::artifacts::table;
use crate::report::statement::{Rebuilder, Statement};
use crate::rules;
use crate::sealed::built::Built;
use crate::sealed::conditions::Conditions;
use crate::sealed::guard::Guard;
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "rebuild";

/// Name of the statement beside it.
const STATEMENT: &str = "rebuild.intoto.json";

/// Runs the call.
///
/// # Errors
/// The buildinfo cannot be read, the commit is not checked out, or the build fails.
pub(crate) fn run(
    cx: &mut Context,
    args: &BuildArgs,
    path: &Path,
    artifacts: Option<&Path>,
) -> Result<Outcome> {
    let named = named_folder(cx);
    if let Some(subject) = buildinfo::claimed_subject(path) {
        forget_early(cx, &named, &subject)?;
    }
    let published = buildinfo::read_file(path)?;
    claims::check_soundness(&published)?;
    refuse_nothing_to_compare(&published)?;

    let mut findings = Vec::new();
    refuse_dirty(published.info())?;
    let guard = ready_guard(cx, &named, &published.info().commit, &mut findings)?;
    let online = !cx.args().is_offline();
    cx.project_through(|step| guard.cargo(step, None, online))?;
    let subject = subject_here(cx, &published.envelope.subject)?;
    let root = cx.artifacts()?;
    forget_statement(&root, &subject)?;

    let guard = with_environment(cx, guard, published.info())?;
    if let Some(folder) = artifacts {
        findings.extend(altered_artifacts(published.info(), folder)?);
    }

    let session = same_session(cx, args, &published, guard)?;
    let cx = &*cx;
    let built = session.build(cx, Conditions::first(session.jobs), "the rebuild")?;
    session.finish(cx);
    let rebuilt = rebuilt_info(cx, &session, &built, &subject)?;
    let toolchain_differs = toolchain::differences(&published.info().toolchain, &rebuilt.toolchain);
    for text in &toolchain_differs {
        cx.terminal
            .warn(format!("the toolchain is another one: {text}"));
        findings.push(Finding::new(&rules::TOOLCHAIN_DIFFERS, text.clone()));
    }
    findings.extend(claims::differing(&published, &subject, &rebuilt));
    let compared = lay_over(&published.info().artifacts, &rebuilt.artifacts);
    findings.extend(compared.iter().filter_map(rebuild_finding));

    let verified = !compared.is_empty() && findings.iter().all(is_about_the_machine);
    if verified && !any_denied(cx, &findings)? {
        let rebuilder = Rebuilder {
            toolchain: &rebuilt.toolchain,
            host: &session.toolchain.host,
            differs: &toolchain_differs,
        };
        let statement = Statement::new(&subject, &rebuilt, published.sha256, &rebuilder);
        write_statement(cx, &root, &subject, &statement)?;
    }

    let data = RebuildData {
        commit: rebuilt.commit,
        toolchain: toolchain_differs,
        artifacts: compared,
        verified,
    };
    let summary = if verified {
        "verified reproducible by an independent build"
    } else {
        "not verified"
    };
    let mut coverage = Coverage::of(data.artifacts.len());
    session.add_unseen(&mut coverage);
    add_unobserved(&mut coverage, &built);
    Ok(Report::new(REPORT, &TOOL, subject)
        .coverage(coverage)
        .findings(findings)
        .data(&data)
        .human(table(&data.artifacts, &data.toolchain))
        .summary(summary)
        .into())
}

fn refuse_nothing_to_compare(published: &Published) -> Result<()> {
    if !published.info().artifacts.is_empty() {
        return Ok(());
    }
    Err(Error::judge(format!(
        "`{}` names no artifact, so there is nothing to compare",
        published.shown
    ))
    .with_help("a package that builds nothing to release cannot be rebuilt"))
}

fn refuse_dirty(info: &BuildInfo) -> Result<()> {
    if !info.dirty {
        return Ok(());
    }
    Err(
        Error::judge("it was built from uncommitted changes, so it cannot be built again")
            .with_help("ask for a release of a commit"),
    )
}

/// Whether a finding says something of this machine and nothing of the artifacts.
fn is_about_the_machine(finding: &Finding) -> bool {
    [rules::TOOLCHAIN_DIFFERS.id, rules::NOT_GUARDED.id].contains(&finding.rule.as_str())
}

/// Whether the caller denies one of the findings: then nothing is stated.
fn any_denied(cx: &Context, findings: &[Finding]) -> Result<bool> {
    for finding in findings {
        let rule = release_gate::rule::find(rules::RULES, &finding.rule)?;
        if cx.level(rule)? == Level::Deny {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The guard with the variables that the commit itself hands on to builds.
fn with_environment(cx: &mut Context, mut guard: Guard, info: &BuildInfo) -> Result<Rc<Guard>> {
    let handed_on = handed_on_by_commit(cx, &guard)?;
    guard.environment = claims::environment(&info.environment, &handed_on)?;
    Ok(Rc::new(guard))
}

/// Published artifacts that are not those buildinfo.json names.
fn altered_artifacts(info: &BuildInfo, folder: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for artifact in &info.artifacts {
        let file = [folder.join(&artifact.path), folder.join(&artifact.name)]
            .into_iter()
            .find(|file| file.is_file())
            .ok_or_else(|| {
                Error::judge(format!(
                    "`{}` is not in `{}`",
                    artifact.name,
                    folder.display()
                ))
            })?;

        let (digest, _) =
            sha256_file(&file).or_judge(|| format!("cannot read `{}`", file.display()))?;
        if digest != artifact.sha256 {
            findings.push(Finding::new(
                &rules::REBUILD_DIFFERS,
                format!(
                    "the published `{}` is not the one buildinfo.json names",
                    artifact.name
                ),
            ));
        }
    }
    Ok(findings)
}

/// A session that builds what the published one did, from its commit and never from a work tree.
fn same_session(
    cx: &mut Context,
    args: &BuildArgs,
    published: &Published,
    guard: Rc<Guard>,
) -> Result<Session> {
    let (subject, info) = (&published.envelope.subject, published.info());
    if cx.args().feature_list() != subject.features {
        return Err(Error::usage(format!(
            "it was built with the features `{}`",
            subject.features.join(" ")
        ))
        .with_help("give the same feature flags"));
    }

    if args
        .profile
        .as_ref()
        .is_some_and(|profile| *profile != info.profile)
    {
        return Err(
            Error::usage(format!("it was built with the profile `{}`", info.profile))
                .with_help("leave --profile out"),
        );
    }
    let args = BuildArgs {
        profile: Some(info.profile.clone()),
        targets: subject.targets.clone(),
        allow_dirty: false,
        ..args.clone()
    };
    let session = Session::release(cx, &args, Some(guard))?;

    // Other packages beside it can turn on other features of what they share. Which targets are
    // built is up to this machine.
    let here = without_targets(&session.published_args(cx)?);
    let there = without_targets(&info.arguments);
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
    Ok(session)
}

/// Writes what an independent rebuilder can sign.
fn write_statement(
    cx: &Context,
    root: &ArtifactDir,
    subject: &Subject,
    statement: &Statement<'_>,
) -> Result<()> {
    let bytes = to_canonical_vec(statement).or_judge(|| "cannot write the statement".to_owned())?;
    if let Some(mut folder) = package_folder(root, subject) {
        folder.write(STATEMENT, &bytes)?;
        let shown = folder.path(STATEMENT);
        folder.finish()?;
        cx.terminal.status(
            "Wrote",
            format!("{}; `cargo sign sign` signs it", shown.display()),
        );
    }
    Ok(())
}

/// The folder that was named, or the current one.
pub(super) fn named_folder(cx: &Context) -> PathBuf {
    match cx.args().manifest_path().and_then(Path::parent) {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// What is known of the project is asked for under guard, since even that runs its configuration.
/// Without one, nothing of it runs where that is denied.
pub(super) fn ready_guard(
    cx: &Context,
    folder: &Path,
    wanted: &CommitId,
    findings: &mut Vec<Finding>,
) -> Result<Guard> {
    let git = Git::discover(folder, &cx.runner)?.ok_or_else(|| {
        Error::judge(format!("`{}` is not in a git repository", folder.display()))
            .with_help("clone the repository the release was made from")
    })?;

    let Some(commit) = git.head()?.filter(|head| head == wanted) else {
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
fn subject_here(cx: &mut Context, published: &Subject) -> Result<Subject> {
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
fn handed_on_by_commit(cx: &mut Context, guard: &Guard) -> Result<Vec<String>> {
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
    Ok(config.table::<Config>(TOOL.subcommand)?.pass_env)
}

/// What was built here, as `build` would publish it.
fn rebuilt_info(
    cx: &Context,
    session: &Session,
    built: &Built,
    subject: &Subject,
) -> Result<BuildInfo> {
    let mut artifacts = Vec::new();
    for artifact in &built.build.artifacts {
        if Some(&artifact.package) != subject.package.as_ref() {
            continue;
        }
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
    release_info(cx, session, built, artifacts)
}

fn package_folder(root: &ArtifactDir, subject: &Subject) -> Option<PackageArtifacts> {
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
        .try_for_each(|root| forget_statement(&ArtifactDir::new(root, &TOOL), subject))
}

/// Removes the statement of an earlier rebuild: whatever happens now, it says nothing about it.
fn forget_statement(root: &ArtifactDir, subject: &Subject) -> Result<()> {
    let Some(folder) = package_folder(root, subject) else {
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
