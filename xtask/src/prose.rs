//! How pages read: the length of sentences, phrases that plain English does without, and how much
//! text stands between two headings.
//!
//! What is measured is running text: paragraphs and list items. Code, tables, headings and generated
//! pages are left out; code inside a sentence counts as one word.

use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use release_gate::error::JudgeExt;
use release_gate::fs::walk;
use release_gate::{Error, Result, exit};

use crate::workspace::Workspace;

/// The longest sentence, in words.
const LONGEST: usize = 35;

/// The largest mean over a page, in words a sentence.
const MEAN: usize = 18;

/// The most words between two headings.
const SECTION: usize = 350;

/// Phrases that native readers stumble over, and what to write.
const BANNED: &[(&str, &str)] = &[
    ("the release before", "the previous release"),
    ("mend", "fix"),
    ("whoever", "anyone who"),
    ("to the letter", "exactly"),
    ("remark on", "warn about"),
    ("belongs into", "belongs in"),
    ("throw-away", "temporary"),
    ("held against", "compared with"),
    ("vouches for", "verifies"),
    ("vouched for", "verified"),
    ("a repair", "a fix"),
];

/// How the third line of a generated page begins: its words are looked at where they are written.
const GENERATED: &str = "Generated ";

/// One page.
#[derive(Debug, Default)]
struct Page {
    sentences: Vec<Sentence>,
    /// Words of running text below each heading.
    sections: Vec<(String, usize)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Sentence {
    text: String,
    words: usize,
}

/// Prints the figures of every page, then what does not read well.
///
/// # Errors
/// As [`check`].
pub(crate) fn run(workspace: &Workspace) -> Result<u8> {
    workspace
        .terminal
        .result(&figures(&workspace.root)?)
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
    check(&workspace.root)?;
    Ok(exit::PASS)
}

/// Checks README and every page that is written by hand.
///
/// # Errors
/// A page that does not read well; every place is named.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut problems = Vec::new();
    for (path, text) in pages(root)? {
        let name = path.display().to_string();
        problems.extend(page_problems(&name, &parse_page(&text)));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(
        Error::judge(format!("pages do not read well:\n{}", problems.join("\n")))
            .with_help("docs/style.md says how pages are written"),
    )
}

/// A line of figures for each page.
///
/// # Errors
/// A page cannot be read.
fn figures(root: &Path) -> Result<String> {
    let mut table = String::from("words  sentences  mean  longest  page\n");
    for (path, text) in pages(root)? {
        let page = parse_page(&text);
        let longest = page.sentences.iter().map(|sentence| sentence.words).max();
        table.push_str(&format!(
            "{:>5}  {:>9}  {:>4}  {:>7}  {}\n",
            page.words(),
            page.sentences.len(),
            page.mean(),
            longest.unwrap_or(0),
            path.display()
        ));
    }
    Ok(table)
}

/// Pages written by hand, by their path in the repository, with their text.
fn pages(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut paths: Vec<PathBuf> = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ]
    .map(PathBuf::from)
    .to_vec();
    for folder in ["docs", "templates"] {
        let files = walk(&root.join(folder)).or_judge(|| format!("cannot read `{folder}`"))?;
        let inside = files
            .into_iter()
            .map(|file| Path::new(folder).join(file.relative));
        paths.extend(inside.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }

    let mut pages = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(root.join(&path))
            .or_judge(|| format!("cannot read `{}`", path.display()))?;
        if !is_generated(&text) {
            pages.push((path, text));
        }
    }
    Ok(pages)
}

fn is_generated(text: &str) -> bool {
    let third = text.lines().nth(2);
    third.is_some_and(|line| line.starts_with(GENERATED))
}

impl Page {
    fn words(&self) -> usize {
        self.sentences.iter().map(|sentence| sentence.words).sum()
    }

    /// Words a sentence, rounded up.
    fn mean(&self) -> usize {
        self.words().div_ceil(self.sentences.len().max(1))
    }
}

fn page_problems(name: &str, page: &Page) -> Vec<String> {
    let mut problems = Vec::new();
    for sentence in &page.sentences {
        if sentence.words > LONGEST {
            problems.push(format!(
                "  {name}: {} words in one sentence: {}…",
                sentence.words,
                beginning(&sentence.text)
            ));
        }
        let lower = sentence.text.to_lowercase();
        for (phrase, better) in BANNED {
            if has_phrase(&lower, phrase) {
                problems.push(format!(
                    "  {name}: `{}` reads better as `{}`: {}…",
                    phrase,
                    better,
                    beginning(&sentence.text)
                ));
            }
        }
    }

    if page.mean() > MEAN {
        problems.push(format!("  {name}: {} words a sentence", page.mean()));
    }
    for (heading, words) in &page.sections {
        if *words > SECTION {
            problems.push(format!("  {name}: {words} words below `{heading}`"));
        }
    }

    problems
}

/// Whether a text has a phrase as whole words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(phrase).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        is_edge(before) && is_edge(after)
    })
}

fn beginning(text: &str) -> String {
    text.chars().take(60).collect()
}

fn parse_page(text: &str) -> Page {
    let mut page = Page {
        sections: vec![("the top".to_owned(), 0)],
        ..Page::default()
    };
    let mut running = String::new();
    let mut heading: Option<String> = None;
    let mut skipped = 0_usize;

    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::Table(_) | Tag::HtmlBlock) => skipped += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::Table | TagEnd::HtmlBlock) => skipped -= 1,
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                page.sections.push((heading.take().unwrap_or_default(), 0));
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item) => page.add(&std::mem::take(&mut running)),
            // A list inside an item ends the item's own text.
            Event::Start(Tag::List(_)) => page.add(&std::mem::take(&mut running)),
            Event::Text(text) | Event::Code(text) if heading.is_some() => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Text(text) if skipped == 0 => running.push_str(&text),
            // One word, without a full stop that would end the sentence.
            Event::Code(_) if skipped == 0 => running.push_str("code"),
            Event::SoftBreak | Event::HardBreak if skipped == 0 => running.push(' '),
            _ => {}
        }
    }
    page
}

impl Page {
    /// Adds a paragraph.
    fn add(&mut self, paragraph: &str) {
        for text in split_sentences(paragraph) {
            let words = text
                .split_whitespace()
                .filter(|word| word.chars().any(char::is_alphanumeric))
                .count();
            if words == 0 {
                continue;
            }
            if let Some((_, sum)) = self.sections.last_mut() {
                *sum += words;
            }
            self.sentences.push(Sentence { text, words });
        }
    }
}

/// Sentences end at `.`, `!`, `?` or `:` before white space, or where the paragraph ends.
fn split_sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut sentence = String::new();
    let mut chars = paragraph.chars().peekable();
    while let Some(c) = chars.next() {
        sentence.push(c);
        let is_end = matches!(c, '.' | '!' | '?' | ':');
        if is_end && chars.peek().is_none_or(|next| next.is_whitespace()) {
            sentences.push(std::mem::take(&mut sentence).trim().to_owned());
        }
    }
    sentences.push(sentence.trim().to_owned());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_paragraphs_and_items_are_counted() {
        let page = parse_page(
            "# A page\n\nOne two three. Four `a b c` six!\n\n- seven eight\n- nine\n\n```\nnot. this.\n```\n\n| a. b. |\n|---|\n| c. |\n",
        );
        let words: Vec<usize> = page.sentences.iter().map(|s| s.words).collect();
        assert_eq!(words, [3, 3, 2, 1]);
        assert_eq!(page.sections[1], ("A page".to_owned(), 9));
    }

    #[test]
    fn long_sentences_and_odd_phrases_are_named() {
        let long = "word ".repeat(LONGEST + 1);
        let page = parse_page(&format!("{long}.\n\nMend what the release before broke.\n"));
        let problems = page_problems("a.md", &page);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[0].contains("36 words in one sentence"));
    }

    #[test]
    fn a_phrase_is_whole_words() {
        assert!(has_phrase("to mend it", "mend"));
        assert!(!has_phrase("recommended", "mend"));
    }

    #[test]
    fn a_full_stop_inside_a_word_ends_nothing() {
        assert_eq!(split_sentences("See v1.2.3 and a.md. Next?").len(), 2);
    }
}
