//! One run through all gates, in the order of the table in `templates/gate.sh`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use release_gate::error::JudgeExt;
use release_gate::git::Git;
use release_gate::process::Step;
use release_gate::{Result, Subject, exit};
use serde::Deserialize;

use super::args::GateArgs;
use super::call::{self, Before, Call, Options};
use super::key::Key;
use super::row::Row;
use super::summary;
use crate::outcome::Outcome;
use crate::report::{self, Line};
use crate::steps;
use crate::verdict::{Signing, Verdict, code, signing, verdict};
use crate::workspace::{Programs, Workspace, absolute};

/// Reports of gates that this task does not call; a release may have been put through them before.
const OTHERS: [&str; 2] = ["verify-source", "rebuild"];

/// The word of the steps that sign.
const SIGN: &str = "sign";

/// Runs the task; the exit code is that of the worst gate.
pub(crate) fn run(workspace: &Workspace, args: GateArgs) -> Result<u8> {
    let steps = steps::by_default()?;
    let scratch = release_gate::fs::throw_away_dir("gate")?;
    let key = Key::choose(args.key.as_deref(), scratch.path())?;
    let own = workspace.root.join("Cargo.toml");
    let manifest = absolute(args.manifest_path.as_deref().unwrap_or(&own))?;
    let db = args.db.as_deref().map(absolute).transpose()?;

    let against = args.against.clone();
    let options = Options {
        since: against
            .as_deref()
            .filter(|rev| is_revision(workspace, &manifest, rev)),
        against: against.as_deref(),
        db,
        fetch: args.fetch,
        key,
    };
    // The scope ends when nothing is built any more.
    std::thread::scope(|scope| {
        let programs = Programs::build(scope, workspace, programs_of(&steps));
        let mut session = Session {
            workspace,
            programs,
            args,
            manifest,
            rows: Vec::new(),
        };
        session.run(steps, &options)
    })
}

/// The programs of some steps, in the order in which they are needed.
fn programs_of(steps: &[steps::Step]) -> Vec<String> {
    let mut programs = Vec::new();
    for step in steps {
        let program = step.program();
        if !programs.contains(&program) {
            programs.push(program);
        }
    }
    programs
}

/// Whether the release to compare with is a revision of the project's repository.
fn is_revision(workspace: &Workspace, manifest: &Path, rev: &str) -> bool {
    let git = manifest
        .parent()
        .and_then(|dir| Git::discover(dir, &workspace.runner).ok().flatten());
    git.is_some_and(|git| git.resolve(rev).is_ok())
}

struct Session<'a> {
    workspace: &'a Workspace,
    programs: Programs,
    args: GateArgs,
    manifest: PathBuf,
    rows: Vec<Row>,
}

impl Session<'_> {
    /// All steps, the page where it is asked for, and the table.
    fn run(&mut self, steps: Vec<steps::Step>, options: &Options<'_>) -> Result<u8> {
        let throw_away = options.key.is_throw_away();
        let (judging, signing_steps): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|step| step.word != SIGN);

        self.run_steps(&judging, options)?;
        if signing(&self.verdicts(), throw_away) == Signing::Withheld {
            self.workspace.terminal.note(
                "a gate did not pass, or could not judge, so nothing is signed with your key",
            );
        } else {
            self.make_key(&options.key)?;
            self.run_steps(&signing_steps, options)?;
        }

        if let Some(path) = self.args.report.clone() {
            self.write_report(&path)?;
        }
        // The table is the result; a reader that went away is no error.
        let _ = self.workspace.terminal.result(&summary::text(&self.rows));
        Ok(code(&self.verdicts(), throw_away))
    }

    fn run_steps(&mut self, steps: &[steps::Step], options: &Options<'_>) -> Result<()> {
        for step in steps {
            if let Some(call) = call::of(*step, options, self.before())? {
                self.judge(&call)?;
            }
        }
        Ok(())
    }

    /// What the gates so far said.
    fn before(&self) -> Before {
        let mut verdicts = self.rows.iter().map(|row| &row.verdict);
        Before {
            all_judged: verdicts
                .clone()
                .all(|verdict| verdict.outcome != Outcome::NotJudged),
            any_refused: verdicts.any(|verdict| verdict.code != exit::PASS),
        }
    }

    /// The flags every call of this session shares.
    fn step(&mut self, call: &Call) -> Result<Step> {
        let mut step = self
            .programs
            .gate(&call.program)?
            .args(&call.args)
            .arg("--manifest-path")
            .arg(&self.manifest);
        for package in &self.args.package {
            step = step.args(["-p", package]);
        }
        if let Some(dir) = &self.args.artifact_dir {
            step = step.arg("--artifact-dir").arg(dir);
        }
        if self.args.offline {
            step = step.arg("--offline");
        }
        Ok(step.args(["--message-format", "json"]))
    }

    /// Runs one gate and reads its verdict from its report; the exit code has to agree with it.
    fn judge(&mut self, call: &Call) -> Result<()> {
        let step = self.step(call)?;
        let terminal = &self.workspace.terminal;
        terminal.status("Gating", &call.name);
        let spinner = terminal.spinner("Gating");
        let clock = Instant::now();
        let finished = self
            .workspace
            .runner
            .run_with(step, |line| spinner.message(line.trim_start()))?;
        drop(spinner);

        let elapsed = clock.elapsed();
        let code = finished.status.code();
        let code = code.and_then(|code| u8::try_from(code).ok());
        let verdict = verdict(code.unwrap_or(exit::ERROR), &finished.stdout);
        if verdict.code != exit::PASS {
            terminal.people(&finished.stderr_text());
        }
        self.rows.push(Row {
            name: call.name.clone(),
            verdict,
            elapsed,
            file: call.file,
        });
        Ok(())
    }

    fn verdicts(&self) -> Vec<&Verdict> {
        self.rows.iter().map(|row| &row.verdict).collect()
    }

    /// Makes the key that is made for this run.
    fn make_key(&mut self, key: &Key) -> Result<()> {
        let Key::ThrowAway(path) = key else {
            return Ok(());
        };
        self.workspace.terminal.note(
            "no signing key is configured (--key, RELEASE_GATES_SIGNING_KEY): a temporary one is made",
        );
        let step = self
            .programs
            .gate("cargo-sign")?
            .args(["keygen", "--no-passphrase", "--out"])
            .arg(path);
        self.workspace.runner.run(step)?.success()?;
        Ok(())
    }

    /// `--report`: the page, from what the gates said and left behind.
    fn write_report(&self, path: &Path) -> Result<()> {
        let mut lines: Vec<Line> = self.rows.iter().flat_map(page_lines).collect();
        // What was withheld is shown as such.
        for name in ["sign pack", "sign verify"] {
            if !self.rows.iter().any(|row| row.name == name) {
                lines.push(Line::bare(name, report::ALL_PACKAGES, Outcome::NotRun));
            }
        }

        // Only what this session's gates wrote about: other versions' folders stay out.
        let reports = self.rows.iter().flat_map(|row| &row.verdict.reports);
        let names: BTreeSet<String> = reports
            .filter_map(|report| title(&report.subject))
            .collect();
        report::after_gating(lines, &OTHERS, &self.artifact_dir()?, &names, path)?;
        self.workspace
            .terminal
            .status("Wrote", path.display().to_string());
        Ok(())
    }

    /// Where the gates wrote to.
    fn artifact_dir(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.args.artifact_dir {
            return Ok(dir.clone());
        }

        /// What is needed of cargo's metadata.
        #[derive(Deserialize)]
        struct Metadata {
            target_directory: PathBuf,
        }
        let step = Step::cargo()
            .inherit_network_env()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .arg("--manifest-path")
            .arg(&self.manifest);
        let finished = self.workspace.runner.run(step)?.success()?;
        let metadata: Metadata = serde_json::from_slice(&finished.stdout)
            .or_judge(|| "cargo's metadata cannot be read".to_owned())?;
        Ok(metadata.target_directory.join("release-gates"))
    }
}

/// A row's lines on the page: one for each package where the gate spoke of each.
fn page_lines(row: &Row) -> Vec<Line> {
    let titles = row.verdict.reports.iter();
    let titles: Option<Vec<String>> = titles.map(|report| title(&report.subject)).collect();
    let reports = row.verdict.reports.iter();
    match titles {
        Some(titles) if !titles.is_empty() => titles
            .iter()
            .zip(reports)
            .map(|(title, report)| Line {
                elapsed: (titles.len() == 1).then_some(row.elapsed),
                findings: report.findings.clone(),
                coverage: report.coverage.clone(),
                ..Line::bare(&row.name, title, Outcome::of(report.status))
            })
            .collect(),
        _ => vec![Line {
            elapsed: Some(row.elapsed),
            findings: row.verdict.findings.clone(),
            coverage: row.verdict.coverage.clone(),
            ..Line::bare(&row.name, report::ALL_PACKAGES, row.verdict.outcome)
        }],
    }
}

/// `<package>-<version>`, where a report is about one package.
fn title(subject: &Subject) -> Option<String> {
    let package = subject.package.as_ref()?;
    let version = subject.version.as_ref()?;
    Some(format!("{package}-{version}"))
}
