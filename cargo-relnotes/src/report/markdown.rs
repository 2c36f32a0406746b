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

/// Escapes foreign text for use inside a paragraph or list item.
pub fn escape(text: &Untrusted) -> String {
    let mut out = String::with_capacity(text.visible().len() + 16);
    escape_into(&mut out, text);
    out
}

/// [`escape`], appended to `out`.
pub fn escape_into(out: &mut String, text: &Untrusted) {
    // Where the line begins: some characters are markup only there.
    let start = out.rfind('\n').map_or(0, |at| at + 1);
    for span in spans(text.visible()) {
        match span {
            Span::Text(text) => escape_text(out, text, start),
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

fn escape_text(out: &mut String, text: &str, start: usize) {
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let at_start = out.len() == start;
        let next = bytes.get(at + 1).copied();
        let previous = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' | '$' | '^' => {
                out.push('\\')
            }
            '#' => {
                // `owner/repo#1` would leave a back-reference in somebody else's tracker.
                if previous.is_some_and(|b| {
                    b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.'
                }) {
                    out.push(BREAK);
                }
                out.push('\\');
            }
            '-' | '+' | '=' if at_start => out.push('\\'),
            // Bare addresses: `https://` and `www.` are what GitHub's autolink extension looks for.
            ':' if next == Some(b'/') => out.push('\\'),
            '.' if ends_with_ignore_case(&text[..at], "www") => out.push('\\'),
            // `1.` or `1)` at the start would begin an ordered list.
            '.' | ')'
                if next.is_none_or(|b| b == b' ')
                    && out.len() > start
                    && out[start..].bytes().all(|b| b.is_ascii_digit()) =>
            {
                out.push('\\');
            }
            _ => {}
        }
        out.push(c);
        if c == '@' {
            out.push(BREAK);
        }
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
            let seen = parse_back(&format!("{prefix}{}\n", escape(&text)));
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
        ] {
            faithful(text).unwrap();
        }
    }

    #[test]
    fn nobody_is_notified_and_nothing_is_linked() {
        assert_eq!(escape(&"thanks @octocat".into()), "thanks @\u{200b}octocat");
        assert_eq!(
            escape(&"see rust-lang/rust#1".into()),
            "see rust-lang/rust\u{200b}\\#1"
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
