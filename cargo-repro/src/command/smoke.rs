//! Every program that was built is started once.

use std::ffi::OsString;
use std::time::Duration;

use release_gate::facts::report::buildinfo::{BuiltArtifact, SmokeOutcome, SmokeTest};
use release_gate::process::{Finished, ProcessError, Step};
use release_gate::{Context, Coverage, Error, Finding, Result};

use super::session::Session;
use crate::model::build::{Artifact, ArtifactKind};
use crate::rules;
use crate::sealed::built::Built;

/// A program that has not ended by then does not answer questions about its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a program answered, as reports say it, and what is to be said about that.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) answer: Option<SmokeTest>,
    pub(super) finding: Option<Finding>,
}

impl Tried {
    fn failed(answer: SmokeTest, text: String, help: impl Into<String>) -> Self {
        Self {
            answer: Some(answer),
            finding: Some(Finding::new(&rules::SMOKE_FAILED, text).help(help.into())),
        }
    }
}

/// How one attempt to start a program ended.
enum Attempt {
    Answered,
    /// It ran, and what it did instead of answering.
    Silent(String),
    /// A signal ended it.
    Crashed(String),
    NotStarted(String),
}

/// Starts a program once.
///
/// # Errors
/// There is nothing to start.
pub(super) fn try_program(
    cx: &Context,
    session: &Session,
    built: &Built,
    artifact: &Artifact,
) -> Result<Tried> {
    let configured = session.config.smoke.as_deref();
    if artifact.kind != ArtifactKind::Bin || configured.is_some_and(<[String]>::is_empty) {
        return Ok(Tried::default());
    }
    let runner = session
        .config
        .target
        .get(&artifact.target)
        .map(|target| target.runner.as_slice())
        .unwrap_or_default();
    if artifact.target != session.toolchain.host && runner.is_empty() {
        return Ok(no_runner(artifact, &session.toolchain.host));
    }

    let attempts: Vec<Vec<String>> = match configured {
        Some(args) => vec![args.to_vec()],
        None => vec![vec!["--version".to_owned()], vec!["--help".to_owned()]],
    };
    let mut answer = String::new();
    for args in &attempts {
        let shown = args.join(" ");
        let step = start(built, artifact, runner, args)?;

        match attempt(cx.runner.run(step), &shown) {
            Attempt::Answered => {
                return Ok(Tried {
                    answer: Some(smoke_test(
                        SmokeOutcome::Answered,
                        format!("`{shown}` answered"),
                    )),
                    finding: None,
                });
            }
            Attempt::Silent(what) => answer = what,
            Attempt::Crashed(status) => {
                return Ok(Tried::failed(
                    smoke_test(SmokeOutcome::Crashed, format!("`{shown}` crashed")),
                    format!("`{} {shown}` crashed ({status})", artifact.name),
                    "start it by hand from the artifact folder",
                ));
            }
            Attempt::NotStarted(why) => {
                return Ok(Tried::failed(
                    smoke_test(SmokeOutcome::NotStarted, "cannot be started"),
                    format!("`{}` cannot be started", artifact.name),
                    why,
                ));
            }
        }
    }

    if configured.is_some() {
        let text = format!("`{}`: {answer}", artifact.name);
        let answer = smoke_test(SmokeOutcome::NoAnswer, answer);
        return Ok(Tried::failed(answer, text, "see `[repro] smoke`"));
    }
    // It runs; that it does not know these flags is no fault.
    let finding = Finding::new(
        &rules::SMOKE_SKIPPED,
        format!("`{}` starts, but {answer}", artifact.name),
    )
    .help("say how to try it: `[repro] smoke = [\"…\"]`");
    Ok(Tried {
        answer: Some(smoke_test(SmokeOutcome::NoAnswer, answer)),
        finding: Some(finding),
    })
}

fn smoke_test(outcome: SmokeOutcome, words: impl Into<String>) -> SmokeTest {
    SmokeTest {
        outcome,
        words: words.into(),
    }
}

/// Programs that nothing here runs, or that did not answer, as coverage.
pub(super) fn add_not_started(coverage: &mut Coverage, artifacts: &[BuiltArtifact]) {
    for artifact in artifacts {
        let Some(smoke) = &artifact.smoke else {
            continue;
        };
        if matches!(
            smoke.outcome,
            SmokeOutcome::NoRunner | SmokeOutcome::NoAnswer
        ) {
            coverage.not_judged(
                &rules::NOT_JUDGED_START,
                format!("`{}` for {}", artifact.name, artifact.target),
                1,
                &smoke.words,
            );
        }
    }
}

fn no_runner(artifact: &Artifact, host: &str) -> Tried {
    let finding = Finding::new(
        &rules::SMOKE_SKIPPED,
        format!(
            "`{}` for {} was not started: this machine is {host}",
            artifact.name, artifact.target
        ),
    )
    .help(format!(
        "name a program that runs it: `[repro.target.{}] runner = [\"qemu-aarch64\"]`",
        artifact.target
    ));
    Tried {
        answer: Some(smoke_test(SmokeOutcome::NoRunner, "nothing here runs it")),
        finding: Some(finding),
    }
}

/// The call of a program, through its runner where it has one, with nothing of the caller's around
/// it.
fn start(built: &Built, artifact: &Artifact, runner: &[String], args: &[String]) -> Result<Step> {
    let mut words: Vec<OsString> = runner.iter().map(Into::into).collect();
    words.push(artifact.path.clone().into());
    words.extend(args.iter().map(Into::into));
    let (program, rest) = words
        .split_first()
        .ok_or_else(|| Error::judge("no program to start"))?;

    let mut step = Step::new(program)
        .env_clear()
        .args(rest)
        .current_dir(&built.sandbox.home)
        .timeout(PATIENCE);
    for (name, value) in built.sandbox.environment() {
        if matches!(name.as_str(), "HOME" | "LANG" | "LC_ALL" | "TZ" | "TMPDIR") {
            step = step.env(name, value);
        }
    }
    Ok(step)
}

fn attempt(finished: std::result::Result<Finished, ProcessError>, shown: &str) -> Attempt {
    match finished {
        Ok(finished) if finished.is_success() => Attempt::Answered,
        Ok(finished) if finished.timed_out => Attempt::Silent(format!(
            "`{shown}` did not end within {} seconds",
            PATIENCE.as_secs()
        )),
        Ok(finished) => match finished.status.code() {
            Some(code) => Attempt::Silent(format!("`{shown}` ended with exit code {code}")),
            None => Attempt::Crashed(finished.status.to_string()),
        },
        Err(error) => Attempt::NotStarted(Error::from(error).chain()),
    }
}
