//! RELEASE_NOTES.md in the default layout, and the marks around the words people write themselves.
//!
//! Must never: repeat a fact that is not usable as if it were, or leave out that one is missing.

use release_gate::time::iso_date;

use super::document::{Document, DocumentError, Part};
use super::{changes, verified};
use crate::model::account::Sums;
use crate::model::bump::ReleaseType;
use crate::model::release::{Named, Phase, Release};
use crate::model::sections::Section;

/// Marks around the part people write by hand; it is kept when the notes are made again.
pub const PROSE_BEGIN: &str = "relnotes: write your own words below this line";
/// The end of that part.
pub const PROSE_END: &str = "relnotes: end of your own words";

/// The longest body GitHub accepts for a release, in characters.
pub const LONGEST_BODY: usize = 125_000;

/// Renders the notes with nothing between the marks for people's prose. Notes that would be too
/// long for a forge list the first lines of each long section and say how many there are; breaking
/// changes and security are never shortened.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(release: &Release) -> Result<String, DocumentError> {
    // Room for people's own words.
    const ROOM: usize = LONGEST_BODY / 10;
    let mut text = shortened(release, usize::MAX)?;
    for most in [1_000, 500, 200, 100, 50, 20] {
        if text.len() <= LONGEST_BODY - ROOM || text.chars().count() <= LONGEST_BODY - ROOM {
            break;
        }
        text = shortened(release, most)?;
    }
    Ok(text)
}

fn shortened(release: &Release, most: usize) -> Result<String, DocumentError> {
    let mut document = Document::new();
    document.heading(1, &[Part::Text(&title(release))]);
    document.paragraph(&[Part::Text(&opening(release))]);
    if release.phase == Phase::Draft {
        document.paragraph(&[Part::Text(
            "This is a draft: digests and verdicts are those known so far.",
        )]);
    }
    document.mark(PROSE_BEGIN);
    document.mark(PROSE_END);
    body(&mut document, release, most);
    verified::verification(&mut document, release);
    changes::contributors(&mut document, release, most);
    document.heading(2, &[Part::Text("Accounting")]);
    document.paragraph(&[Part::Text(&accounting(&release.accounting.sums()))]);
    document.finish()
}

/// The sections about what changed.
fn body(document: &mut Document, release: &Release, most: usize) {
    let mut nothing = true;
    for section in Section::ALL {
        if section == Section::Other {
            verified::known_issues(document, release, 2);
        }
        let before = document.len();
        match section {
            Section::Breaking => changes::breaking(document, release, 2),
            Section::Security => changes::security(document, release, 2),
            Section::Dependencies => changes::dependencies(document, release, 2, most),
            other => changes::plain(document, release, other, 2, most),
        }
        if section == Section::Deprecated {
            changes::compatibility(document, release, 2);
        }
        nothing &= document.len() == before;
    }
    if nothing {
        document.paragraph(&[Part::Text("Nothing changed for those who use it.")]);
    }
}

/// `demo 1.2.0 (2026-11-21)`.
pub fn title(release: &Release) -> String {
    let version = match release.named {
        Named::Past => "unreleased".to_owned(),
        _ => release.version.to_string(),
    };
    format!("{} {version} ({})", release.package, iso_date(release.time))
}

/// What kind of release, and since when.
pub fn opening(release: &Release) -> String {
    let commits = count(release.counted, "commit");
    match &release.predecessor.release {
        None => format!("First release: {commits}, all of the history."),
        Some(before) => {
            let kind = match release.named {
                Named::Past => "Not released yet".to_owned(),
                _ if release.version.major == 0 && release.release_type == ReleaseType::Major => {
                    format!(
                        "{} (as cargo counts versions below 1.0)",
                        release.release_type.title()
                    )
                }
                _ => release.release_type.title().to_owned(),
            };
            format!(
                "{kind}: {commits} since {} ({}).",
                before.tag,
                iso_date(before.time)
            )
        }
    }
}

/// `1 commit`, `2 commits`, `2 advisories`.
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// The accounting as a sentence.
pub fn accounting(sums: &Sums) -> String {
    let mut parts = vec![format!("{} listed", sums.listed)];
    let mut add = |number: usize, what: &str| {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    };
    add(sums.folded, "folded into other lines");
    add(sums.merge, if sums.merge == 1 { "merge" } else { "merges" });
    add(sums.cancelled, "cancelled by reverts of this release");
    let hidden: usize = sums.hidden.values().sum();
    let rules: Vec<String> = sums
        .hidden
        .iter()
        .map(|(rule, number)| format!("{rule} {number}"))
        .collect();
    add(hidden, &format!("hidden ({})", rules.join(", ")));
    format!(
        "All {} of the range: {}.",
        count(sums.total, "commit"),
        parts.join(", ")
    )
}

/// The text with what people wrote between the marks taken out: what generation answers for.
pub fn generated_part(notes: &str) -> String {
    match prose_range(notes) {
        Some((start, end)) => format!("{}{}", &notes[..start], &notes[end..]),
        None => notes.to_owned(),
    }
}

/// What people wrote between the marks.
pub fn prose(notes: &str) -> Option<&str> {
    let (start, end) = prose_range(notes)?;
    let text = notes[start..end].trim_matches(['\n', '\r']);
    (!text.trim().is_empty()).then_some(text)
}

/// Puts people's words between the marks; `None` where there are words and no marks.
pub fn with_prose(notes: &str, prose: Option<&str>) -> Option<String> {
    match (prose_range(notes), prose) {
        (_, None) => Some(notes.to_owned()),
        (Some((start, end)), Some(prose)) => Some(format!(
            "{}\n\n{prose}\n\n{}",
            &notes[..start],
            &notes[end..]
        )),
        (None, Some(_)) => None,
    }
}

/// Where people's words are: behind the first mark, before the second, line breaks at both ends
/// included.
fn prose_range(notes: &str) -> Option<(usize, usize)> {
    let begin = format!("<!-- {PROSE_BEGIN} -->");
    let start = notes.find(&begin)? + begin.len();
    let end = start + notes[start..].find(&format!("<!-- {PROSE_END} -->"))?;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_survives() {
        let notes = format!("# x\n\n<!-- {PROSE_BEGIN} -->\n\n<!-- {PROSE_END} -->\n\n## y\n");
        let edited = with_prose(&notes, Some("My words.\n\nMore.")).unwrap();
        assert_eq!(prose(&edited), Some("My words.\n\nMore."));
        assert_eq!(with_prose(&notes, prose(&edited)), Some(edited.clone()));
        assert_eq!(with_prose("no marks", Some("words")), None);
        assert_eq!(generated_part(&edited), generated_part(&notes));
        assert_eq!(prose(&notes), None);
    }

    #[test]
    fn numbers_of_things() {
        assert_eq!(
            [
                count(1, "advisory"),
                count(2, "advisory"),
                count(0, "commit")
            ],
            ["1 advisory", "2 advisories", "0 commits"]
        );
    }
}
