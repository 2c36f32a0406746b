//! `cargo xtask report`: the page of what lies in an artifact folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::process::Step;
use release_gate::{Error, Result, exit};

use super::folder::{self, Folder, Reading};
use super::known::{KnownReport, REPORTS};
use super::line::{Line, lines};
use super::page;
use crate::outcome::Outcome;
use crate::workspace::{Workspace, absolute};

/// What to do where there is no report.
const RUN_FIRST: &str = "run the gates first, or name their folder with --artifact-dir";

/// How long a browser may take for a picture.
const BROWSER_TIMEOUT: Duration = Duration::from_secs(120);

/// Write the page about the releases in an artifact folder
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  cargo xtask report\n  cargo xtask report --artifact-dir ../other/target/release-gates --output /tmp/report.html"
)]
pub(crate) struct ReportArgs {
    /// Folder the gates wrote to
    #[arg(long, value_name = "DIR", default_value = "target/release-gates")]
    artifact_dir: PathBuf,
    /// The page
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "target/release-gates/release-report.html"
    )]
    output: PathBuf,
    /// Also look at it: a picture of the page, taken by a headless browser (chromium, or what
    /// BROWSER names)
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
}

/// Runs the task. The page says what the reports say; whether they are good is the gates' to judge.
/// A report that cannot be relied on is shown as not judged, and ends the task with that exit code.
pub(crate) fn run(workspace: &Workspace, args: &ReportArgs) -> Result<u8> {
    let folders = read_folders(&args.artifact_dir)?;
    let lines: Vec<Line> = folders
        .iter()
        .flat_map(|folder| lines(folder, &REPORTS))
        .collect();
    if lines.iter().all(|line| line.outcome == Outcome::NotRun) {
        let message = format!("`{}` holds no report", args.artifact_dir.display());
        return Err(Error::judge(message).with_help(RUN_FIRST));
    }

    write(&lines, &folders, &args.output)?;
    workspace
        .terminal
        .status("Wrote", args.output.display().to_string());
    if let Some(picture) = &args.screenshot {
        photograph(workspace, &args.output, picture)?;
        workspace
            .terminal
            .status("Wrote", picture.display().to_string());
    }

    let refused: Vec<String> = folders.iter().flat_map(refusals).collect();
    for refusal in &refused {
        workspace.terminal.warn(refusal.clone());
    }
    Ok(if refused.is_empty() {
        exit::PASS
    } else {
        exit::ERROR
    })
}

fn read_folders(artifact_dir: &Path) -> Result<Vec<Folder>> {
    let packages = folder::packages(artifact_dir).map_err(|error| {
        Error::judge(format!("cannot read `{}`", artifact_dir.display()))
            .with_source(error)
            .with_help(RUN_FIRST)
    })?;
    let folders = packages.iter();
    Ok(folders
        .map(|(name, path)| Folder::read(path, name))
        .collect())
}

/// A sentence for each report that counts for nothing.
fn refusals(folder: &Folder) -> Vec<String> {
    let refusal = |report: &KnownReport| match folder.reading(report.name) {
        Reading::Refused(reason) => Some(format!(
            "{}/{} counts for nothing: {reason}",
            folder.title, report.file
        )),
        Reading::Missing | Reading::Said(_) => None,
    };
    REPORTS.iter().filter_map(refusal).collect()
}

/// `cargo xtask gate --report`: the page about these packages' folders below `root`. `said` is what
/// the task's own calls said; reports of gates that it does not call (`others`) are read.
pub(crate) fn after_gating(
    mut said: Vec<Line>,
    others: &[&str],
    root: &Path,
    names: &BTreeSet<String>,
    path: &Path,
) -> Result<()> {
    let folders: Vec<Folder> = names
        .iter()
        .map(|name| Folder::read(&root.join(name), name))
        .collect();

    for report in REPORTS
        .iter()
        .filter(|report| others.contains(&report.name))
    {
        let of_gate = folders.iter();
        said.extend(of_gate.flat_map(|folder| lines(folder, std::slice::from_ref(report))));
    }
    write(&said, &folders, path)
}

/// Writes the page.
fn write(lines: &[Line], folders: &[Folder], path: &Path) -> Result<()> {
    let titles: Vec<&str> = folders.iter().map(|folder| folder.title.as_str()).collect();
    let title = format!("Release report: {}", titles.join(", "));
    let page = page::render(&title, lines, folders);
    release_gate::fs::write_atomic(path, page.as_bytes())?;
    Ok(())
}

/// A picture of the page as a browser shows it.
fn photograph(workspace: &Workspace, page: &Path, picture: &Path) -> Result<()> {
    let browser = std::env::var_os("BROWSER").unwrap_or_else(|| "chromium".into());
    let page = absolute(page)?;
    let picture = absolute(picture)?;
    let profile = release_gate::fs::throw_away_dir("browser")?;
    let mut shot = std::ffi::OsString::from("--screenshot=");
    shot.push(&picture);
    let mut home = std::ffi::OsString::from("--user-data-dir=");
    home.push(profile.path());

    // The page has no script and may load nothing: there is nothing that the browser's own sandbox
    // would hold back.
    let step = Step::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1100,3000",
        ])
        .args([shot, home])
        .arg(page)
        .timeout(BROWSER_TIMEOUT);
    workspace.runner.run(step)?.success()?;

    let is_png = std::fs::read(&picture).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG"));
    if is_png {
        Ok(())
    } else {
        Err(Error::judge(format!(
            "the browser left no `{}`",
            picture.display()
        )))
    }
}
