//! `cargo repro build`: one sealed release build, its artifacts, `buildinfo.json` and the audit
//! log.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use release_gate::error::JudgeExt;
use release_gate::fs::copy_atomic;
use release_gate::git::CommitId;
use release_gate::process::Step;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::session::{Built, Session};
use crate::cli::PlaceArgs;
use crate::model::build::{Artifact, ArtifactKind};
use crate::rules;
use crate::sealed::conditions::Conditions;
use crate::sealed::place::Place;
use crate::sealed::toolchain::ToolchainFacts;

/// Name of the report.
pub(crate) const REPORT: &str = "buildinfo";
/// Name of the audit log.
const LOG: &str = "buildlog.jsonl";
/// Digests of the artifacts, for `sha256sum --check`; packing replaces it by the list of what is
/// published.
const LIST: &str = "checksums.txt";
/// Variables every sealed build has and buildinfo.json tells; what else it tells was handed on by
/// configuration.
pub(crate) const TOLD: &[&str] = &[
    "SOURCE_DATE_EPOCH",
    "RELEASE_GATES_COMMIT",
    "LANG",
    "LC_ALL",
    "TZ",
    "CARGO_INCREMENTAL",
    "ZERO_AR_DATE",
];
/// A program that has not ended by then does not answer questions about its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// `data` of `buildinfo.json`: deterministic inputs and the artifacts, nothing of the machine or
/// the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct BuildInfo {
    /// Commit that was built.
    pub(crate) commit: Option<CommitId>,
    /// Whether uncommitted changes were built.
    pub(crate) dirty: bool,
    /// SOURCE_DATE_EPOCH: seconds since 1970.
    pub(crate) source_date_epoch: i64,
    /// Digest of the list of all exported files and their digests, as `sha256sum` prints it,
    /// sorted by path.
    pub(crate) source_sha256: Option<Sha256Digest>,
    /// Digest of Cargo.lock.
    pub(crate) lock_sha256: Option<Sha256Digest>,
    /// Compiler, cargo, C compiler and linker.
    pub(crate) toolchain: ToolchainFacts,
    /// Triple of the machine that built.
    pub(crate) host: String,
    /// Cargo profile.
    pub(crate) profile: String,
    /// Arguments of cargo.
    pub(crate) arguments: Vec<String>,
    /// Variables of the environment that outputs may depend on.
    pub(crate) environment: BTreeMap<String, String>,
    /// What was held still by `[repro] pin`.
    pub(crate) pins: Vec<String>,
    /// Every locked package that is not part of the workspace.
    pub(crate) dependencies: Vec<Locked>,
    /// Commands that passed in the sealed place before the build.
    pub(crate) checks: Vec<String>,
    /// What was built.
    pub(crate) artifacts: Vec<BuiltArtifact>,
}

/// A locked package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it comes from, as Cargo.lock says.
    pub(crate) source: String,
    /// Its checksum; `null` for git dependencies, whose source names the commit.
    pub(crate) checksum: Option<String>,
}

/// A file to release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct BuiltArtifact {
    /// File name.
    pub(crate) name: String,
    /// Target triple.
    pub(crate) target: String,
    /// Where it is, relative to the package's artifact folder.
    pub(crate) path: String,
    /// Digest.
    pub(crate) sha256: Sha256Digest,
    /// Size in bytes.
    pub(crate) size: u64,
    /// How it answered when it was started; `null` for what cannot be started.
    #[serde(default)]
    pub(crate) smoke: Option<String>,
}

/// Runs the call.
///
/// # Errors
/// The build or a check fails, or an artifact cannot be written.
pub(crate) fn run(cx: &mut Context, args: &PlaceArgs) -> Result<Outcome> {
    let session = Session::release(cx, args, None)?;
    let root = cx.artifacts()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let conditions = Conditions::first(session.jobs);
    let built = session.build(cx, conditions, "the release")?;
    let (checks, mut failed) = checks(cx, &session, &built)?;
    let mut reports = Vec::new();
    for package in project.selected() {
        let mut folder = root.for_package(&package.name, &package.version.to_string());
        let mine: Vec<&Artifact> = built
            .build
            .artifacts
            .iter()
            .filter(|artifact| artifact.package == *package.name)
            .collect();
        if mine.is_empty() && has_program(package) {
            return Err(Error::judge(format!(
                "nothing of `{}` was built, and it has something to release",
                package.name
            ))
            .with_help(
                "its programs may need features: see `required-features`, and name them with --features",
            ));
        }
        let mut findings = session.remarks(&built.exported);
        findings.append(&mut failed);
        let mut artifacts = Vec::new();
        for artifact in mine {
            let smoke = smoke(cx, &session, &built, artifact, &mut findings)?;
            artifacts.push(keep(&mut folder, artifact, smoke)?);
        }
        artifacts.sort_by(|a, b| (&a.target, &a.name).cmp(&(&b.target, &b.name)));
        let info = info(
            &session,
            &built,
            &project.root,
            artifacts,
            checks.clone(),
            cx,
        )?;
        folder.write(LIST, list(&info.artifacts).as_bytes())?;
        log(cx, &mut folder)?;
        folder.finish()?;
        let human = human(&info);
        let summary = format!("{} artifacts", info.artifacts.len());
        let subject = project.subject(package);
        reports.push(
            Report::new(REPORT, &crate::TOOL, subject)
                .findings(findings)
                .data(&info)
                .human(human)
                .summary(summary),
        );
    }
    session.finish(cx);
    Ok(Outcome::Reports(reports))
}

/// Whether a package has something that is released as a file: a program, or a library for other
/// languages.
fn has_program(package: &cargo_metadata::Package) -> bool {
    let kinds = package.targets.iter().flat_map(|target| &target.kind);
    kinds
        .map(ToString::to_string)
        .any(|kind| matches!(kind.as_str(), "bin" | "cdylib" | "staticlib"))
}

/// Runs the configured checks in the sealed place.
fn checks(cx: &Context, session: &Session, built: &Built) -> Result<(Vec<String>, Vec<Finding>)> {
    let (mut passed, mut findings) = (Vec::new(), Vec::new());
    for command in session.config.checks.iter().flatten() {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        let Some((program, rest)) = words.split_first() else {
            continue;
        };
        if program != "cargo" {
            return Err(Error::usage(format!(
                "`[repro] checks` runs cargo commands, and `{command}` is none"
            )));
        }
        cx.terminal.status("Checking", command);
        let finished = built.place.cargo(&cx.runner, rest, true, |_| {})?;
        if finished.is_success() {
            passed.push(command.clone());
        } else {
            let text = built.place.neutral(&finished.stderr_text());
            let tail: Vec<&str> = text.lines().rev().take(12).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            findings.push(
                Finding::new(
                    &rules::CHECK_FAILED,
                    format!("`{command}` failed in the sealed place"),
                )
                .help(tail.join("\n")),
            );
        }
    }
    Ok((passed, findings))
}

/// Starts a program once.
fn smoke(
    cx: &Context,
    session: &Session,
    built: &Built,
    artifact: &Artifact,
    findings: &mut Vec<Finding>,
) -> Result<Option<String>> {
    let configured = session.config.smoke.as_deref();
    if artifact.kind != ArtifactKind::Bin || configured.is_some_and(<[String]>::is_empty) {
        return Ok(None);
    }
    let runner = session
        .config
        .target
        .get(&artifact.target)
        .map(|target| target.runner.as_slice())
        .unwrap_or_default();
    if artifact.target != session.toolchain.host && runner.is_empty() {
        findings.push(
            Finding::new(
                &rules::SMOKE_SKIPPED,
                format!(
                    "`{}` for {} was not started: this machine is {}",
                    artifact.name, artifact.target, session.toolchain.host
                ),
            )
            .help(format!(
                "name a program that runs it: `[repro.target.{}] runner = [\"qemu-aarch64\"]`",
                artifact.target
            )),
        );
        return Ok(None);
    }
    let attempts: Vec<Vec<String>> = match configured {
        Some(args) => vec![args.to_vec()],
        None => vec![vec!["--version".to_owned()], vec!["--help".to_owned()]],
    };
    let mut answer = String::new();
    for args in &attempts {
        let mut words: Vec<std::ffi::OsString> = runner.iter().map(Into::into).collect();
        words.push(artifact.path.clone().into());
        words.extend(args.iter().map(Into::into));
        let (program, rest) = words
            .split_first()
            .ok_or_else(|| Error::judge("no program to start"))?;
        let mut step = Step::new(program)
            .env_clear()
            .args(rest)
            .current_dir(&built.place.home)
            .timeout(PATIENCE);
        for (name, value) in built.place.environment().iter().filter(|(name, _)| {
            matches!(name.as_str(), "HOME" | "LANG" | "LC_ALL" | "TZ" | "TMPDIR")
        }) {
            step = step.env(name, value);
        }
        let shown = args.join(" ");
        match cx.runner.run(step) {
            Ok(finished) if finished.is_success() => {
                return Ok(Some(format!("`{shown}` answered")));
            }
            Ok(finished) if finished.timed_out => {
                answer = format!(
                    "`{shown}` did not end within {} seconds",
                    PATIENCE.as_secs()
                )
            }
            Ok(finished) => match finished.status.code() {
                Some(code) => answer = format!("`{shown}` ended with exit code {code}"),
                None => {
                    findings.push(
                        Finding::new(
                            &rules::SMOKE_FAILED,
                            format!("`{} {shown}` crashed ({})", artifact.name, finished.status),
                        )
                        .help("start it by hand from the artifact folder"),
                    );
                    return Ok(Some(format!("`{shown}` crashed")));
                }
            },
            Err(error) => {
                findings.push(
                    Finding::new(
                        &rules::SMOKE_FAILED,
                        format!("`{}` cannot be started", artifact.name),
                    )
                    .help(release_gate::Error::from(error).chain()),
                );
                return Ok(Some("cannot be started".to_owned()));
            }
        }
    }
    if configured.is_some() {
        findings.push(
            Finding::new(
                &rules::SMOKE_FAILED,
                format!("`{}`: {answer}", artifact.name),
            )
            .help("see `[repro] smoke`"),
        );
    } else {
        // It runs; that it does not know these flags is no fault.
        findings.push(
            Finding::new(
                &rules::SMOKE_SKIPPED,
                format!("`{}` starts, but {answer}", artifact.name),
            )
            .help("say how to try it: `[repro] smoke = [\"…\"]`"),
        );
    }
    Ok(Some(answer))
}

/// Copies an artifact to the artifact folder.
fn keep(
    folder: &mut PackageArtifacts,
    artifact: &Artifact,
    smoke: Option<String>,
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

fn info(
    session: &Session,
    built: &Built,
    root: &Path,
    artifacts: Vec<BuiltArtifact>,
    checks: Vec<String>,
    cx: &Context,
) -> Result<BuildInfo> {
    let lock = root.join("Cargo.lock");
    let lock_sha256 = if lock.is_file() {
        Some(
            sha256_file(&lock)
                .or_judge(|| "cannot read `Cargo.lock`".to_owned())?
                .0,
        )
    } else {
        None
    };
    let environment = told(&built.place);
    let arguments = session.published_args(cx)?;
    Ok(BuildInfo {
        commit: Some(session.source.commit.clone()),
        dirty: session.source.dirty,
        source_date_epoch: session.source.epoch,
        source_sha256: built.inputs.as_ref().map(|inputs| inputs.source_sha256),
        lock_sha256,
        toolchain: session.toolchain.facts.clone(),
        host: session.toolchain.host.clone(),
        profile: session.profile.clone(),
        arguments,
        environment,
        pins: session.pins.words().to_vec(),
        dependencies: locked(&lock)?,
        checks,
        artifacts,
    })
}

/// The digest of a folder: of the lines `sha256sum` would print for its files, sorted by path.
pub(super) fn tree(dir: &Path) -> Result<Sha256Digest> {
    let mut lines = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let failed = || "cannot read the exported sources".to_owned();
        for entry in std::fs::read_dir(&folder).or_judge(failed)? {
            let entry = entry.or_judge(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().or_judge(failed)?);
            if path == dir.join(".git") {
                continue;
            }
            let name = path
                .strip_prefix(dir)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_symlink() {
                let to = std::fs::read_link(&path).or_judge(failed)?;
                lines.push(format!(
                    "{}  {name}\n",
                    sha256_bytes(to.to_string_lossy().as_bytes())
                ));
            } else {
                lines.push(format!(
                    "{}  {name}\n",
                    sha256_file(&path).or_judge(failed)?.0
                ));
            }
        }
    }
    lines.sort_by(|a, b| a[64..].cmp(&b[64..]));
    Ok(sha256_bytes(lines.concat().as_bytes()))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock {
    package: Vec<LockedPackage>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LockedPackage {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// Variables outputs may depend on: those every sealed build has, and what was handed on.
pub(super) fn told(place: &Place) -> BTreeMap<String, String> {
    place
        .environment()
        .into_iter()
        .filter(|(name, _)| TOLD.contains(&name.as_str()) || place.hands_on(name))
        .map(|(name, value)| (name, place.neutral(&value.to_string_lossy())))
        .collect()
}

/// What a lock file names beside the workspace's own packages.
pub(super) fn locked(lock: &Path) -> Result<Vec<Locked>> {
    let Ok(text) = std::fs::read_to_string(lock) else {
        return Ok(Vec::new());
    };
    let lock: Lock = toml::from_str(&text).or_judge(|| "cannot read `Cargo.lock`".to_owned())?;
    let of = |package: LockedPackage| {
        Some(Locked {
            name: package.name,
            version: package.version,
            source: package.source?,
            checksum: package.checksum,
        })
    };
    Ok(lock.package.into_iter().filter_map(of).collect())
}

/// Appends what ran to the package's audit log.
fn log(cx: &Context, folder: &mut PackageArtifacts) -> Result<()> {
    let mut log = folder.resume_log(LOG)?;
    for record in cx.runner.records() {
        log.append(&record)?;
    }
    folder.write(LOG, log.as_bytes())
}

/// Lines of `sha256sum`, sorted by path.
fn list(artifacts: &[BuiltArtifact]) -> String {
    let mut lines: Vec<(&str, String)> = artifacts
        .iter()
        .map(|artifact| {
            (
                artifact.path.as_str(),
                format!("{}  {}\n", artifact.sha256, artifact.path),
            )
        })
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn human(info: &BuildInfo) -> String {
    let mut text = String::new();
    let width = info
        .artifacts
        .iter()
        .map(|artifact| artifact.path.len())
        .max()
        .unwrap_or(0);
    for artifact in &info.artifacts {
        let digest = artifact.sha256.to_string();
        let smoke = artifact.smoke.as_deref().unwrap_or("");
        text.push_str(
            &format!(
                "  {}  {:width$}  {:>12} bytes  {smoke}\n",
                digest.get(..16).unwrap_or(""),
                artifact.path,
                artifact.size
            )
            .replace("  \n", "\n"),
        );
    }
    text
}
