//! RELEASE_NOTES.md in the default layout.
//!
//! Must never: repeat a fact that is not usable as if it were, or leave out that one is missing.

use release_gate::time::iso_date;

use super::changes::{self, Style};
use super::document::{Document, DocumentError, Part};
use super::verified;
use super::words::counted;
use crate::model::bump::release_title;
use crate::model::prose::{LONGEST_BODY, PROSE_BEGIN, PROSE_END};
use crate::model::release::{About, Named, Range, Release, ReleaseType};
use crate::model::sections::Section;

/// Renders the notes with nothing between the marks for people's prose. Notes that would be too
/// long for a forge list the first lines of each long section and say how many there are; breaking
/// changes and security are never shortened.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(release: &Release) -> Result<String, DocumentError> {
    // Room for people's own words.
    const ROOM: usize = LONGEST_BODY / 10;
    let mut text = render_lines(release, usize::MAX)?;
    for most in [1_000, 500, 200, 100, 50, 20] {
        if text.len() <= LONGEST_BODY - ROOM || text.chars().count() <= LONGEST_BODY - ROOM {
            break;
        }
        text = render_lines(release, most)?;
    }
    Ok(text)
}

/// The notes with at most so many lines in each section.
fn render_lines(release: &Release, most: usize) -> Result<String, DocumentError> {
    let Release { about, range, .. } = release;
    let mut document = Document::new();
    document.heading(1, &[Part::Text(&title(about))]);
    document.paragraph(&[Part::Text(&opening(about, range))]);
    document.mark(PROSE_BEGIN);
    document.mark(PROSE_END);
    write_body(&mut document, release, most);

    let is_first = range.before().is_none();
    let people = changes::People {
        people: &release.changes.contributors,
        is_first,
        links: about.links.as_ref(),
    };
    changes::contributors(&mut document, people, most);
    verified::verification(&mut document, release);
    document.finish()
}

/// The sections about what changed.
fn write_body(document: &mut Document, release: &Release, most: usize) {
    let Release {
        about,
        changes,
        vulnerabilities,
        evidence,
        ..
    } = release;

    let style = Style {
        level: 2,
        most,
        links: about.links.as_ref(),
    };

    let mut nothing = true;
    for section in changes.accounting.layout.order().iter().copied() {
        if section == Section::Other {
            verified::known_issues(
                document,
                vulnerabilities,
                &evidence.facts,
                about,
                style.level,
            );
        }
        let before = document.len();
        match section {
            Section::Breaking => changes::breaking(document, changes, style),
            Section::Security => changes::security(
                document,
                &changes.accounting,
                vulnerabilities.fixed(),
                about.is_library,
                style,
            ),
            Section::Dependencies => changes::dependencies(document, changes, style),
            other => changes::plain(document, &changes.accounting, other, style),
        }
        if section == Section::Deprecated {
            changes::compatibility(document, changes.manifest.as_ref(), evidence, style.level);
        }
        nothing &= document.len() == before;
    }

    if nothing {
        document.paragraph(&[Part::Text("No user-visible changes.")]);
    }
    changes::upkeep(document, &changes.accounting, style);
}

/// `demo 1.2.0 (2026-11-21)`.
pub fn title(about: &About) -> String {
    let version = match about.named {
        Named::Past => "unreleased".to_owned(),
        _ => about.version.to_string(),
    };
    format!("{} {version} ({})", about.package, iso_date(about.time))
}

/// What kind of release, and since when.
pub fn opening(about: &About, range: &Range) -> String {
    let commits = counted(range.counted, "commit", "commits");
    match range.before() {
        None => format!("First release: {commits}, all of the history."),
        Some(before) => {
            let kind = match about.named {
                Named::Past => "Not released yet".to_owned(),
                _ if about.version.major == 0 && range.release_type == ReleaseType::Major => {
                    format!(
                        "{} (as cargo counts versions below 1.0)",
                        release_title(range.release_type)
                    )
                }
                _ => release_title(range.release_type).to_owned(),
            };
            format!(
                "{kind}: {commits} since {} ({}).",
                before.tag,
                iso_date(before.time)
            )
        }
    }
}
