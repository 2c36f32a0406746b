//! A CHANGELOG.md after Keep a Changelog 1.1: one section for each release, put in once and
//! replaced in place.
//!
//! Must never: touch a line outside its own marks, or a section people wrote by hand.

use release_gate::time::iso_date;
use semver::Version;

use super::document::{Document, DocumentError};
use super::keep_a_changelog::{Headings, write_changes};
use crate::model::prose;
use crate::model::release::{Chapter, PastRelease, Release};
use crate::read::changelog::{VersionHeading, above_links, is_unreleased, marked_start, versions};
use crate::read::page::Page;

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
                .with_help("fix the file by hand, then run this again"),
        }
    }
}

/// What became of a changelog.
#[derive(Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The new text.
    Changed(String),
    /// It holds this section already, exactly.
    Unchanged,
    /// People wrote the section of this version by hand; it was left alone.
    HandWritten,
    /// It has no heading that names a version in a form known here; it was left alone.
    UnknownForm,
}

/// Puts the section of a release into a changelog, or replaces the one put in before. What people
/// wrote below “Unreleased” becomes theirs of this release; words between the marks for people stay.
///
/// # Errors
/// Two headings name the version, or the marks are broken.
pub fn insert(existing: Option<&str>, release: &Release) -> Result<Inserted, ChangelogError> {
    let crlf = existing.is_some_and(|text| text.contains("\r\n"));
    let before = existing.map(|text| text.replace("\r\n", "\n"));
    let text = before.as_deref().unwrap_or(INTRODUCTION);
    let version = &release.about.version;
    let headings = versions(text, &release.about.package);
    let mine = headings
        .iter()
        .filter(|heading| heading.version == *version)
        .count();
    if mine > 1 {
        return Err(ChangelogError::TwoHeadings {
            version: version.clone(),
            count: mine,
        });
    }
    if headings.is_empty() && !is_empty_log(text) {
        return Ok(Inserted::UnknownForm);
    }

    let style = HeadingStyle::of(&headings, text);
    let begin = format!("<!-- relnotes: begin {version} -->");
    let end = format!("<!-- relnotes: end {version} -->");
    let changed = match (text.find(&begin), text.find(&end)) {
        (Some(start), Some(stop)) if start < stop => {
            let stop = stop + end.len();
            let words = prose::prose(&text[start..stop]);
            let section = render_section(release.chapter(), &style, words)?;
            format!(
                "{}{begin}\n{}\n{end}{}",
                &text[..start],
                section.trim_end(),
                &text[stop..]
            )
        }
        (None, None) if mine == 1 => return Ok(Inserted::HandWritten),
        (None, None) => {
            let (text, words) = take_unreleased(text, &headings);
            let section = render_section(release.chapter(), &style, words.as_deref())?;
            let marked = format!("{begin}\n{}\n{end}", section.trim_end());
            put_in(&text, &marked, &release.about.package)
        }
        _ => {
            return Err(ChangelogError::Marks {
                version: version.clone(),
            });
        }
    };
    let changed = if style.brackets {
        with_link(&changed, release)
    } else {
        changed
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

/// Whether a changelog without headings of versions is one of no release yet: a title, an
/// introduction, “Unreleased”. A list or a table may be one of releases.
fn is_empty_log(text: &str) -> bool {
    let page = Page::read(text);
    let titles = page
        .headings
        .iter()
        .filter(|heading| heading.level == 1)
        .count();
    let unreleased = page
        .headings
        .iter()
        .find(|heading| is_unreleased(&heading.text));
    let introduction = &text[..unreleased.map_or(text.len(), |heading| heading.offset)];
    let is_list = introduction.lines().any(|line| {
        let line = line.trim_start();
        ["- ", "* ", "+ ", "|"]
            .iter()
            .any(|mark| line.starts_with(mark))
    });
    let others = page.headings.iter().filter(|heading| {
        let is_below = unreleased.is_some_and(|unreleased| heading.offset >= unreleased.offset);
        heading.level > 1 && !is_below
    });
    titles <= 1 && others.count() == 0 && !is_list
}

/// Puts a section above the newest release, below what is unreleased.
fn put_in(text: &str, section: &str, package: &str) -> String {
    let at = match versions(text, package).first() {
        Some(newest) => marked_start(text, newest.offset),
        None => above_links(text),
    };
    let above = text[..at].trim_end();
    let below = text[at..].trim_start_matches('\n');
    let gap = if below.is_empty() { "" } else { "\n" };
    let lead = if above.is_empty() { "" } else { "\n\n" };
    format!("{above}{lead}{section}\n{gap}{below}")
}

/// The text without the words people wrote below “Unreleased”, and these words.
fn take_unreleased(text: &str, headings: &[VersionHeading<'_>]) -> (String, Option<String>) {
    let page = Page::read(text);
    let unreleased = page
        .headings
        .iter()
        .find(|heading| heading.level <= 3 && is_unreleased(&heading.text));

    let Some(heading) = unreleased else {
        return (text.to_owned(), None);
    };
    let start = text[heading.offset..]
        .find('\n')
        .map_or(text.len(), |at| heading.offset + at + 1);
    let end = headings
        .iter()
        .map(|one| marked_start(text, one.offset))
        .find(|offset| *offset > start)
        .unwrap_or_else(|| above_links(text).max(start));

    let words = text[start..end].trim();
    let says_something = !Page::read(words).blocks.is_empty();
    if !says_something {
        return (text.to_owned(), None);
    }
    let rest = format!("{}\n{}", text[..start].trim_end(), "\n");
    let below = text[end..].trim_start_matches('\n');

    (format!("{rest}{below}"), Some(words.to_owned()))
}

/// How headings of releases are written in a file.
struct HeadingStyle {
    /// What stands before the version, `## [`; and behind it, `]`.
    before: String,
    after: String,
    /// What stands around the date; `None` where headings have none.
    date: Option<(String, String)>,
    /// 0 where headings are paragraphs in bold.
    level: u8,
    /// Whether the version is a link: it stands in brackets, and the file defines where it leads.
    brackets: bool,
    /// Whether the heading itself says where the link leads.
    inline_link: bool,
    /// Whether versions are written with two numbers.
    two_numbers: bool,
}

impl HeadingStyle {
    /// The style of the newest heading; Keep a Changelog's where there is none.
    fn of(headings: &[VersionHeading<'_>], text: &str) -> Self {
        let usual = Self {
            before: "## [".to_owned(),
            after: "]".to_owned(),
            date: Some((" - ".to_owned(), String::new())),
            level: 2,
            brackets: true,
            inline_link: false,
            two_numbers: false,
        };

        let Some(newest) = headings.first() else {
            return usual;
        };
        let line = newest.line.trim_end();
        let full = newest.version.to_string();
        let short = format!("{}.{}", newest.version.major, newest.version.minor);
        let (written, two_numbers) = match line.find(&full) {
            Some(at) => ((at, full.len()), false),
            None => ((line.find(&short).unwrap_or(line.len()), short.len()), true),
        };

        let (at, length) = written;
        if at >= line.len() {
            return usual;
        }
        let before = &line[..at];
        let behind = &line[at + length..];
        let bold = newest.level == 0;
        let after = match behind.chars().next() {
            Some(']') => "]",
            Some('*') if bold => "**",
            _ => "",
        };

        let inline_link = behind.starts_with("](");
        let parenthesised = if inline_link {
            behind.contains(") (")
        } else {
            behind.contains('(')
        };

        // Setext headings have their line below.
        let is_setext = !before.trim_start().starts_with('#') && !bold;

        Self {
            before: if is_setext {
                format!("{} {before}", "#".repeat(usize::from(newest.level)))
            } else {
                before.to_owned()
            },
            after: after.to_owned(),
            date: date_marks(behind, parenthesised),
            level: newest.level,
            brackets: before.ends_with('[') && !inline_link && has_definitions(text),
            inline_link,
            two_numbers,
        }
    }

    fn heading(&self, chapter: Chapter<'_>) -> String {
        let version = chapter.version;
        let shown = if self.two_numbers && version.patch == 0 && version.pre.is_empty() {
            format!("{}.{}", version.major, version.minor)
        } else {
            version.to_string()
        };

        let date = self.date.as_ref().map(|(open, close)| {
            let day = iso_date(chapter.time);
            format!("{open}{day}{close}")
        });

        let date = date.unwrap_or_default();
        let address = self
            .inline_link
            .then(|| chapter.compare_address())
            .flatten();

        match address {
            Some(address) => format!("{}{shown}]({address}){date}", self.before),
            // Without an address, brackets around the version would be shown as they are.
            None if self.inline_link => {
                format!("{}{shown}{date}", self.before.trim_end_matches('['))
            }
            None => format!("{}{shown}{}{date}", self.before, self.after),
        }
    }
}

/// What stands around the date of a heading; `behind` is what follows its version.
fn date_marks(behind: &str, parenthesised: bool) -> Option<(String, String)> {
    let has_date = behind.chars().any(|c| c.is_ascii_digit()) || behind.contains("ReleaseDate");
    if !has_date {
        return None;
    }
    if parenthesised {
        return Some((" (".to_owned(), ")".to_owned()));
    }
    let mark = [" - ", " – ", " — ", ", ", " / ", ": "]
        .iter()
        .find(|mark| behind.contains(**mark))
        .unwrap_or(&" - ");
    Some(((*mark).to_owned(), String::new()))
}

/// Whether a file defines the links of its headings at its end, or has none yet.
fn has_definitions(text: &str) -> bool {
    above_links(text) < text.len() || !text.contains("](")
}

/// The section of a release; `words` are those of people.
fn render_section(
    chapter: Chapter<'_>,
    style: &HeadingStyle,
    words: Option<&str>,
) -> Result<String, DocumentError> {
    // Below a heading of people's own, there are two of one name.
    let taken: Vec<String> = words
        .map(|words| Page::read(words).headings)
        .unwrap_or_default()
        .into_iter()
        .map(|heading| heading.text)
        .collect();
    let layout = Headings {
        level: (style.level.max(2) + 1).min(6),
        taken: &taken,
    };
    let mut document = Document::new();
    document.mark(prose::PROSE_BEGIN);
    document.mark(prose::PROSE_END);
    write_changes(&mut document, chapter, layout);
    let body = document.finish()?;
    let body = prose::with_prose(&body, words).unwrap_or(body);
    Ok(format!("{}\n\n{body}", style.heading(chapter)))
}

/// The changelog of all of history, newest release first. `with_package`: it is about several
/// packages, and headings name theirs.
///
/// # Errors
/// A defect: a section does not read back as it was put in.
pub fn whole(releases: &[PastRelease], with_package: bool) -> Result<String, DocumentError> {
    let mut text = INTRODUCTION.to_owned();
    let mut definitions = Vec::new();
    for release in releases {
        let chapter = release.chapter();
        let mut document = Document::new();
        let layout = Headings {
            level: 3,
            taken: &[],
        };
        write_changes(&mut document, chapter, layout);
        let body = document.finish()?;
        let address = chapter.compare_address().filter(|_| !with_package);
        let name = match (&address, with_package) {
            (Some(_), _) => format!("[{}]", chapter.version),
            (None, false) => chapter.version.to_string(),
            (None, true) => format!("{} {}", chapter.package, chapter.version),
        };
        text.push_str(&format!("\n## {name} - {}\n\n", iso_date(chapter.time)));
        if let Some(words) = &release.words {
            text.push_str(&format!("{}\n\n", words.trim()));
        }
        text.push_str(&body);
        definitions.extend(address.map(|address| format!("[{}]: {address}", chapter.version)));
    }

    if let Some(newest) = releases.first().filter(|_| !definitions.is_empty()) {
        let chapter = newest.chapter();
        let links = chapter.links;
        let address = links.and_then(|links| links.compare(&chapter.tag_to_be(), "HEAD"));
        if let Some(address) = address {
            definitions.insert(0, format!("[Unreleased]: {address}"));
        }
        text.push_str(&format!("\n{}\n", definitions.join("\n")));
    }

    Ok(text)
}

/// The text with the definition of the version's link, and with “Unreleased” compared with it, where
/// the file has such definitions or the project's forge is known.
fn with_link(text: &str, release: &Release) -> String {
    let version = &release.about.version;
    let start = above_links(text);
    let body = &text[..start];
    let mut definitions: Vec<String> = text[start..]
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect();
    let mine = format!("[{version}]: ");
    if definitions.iter().any(|line| line.starts_with(&mine)) {
        return text.to_owned();
    }

    let tag = release.chapter().tag_to_be();
    let unreleased = definitions
        .iter()
        .position(|line| line.to_lowercase().starts_with("[unreleased]: "));
    let of_file = unreleased.and_then(|at| {
        let (name, address) = definitions[at].split_once(": ")?;
        let (project, span) = address.rsplit_once('/')?;
        let (from, dots, head) = ["...", ".."]
            .iter()
            .find_map(|dots| Some((span.split_once(dots)?.0, *dots, span.split_once(dots)?.1)))?;
        Some((
            format!("{name}: {project}/{tag}{dots}{head}"),
            format!("{mine}{project}/{from}{dots}{tag}"),
        ))
    });
    let links = release.about.links.as_ref();
    let of_forge = || Some(format!("{mine}{}", release.chapter().compare_address()?));
    match (of_file, unreleased) {
        (Some((new_unreleased, definition)), Some(at)) => {
            definitions[at] = new_unreleased;
            definitions.insert(at + 1, definition);
        }
        // A file that defines no links gets none.
        _ if definitions.is_empty() && text.contains("](") && !is_new(text) => {
            return text.to_owned();
        }
        _ => match of_forge() {
            Some(definition) => {
                if is_new(text)
                    && let Some(address) = links.and_then(|links| links.compare(&tag, "HEAD"))
                {
                    definitions.insert(0, format!("[Unreleased]: {address}"));
                }
                let at = unreleased.map_or(definitions.len().min(1), |at| at + 1);
                let at = if is_new(text) { definitions.len() } else { at };
                definitions.insert(at.min(definitions.len()), definition);
            }
            None => return text.to_owned(),
        },
    }
    format!("{}\n\n{}\n", body.trim_end(), definitions.join("\n"))
}

/// Whether a file is the one that was just begun here.
fn is_new(text: &str) -> bool {
    text.starts_with(INTRODUCTION.trim_end())
}
