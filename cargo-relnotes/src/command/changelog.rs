//! `cargo relnotes changelog` and `--changelog`: the one file of the work tree a call may ask to have
//! changed.

use std::path::{Path, PathBuf};

use cargo_metadata::Package;
use release_gate::cli::{Context, Outcome};
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Result};
use semver::Version;

use super::args::RangeArgs;
use super::session::Session;
use crate::compose::target::find_target;
use crate::compose::whole::compose_all;
use crate::model::folders::Folders;
use crate::model::release::{Named, PastRelease, Release};
use crate::report::changelog;
use crate::report::words::counted;

/// Writes the section of every selected package, or all of its history.
///
/// # Errors
/// A release cannot be composed, or a file cannot be written.
pub fn run(
    cx: &mut Context,
    range: &RangeArgs,
    all: bool,
    output: Option<&Path>,
) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    session.need_history()?;
    let mut histories: Vec<(PathBuf, Vec<PastRelease>)> = Vec::new();
    for package in &session.packages {
        let path = output.map_or_else(|| beside(package), Path::to_owned);
        if all {
            let to = session.request.to.as_deref();
            let target = find_target(cx.project()?, package, &session.config, to)?;
            cx.terminal
                .status("Reading", format!("all releases of {}", target.package));
            histories.push((path, compose_all(&session.git, &target, &session.config)?));
        } else {
            let composed = session.compose(cx, package)?;
            update_changelog(cx, &composed.release, path)?;
        }
    }

    match output {
        Some(path) if is_lockstep(&histories) && histories.len() > 1 => {
            // One version for all of them: one section tells of everything in the repository.
            let package = &session.packages[0];
            let to = session.request.to.as_deref();
            let mut target = find_target(cx.project()?, package, &session.config, to)?;
            target.location.folders = Folders::default();
            let mut releases = compose_all(&session.git, &target, &session.config)?;
            for release in &mut releases {
                release.changes.accounting.gather_scopes();
            }
            write_whole(cx, path, &releases, false)?;
        }
        Some(path) if histories.len() > 1 => {
            let mut releases: Vec<PastRelease> =
                histories.into_iter().flat_map(|(_, list)| list).collect();
            releases.sort_by(|a, b| {
                let by_name = || a.package.cmp(&b.package);
                b.time
                    .cmp(&a.time)
                    .then_with(by_name)
                    .then_with(|| b.version.cmp(&a.version))
            });
            write_whole(cx, path, &releases, true)?;
        }
        _ => {
            for (path, releases) in &histories {
                write_whole(cx, path, releases, false)?;
            }
        }
    }

    Ok(Outcome::Done)
}

/// Whether all packages were always released together, under one version.
fn is_lockstep(histories: &[(PathBuf, Vec<PastRelease>)]) -> bool {
    let steps = |releases: &[PastRelease]| -> Vec<(Version, Option<String>)> {
        releases
            .iter()
            .map(|release| (release.version.clone(), release.tag.clone()))
            .collect()
    };
    let mut all = histories.iter().map(|(_, releases)| steps(releases));
    let first = all.next();
    all.all(|other| Some(other) == first)
}

/// The changelog beside a package's manifest.
pub(super) fn beside(package: &Package) -> PathBuf {
    let folder = package.manifest_path.as_std_path().parent();
    folder.unwrap_or(Path::new("")).join("CHANGELOG.md")
}

/// Writes the changelog of all of history, where there is none.
fn write_whole(
    cx: &Context,
    path: &Path,
    releases: &[PastRelease],
    with_package: bool,
) -> Result<()> {
    let name = file_name(path);
    let text = changelog::whole(releases, with_package)?;
    let releases = counted(releases.len(), "release", "releases");

    match read_existing(path, &name)? {
        Some(there) if there.replace("\r\n", "\n") == text => {
            cx.terminal
                .status("Fresh", format!("{name} holds all of this already"));
            Ok(())
        }
        Some(_) => Err(Error::judge(format!(
            "{name} is there, and nothing was written over it: `--all` writes a changelog for a start"
        ))
        .with_help(
            "name another file with `--output FILE` and compare; `cargo relnotes changelog` adds one section to a file that is there",
        )),
        None if cx.args().dry_run => {
            let say = format!("{name} would be written, with {releases}");
            cx.terminal.status("Dry run", say);
            Ok(())
        }
        None => {
            write_atomic(path, text.as_bytes())?;
            cx.terminal
                .status("Writing", format!("{name} with {releases}"));
            Ok(())
        }
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn read_existing(path: &Path, name: &str) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).or_judge(|| format!("cannot read `{name}`")),
    }
}

/// Puts the section into the changelog at `path`.
pub(super) fn update_changelog(cx: &Context, release: &Release, path: PathBuf) -> Result<()> {
    if release.about.named == Named::Past {
        let tag = release.about.tag.as_deref().unwrap_or_default();
        return Err(Error::judge(format!(
            "the changelog was left alone: version {} was released as {tag}, and its section is about that",
            release.about.version
        ))
        .with_help("set the version of the next release in Cargo.toml, then run this again"));
    }

    let name = file_name(&path);
    let existing = read_existing(&path, &name)?;
    match changelog::insert(existing.as_deref(), release)? {
        changelog::Inserted::Unchanged => cx
            .terminal
            .status("Fresh", format!("{name} holds this section already")),
        changelog::Inserted::HandWritten => {
            cx.terminal.note(format!(
                "{name} has a section for {} that people wrote; it was left alone",
                release.about.version
            ));
        }
        changelog::Inserted::UnknownForm => {
            cx.terminal.warn(format!(
                "{name} was left alone: none of its headings names a version in a form known here; begin it with a heading such as `## [{}]`",
                release.about.version
            ));
        }
        changelog::Inserted::Changed(_) if cx.args().dry_run => {
            cx.terminal.status(
                "Dry run",
                format!(
                    "the section of {} would be put into {name}",
                    release.about.version
                ),
            );
        }
        changelog::Inserted::Changed(text) => {
            write_atomic(&path, text.as_bytes())?;
            cx.terminal.status(
                "Changed",
                format!("{name} has the section of {}", release.about.version),
            );
        }
    }

    Ok(())
}
