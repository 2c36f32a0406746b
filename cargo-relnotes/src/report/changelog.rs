//! A CHANGELOG.md after Keep a Changelog 1.1: one section for each release, put in once and
//! replaced in place.
//!
//! Must never: touch a line outside its own marks, or a section people wrote by hand.

use release_gate::time::iso_date;
use semver::Version;

use super::document::{Document, DocumentError};
use super::keep_a_changelog::write_changes;
use crate::model::prose;
use crate::model::release::Release;
use crate::read::changelog::{above_links, marked_start, versions};

/// What a file that does not exist yet starts with.
const INTRODUCTION: &str = "# Changelog\n\nAll notable changes to this project are documented in this file. The format is based on \
                            [Keep a Changelog](https://keepachangelog.com/en/1.1.0/), and this project adheres to \
                            [Semantic Versioning](https://semver.org/spec/v2.0.0.html).\n\n## [Unreleased]\n";

/// Why a changelog was left alone.
#[derive(Debug, thiserror::Error)]
pub enum ChangelogError {
    /// The section does not read back as it was put in.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Two headings name one version.
    #[error("{count} headings name version {version}")]
    TwoHeadings {
        /// The version.
        version: Version,
        /// How many.
        count: usize,
    },
    /// A begin mark without its end, or the other way round.
    #[error("the marks around version {version} are not a pair")]
    Marks {
        /// The version.
        version: Version,
    },
}

impl From<ChangelogError> for release_gate::Error {
    fn from(error: ChangelogError) -> Self {
        match error {
            ChangelogError::Document(error) => error.into(),
            other => Self::judge(format!("the changelog was left alone: {other}"))
                .with_help("mend the file by hand, then run this again"),
        }
    }
}

/// What became of a changelog.
#[derive(Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The new text.
    Changed(String),
    /// It holds this section already, to the letter.
    Unchanged,
    /// People wrote the section of this version by hand; it was left alone.
    HandWritten,
}

/// Puts the section of a release into a changelog, or replaces the one put in before. Words between
/// the marks for people stay.
///
/// # Errors
/// Two headings name the version, or the marks are broken.
pub fn insert(existing: Option<&str>, release: &Release) -> Result<Inserted, ChangelogError> {
    let crlf = existing.is_some_and(|text| text.contains("\r\n"));
    let before = existing.map(|text| text.replace("\r\n", "\n"));
    let text = before.as_deref().unwrap_or(INTRODUCTION);
    let version = &release.about.version;
    let begin = format!("<!-- relnotes: begin {version} -->");
    let end = format!("<!-- relnotes: end {version} -->");
    let headings = versions(text, &release.about.package);
    let mine = headings
        .iter()
        .filter(|(found, ..)| found == version)
        .count();
    if mine > 1 {
        return Err(ChangelogError::TwoHeadings {
            version: version.clone(),
            count: mine,
        });
    }
    let brackets = headings
        .first()
        .is_none_or(|(_, _, line)| line.contains('['));
    let fresh = render_section(release, brackets)?;
    let changed = match (text.find(&begin), text.find(&end)) {
        (Some(start), Some(stop)) if start < stop => {
            let stop = stop + end.len();
            let kept = prose::with_prose(&fresh, prose::prose(&text[start..stop])).unwrap_or(fresh);
            format!(
                "{}{begin}\n{}\n{end}{}",
                &text[..start],
                kept.trim_end(),
                &text[stop..]
            )
        }
        (None, None) if mine == 1 => return Ok(Inserted::HandWritten),
        (None, None) => {
            // Above the newest release, below what is unreleased.
            let at = match headings.first() {
                Some((_, offset, _)) => marked_start(text, *offset),
                None => above_links(text),
            };
            let (above, below) = (text[..at].trim_end(), text[at..].trim_start_matches('\n'));
            let gap = if below.is_empty() { "" } else { "\n" };
            format!(
                "{above}\n\n{begin}\n{}\n{end}\n{gap}{below}",
                fresh.trim_end()
            )
        }
        _ => {
            return Err(ChangelogError::Marks {
                version: version.clone(),
            });
        }
    };
    if before.as_deref() == Some(changed.as_str()) {
        return Ok(Inserted::Unchanged);
    }
    Ok(Inserted::Changed(if crlf {
        changed.replace('\n', "\r\n")
    } else {
        changed
    }))
}

fn render_section(release: &Release, brackets: bool) -> Result<String, DocumentError> {
    let about = &release.about;
    let version = if brackets {
        format!("[{}]", about.version)
    } else {
        about.version.to_string()
    };
    let mut document = Document::new();
    document.mark(prose::PROSE_BEGIN);
    document.mark(prose::PROSE_END);
    write_changes(
        &mut document,
        &release.changes,
        release.vulnerabilities.fixed(),
        about.links.as_ref(),
    );
    Ok(format!(
        "## {version} - {}\n\n{}",
        iso_date(about.time),
        document.finish()?
    ))
}
