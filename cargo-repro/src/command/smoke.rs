//! Every program that was built is started once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use release_gate::facts::report::buildinfo::{BuiltArtifact, SmokeOutcome, SmokeTest};
use release_gate::process::{Finished, ProcessError, Step};
use release_gate::{Context, Coverage, Error, Finding, Result};

use super::session::Session;
use crate::judge::mach_o::{Described, describe};
use crate::model::build::{Artifact, ArtifactKind};
use crate::rules;
use crate::sealed::built::Built;
use crate::sealed::runners::{Start, is_wine, make_wine_libraries, start_of};

/// A program that has not ended by then does not answer questions about its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// What wine ends with where a library of Windows is missing.
const LIBRARY_MISSING: i32 = 53;

/// wine makes a whole system the first time.
const WINE_PATIENCE: Duration = Duration::from_secs(90);

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
    /// What would run it cannot, and what to do.
    RunnerLacks(&'static str),
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
    let runner = match runner_of(session, artifact) {
        Start::Natively => Vec::new(),
        Start::Through(words) => words,
        Start::Not(help) => return Ok(no_runner(artifact, &session.toolchain.host, help)),
    };

    let attempts: Vec<Vec<String>> = match configured {
        Some(args) => vec![args.to_vec()],
        None => vec![vec!["--version".to_owned()], vec!["--help".to_owned()]],
    };
    if is_wine(&runner) {
        make_wine_libraries(&cx.runner, &wine_libraries(built));
    }
    let mut answer = String::new();
    for args in &attempts {
        let shown = args.join(" ");
        let step = start(built, artifact, &runner, args)?;

        let through_wine = is_wine(&runner);
        match attempt(cx.runner.run(step), &shown, through_wine) {
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
            Attempt::RunnerLacks(help) => {
                return Ok(no_runner(
                    artifact,
                    &session.toolchain.host,
                    help.to_owned(),
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

/// What starts a program: what is configured, else what this machine has.
fn runner_of(session: &Session, artifact: &Artifact) -> Start {
    let configured = session.config.target.get(&artifact.target);
    match configured.filter(|target| !target.runner.is_empty()) {
        Some(target) => Start::Through(target.runner.clone()),
        None => start_of(&artifact.target, &session.toolchain.host),
    }
}

fn no_runner(artifact: &Artifact, host: &str, help: String) -> Tried {
    let structure = std::fs::read(&artifact.path)
        .ok()
        .and_then(|bytes| describe(&bytes));
    let words = match structure {
        Some(Described {
            words,
            refused: Some(why),
        }) => {
            return Tried::failed(
                smoke_test(
                    SmokeOutcome::NotStarted,
                    format!("{words}: no Mac starts it"),
                ),
                format!("`{}` for {}: {why}", artifact.name, artifact.target),
                "sign it last, after everything else that changes it: `rcodesign sign FILE`",
            );
        }
        Some(Described { words, .. }) => format!("not started: {words}"),
        None => "not started: nothing here runs it".to_owned(),
    };
    let finding = Finding::new(
        &rules::SMOKE_SKIPPED,
        format!(
            "`{}` for {} was not started: this machine is {host}",
            artifact.name, artifact.target
        ),
    )
    .help(help);
    Tried {
        answer: Some(smoke_test(SmokeOutcome::NoRunner, words)),
        finding: Some(finding),
    }
}

/// Where libraries lie that wine may lack.
fn wine_libraries(built: &Built) -> PathBuf {
    built.sandbox.home.join("wine-libraries")
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
    if is_wine(runner) {
        // Nothing of the caller's, and no remarks of wine's own.
        step = step
            .env("WINEDEBUG", "-all")
            .env("WINEPREFIX", built.sandbox.home.join("wine"))
            .env("WINEPATH", wine_libraries(built))
            .timeout(WINE_PATIENCE);
    }
    Ok(step)
}

fn attempt(
    finished: std::result::Result<Finished, ProcessError>,
    shown: &str,
    through_wine: bool,
) -> Attempt {
    match finished {
        Ok(finished) if finished.is_success() => Attempt::Answered,
        Ok(finished) if finished.timed_out => Attempt::Silent(format!(
            "`{shown}` did not end within {} seconds",
            PATIENCE.as_secs()
        )),
        Ok(finished) => match finished.status.code() {
            Some(LIBRARY_MISSING) if through_wine => Attempt::RunnerLacks(
                "this wine lacks a library that it needs: take wine 9 or later, or install gcc-mingw-w64-x86-64",
            ),
            Some(code) => Attempt::Silent(format!("`{shown}` ended with exit code {code}")),
            None => Attempt::Crashed(finished.status.to_string()),
        },
        Err(error) => Attempt::NotStarted(Error::from(error).chain()),
    }
}
