//! `[repro] checks`: cargo commands that have to pass before a release is built, in a sandbox of
//! their own, so that nothing they leave is part of the release.

use release_gate::process::Finished;
use release_gate::{Context, Error, Finding, Result};

use super::session::Session;
use crate::judge::checks::failed_parts;
use crate::rules;
use crate::sealed::conditions::Conditions;
use crate::sealed::inputs::Inputs;
use crate::sealed::sandbox::Sandbox;

/// How many lines of a failed command are shown.
const SHOWN: usize = 12;

/// Commands that passed, and the first that did not.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) passed: Vec<String>,
    pub(super) failed: Option<Failed>,
}

/// A check that failed, and what it was made of.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) finding: Finding,
    pub(super) inputs: Inputs,
    pub(super) sandbox: Sandbox,
}

/// Runs the configured checks, until one fails.
///
/// # Errors
/// A command is none of cargo's, or cannot be started.
pub(super) fn run_all(cx: &Context, session: &Session) -> Result<Checked> {
    let mut checked = Checked::default();
    let commands = session.config.checks.as_deref().unwrap_or_default();
    let commands = commands
        .iter()
        .map(|command| Ok((command, cargo_words(command)?)))
        .collect::<Result<Vec<_>>>()?;
    if commands.is_empty() {
        return Ok(checked);
    }

    let conditions = Conditions {
        folder: "checks",
        ..Conditions::first(session.jobs)
    };
    let (sandbox, _) = session.sandbox(cx, conditions)?;
    let inputs = Inputs::of(&sandbox)?;
    for (command, words) in commands {
        cx.terminal.status("Checking", command);
        let finished = sandbox.cargo(&cx.runner, &words, |_| {})?;
        if !finished.is_success() {
            checked.failed = Some(Failed {
                finding: failed_finding(command, &finished, &sandbox),
                inputs,
                sandbox,
            });
            return Ok(checked);
        }
        checked.passed.push(command.clone());
    }
    let _ = std::fs::remove_dir_all(&sandbox.root);
    Ok(checked)
}

/// Cargo's arguments of a command.
fn cargo_words(command: &str) -> Result<Vec<String>> {
    let mut words = command.split_whitespace().map(str::to_owned);
    match words.next().as_deref() {
        Some("cargo") => Ok(words.collect()),
        _ => Err(Error::usage(format!(
            "`[repro] checks` runs cargo commands, and `{command}` is none"
        ))),
    }
}

fn failed_finding(command: &str, finished: &Finished, sandbox: &Sandbox) -> Finding {
    let stdout = sandbox.neutral(&String::from_utf8_lossy(&finished.stdout));
    let stderr = sandbox.neutral(&finished.stderr_text());
    let parts = failed_parts(&stdout, &stderr);
    let what = if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    };

    let lines: Vec<&str> = stdout.lines().chain(stderr.lines()).collect();
    let tail = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
    Finding::new(
        &rules::CHECK_FAILED,
        format!("`{command}` failed in the sandbox{what}"),
    )
    .help(tail)
}
