//! MIGRATION.md: what users of a library have to change, item by item.
//!
//! Must never: invent an instruction. It says what was there and what is there now, repeats what
//! authors wrote, and where nobody wrote anything asks for it with a `FILL-IN` that keeps `check`
//! from passing.

use release_gate::suggest::nearest;

use super::document::{Document, DocumentError, Part};
use crate::model::breaking::Breaking;
use crate::model::facts::{Bump, CompatChange};
use crate::model::note::Block;
use crate::model::release::{About, Changes, Range};
use crate::read::page::Page;

/// The guide, or `None` where nothing breaks. `api` are all changes of the API that were found.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(
    about: &About,
    range: &Range,
    changes: &Changes,
    api: &[CompatChange],
) -> Result<Option<String>, DocumentError> {
    if changes.breaking.is_empty() && changes.features_removed().next().is_none() {
        return Ok(None);
    }
    let mut document = Document::new();
    let from = range
        .before()
        .map_or("earlier versions".to_owned(), |before| {
            before.version.to_string()
        });

    document.heading(
        1,
        &[Part::Text(&format!(
            "Migrating {} from {from} to {}",
            about.package, about.version
        ))],
    );

    let added: Vec<&str> = api
        .iter()
        .filter(|change| change.bump == Bump::Minor)
        .map(|change| change.item.as_str())
        .collect();

    for item in &changes.breaking {
        write_break(&mut document, item, &added);
    }
    for feature in changes.features_removed() {
        document.heading(
            2,
            &[
                Part::Text("The feature "),
                Part::Code(feature),
                Part::Text(" is gone"),
            ],
        );
        document.paragraph(&[Part::Text(
            "Remove it from the features you ask for in Cargo.toml.",
        )]);
    }

    document.finish().map(Some)
}

/// What a guide asks people to replace.
const ASKED: &str = "FILL-IN";

/// What people wrote below a heading of a guide.
fn answer_below<'a>(guide: &'a [(String, String)], heading: &str) -> Option<&'a String> {
    let mut same = guide.iter().filter(|(other, _)| other == heading);
    let answer = same.find(|(_, body)| !body.contains(ASKED));
    answer.map(|(_, body)| body)
}

/// The fresh guide with what people wrote below its headings: where the guide asks for words and
/// the old file has some below the same heading, those stay.
pub fn with_words(fresh: &str, old: &str) -> String {
    let old = cut_at_headings(old);
    let mut text: String = cut_at_headings(fresh)
        .into_iter()
        .map(|(heading, body)| {
            match answer_below(&old, &heading).filter(|_| body.contains(ASKED)) {
                Some(words) => format!("{}\n\n", words.trim_end()),
                None => body,
            }
        })
        .collect();
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A guide cut at its headings: the words of each, and everything from it to the next.
fn cut_at_headings(text: &str) -> Vec<(String, String)> {
    let page = Page::read(text);
    let starts: Vec<usize> = page.headings.iter().map(|heading| heading.offset).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let bodies = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| text[*start..end].to_owned());
    page.headings
        .iter()
        .map(|heading| heading.text.clone())
        .zip(bodies)
        .collect()
}

fn write_break(document: &mut Document, item: &Breaking, added: &[&str]) {
    match (&item.entry, item.changes.first()) {
        (Some(entry), _) => document.heading(2, &[Part::Foreign(&entry.text)]),
        (None, Some(change)) => document.heading(
            2,
            &[
                Part::Code(&change.item),
                Part::Text(": "),
                Part::Text(&change.rule),
            ],
        ),
        (None, None) => return,
    }

    let notes = item.entry.iter().flat_map(|entry| &entry.breaking);
    let mut said = false;
    for note in notes {
        match note {
            Block::Paragraph(text) => document.paragraph(&[Part::Foreign(text)]),
            Block::Item(text) => document.item(0, &[Part::Foreign(text)]),
            Block::Code { language, code } => document.code_block(language, code),
        }
        said = true;
    }

    for change in &item.changes {
        if item.entry.is_some() {
            document.paragraph(&[
                Part::Code(&change.item),
                Part::Text(": "),
                Part::Text(&change.rule),
            ]);
        }
        said |= write_both_sides(document, change);
        if let Some(similar) = likely_rename(change, added) {
            document.paragraph(&[
                Part::Text("There is now "),
                Part::Code(similar),
                Part::Text("."),
            ]);
            said = true;
        }
    }

    if !said {
        document.paragraph(&[Part::Text("FILL-IN: what to do instead.")]);
    }
}

/// Shows both sides of a change; whether there was something after it.
fn write_both_sides(document: &mut Document, change: &CompatChange) -> bool {
    for (what, code) in [("Before:", &change.before), ("Now:", &change.after)] {
        if !code.trim().is_empty() {
            document.paragraph(&[Part::Text(what)]);
            document.code_block("rust", code);
        }
    }
    !change.after.trim().is_empty()
}

/// The new item whose name is nearest to one that is gone, in the same place.
fn likely_rename<'a>(change: &CompatChange, added: &[&'a str]) -> Option<&'a str> {
    if !(change.rule.contains("removed") || change.rule.contains("missing"))
        || !change.after.trim().is_empty()
    {
        return None;
    }
    let candidates: Vec<&str> = added
        .iter()
        .copied()
        .filter(|item| place_of(item) == place_of(&change.item))
        .collect();
    let name = nearest(&change.item, candidates.iter().copied())?;
    candidates.into_iter().find(|item| *item == name)
}

/// Where an item stands: its path without its name.
fn place_of(item: &str) -> Option<&str> {
    item.rsplit_once("::").map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_stays() {
        let fresh = "# M\n\n## a\n\nFILL-IN: what to do instead.\n\n## b\n\nfacts\n\n## c\n\nFILL-IN: what to do instead.\n";
        let old = "# M\n\n## a\n\nCall `z`.\n\n## b\n\nmine\n\n## gone\n\nx\n";
        assert_eq!(with_words(fresh, fresh), fresh);
        let text = with_words(fresh, old);
        assert_eq!(
            text,
            "# M\n\n## a\n\nCall `z`.\n\n## b\n\nfacts\n\n## c\n\nFILL-IN: what to do instead.\n"
        );
        assert_eq!(with_words(fresh, &text), text);
    }
}
