//! The steps of a release, in their order: the table in `templates/gate.sh`, which that script runs
//! in any CI and `cargo xtask gate` runs here.

use release_gate::{Error, Result};

/// The script that holds the table.
const SCRIPT: &str = include_str!("../../templates/gate.sh");

/// The line in front of the table, and the one behind it.
const TABLE: (&str, &str) = ("\nsteps='\n", "\n'\n");

/// One call of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// The word that asks for it in GATES.
    pub(crate) word: &'static str,
    /// The cargo subcommand, `sbom-lite`.
    pub(crate) gate: &'static str,
    /// Its own subcommand; empty where there is none.
    pub(crate) command: &'static str,
}

impl Step {
    /// The program that is called.
    pub(crate) fn program(self) -> String {
        format!("cargo-{}", self.gate)
    }
}

/// The steps that are run where nothing else is asked for.
///
/// # Errors
/// The table has a row of another form, which is a defect of the script.
pub(crate) fn by_default() -> Result<Vec<Step>> {
    let (_, table) = SCRIPT
        .split_once(TABLE.0)
        .ok_or_else(|| Error::judge("templates/gate.sh has no table of steps"))?;
    let (table, _) = table
        .split_once(TABLE.1)
        .ok_or_else(|| Error::judge("the table of steps in templates/gate.sh has no end"))?;

    let mut steps = Vec::new();
    for row in table.lines() {
        let mut cells = row.split_whitespace();
        let (Some(word), Some(mark @ ("+" | "-")), Some(gate)) =
            (cells.next(), cells.next(), cells.next())
        else {
            return Err(Error::judge(format!(
                "templates/gate.sh has a row of another form: `{row}`"
            )));
        };
        let command = cells.next().unwrap_or_default();
        if mark == "+" {
            steps.push(Step {
                word,
                gate,
                command,
            });
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use release_gate::process::{self, Runner};

    use super::*;

    /// What the script calls, by programs that only say how they were called.
    #[cfg(unix)]
    fn called_by_the_script(environment: &[(&str, &str)]) -> Vec<String> {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        for gate in ["repro", "sbom-lite", "compat", "relnotes", "sign"] {
            let program = dir.path().join(format!("cargo-{gate}"));
            std::fs::write(&program, "#!/bin/sh\necho \"$*\" >> called\n").unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::fs::write(dir.path().join("key.pub"), "").unwrap();

        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/gate.sh");
        let mut step = process::Step::new("sh")
            .arg(script)
            .current_dir(dir.path())
            .env("PROGRAMS", dir.path())
            .env("KEY", "key")
            .env("PUBLIC_KEY", "key.pub");
        for (name, value) in environment {
            step = step.env(*name, *value);
        }
        Runner::new().run(step).unwrap().success().unwrap();
        let called = std::fs::read_to_string(dir.path().join("called")).unwrap();
        called.lines().map(str::to_owned).collect()
    }

    #[test]
    #[cfg(unix)]
    fn the_script_runs_the_same_steps_in_the_same_order() {
        let steps = by_default().unwrap();
        let called = called_by_the_script(&[("SOURCE_URI", "https://git.example.org/demo")]);
        assert_eq!(called.len(), steps.len(), "{called:#?}");
        for (step, call) in steps.iter().zip(&called) {
            let expected = format!("{} {}", step.gate, step.command);
            assert!(
                call.starts_with(expected.trim_end()),
                "{expected} is not `{call}`"
            );
        }
    }

    #[test]
    #[cfg(unix)]
    fn without_a_source_uri_nothing_is_attested() {
        let called = called_by_the_script(&[]);
        assert!(
            called.iter().all(|call| !call.starts_with("sign attest")),
            "{called:#?}"
        );
        assert_eq!(called.len(), by_default().unwrap().len() - 1);
    }

    #[test]
    #[cfg(unix)]
    fn released_lock_files_are_watched_where_that_is_asked_for() {
        let called = called_by_the_script(&[("GATES", "audit watch"), ("WATCH_TAGS", "3")]);
        let (audit, watch) = (&called[0], &called[1]);
        assert!(audit.starts_with("sbom-lite audit") && !audit.contains("--watch-tags"));
        assert!(watch.starts_with("sbom-lite audit") && watch.contains("--watch-tags 3"));
        assert_eq!(called.len(), 2);
    }

    #[test]
    fn what_is_quick_comes_first_and_signing_last() {
        let steps = by_default().unwrap();
        assert_eq!(steps[0].word, "pins");
        assert_eq!(steps.last().unwrap().command, "verify");
    }
}
