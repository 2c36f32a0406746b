//! The only place where text becomes Markdown, and the parse-back that proves it did so faithfully.
//!
//! Must never: let a character of [`Untrusted`] text act as markup. Code spans the author balanced
//! stay code (that is how `Vec<T>` was meant to be read); everything else is backslash-escaped as
//! CommonMark 0.31 §2.4 allows, and what GitHub turns into links behind CommonMark's back
//! (mentions, bare addresses) is broken up.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::model::spans::{BREAK, Span, spans};
use crate::model::untrusted::Untrusted;
use crate::read::page::options;

/// Escapes foreign text for use anywhere in a line of somebody else's making: what else stands in
/// the line is not known here.
pub fn escape(text: &Untrusted) -> String {
    let mut out = String::with_capacity(text.visible().len() + 16);
    escape_spans(&mut out, text, Line::Foreign);
    out
}

/// Escapes foreign text for use inside a paragraph or list item whose line so far is the end of
/// `out`; nothing in the line but what went through here may pair with it.
pub fn escape_into(out: &mut String, text: &Untrusted) {
    escape_spans(out, text, Line::Own);
}

/// Who makes the line a text is put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A [`Document`](super::document::Document): all of its text is escaped.
    Own,
    /// A template: a mark in another part of the line may pair with one of ours.
    Foreign,
}

fn escape_spans(out: &mut String, text: &Untrusted, line: Line) {
    // Where the line begins: some characters are markup only there.
    let start = out.rfind('\n').map_or(0, |at| at + 1);
    for span in spans(text.visible()) {
        match span {
            Span::Text(text) => escape_text(out, text, start, line),
            Span::Code { content, ticks } => {
                let fence = "`".repeat(ticks);
                out.push_str(&fence);
                out.push_str(content);
                out.push_str(&fence);
            }
        }
    }
}

/// A code span holding `text` verbatim, for values such as paths and signatures of items.
pub fn code(text: &str) -> String {
    let text = Untrusted::new(text);
    let text = text.visible();
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn escape_text(out: &mut String, text: &str, start: usize, line: Line) {
    for (at, c) in text.char_indices() {
        let place = Place {
            before: &text[..at],
            after: &text[at + c.len_utf8()..],
            line_so_far: &out[start..],
        };
        let guard = if c == '#' && place.is_reference_elsewhere() {
            Some(BREAK)
        } else {
            place.acts(c, line).then_some('\\')
        };
        out.extend(guard);
        out.push(c);
        if c == '@' && text[at + 1..].starts_with(begins_login) {
            out.push(BREAK);
        }
    }
}

/// Whether somebody is notified by `@` and this.
fn begins_login(next: char) -> bool {
    next.is_alphanumeric() || matches!(next, '_' | '-')
}

/// What ends the name of a repository.
fn ends_repository(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Where a character stands.
struct Place<'a> {
    /// What stands before it in the same text.
    before: &'a str,
    /// What stands behind it in the same text.
    after: &'a str,
    /// What was written of the line so far.
    line_so_far: &'a str,
}

impl Place<'_> {
    fn previous(&self) -> Option<char> {
        self.before.chars().next_back()
    }

    fn next(&self) -> Option<char> {
        self.after.chars().next()
    }

    /// Whether a character would act as markup here.
    fn acts(&self, c: char, line: Line) -> bool {
        match c {
            // A `$` may pair even with one inside code.
            '`' | '[' | ']' | '$' => true,
            '\\' => self.next().is_none_or(|next| next.is_ascii_punctuation()),
            '*' => !(self.previous() == Some(' ') && self.next() == Some(' ')),
            '_' => !self.is_inside_word('_'),
            // A pair is needed: the first one of a line does nothing as long as no other can follow.
            '~' | '^' => line == Line::Foreign || self.line_so_far.contains(c),
            '|' => line == Line::Foreign,
            '<' => self
                .next()
                .is_none_or(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
            '>' => self.is_first(),
            '&' => self.begins_entity(),
            '!' => match self.next() {
                Some(next) => next == '[',
                None => line == Line::Foreign,
            },
            '#' => self.is_heading_mark(),
            '-' | '+' | '=' => self.is_first() && self.begins_block(c),
            // Bare addresses: `https://` and `www.` are what GitHub's autolink extension looks for.
            ':' => self.after.starts_with("//"),
            '.' if ends_with_ignore_case(self.before, "www") => true,
            // `1.` or `1)` at the start would begin an ordered list.
            '.' | ')' => {
                let digits = self.line_so_far.bytes().all(|b| b.is_ascii_digit());
                self.next().is_none_or(|next| next == ' ') && !self.line_so_far.is_empty() && digits
            }
            _ => false,
        }
    }

    /// Whether nothing was written of the line yet.
    fn is_first(&self) -> bool {
        self.line_so_far.is_empty()
    }

    /// Whether a run of this character stands between letters or digits.
    fn is_inside_word(&self, c: char) -> bool {
        let before = self.before.trim_end_matches(c).chars().next_back();
        let after = self.after.trim_start_matches(c).chars().next();
        before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
    }

    /// `&amp;`, `&#35;`.
    fn begins_entity(&self) -> bool {
        let name = self.after.strip_prefix('#').unwrap_or(self.after);
        let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
        // At the end of a text, what comes next may complete it.
        length == name.len() || length > 0 && name[length..].starts_with(';')
    }

    /// Whether a `#` begins a heading, or ends the text of one.
    fn is_heading_mark(&self) -> bool {
        let before = self.before.trim_end_matches('#');
        let after = self.after.trim_start_matches('#');
        let run_is_first =
            before.is_empty() && self.line_so_far.bytes().all(|b| b"#\\".contains(&b));
        let may_close = before.is_empty() || before.ends_with(' ');
        let ends = after.is_empty();
        (run_is_first && (ends || after.starts_with(' '))) || (may_close && ends)
    }

    /// `owner/repo#1` would leave a back-reference in somebody else's tracker.
    fn is_reference_elsewhere(&self) -> bool {
        self.previous().is_some_and(ends_repository)
            && self.after.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Whether `-`, `+` or `=` at the beginning is an item, a rule or the line below a heading.
    fn begins_block(&self, c: char) -> bool {
        let is_item = c != '=' && self.next().is_none_or(|next| next == ' ');
        is_item || self.after.chars().all(|other| other == c || other == ' ')
    }
}

fn ends_with_ignore_case(text: &str, suffix: &str) -> bool {
    text.len() >= suffix.len()
        && text.is_char_boundary(text.len() - suffix.len())
        && text[text.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// What a parser sees in a finished document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Text of every list item, in order, without markup.
    pub items: Vec<String>,
    /// Text of every heading with its level.
    pub headings: Vec<(u8, String)>,
    /// Where each heading starts in the source, beside `headings`.
    pub offsets: Vec<usize>,
    /// Destination of every link.
    pub links: Vec<String>,
    /// Raw HTML, block or inline.
    pub html: Vec<String>,
    /// Anything else that foreign text must not cause: images, footnotes, task boxes, quotes,
    /// maths.
    pub other: Vec<String>,
    /// The whole visible text, blocks separated by line breaks.
    pub text: String,
}

/// Parses Markdown back.
pub fn parse_back(markdown: &str) -> Seen {
    let mut seen = Seen::default();

    // Positions in `seen.items` of the items that are open, so that nested ones come behind their
    // parents.
    let (mut open, mut heading): (Vec<usize>, Option<(u8, String, usize)>) = (Vec::new(), None);
    for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
        match event {
            Event::Start(Tag::Item) => {
                open.push(seen.items.len());
                seen.items.push(String::new());
                if !seen.text.is_empty() && !seen.text.ends_with('\n') {
                    seen.text.push('\n');
                }
            }
            Event::End(TagEnd::Item) => {
                open.pop();
                seen.text.push('\n');
            }
            Event::Start(Tag::Heading { level, .. }) => {
                heading = Some((level as u8, String::new(), range.start))
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, text, at)) = heading.take() {
                    seen.headings.push((level, text));
                    seen.offsets.push(at);
                }
                seen.text.push('\n');
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(item) = open.last().and_then(|at| seen.items.get_mut(*at)) {
                    item.push_str(&text);
                }
                if let Some((_, heading, _)) = &mut heading {
                    heading.push_str(&text);
                }
                seen.text.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(item) = open.last().and_then(|at| seen.items.get_mut(*at)) {
                    item.push(' ');
                }
                seen.text.push('\n');
            }
            Event::Start(Tag::Link { dest_url, .. }) => seen.links.push(dest_url.into_string()),
            Event::Html(html) | Event::InlineHtml(html) => seen.html.push(html.trim().to_owned()),
            Event::Start(Tag::Image { dest_url, .. }) => {
                seen.other.push(format!("image {dest_url}"))
            }
            Event::Start(Tag::BlockQuote(_)) => seen.other.push("quote".to_owned()),
            Event::Start(Tag::FootnoteDefinition(name)) => {
                seen.other.push(format!("footnote {name}"))
            }
            Event::FootnoteReference(name) => seen.other.push(format!("footnote {name}")),
            Event::TaskListMarker(_) => seen.other.push("task box".to_owned()),
            Event::InlineMath(text) | Event::DisplayMath(text) => {
                seen.other.push(format!("maths {text}"))
            }
            Event::Start(Tag::Strikethrough | Tag::Superscript | Tag::Subscript) => {
                seen.other.push("text style".to_owned())
            }
            Event::End(TagEnd::Paragraph | TagEnd::TableCell | TagEnd::CodeBlock) => {
                seen.text.push('\n')
            }
            _ => {}
        }
    }

    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::spans::{shown, without_breaks};
    use proptest::prelude::*;

    /// One list item holding the text: nothing but the text may come back.
    fn faithful(text: &str) -> Result<(), String> {
        let text = Untrusted::new(text);
        for prefix in ["- ", "- **area:** ", "", "### "] {
            let (block, inline) = prefix
                .split_once("**")
                .map_or((prefix, ""), |(block, _)| (block, "**area:** "));
            let mut line = inline.to_owned();
            escape_into(&mut line, &text);
            for escaped in [
                format!("{prefix}{}", escape(&text)),
                format!("{block}{line}"),
            ] {
                let seen = parse_back(&format!("{escaped}\n"));
                let wanted = format!(
                    "{}{}",
                    if prefix.contains("area") {
                        "area: "
                    } else {
                        ""
                    },
                    shown(&text)
                );
                let got = match prefix {
                    "" => without_breaks(&seen.text),
                    "### " => seen
                        .headings
                        .iter()
                        .map(|(_, text)| without_breaks(text))
                        .collect(),
                    _ => seen.items.iter().map(|text| without_breaks(text)).collect(),
                };
                if got.trim() != wanted.trim() {
                    return Err(format!("{prefix:?}: wanted {wanted:?}, got {got:?}"));
                }
                if !(seen.html.is_empty() && seen.links.is_empty() && seen.other.is_empty()) {
                    return Err(format!("{prefix:?}: {seen:?}"));
                }
            }
        }

        Ok(())
    }

    #[test]
    fn hostile_subjects_come_through_as_text() {
        for text in [
            "Vec<T> keeps its <T>",
            "<img src=x onerror=alert(1)>",
            "<!-- swallow",
            "<details>",
            "[x](javascript:alert(1))",
            "![i](http://e/x.png)",
            "unclosed ` tick",
            "``a`b`` c`d",
            "*a* _b_ **c** ~~d~~",
            "# h",
            "- x",
            "+ x",
            "1. x",
            "1) x",
            "> q",
            "| a | b |",
            "&lt; &amp;",
            "[^1]: note",
            "[ ] task",
            "[a]: http://x",
            "===",
            "---",
            "***",
            "    code",
            "`a` and `b",
            "` `",
            "`` ` ``",
            "\\",
            "a\\",
            "\\`a`",
            "$x$ $$y$$",
            "H~2~O x^2^",
            "https://example.com www.example.com",
            "a <b@c.de>",
            "````",
            "`",
            "`a``",
            "\u{202e}evil",
            "1234567890. x",
            "x &#35; y",
            ": def",
            "-",
            "+",
            "1.",
            "`a\\`b`",
            "12. 13. x",
            "a_b __c__ _d_ e_f_ __init__.py",
            "C# and F# #",
            "$A/$B and ~x~ ^y^ ~~z~~",
            "AT&T &copy; a & b &",
            "a!",
            "C:\\new\\*x",
            "2 * 3 * 4 *x* *",
            "# ## a ##",
        ] {
            faithful(text).unwrap();
        }
    }

    #[test]
    fn nobody_is_notified_and_nothing_is_linked() {
        assert_eq!(escape(&"thanks @octocat".into()), "thanks @\u{200b}octocat");
        assert_eq!(
            escape(&"see rust-lang/rust#1".into()),
            "see rust-lang/rust\u{200b}#1"
        );
        assert_eq!(
            escape(&"see https://a.b and WWW.c.d".into()),
            "see https\\://a.b and WWW\\.c.d"
        );
    }

    #[test]
    fn code_keeps_any_content() {
        for text in ["a", "`", "a`b", "``", "fn f<T>(x: &T) -> `"] {
            let seen = parse_back(&code(text));
            assert_eq!(seen.text.trim(), text);
        }
    }

    #[test]
    fn a_megabyte_of_back_ticks_is_no_problem() {
        let line: String = (1..1_400).map(|n| format!("{} ", "`".repeat(n))).collect();
        assert_eq!(spans(&line).count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn any_text_is_shown_unchanged(text in any::<String>()) {
            prop_assert_eq!(faithful(&text), Ok(()));
        }

        #[test]
        fn markup_soup_is_shown_unchanged(text in r"[-`*_\[\]()<>#!|~&\\ a:/.0-9@+=$^{}'\n\x22]{0,40}") {
            prop_assert_eq!(faithful(&text), Ok(()));
        }
    }
}
