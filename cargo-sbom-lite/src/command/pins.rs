//! `cargo sbom-lite pins`.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::error::JudgeExt as _;
use release_gate::facts::report::pins::PinsData;
use release_gate::folders::cargo_home;
use release_gate::fs::throw_away_dir;
use release_gate::lock::{Lock, Locked};
use release_gate::process::{Finished, Step};
use release_gate::project::Project;
use release_gate::text::counted;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result, Subject};

use super::shared::{file_name, reports_of, whole_workspace};
use crate::judge::pins::{judge_pins, judge_sources};
use crate::model::config::Config;
use crate::model::url::redact_text;
use crate::read::cargo_config::registry_config;
use crate::read::{crates, lock, vendor};
use crate::{TOOL, rules};

pub(crate) fn run(cx: &mut Context, fetch: bool) -> Result<Outcome> {
    let locked = ask_locked(cx)?;
    if !locked.is_success() {
        return lock_differs(cx, &locked);
    }
    cx.project()?;
    let _config: Config = cx.config()?;
    if fetch {
        fetch_archives(cx)?;
    }
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let mut findings = Vec::new();
    if !is_committed(project)? {
        findings.push(
            Finding::new(
                &rules::PIN_LOCK,
                "Cargo.lock is not committed, or differs from the commit",
            )
            .at("Cargo.lock", None)
            .help("commit Cargo.lock"),
        );
    }
    let lock = lock::read_lock(&project.root.join("Cargo.lock"))?;
    let vendored = vendor::vendored_copies(&project.metadata)?;
    findings.extend(judge_pins(&project.metadata, &lock, &vendored));
    let sources = compare_all(project, &lock)?;
    findings.extend(sources.findings.iter().cloned());

    let data = PinsData {
        packages: lock.packages.len() as u64,
        vendored: vendored.len() as u64,
        compared: sources.compared,
    };
    let coverage = coverage_of(&lock, &sources);
    let packages = whole_workspace(cx, project);
    Ok(Outcome::Reports(reports_of(
        project,
        &packages,
        |subject| {
            Report::with_data(&TOOL, subject, &data)
                .findings(findings.clone())
                .coverage(coverage.clone())
                .summary(summary_of(&data))
        },
    )))
}

fn coverage_of(lock: &Lock, sources: &ComparedSources) -> Coverage {
    let mut coverage = Coverage::of(lock.packages.len());
    for (names, why) in [
        (
            &sources.without_archive,
            "the archive that Cargo.lock's checksum names is not on this machine",
        ),
        (
            &sources.from_git,
            "they come from a repository, and are not compared with its commit",
        ),
    ] {
        if !names.is_empty() {
            coverage.not_judged(
                &rules::NOT_JUDGED_SOURCE,
                format!("the sources of {}", names.join(", ")),
                names.len(),
                why,
            );
        }
    }
    coverage
}

fn summary_of(data: &PinsData) -> String {
    let mut summary = format!(
        "{} in Cargo.lock, {} compared with the archive",
        counted(data.packages, "package", "packages"),
        counted(data.compared, "source", "sources")
    );
    if data.vendored > 0 {
        summary.push_str(&format!(
            ", {}",
            counted(data.vendored, "vendored copy", "vendored copies")
        ));
    }
    summary
}

/// Sources on this machine beside the archives they should be from.
#[derive(Default)]
struct ComparedSources {
    compared: u64,
    /// `name version` of packages whose archive is not at hand.
    without_archive: Vec<String>,
    /// `name version` of packages of git repositories.
    from_git: Vec<String>,
    findings: Vec<Finding>,
}

/// Compares the sources of every registry package that the project uses with its archive.
fn compare_all(project: &Project, lock: &Lock) -> Result<ComparedSources> {
    let folders = cargo_home()
        .map(|home| crates::archive_folders(&home))
        .unwrap_or_default();
    let mut sources = ComparedSources::default();
    for package in &project.metadata.packages {
        let version = package.version.to_string();
        let Some(locked) = locked_as(package, lock) else {
            continue;
        };
        if locked.is_from_git() {
            sources.from_git.push(format!("{} {version}", package.name));
            continue;
        }
        let Some(checksum) = locked.checksum else {
            continue;
        };
        let shown = format!("{} {version}", package.name);
        let Some(archive) = crates::find_archive(&folders, &package.name, &version, checksum)
        else {
            sources.without_archive.push(shown);
            continue;
        };
        let folder = package
            .manifest_path
            .parent()
            .ok_or_else(|| Error::judge(format!("{shown} has no folder")))?
            .as_std_path();
        let difference = crates::compare_sources(&archive, folder, &shown)?;
        let place = public_folder(project, folder);
        sources
            .findings
            .extend(judge_sources(&shown, &place, &difference));
        sources.compared += 1;
    }
    Ok(sources)
}

/// What Cargo.lock says of a package: the entry of its source, else the only one of its name and
/// version (a registry may be spelt in two ways, as git index and as sparse one). `None` for folders.
fn locked_as<'a>(package: &Package, lock: &'a Lock) -> Option<&'a Locked> {
    let source = package.source.as_ref()?;
    let same: Vec<&Locked> = lock
        .packages
        .iter()
        .filter(|locked| {
            locked.name == package.name.as_str()
                && locked.version == package.version
                && locked.source.is_some()
        })
        .collect();
    if let [one] = same.as_slice() {
        return Some(one);
    }
    same.into_iter()
        .find(|locked| locked.source.as_deref() == Some(source.repr.as_str()))
}

/// A folder as reports show it: inside the workspace by its path, else by its own name.
fn public_folder(project: &Project, folder: &Path) -> String {
    match folder.strip_prefix(&project.root) {
        Ok(relative) => relative.to_string_lossy().replace('\\', "/"),
        Err(_) => file_name(folder),
    }
}

/// Lets cargo download the archives, also where the project's configuration replaces registries by
/// vendored copies: cargo reads the configuration of the folder it is started in, and not that of
/// the manifest's. What the project's configuration says about registries and the network is taken
/// along.
fn fetch_archives(cx: &mut Context) -> Result<()> {
    if cx.args().is_offline() {
        return Err(
            Error::usage("--fetch needs the network, which --offline forbids")
                .with_help("leave one of them out"),
        );
    }
    let root = cx.project()?.root.clone();
    cx.terminal
        .status("Fetching", "the archives that Cargo.lock names");
    let elsewhere = throw_away_dir("fetch")?;
    if let Some(text) = registry_config(&root, &cx.runner) {
        let folder = elsewhere.path().join(".cargo");
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("config.toml"), text))
            .or_judge(|| "cannot write into a temporary folder".to_owned())?;
    }
    let step = Step::cargo()
        .inherit_network_env()
        .args(["fetch", "--locked", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .current_dir(elsewhere.path());
    cx.runner.run(step)?.success().map_err(|error| {
        Error::judge("the archives cannot be fetched")
            .with_source(redact_text(&error.to_string()))
            .with_help("run it once while online, or leave --fetch out")
    })?;
    Ok(())
}

/// `cargo metadata --locked`, asked before the project is read: without the flag, cargo writes a
/// lock file that does not match anew.
fn ask_locked(cx: &Context) -> Result<Finished> {
    let args = cx.args();
    let offline = args.is_offline().then_some("--offline");
    let step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(args.manifest_args())
        .args(args.feature_args())
        .args(offline);
    Ok(cx.runner.run(step)?)
}

/// The verdict where cargo would change the lock file.
fn lock_differs(cx: &mut Context, locked: &Finished) -> Result<Outcome> {
    let stderr = locked.stderr_text();
    let drifted = stderr.contains("--locked") || stderr.contains("Cargo.lock");
    if !drifted {
        // Anything else is not a statement about the lock file: reading the project names it.
        cx.project()?;
    }

    cx.config::<Config>()?;
    let finding = Finding::new(
        &rules::PIN_LOCK,
        "Cargo.lock is missing or does not match Cargo.toml",
    )
    .at("Cargo.lock", None)
    .help("run `cargo generate-lockfile` or `cargo update --workspace`, and commit Cargo.lock");

    let data = PinsData {
        packages: 0,
        vendored: 0,
        compared: 0,
    };

    let mut coverage = Coverage::default();
    coverage.not_judged(
        &rules::NOT_JUDGED_LOCK,
        "the packages of Cargo.lock",
        1,
        "cargo would change the lock file",
    );

    let report = |subject| {
        Report::with_data(&TOOL, subject, &data)
            .findings([finding.clone()])
            .coverage(coverage.clone())
            .summary("remaining checks skipped until Cargo.lock is up to date")
    };

    // That the lock file is refused is known; the members of the workspace are known without it.
    Ok(match (cx.project().is_ok(), cx.loaded_project()) {
        (_, Some(project)) => {
            let packages = whole_workspace(cx, project);
            Outcome::Reports(reports_of(project, &packages, report))
        }
        _ => report(Subject::default()).print_only().into(),
    })
}

/// Whether Cargo.lock is what the commit holds; without a repository there is nothing to compare.
fn is_committed(project: &Project) -> Result<bool> {
    let lock = project.root.join("Cargo.lock");
    match (&project.git, &project.commit) {
        (Some(git), Some(commit)) => {
            let path = project.relative(&lock).unwrap_or_default();
            let committed = git.show(commit, &path)?;
            Ok(committed.is_some() && committed == std::fs::read(&lock).ok())
        }
        (Some(_), None) => Ok(false),
        _ => Ok(true),
    }
}
