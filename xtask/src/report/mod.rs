//! One page over a release that people look at: `cargo xtask gate --report` after a run, `cargo
//! xtask report` of what lies in an artifact folder.

mod details;
mod page;
mod read;
mod size;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::process::Step;
use release_gate::report::Status;
use release_gate::{Error, Finding, Result, exit};

use crate::shop::Shop;
use read::{Fact, Folder, REPORTS};

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

/// One gate's line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Name and version of the package, or what heads the column where the gate spoke of all at
    /// once.
    pub(crate) package: String,
    pub(crate) word: &'static str,
    /// How long it took, where that is known.
    pub(crate) seconds: Option<f64>,
    pub(crate) findings: Vec<Finding>,
}

/// Runs the task. The page says what the reports say; whether they are good is the gates' to judge.
/// A report that cannot be relied on is shown as not judged, and ends the task with that exit code.
pub(crate) fn run(shop: &Shop, args: &ReportArgs) -> Result<u8> {
    let help = "run the gates first, or name their folder with --artifact-dir";
    let names = read::packages(&args.artifact_dir).map_err(|error| {
        Error::judge(format!("cannot read `{}`", args.artifact_dir.display()))
            .with_source(error)
            .with_help(help)
    })?;
    let folders: Vec<Folder> = names
        .iter()
        .map(|(name, path)| read::folder(path, name))
        .collect();
    let lines: Vec<Line> = folders
        .iter()
        .flat_map(|folder| lines(folder, &REPORTS))
        .collect();
    if lines.iter().all(|line| line.word == "not run") {
        return Err(
            Error::judge(format!("`{}` holds no report", args.artifact_dir.display()))
                .with_help(help),
        );
    }
    write(&lines, &folders, &args.output)?;
    shop.terminal
        .status("Wrote", args.output.display().to_string());
    if let Some(picture) = &args.screenshot {
        photograph(shop, &args.output, picture)?;
        shop.terminal.status("Wrote", picture.display().to_string());
    }
    let mut code = exit::PASS;
    for folder in &folders {
        for (name, fact) in &folder.facts {
            if let Fact::Refused(reason) = fact {
                shop.terminal.warn(format!(
                    "{}/{name}.json counts for nothing: {reason}",
                    folder.title
                ));
                code = exit::ERROR;
            }
        }
    }
    Ok(code)
}

/// A line for each of these reports.
fn lines(folder: &Folder, reports: &[&'static str]) -> Vec<Line> {
    let line = |name: &&'static str| {
        let (word, findings) = match folder.fact(name) {
            // A gate that was left out is shown as such: its absence looks like a pass otherwise.
            Fact::Missing => ("not run", Vec::new()),
            Fact::Refused(reason) => {
                let error = Error::judge(format!("{}/{name}.json: {reason}", folder.title));
                (
                    "not judged",
                    vec![release_gate::report::not_judged_finding(
                        &error.with_help("run that gate again"),
                    )],
                )
            }
            Fact::Usable(envelope) => (word(envelope.status), envelope.findings.clone()),
        };
        let (name, package) = ((*name).to_owned(), folder.title.clone());
        Line {
            name,
            package,
            word,
            seconds: None,
            findings,
        }
    };
    reports.iter().map(line).collect()
}

/// `cargo xtask gate --report`: the page about these packages' folders below `root`. `lines` are
/// what the task's own calls said; reports of gates that it does not call (`others`) are read.
pub(crate) fn after_gating(
    mut said: Vec<Line>,
    others: &[&'static str],
    root: &Path,
    names: &BTreeSet<String>,
    path: &Path,
) -> Result<()> {
    let folders: Vec<Folder> = names
        .iter()
        .map(|name| read::folder(&root.join(name), name))
        .collect();
    for other in others {
        let of_gate: Vec<Line> = folders
            .iter()
            .flat_map(|folder| lines(folder, &[other]))
            .collect();
        // One column, as for the task's own calls: what is worst of all packages.
        let rank = [
            "passed",
            "nothing to judge",
            "not run",
            "failed",
            "not judged",
        ];
        let worst = of_gate
            .iter()
            .max_by_key(|line| rank.iter().position(|word| *word == line.word));
        said.push(Line {
            name: (*other).to_owned(),
            package: "verdict".to_owned(),
            word: worst.map_or("not run", |line| line.word),
            seconds: None,
            findings: of_gate
                .iter()
                .flat_map(|line| line.findings.clone())
                .collect(),
        });
    }
    write(&said, &folders, path)
}

/// A picture of the page as a browser shows it.
fn photograph(shop: &Shop, page: &Path, picture: &Path) -> Result<()> {
    let browser = std::env::var_os("BROWSER").unwrap_or_else(|| "chromium".into());
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| {
            Error::usage(format!("cannot find `{}`", path.display())).with_source(error)
        })
    };
    let (page, picture) = (absolute(page)?, absolute(picture)?);
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
        .timeout(std::time::Duration::from_secs(120));
    shop.runner.run(step)?.success()?;
    let taken = std::fs::read(&picture).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG"));
    if taken {
        Ok(())
    } else {
        Err(Error::judge(format!(
            "the browser left no `{}`",
            picture.display()
        )))
    }
}

/// The word a verdict is shown as.
pub(crate) fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "passed",
        Status::Fail => "failed",
        Status::Skipped => "nothing to judge",
        Status::Error | Status::Unsupported => "not judged",
    }
}

/// Writes the page.
fn write(lines: &[Line], folders: &[Folder], path: &Path) -> Result<()> {
    let title = folders
        .iter()
        .map(|folder| folder.title.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let page = page::render(&format!("Release report: {title}"), lines, folders);
    release_gate::fs::write_atomic(path, page.as_bytes())?;
    Ok(())
}
