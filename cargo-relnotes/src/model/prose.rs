//! The words people write themselves into generated notes, and the marks around them.
//!
//! Must never: lose a word. What stands between the marks is handed back as it was.

/// Marks around the part people write by hand; it is kept when the notes are made again.
pub const PROSE_BEGIN: &str = "relnotes: write your own words below this line";
/// The end of that part.
pub const PROSE_END: &str = "relnotes: end of your own words";

/// The longest body GitHub accepts for a release, in characters.
pub const LONGEST_BODY: usize = 125_000;

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
}
