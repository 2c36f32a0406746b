//! The changelog of the project: the one file of the work tree a call may ask to have changed.

use std::path::PathBuf;

use release_gate::cli::Context;
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Result};

use crate::model::release::{Named, Release};
use crate::report::changelog;

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
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let existing = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).or_judge(|| format!("cannot read `{name}`")),
    };
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
