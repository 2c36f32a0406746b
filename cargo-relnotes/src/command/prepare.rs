//! `cargo relnotes prepare`: puts the files people fill in into the work tree, where they are
//! committed with the release.
//!
//! Must never: write over anything. It is the one command that makes skeletons in the work tree, and
//! says so.

use std::path::{Path, PathBuf};

use release_gate::cli::{Context, Outcome};
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Result};
use release_gate_facts::files::{ADVISORIES_FOLDER, MIGRATION};

use super::args::RangeArgs;
use super::companions::{due_advisories, due_guide};
use super::session::{Composed, Session};
use crate::read::words::places;

/// Writes the skeletons for every selected package.
///
/// # Errors
/// The release cannot be composed, or a file cannot be written.
pub fn run(cx: &mut Context, range: &RangeArgs) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    session.need_history()?;
    let top = session.git.root().to_owned();
    for package in &session.packages {
        let Composed {
            target, release, ..
        } = session.compose(cx, package)?;
        let words = places(
            &session.config,
            &target.location,
            &target.package,
            &target.version,
        );
        let mut files: Vec<(String, String)> = vec![(
            first_of(&words.notes, "release-notes"),
            "<!-- Words for the top of the notes of this release; an empty file adds none. -->\n"
                .to_owned(),
        )];
        if let Some(guide) = due_guide(&release)? {
            files.push((first_of(&words.migration, MIGRATION), guide));
        }
        let folder = first_of(&words.advisories, ADVISORIES_FOLDER);
        for advisory in due_advisories(&release)? {
            files.push((format!("{folder}/{}", advisory.name), advisory.text));
        }
        for (path, text) in files {
            write_new(cx, &top, &path, &text)?;
        }
    }

    Ok(Outcome::Done)
}

/// Writes a file that is not there yet.
fn write_new(cx: &Context, top: &Path, path: &str, text: &str) -> Result<()> {
    let inside = !path.split('/').any(|part| part == "..");
    if !inside {
        return Err(Error::usage(format!(
            "`{path}` under [relnotes] leads out of the repository"
        )));
    }

    let target: PathBuf = top.join(path);
    if target.exists() {
        cx.terminal
            .status("Fresh", format!("{path} is there and was left alone"));
    } else if cx.args().dry_run {
        cx.terminal
            .status("Dry run", format!("{path} would be written"));
    } else {
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)
                .or_judge(|| format!("cannot make the folder of `{path}`"))?;
        }
        write_atomic(&target, text.as_bytes())?;
        cx.terminal
            .status("Writing", format!("{path}; fill it in and commit it"));
    }

    Ok(())
}

/// The first place of a list, which is the package's own.
fn first_of(places: &[String], usual: &str) -> String {
    places.first().cloned().unwrap_or_else(|| usual.to_owned())
}
