//! The release in the project's own artifact folder.

use std::path::Path;

use release_gate::{Context, Finding, Result, Subject};

use crate::inspect::check_directory;
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::judge::verdict::{Verdict, Verified};
use crate::rules;

/// Judges the release in a project's artifact folder: it has to be of the package, version and
/// commit that are checked out.
///
/// # Errors
/// Something that is there cannot be read.
pub(super) fn judge_release(
    cx: &Context,
    subject: &Subject,
    dir: &Path,
    keys: &Keys,
) -> Result<Verdict> {
    let package = subject.package.as_deref().unwrap_or_default();
    let version = subject.version.as_deref().unwrap_or_default();
    cx.terminal
        .status("Verifying", format!("{package} {version}"));

    let mut verdict = check_directory(dir, keys, Extent::Folder)?;
    let other: Vec<_> = verdict
        .verified
        .iter()
        .flat_map(|verified| check_subject(verified, subject))
        .collect();
    verdict.findings.extend(other);
    Ok(verdict)
}

/// Whether a signature is of what is checked out.
fn check_subject(verified: &Verified, subject: &Subject) -> Vec<Finding> {
    let Some((_, comment)) = &verified.signed else {
        return Vec::new();
    };
    let commit = subject
        .commit
        .as_ref()
        .map_or_else(|| "none".to_owned(), ToString::to_string);

    let package = subject.package.as_deref().unwrap_or_default();
    let version = subject.version.as_deref().unwrap_or_default();
    let said = [
        (&rules::PROJECT_MISMATCH, comment.project.as_str(), package),
        (&rules::VERSION_MISMATCH, &comment.version, version),
        (&rules::COMMIT_MISMATCH, &comment.commit, &commit),
    ];

    said.into_iter()
        .filter(|(_, signed, checked_out)| signed != checked_out)
        .map(|(rule, signed, checked_out)| {
            let text = format!(
                "`{}` is signed for {signed}, and the project is at {checked_out}",
                verified.file
            );
            Finding::new(rule, text).help("run `cargo repro build` and `cargo sign pack` again")
        })
        .collect()
}
