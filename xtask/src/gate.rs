//! `cargo xtask gate`: one release of a project through all five gates, with a table at the end.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use release_gate::git::Git;
use release_gate::process::Step;
use release_gate::report::Envelope;
use release_gate::report::render::visible;
use release_gate::{Error, Finding, Level, Result, exit};
use serde_json::Value;

use crate::report;
use crate::shop::{Programs, Shop};
use crate::table::table;
use crate::verdict::{Signing, Verdict, code, signing, verdict};

/// Reports of gates that this task does not call; a release may have been put through them before.
const OTHERS: [&str; 5] = [
    "verify-source",
    "rebuild",
    "licenses",
    "pins",
    "relnotes-check",
];

/// Gate a release of a project
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask gate\n  cargo xtask gate --manifest-path ../other/Cargo.toml --against v1.2.0\n  \
    cargo xtask gate --db ~/advisory-db --key release.key"
)]
pub(crate) struct GateArgs {
    /// The project's Cargo.toml [default: this repository's]
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// The release to compare with: a tag, revision, published version or folder [default: each
    /// gate finds its own]
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Only these packages of the workspace
    #[arg(short, long, value_name = "SPEC")]
    package: Vec<String>,
    /// The advisory database: a checkout of RustSec's advisory-db [default:
    /// RELEASE_GATES_ADVISORY_DB, or cargo's]
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,
    /// Clone or update the advisory database first
    #[arg(long, conflicts_with = "offline")]
    fetch: bool,
    /// Sign with this key instead of a throw-away one
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where reports and artifacts go [default: release-gates in the target folder of the project]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,
    /// Write a page about the release there, for people: verdicts, API changes, dependencies,
    /// sizes
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "release-report.html")]
    report: Option<PathBuf>,
    /// Do not use the network
    #[arg(long)]
    offline: bool,
}

/// One call of a gate, and what came of it.
#[derive(Debug)]
struct Row {
    name: &'static str,
    verdict: Verdict,
    seconds: Duration,
    file: &'static str,
}

/// A call to make: name shown, program, arguments, main file.
struct Call {
    name: &'static str,
    program: &'static str,
    args: Vec<OsString>,
    file: &'static str,
}

fn call(name: &'static str, program: &'static str, file: &'static str, args: &[&OsStr]) -> Call {
    Call {
        name,
        program,
        file,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
    }
}

/// Runs the task; the exit code is that of the worst gate.
pub(crate) fn run(shop: &Shop, args: GateArgs) -> Result<u8> {
    let programs = shop.programs()?;
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| {
            Error::usage(format!("cannot find `{}`", path.display())).with_source(error)
        })
    };
    let manifest = absolute(
        args.manifest_path
            .as_deref()
            .unwrap_or(&shop.root.join("Cargo.toml")),
    )?;
    let scratch = release_gate::fs::throw_away_dir("gate")?;
    let from_environment =
        std::env::var_os("RELEASE_GATES_SIGNING_KEY").is_some_and(|key| !key.is_empty());
    let key = match &args.key {
        Some(path) => Key::Named(absolute(path)?),
        None if from_environment => Key::Environment,
        None => Key::ThrowAway(scratch.path().join("throw-away")),
    };
    let db = args.db.as_deref().map(absolute).transpose()?;

    let throw_away = matches!(key, Key::ThrowAway(_));
    let mut session = Session {
        shop,
        programs,
        args,
        manifest,
        rows: Vec::new(),
    };
    for call in session.judging_calls(db.as_deref()) {
        session.judge(&call)?;
    }
    let notes = session.notes_call();
    session.judge(&notes)?;
    match signing(&session.verdicts(), throw_away) {
        Signing::Withheld => {
            shop.terminal.note(
                "a gate did not pass, or could not judge, so nothing is signed with your key",
            );
        }
        signing => session.sign(&key, signing == Signing::DespiteRefusals)?,
    }
    if let Some(path) = session.args.report.clone() {
        session.write_report(&path)?;
    }
    Ok(session.conclude(throw_away))
}

/// What is signed with.
enum Key {
    Named(PathBuf),
    /// `cargo sign` reads it from RELEASE_GATES_SIGNING_KEY.
    Environment,
    /// One that is made for this run, in a folder that goes with it.
    ThrowAway(PathBuf),
}

struct Session<'a> {
    shop: &'a Shop,
    programs: Programs,
    args: GateArgs,
    manifest: PathBuf,
    rows: Vec<Row>,
}

impl Session<'_> {
    /// The gates before signing, in the order in which their facts are needed.
    fn judging_calls(&self, db: Option<&Path>) -> Vec<Call> {
        let os = OsStr::new;
        let against = self.args.against.as_deref().map(os);
        let compat: Vec<&OsStr> = against
            .iter()
            .flat_map(|rev| [os("--against"), rev])
            .collect();
        let mut audit = vec![os("audit")];
        audit.extend(db.iter().flat_map(|db| [os("--db"), db.as_os_str()]));
        if self.args.fetch {
            audit.push(os("--fetch"));
        }
        vec![
            call(
                "repro check",
                "cargo-repro",
                "repro.json",
                &[os("check"), os("--allow-dirty")],
            ),
            call(
                "repro build",
                "cargo-repro",
                "buildinfo.json",
                &[os("build"), os("--allow-dirty")],
            ),
            call(
                "sbom-lite",
                "cargo-sbom-lite",
                "sbom.cdx.json",
                &[os("generate")],
            ),
            call(
                "sbom-lite licenses",
                "cargo-sbom-lite",
                "licenses.json",
                &[os("licenses")],
            ),
            call(
                "sbom-lite pins",
                "cargo-sbom-lite",
                "pins.json",
                &[os("pins")],
            ),
            call("sbom-lite audit", "cargo-sbom-lite", "vulns.json", &audit),
            call("compat", "cargo-compat", "compat.json", &compat),
        ]
    }

    /// Notes, from what the others found. Without a word on vulnerabilities they can only be a
    /// draft, which says so.
    fn notes_call(&self) -> Call {
        let os = OsStr::new;
        let against = self.args.against.as_deref().map(os);
        // Notes are made for a range of commits: only a revision of this repository can begin one.
        let since: Vec<&OsStr> = against
            .filter(|rev| self.is_revision(rev))
            .iter()
            .flat_map(|rev| [os("--since"), rev])
            .collect();
        let judged = self.rows.iter().all(|row| row.verdict.word != "not judged");
        let phase = os(if judged { "final" } else { "draft" });
        let name = if judged {
            "relnotes"
        } else {
            "relnotes (draft)"
        };
        call(
            name,
            "cargo-relnotes",
            "RELEASE_NOTES.md",
            &[vec![os("--phase"), phase], since].concat(),
        )
    }

    fn is_revision(&self, rev: &OsStr) -> bool {
        let git = self
            .manifest
            .parent()
            .and_then(|dir| Git::discover(dir, &self.shop.runner).ok().flatten());
        git.zip(rev.to_str())
            .is_some_and(|(git, rev)| git.resolve(rev).is_ok())
    }

    /// The flags every call of this session shares.
    fn step(&self, program: &str, args: &[OsString]) -> Step {
        let mut step = self
            .programs
            .gate(program)
            .args(args)
            .arg("--manifest-path")
            .arg(&self.manifest);
        for package in &self.args.package {
            step = step.args(["-p", package]);
        }
        if let Some(dir) = &self.args.artifact_dir {
            step = step.arg("--artifact-dir").arg(dir);
        }
        if self.args.offline {
            step.arg("--offline")
        } else {
            step
        }
    }

    /// Runs one gate and reads its verdict from its report; the exit code has to agree with it.
    fn judge(&mut self, call: &Call) -> Result<()> {
        self.shop.terminal.status("Gating", call.name);
        let spinner = self.shop.terminal.spinner("Gating");
        let step = self
            .step(call.program, &call.args)
            .args(["--message-format", "json"]);
        let clock = Instant::now();
        let finished = self
            .shop
            .runner
            .run_with(step, |line| spinner.message(line.trim_start()))?;
        drop(spinner);
        let seconds = clock.elapsed();
        let code = finished
            .status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(exit::ERROR);
        let verdict = verdict(code, &finished.stdout);
        if verdict.code != exit::PASS {
            self.shop.terminal.people(&finished.stderr_text());
        }
        self.rows.push(Row {
            name: call.name,
            verdict,
            seconds,
            file: call.file,
        });
        Ok(())
    }

    fn verdicts(&self) -> Vec<&Verdict> {
        self.rows.iter().map(|row| &row.verdict).collect()
    }

    /// Packs and verifies. What was refused is packed with a throw-away key only, to see the rest
    /// work.
    fn sign(&mut self, key: &Key, refused: bool) -> Result<()> {
        if let Key::ThrowAway(path) = key {
            self.shop.terminal.note(
                "no signing key is configured (--key, RELEASE_GATES_SIGNING_KEY): a throw-away one is made",
            );
            self.make_key(path)?;
        }
        let os = OsStr::new;
        let mut public = OsString::new();
        let mut pack = vec![os("pack")];
        if refused {
            pack.push(os("--despite-refusals"));
        }
        if let Key::Named(path) | Key::ThrowAway(path) = key {
            pack.extend([os("--key"), path.as_os_str()]);
            path.as_os_str().clone_into(&mut public);
            public.push(".pub");
        }
        self.judge(&call("sign pack", "cargo-sign", "checksums.txt", &pack))?;
        let with_public: &[&OsStr] = if Path::new(&public).is_file() {
            &[os("--key"), &public]
        } else {
            &[]
        };
        let verify = [&[os("verify")], with_public].concat();
        self.judge(&call("sign verify", "cargo-sign", "verify.json", &verify))
    }

    fn make_key(&self, key: &Path) -> Result<()> {
        let step = self
            .programs
            .gate("cargo-sign")
            .args(["keygen", "--no-passphrase", "--out"])
            .arg(key);
        self.shop.runner.run(step)?.success()?;
        Ok(())
    }

    /// `--report`: the page, from what the gates said and left behind.
    fn write_report(&self, path: &Path) -> Result<()> {
        let step = Step::cargo()
            .inherit_network_env()
            .args([
                "metadata",
                "--no-deps",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(&self.manifest);
        let metadata: Value = serde_json::from_slice(
            &self.shop.runner.run(step)?.success()?.stdout,
        )
        .map_err(|error| Error::judge("cargo's metadata cannot be read").with_source(error))?;
        let target = PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target"));
        let root = self
            .args
            .artifact_dir
            .clone()
            .unwrap_or_else(|| target.join("release-gates"));
        let line = |name: &str, word, seconds, findings| {
            let (name, package) = (name.to_owned(), "verdict".to_owned());
            report::Line {
                name,
                package,
                word,
                seconds,
                findings,
            }
        };
        let mut lines: Vec<report::Line> = Vec::new();
        for row in &self.rows {
            let (verdict, seconds) = (&row.verdict, Some(row.seconds.as_secs_f64()));
            lines.push(line(
                row.name,
                verdict.word,
                seconds,
                verdict.findings.clone(),
            ));
        }
        // What was withheld is shown as such.
        for name in ["sign pack", "sign verify"] {
            if !self.rows.iter().any(|row| row.name == name) {
                lines.push(line(name, "not run", None, Vec::new()));
            }
        }
        // Only what this session's gates wrote about: other versions' folders stay out.
        let names: BTreeSet<String> = self
            .rows
            .iter()
            .filter_map(|row| row.verdict.envelope.as_ref())
            .flat_map(subjects)
            .collect();
        report::after_gating(lines, &OTHERS, &root, &names, path)?;
        self.shop
            .terminal
            .status("Wrote", path.display().to_string());
        Ok(())
    }

    /// Prints the table and what is to be done, and settles the exit code.
    fn conclude(&self, throw_away: bool) -> u8 {
        let rows: Vec<[String; 4]> = self
            .rows
            .iter()
            .map(|row| {
                let written = matches!(row.verdict.code, exit::PASS | exit::FAIL)
                    || row.verdict.lacks_database;
                let file = if written { row.file } else { "" };
                [
                    row.name.to_owned(),
                    row.verdict.word.to_owned(),
                    format!("{:.1} s", row.seconds.as_secs_f64()),
                    file.to_owned(),
                ]
            })
            .collect();
        let text = table(
            ["gate", "verdict", "time", "file"],
            &rows,
            |row, column, cell| {
                if column != 1 {
                    return cell.to_owned();
                }
                let style = self.rows[row].verdict.style();
                format!("{style}{cell}{style:#}")
            },
        );
        let mut out = format!("\n{text}\n");
        for row in &self.rows {
            // Several packages may have the same to say.
            let told: Vec<&Finding> = row
                .verdict
                .findings
                .iter()
                .filter(|finding| finding.level > Level::Note)
                .collect();
            let same = |a: &Finding, b: &Finding| {
                (&a.rule, &a.message, &a.help) == (&b.rule, &b.message, &b.help)
            };
            for (index, finding) in told.iter().enumerate() {
                if told[..index].iter().any(|other| same(other, finding)) {
                    continue;
                }
                let times = told.iter().filter(|other| same(other, finding)).count();
                let packages = if times > 1 {
                    format!(" ({times} packages)")
                } else {
                    String::new()
                };
                let style = row.verdict.style();
                out.push_str(&format!(
                    "  {style}{}{style:#}[{}]: {}{packages}\n",
                    row.name,
                    finding.rule,
                    visible(&finding.message)
                ));
                if let Some(help) = &finding.help {
                    out.push_str(&format!("    help: {}\n", visible(help)));
                }
            }
        }
        // Last, where nobody overlooks it: without this line the exit code might be taken for a
        // release that passed.
        for row in self.rows.iter().filter(|row| row.verdict.lacks_database) {
            out.push_str(&format!(
                "\nnot judged: {} (no advisory database); this is no release\n",
                row.name
            ));
        }
        // The table is the result; a reader that went away is no error.
        let _ = self.shop.terminal.result(&out);
        code(&self.verdicts(), throw_away)
    }
}

/// `<package>-<version>` of everything a report is about.
fn subjects(envelope: &Envelope) -> Vec<String> {
    let one = |subject: &Value| {
        Some(format!(
            "{}-{}",
            subject["package"].as_str()?,
            subject["version"].as_str()?
        ))
    };
    let own = serde_json::to_value(&envelope.subject).ok();
    let joined = envelope.data["reports"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|report| &report["subject"]);
    own.iter().chain(joined).filter_map(one).collect()
}
