//! `[repro] checks`: cargo commands that have to pass in the sandbox.

use release_gate::{Context, Error, Finding, Result};

use super::session::Session;
use crate::rules;
use crate::sealed::built::Built;

/// Commands that passed, and findings of those that did not.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) passed: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// Runs the configured checks in the sandbox.
///
/// # Errors
/// A command is none of cargo's, or cannot be started.
pub(super) fn run_all(cx: &Context, session: &Session, built: &Built) -> Result<Checked> {
    let mut checked = Checked::default();

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
        let finished = built.sandbox.cargo(&cx.runner, rest, |_| {})?;
        if finished.is_success() {
            checked.passed.push(command.clone());
            continue;
        }

        let text = built.sandbox.neutral(&finished.stderr_text());
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(12)..].join("\n");
        checked.findings.push(
            Finding::new(
                &rules::CHECK_FAILED,
                format!("`{command}` failed in the sealed place"),
            )
            .help(tail),
        );
    }
    Ok(checked)
}
