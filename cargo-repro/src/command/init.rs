//! `cargo repro init`: proposes checks for a project that configures none, after asking.

use std::path::Path;

use release_gate::error::JudgeExt;
use release_gate::facts::report::repro::ConfigLine;
use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Outcome, Result};

use super::fix::{asked, file_and_key};
use crate::edit::toml as edit;
use crate::model::config::Config;

/// What a release has to pass: lints and tests, as they are at the commit.
const CHECKS: &str = "[\"cargo clippy --locked --offline --all-targets -- -D warnings\", \"cargo test --locked --offline\"]";

/// Runs the call.
///
/// # Errors
/// Nobody can be asked, or the configuration cannot be changed.
pub(crate) fn run(cx: &mut Context, yes: bool) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    if config.checks.is_some() {
        cx.terminal
            .status("Nothing", "to propose: `[repro] checks` is there");
        return Ok(Outcome::Done);
    }

    let source = cx.configuration()?.source().to_owned();
    let root = cx.project()?.root.clone();
    let line = ConfigLine {
        file: "release-gates.toml".to_owned(),
        key: "repro.checks".to_owned(),
        value: CHECKS.to_owned(),
    };
    let (path, key) = file_and_key(&line, &source, &root)?;
    let shown = shown_name(&path);
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Error::judge(format!("cannot read `{shown}`")).with_source(error));
        }
    };
    let keys: Vec<&str> = key.iter().map(String::as_str).collect();
    let new = edit::set(&old, &keys, CHECKS)
        .or_judge(|| format!("`{shown}` was not changed"))?
        .unwrap_or(old);

    cx.terminal
        .people(&format!("  {shown}: {} = {}\n", line.key, line.value));
    if cx.args().dry_run {
        cx.terminal.status("Would write", &shown);
        return Ok(Outcome::Done);
    }
    if !yes && !asked(cx)? {
        cx.terminal.status("Nothing", "was written");
        return Ok(Outcome::Done);
    }
    write_atomic(&path, new.as_bytes())?;
    cx.terminal.status("Wrote", &shown);
    cx.terminal
        .note("commit it; `cargo repro build` runs the checks before it builds");
    Ok(Outcome::Done)
}

fn shown_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
