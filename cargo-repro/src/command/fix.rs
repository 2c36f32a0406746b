//! `cargo repro fix`: writes the configuration that mends what the last check found, after asking.
//!
//! Only fixes that made a replay equal are written, and only beside what people wrote themselves.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use release_gate::artifacts::ArtifactDir;
use release_gate::error::JudgeExt;
use release_gate::facts::report::repro::{Cause, ConfigLine, ReproData, Variation};
use release_gate::fs::{throw_away_dir, write_atomic};
use release_gate::process::{Runner, Step};
use release_gate::project::Project;
use release_gate::report::Envelope;
use release_gate::{Context, Error, Fact, Outcome, Result};

use crate::edit::{toml as edit, workflows as ci};
use crate::model::config::Config;
use crate::rules;

/// What the last checks ask for.
#[derive(Debug, Default)]
struct Wanted {
    /// Lines of configuration that were tried.
    lines: Vec<ConfigLine>,
    /// What is to be done by hand, and why.
    by_hand: Vec<String>,
    builders: Builders,
    /// The compiler's release.
    checked_with: Option<String>,
    /// How many causes there were.
    causes: usize,
    /// Whether plain builds embed folders that sealed ones cancel.
    plain_builds_differ: bool,
}

/// Files that are changed: their text now, and as it is to be.
type Texts = BTreeMap<PathBuf, (String, String)>;

/// Runs the call.
///
/// # Errors
/// There is no check of this commit, nobody can be asked, or a file cannot be changed.
pub(crate) fn run(cx: &mut Context, yes: bool, toolchain: bool) -> Result<Outcome> {
    let source = cx.configuration()?.source().to_owned();
    let artifacts = cx.artifacts()?;
    cx.project()?;
    let config: Config = cx.config()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let root = project.root.clone();
    let top = project
        .git
        .as_ref()
        .map_or_else(|| root.clone(), |git| git.root().to_owned());

    let mut wanted = read_checks(project, &artifacts)?;
    if wanted.plain_builds_differ {
        let profile = config.profile.as_deref().unwrap_or("release");
        wanted.add_trimming(profile, trims_paths(&cx.runner, &root)?);
    }
    if toolchain {
        let line = toolchain_fix(&root, wanted.checked_with.as_deref())?;
        wanted.lines.push(line);
    }
    if wanted.causes == 0 && wanted.lines.is_empty() && !wanted.builders.epoch {
        for line in &wanted.by_hand {
            cx.terminal.note(line);
        }
        cx.terminal
            .status("Nothing", "to fix: the last check named no cause");
        return Ok(Outcome::Done);
    }

    // What mends plain builds, too, comes before what only sealed builds obey.
    wanted.lines.sort_by_key(|line| line.key == "repro.pin");
    let mut texts = Texts::new();
    let mut shown = edit_configuration(&mut wanted, &mut texts, &source, &root)?;
    shown.extend(edit_workflows(&mut wanted, &mut texts, &top));
    shown.dedup();
    texts.retain(|_, (old, new)| old != new);
    for line in &wanted.by_hand {
        cx.terminal.note(format!("to fix by hand: {line}"));
    }
    if texts.is_empty() {
        cx.terminal.status(
            "Nothing",
            "to write: no fix that was tried is a matter of configuration, or all are there",
        );
        return Ok(Outcome::Done);
    }

    cx.terminal.people(&shown.concat());
    if cx.args().dry_run {
        cx.terminal.status("Would write", names(&texts, &root));
        return Ok(Outcome::Done);
    }
    if !yes && !asked(cx)? {
        cx.terminal.status("Nothing", "was written");
        return Ok(Outcome::Done);
    }
    write_texts(&texts)?;
    cx.terminal.status("Wrote", names(&texts, &root));
    cx.terminal
        .note("commit it and run `cargo repro check` again");
    Ok(Outcome::Done)
}

/// The causes and fixes of each package's last check.
fn read_checks(project: &Project, artifacts: &ArtifactDir) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    for package in project.selected() {
        let folder = artifacts.for_package(&package.name, &package.version.to_string());
        let name = format!("{} {}", package.name, package.version);
        let (data, plain) = checked(folder.read_fact(&project.subject(package)), &name)?;
        wanted.plain_builds_differ |= plain;
        wanted.checked_with = wanted.checked_with.or(data.toolchain);
        wanted.builders.epoch |= !data.takes_epoch.is_empty();
        for cause in data.causes {
            wanted.add_cause(cause);
        }
    }
    Ok(wanted)
}

/// What the last check of a package found, and whether a plain build would differ all the same.
fn checked(fact: Fact<Envelope<ReproData>>, name: &str) -> Result<(ReproData, bool)> {
    let again = "run `cargo repro check` again";
    let error = match fact {
        Fact::Usable(report) => {
            let plain = report
                .findings
                .iter()
                .any(|finding| finding.rule == rules::PLAIN_BUILD.id);
            return Ok((report.data, plain));
        }
        Fact::Missing => Error::judge(format!("`{name}` was not checked yet"))
            .with_help("run `cargo repro check` first"),
        Fact::NotApplicable(why) => {
            Error::judge(format!("the check of `{name}` judged nothing: {why}"))
        }
        Fact::Stale(why) => Error::judge(format!(
            "the check of `{name}` says nothing about these sources: {why}"
        ))
        .with_help(again),
        Fact::Error(why) | Fact::OtherShape(why) => {
            Error::judge(format!("cannot read the check of `{name}`: {why}")).with_help(again)
        }
    };
    Err(error)
}

impl Wanted {
    /// The profile's own mapping of folders, for plain builds.
    fn add_trimming(&mut self, profile: &str, known: bool) {
        let key = format!("profile.{profile}.trim-paths");
        if known {
            self.lines.push(ConfigLine {
                file: "Cargo.toml".to_owned(),
                key,
                value: "\"object\"".to_owned(),
            });
        } else {
            self.by_hand.push(format!(
                "plain builds embed their folder; `{key} = \"object\"` will do, which this cargo does not have yet"
            ));
        }
    }

    fn add_cause(&mut self, cause: Cause) {
        self.causes += 1;
        let named = format!("{} ({})", cause.package, cause.variation.as_str());
        match cause.fix {
            Some(fix) if fix.confirmed && !fix.config.is_empty() => {
                self.builders.whole_history |= cause.variation == Variation::GitHistory;
                self.lines.extend(fix.config);
            }
            Some(fix) => self.by_hand.push(format!("{named}: {}", fix.text)),
            None => self.by_hand.push(format!("{named}: no fix is known")),
        }
    }
}

/// Whether the project's cargo knows `trim-paths`: it is asked about a package of the same features.
fn trims_paths(runner: &Runner, root: &Path) -> Result<bool> {
    let scratch = throw_away_dir("trim")?;
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let table: toml::Table = manifest.parse().unwrap_or_default();
    let mut question = toml::Table::new();
    if let Some(features) = table.get("cargo-features") {
        question.insert("cargo-features".to_owned(), features.clone());
    }
    let text = format!(
        "{question}[package]\nname = \"asked\"\nversion = \"0.0.0\"\n[lib]\npath = \"asked.rs\"\n[workspace]\n[profile.release]\ntrim-paths = \"object\"\n"
    );
    let path = scratch.path().join("Cargo.toml");
    std::fs::write(&path, text).or_judge(|| "cannot ask cargo for `trim-paths`".to_owned())?;

    let step = Step::new("cargo")
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .arg("--manifest-path")
        .arg(&path)
        .current_dir(root);
    Ok(runner.run(step)?.is_success())
}

/// Adds the wanted lines to their files; returns what is shown of it.
fn edit_configuration(
    wanted: &mut Wanted,
    texts: &mut Texts,
    source: &str,
    root: &Path,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for fix in &wanted.lines {
        let (path, key) = file_and_key(fix, source, root)?;
        let shown = shown_below(&path, root);
        let text = text_of(texts, &path, &shown)?;
        let keys: Vec<&str> = key.iter().map(String::as_str).collect();
        match edit::set(text, &keys, &fix.value) {
            Ok(Some(new)) => {
                *text = new;
                let masks = if fix.key == "repro.pin" {
                    "  (masks it: sealed builds only)"
                } else {
                    ""
                };
                lines.push(format!("  {shown}: {} = {}{masks}\n", fix.key, fix.value));
            }
            Ok(None) => {}
            // How programs are linked is people's own decision, and the rest is written all the
            // same.
            Err(edit::EditError::Taken(_)) if fix.key.starts_with("profile.") => {
                wanted.by_hand.push(format!(
                    "{shown} sets another `{}` than {}",
                    fix.key, fix.value
                ));
            }
            Err(error) => {
                return Err(Error::judge(format!("`{shown}` was not changed: {error}"))
                    .with_help(format!("set `{} = {}` by hand", fix.key, fix.value)));
            }
        }
    }

    Ok(lines)
}

/// A file's text as it is to be; empty for one that is not there yet.
fn text_of<'t>(texts: &'t mut Texts, path: &Path, shown: &str) -> Result<&'t mut String> {
    match texts.entry(path.to_owned()) {
        Entry::Occupied(entry) => Ok(&mut entry.into_mut().1),
        Entry::Vacant(entry) => {
            let text = match std::fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
                Err(error) => {
                    return Err(Error::judge(format!("cannot read `{shown}`")).with_source(error));
                }
            };
            Ok(&mut entry.insert((text.clone(), text)).1)
        }
    }
}

/// Changes what runs builds for the repository; returns what is shown of it.
fn edit_workflows(wanted: &mut Wanted, texts: &mut Texts, top: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, edit) in wanted.builders.edits(top) {
        let shown = shown_below(&path, top);
        let old = match texts.get(&path) {
            Some((_, text)) => text.clone(),
            None => match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(_) => continue,
            },
        };
        match (edit.make)(&old) {
            Ok(Some(new)) => {
                lines.push(format!("  {shown}: {}\n", edit.says));
                texts.entry(path).or_insert_with(|| (old, String::new())).1 = new;
            }
            Ok(None) => {}
            Err(taken) => wanted.by_hand.push(format!(
                "{shown} was not changed: {taken}; {} by hand",
                edit.by_hand
            )),
        }
    }

    lines
}

fn write_texts(texts: &Texts) -> Result<()> {
    for (path, (_, text)) in texts {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .or_judge(|| format!("cannot make `{}`", parent.display()))?;
        }
        write_atomic(path, text.as_bytes())?;
    }
    Ok(())
}

fn shown_below(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// The toolchain both builds of the check were made with, for everybody.
fn toolchain_fix(root: &Path, checked_with: Option<&str>) -> Result<ConfigLine> {
    let version = checked_with.ok_or_else(|| {
        Error::judge("the last check does not say which toolchain it used")
            .with_help("run `cargo repro check` again")
    })?;
    if root.join("rust-toolchain").is_file() {
        return Err(
            Error::usage("`rust-toolchain` is there already").with_help("set its channel by hand")
        );
    }
    Ok(ConfigLine {
        file: "rust-toolchain.toml".to_owned(),
        key: "toolchain.channel".to_owned(),
        value: format!("{version:?}"),
    })
}

/// What those who build with plain cargo need, of continuous integration.
#[derive(Debug, Clone, Copy, Default)]
struct Builders {
    whole_history: bool,
    epoch: bool,
}

/// What adds a setting to the text of such a file; `None` if it is there.
type Change = fn(&str) -> std::result::Result<Option<String>, ci::Taken>;

/// A change of a file of continuous integration.
#[derive(Debug, Clone, Copy)]
struct Edit {
    make: Change,
    says: &'static str,
    by_hand: &'static str,
}

impl Edit {
    fn of_history(make: Change) -> Self {
        Self {
            make,
            says: "the whole history is fetched",
            by_hand: "fetch the whole history there",
        }
    }

    fn of_epoch(make: Change) -> Self {
        Self {
            make,
            says: "SOURCE_DATE_EPOCH is the commit's time",
            by_hand: "set SOURCE_DATE_EPOCH to the commit's time there",
        }
    }
}

/// The workflows of GitHub below a repository's top folder.
fn github_workflows(top: &Path) -> Vec<PathBuf> {
    let mut workflows: Vec<PathBuf> = std::fs::read_dir(top.join(".github/workflows"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "yml" || ending == "yaml")
        })
        .collect();
    workflows.sort();
    workflows
}

impl Builders {
    /// What runs builds for this repository, each with a change of it.
    fn edits(self, top: &Path) -> Vec<(PathBuf, Edit)> {
        let workflows = github_workflows(top);
        let gitlab = top.join(".gitlab-ci.yml");

        let mut all = Vec::new();
        if self.whole_history {
            all.extend(
                workflows
                    .iter()
                    .map(|path| (path.clone(), Edit::of_history(ci::github))),
            );
            all.push((gitlab.clone(), Edit::of_history(ci::gitlab)));
        }

        if self.epoch {
            all.extend(
                workflows
                    .into_iter()
                    .map(|path| (path, Edit::of_epoch(ci::github_epoch))),
            );
            all.push((gitlab, Edit::of_epoch(ci::gitlab_epoch)));
        }

        all
    }
}

fn names(texts: &Texts, root: &Path) -> String {
    let shown: Vec<String> = texts.keys().map(|path| shown_below(path, root)).collect();
    shown.join(", ")
}

/// Asks anyone who sits at the terminal.
pub(super) fn asked(cx: &Context) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Error::usage("cannot ask: the standard input is not a terminal")
                .with_help("give --yes to write it, or --dry-run to see it"),
        );
    }
    cx.terminal.people("Write this? [y/N] ");
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .or_judge(|| "cannot read the answer".to_owned())?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The file and key a fix goes to: the project's own configuration stays where it is.
pub(super) fn file_and_key(
    fix: &ConfigLine,
    source: &str,
    root: &Path,
) -> Result<(PathBuf, Vec<String>)> {
    let mut key: Vec<String> = fix.key.split('.').map(str::to_owned).collect();
    if fix.file == ".cargo/config.toml" && root.join(".cargo/config").is_file() {
        return Ok((root.join(".cargo/config"), key));
    }
    if fix.file != "release-gates.toml" {
        return Ok((root.join(&fix.file), key));
    }
    if source.contains("metadata") {
        let manifest = root.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest)
            .or_judge(|| "cannot read `Cargo.toml`".to_owned())?;
        let table: toml::Table = text
            .parse()
            .or_judge(|| "cannot read `Cargo.toml`".to_owned())?;

        let of_package = table
            .get("package")
            .and_then(|package| package.get("metadata")?.get("release-gates"));
        let owner = if of_package.is_some() {
            "package"
        } else {
            "workspace"
        };
        let mut full = vec![
            owner.to_owned(),
            "metadata".to_owned(),
            "release-gates".to_owned(),
        ];
        full.append(&mut key);
        return Ok((manifest, full));
    }

    Ok((
        root.join(if source.is_empty() || !source.ends_with(".toml") {
            "release-gates.toml"
        } else {
            source
        }),
        key,
    ))
}
