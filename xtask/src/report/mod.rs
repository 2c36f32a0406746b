//! One page over a release that people look at: `cargo xtask gate --report` after a run, `cargo xtask report` of what lies in an artifact
//! folder.

mod page;
mod size;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use release_gate::process::Step;
use release_gate::report::{Envelope, Status};
use release_gate::{Error, Finding, Result, exit};
use serde_json::Value;

use crate::shop::Shop;
use size::Share;

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
    #[arg(short, long, value_name = "FILE", default_value = "target/release-gates/release-report.html")]
    output: PathBuf,
    /// Also look at it: a picture of the page, taken by a headless browser (chromium, or what BROWSER names)
    #[arg(long, value_name = "FILE")]
    screenshot: Option<PathBuf>,
}

/// One gate's line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Name and version of the package, or what heads the column where the gate spoke of all at once.
    pub(crate) package: String,
    pub(crate) word: &'static str,
    /// How long it took, where that is known.
    pub(crate) seconds: Option<f64>,
    pub(crate) findings: Vec<Finding>,
}

/// What a package left in its artifact folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folder {
    /// Name and version.
    pub(crate) title: String,
    /// `sbom.cdx.json`.
    pub(crate) sbom: Option<Value>,
    /// `compat.json`.
    pub(crate) compat: Option<Value>,
    /// `buildinfo.json`.
    pub(crate) buildinfo: Option<Value>,
    /// `vulns.json`.
    pub(crate) vulns: Option<Value>,
    /// Texts of the witnesses, by file name.
    pub(crate) witnesses: BTreeMap<String, String>,
    /// Names of the archives that can be downloaded.
    pub(crate) archives: Vec<String>,
    /// What fills each artifact, by its path.
    pub(crate) sizes: BTreeMap<String, Vec<Share>>,
}

/// The gates' reports in the order in which they are made.
const REPORTS: [&str; 10] = [
    "repro.json",
    "buildinfo.json",
    "sbom.json",
    "vulns.json",
    "licenses.json",
    "pins.json",
    "compat.json",
    "relnotes.json",
    "pack.json",
    "verify.json",
];

/// Runs the task. The page says what the reports say; whether they are good is the gates' to judge.
pub(crate) fn run(shop: &Shop, args: &ReportArgs) -> Result<u8> {
    let entries = std::fs::read_dir(&args.artifact_dir).map_err(|error| {
        Error::judge(format!("cannot read `{}`", args.artifact_dir.display()))
            .with_source(error)
            .with_help("run the gates first, or name their folder with --artifact-dir")
    })?;
    let names: BTreeSet<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("manifest.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut lines = Vec::new();
    for name in &names {
        for report in REPORTS {
            let path = args.artifact_dir.join(name).join(report);
            let (word, findings) = match std::fs::read(&path) {
                Ok(bytes) => {
                    let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|error| {
                        Error::judge(format!("`{}` is no report", path.display())).with_source(error)
                    })?;
                    (word(envelope.status), envelope.findings)
                }
                // A gate that was left out is shown as such: its absence looks like a pass otherwise.
                Err(_) => ("not run", Vec::new()),
            };
            lines.push(Line {
                name: report.trim_end_matches(".json").to_owned(),
                package: name.clone(),
                word,
                seconds: None,
                findings,
            });
        }
    }
    if lines.iter().all(|line| line.word == "not run") {
        return Err(Error::judge(format!("`{}` holds no report", args.artifact_dir.display()))
            .with_help("run the gates first, or name their folder with --artifact-dir"));
    }
    write(&lines, &args.artifact_dir, &names, &args.output)?;
    shop.terminal.status("Wrote", args.output.display().to_string());
    if let Some(picture) = &args.screenshot {
        photograph(shop, &args.output, picture)?;
        shop.terminal.status("Wrote", picture.display().to_string());
    }
    Ok(exit::PASS)
}

/// A picture of the page as a browser shows it.
fn photograph(shop: &Shop, page: &Path, picture: &Path) -> Result<()> {
    let browser = std::env::var_os("BROWSER").unwrap_or_else(|| "chromium".into());
    let absolute = |path: &Path| {
        std::path::absolute(path)
            .map_err(|error| Error::usage(format!("cannot find `{}`", path.display())).with_source(error))
    };
    let (page, picture) = (absolute(page)?, absolute(picture)?);
    let profile = release_gate::fs::throw_away_dir("browser")?;
    let mut shot = std::ffi::OsString::from("--screenshot=");
    shot.push(&picture);
    let mut home = std::ffi::OsString::from("--user-data-dir=");
    home.push(profile.path());
    // The page has no script and may load nothing: there is nothing that the browser's own sandbox would hold back.
    let step = Step::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1100,3000"])
        .args([shot, home])
        .arg(page)
        .timeout(std::time::Duration::from_secs(120));
    shop.runner.run(step)?.success()?;
    let taken = std::fs::read(&picture).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG"));
    if taken { Ok(()) } else { Err(Error::judge(format!("the browser left no `{}`", picture.display()))) }
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

/// Writes the page about these packages' folders below `root`.
pub(crate) fn write(lines: &[Line], root: &Path, names: &BTreeSet<String>, path: &Path) -> Result<()> {
    let folders: Vec<Folder> = names.iter().map(|name| folder(&root.join(name), name)).collect();
    let title = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let page = page::render(&format!("Release report: {title}"), lines, &folders);
    release_gate::fs::write_atomic(path, page.as_bytes())?;
    Ok(())
}

/// What fills each artifact a buildinfo names.
fn sizes(dir: &Path, buildinfo: &Value) -> Vec<(String, Vec<Share>)> {
    let artifacts = buildinfo["data"]["artifacts"].as_array().into_iter().flatten();
    let paths = artifacts.filter_map(|artifact| artifact["path"].as_str());
    paths
        // A report may come from elsewhere: only what lies in its folder is opened.
        .filter(|path| {
            Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)))
        })
        .filter_map(|path| {
            let shares = size::shares(&std::fs::read(dir.join(path)).ok()?);
            (!shares.is_empty()).then(|| (path.to_owned(), shares))
        })
        .collect()
}

/// What a package's artifact folder holds.
pub(crate) fn folder(dir: &Path, name: &str) -> Folder {
    let json =
        |file: &str| std::fs::read(dir.join(file)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let listing = |dir: PathBuf| {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let witnesses = listing(dir.join("witnesses"))
        .into_iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(dir.join("witnesses").join(&file)).ok()?;
            Some((format!("witnesses/{file}"), text))
        })
        .collect();
    let is_archive = |name: &String| [".tar.gz", ".tar.zst", ".zip"].iter().any(|end| name.ends_with(end));
    let buildinfo: Option<Value> = json("buildinfo.json");
    let sizes = buildinfo.iter().flat_map(|info| sizes(dir, info)).collect();
    Folder {
        title: name.to_owned(),
        sbom: json("sbom.cdx.json"),
        compat: json("compat.json"),
        buildinfo,
        sizes,
        vulns: json("vulns.json"),
        witnesses,
        archives: listing(dir.to_owned()).into_iter().filter(is_archive).collect(),
    }
}
