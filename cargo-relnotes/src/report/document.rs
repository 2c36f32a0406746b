//! A Markdown document that remembers what it should say, and is parsed back before anybody gets
//! it.
//!
//! Must never: hand out text that a parser reads differently from what was put in.

use super::markdown::{Seen, code, escape_into, parse_back};
use crate::model::spans::{BREAK, shown, without_breaks};
use crate::model::untrusted::{Untrusted, is_unwanted};

/// A piece of a line.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// Words, ours or foreign; always escaped.
    Text(&'a str),
    /// Foreign words as they came in.
    Foreign(&'a Untrusted),
    /// Bold words.
    Strong(&'a Untrusted),
    /// Something verbatim: a path, a digest, a signature.
    Code(&'a str),
    /// A link of our own making; the address has no character that needs escaping.
    Link(String, String),
    /// The same, with something verbatim as its words.
    CodeLink(&'a str, String),
}

/// Why a document was not handed out.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// A parser reads something else than was written: a defect of the renderer, never shown to
    /// users of the notes.
    #[error(
        "the rendered document reads differently from what was put in: wanted `{wanted}`, found `{found}`"
    )]
    Unfaithful {
        /// What was put in.
        wanted: String,
        /// What comes back.
        found: String,
    },
}

impl From<DocumentError> for release_gate::Error {
    fn from(error: DocumentError) -> Self {
        Self::judge(error.to_string()).with_help(
            "this is a defect of cargo-relnotes; please report it with the commit's message",
        )
    }
}

/// A document being written.
#[derive(Debug, Default)]
pub struct Document {
    text: String,
    headings: Vec<(u8, String)>,
    items: Vec<String>,
    links: Vec<String>,
    html: Vec<String>,
    other: Vec<String>,
}

impl Document {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// How much was written so far, in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn parts(&mut self, parts: &[Part<'_>]) -> String {
        let mut wanted = String::new();
        let mut line = String::new();
        for part in parts {
            let before = line.len();
            match part {
                Part::Text(text) => {
                    // Spaces at the edges of our own words are meant; a line break (of a message
                    // from elsewhere) is not.
                    let edge = |there: bool| if there { " " } else { "" };
                    let inner = Untrusted::new(text);
                    let (start, end) = (
                        edge(text.starts_with(char::is_whitespace)),
                        edge(text.ends_with(char::is_whitespace) && !inner.is_empty()),
                    );
                    line.push_str(start);
                    escape_into(&mut line, &inner);
                    line.push_str(end);
                    wanted.push_str(start);
                    wanted.push_str(&shown(&inner));
                    wanted.push_str(end);
                }
                Part::Foreign(text) => {
                    escape_into(&mut line, text);
                    wanted.push_str(&shown(text));
                }
                Part::Strong(text) => {
                    // Emphasis cannot end behind some characters; what is verbatim inside has no
                    // markup at all.
                    let plain = Untrusted::new(&shown(text).replace('`', "'"));
                    if !plain.is_empty() {
                        line.push_str("**");
                        escape_into(&mut line, &plain);
                        line.push_str("**");
                        wanted.push_str(plain.visible());
                    }
                }
                Part::Code(text) => {
                    line.push_str(&code(text));
                    wanted.push_str(Untrusted::new(text).visible());
                }
                Part::Link(text, url) => {
                    line.push('[');
                    escape_into(&mut line, &Untrusted::new(text));
                    line.push_str("](");
                    line.push_str(url);
                    line.push(')');
                    wanted.push_str(text);
                    self.links.push(url.clone());
                }
                Part::CodeLink(text, url) => {
                    line.push_str(&format!("[{}]({url})", code(text)));
                    wanted.push_str(Untrusted::new(text).visible());
                    self.links.push(url.clone());
                }
            }
            // Two runs of back-ticks must not become one.
            if line[..before].ends_with('`') && line[before..].starts_with('`') {
                line.insert(before, BREAK);
            }
        }

        self.text.push_str(line.trim_end());

        wanted.trim().to_owned()
    }

    /// A heading.
    pub fn heading(&mut self, level: u8, parts: &[Part<'_>]) {
        self.gap();
        self.text.push_str(&"#".repeat(usize::from(level)));
        self.text.push(' ');
        let wanted = self.parts(parts);
        self.headings.push((level, wanted));
        self.text.push_str("\n\n");
    }

    /// A paragraph.
    pub fn paragraph(&mut self, parts: &[Part<'_>]) {
        self.gap();
        self.parts(parts);
        self.text.push_str("\n\n");
    }

    /// An item of a list; `depth` 1 is inside the item before.
    pub fn item(&mut self, depth: usize, parts: &[Part<'_>]) {
        if self.text.ends_with("\n\n")
            && self
                .text
                .lines()
                .rev()
                .nth(1)
                .is_some_and(|line| line.trim_start().starts_with("- "))
        {
            self.text.pop();
        }
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str("- ");
        let wanted = self.parts(parts);
        self.items.push(wanted);
        self.text.push('\n');
    }

    /// An item people wrote as Markdown, with a tail behind its first paragraph. Whatever it holds
    /// by itself is what it has to hold here.
    pub fn written_item(&mut self, markdown: &str, tail: &[Part<'_>]) {
        let mut line = Self::default();
        line.parts(tail);
        let tail = line.text.trim_start();
        let whole = markdown.trim();
        let (first, rest) = whole.split_once("\n\n").unwrap_or((whole, ""));

        // In a list or in code, the tail would belong to it.
        let is_text = !first.lines().any(|line| {
            line.trim_start()
                .starts_with(['-', '*', '+', '`', '~', '|', '>'])
        });

        let written = match (is_text, rest) {
            (true, "") => format!("{first} {tail}"),
            (true, rest) => format!("{first} {tail}\n\n{rest}"),
            (false, _) => format!("{whole}\n\n{tail}"),
        };

        let mut item = String::new();
        for (at, line) in written.lines().enumerate() {
            let indent = if at == 0 { "- " } else { "  " };
            item.push_str(format!("{indent}{line}").trim_end());
            item.push('\n');
        }

        let seen = parse_back(&item);
        let plain = |text: &String| without_breaks(text).trim().to_owned();
        self.items.extend(seen.items.iter().map(plain));
        self.headings.extend(seen.headings);
        self.links.extend(seen.links);
        self.html.extend(seen.html);
        self.other.extend(seen.other);
        if item.contains("\n\n") {
            self.gap();
        }
        self.text.push_str(&item);
    }

    /// A block of code, for commands and signatures.
    pub fn code_block(&mut self, language: &str, code: &str) {
        self.gap();
        let code = clean_code(code);
        let fence = fence_of(&code);
        self.text
            .push_str(&format!("{fence}{language}\n{code}\n{fence}\n\n"));
    }

    /// A block of code inside the item before; a paragraph of its own where there is none.
    pub fn code_in_item(&mut self, language: &str, code: &str) {
        let Some(indent) = self.item_indent() else {
            return self.code_block(language, code);
        };
        let code = clean_code(code);
        let fence = fence_of(&code);
        let indent = " ".repeat(indent);
        self.text.push('\n');
        self.text.push_str(&format!("{indent}{fence}{language}\n"));
        for line in code.lines() {
            self.text.push_str(format!("{indent}{line}").trim_end());
            self.text.push('\n');
        }
        self.text.push_str(&format!("{indent}{fence}\n\n"));
        if let Some(item) = self.items.last_mut() {
            let shown: Vec<&str> = code.lines().map(str::trim_end).collect();
            item.push_str(&shown.join("\n"));
        }
    }

    /// How far what belongs to the last item is indented, where an item comes last.
    fn item_indent(&self) -> Option<usize> {
        let last = self
            .text
            .trim_end()
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())?;
        let spaces = last.len() - last.trim_start_matches(' ').len();
        if last[spaces..].starts_with("- ") {
            return Some(spaces + 2);
        }
        // Behind the code of an item.
        (spaces > 0 && last[spaces..].starts_with("```")).then_some(spaces)
    }

    /// One of our own marks: an HTML comment on a line of its own. What it encloses is not checked
    /// here.
    pub fn mark(&mut self, comment: &str) {
        self.gap();
        let mark = format!("<!-- {comment} -->");
        self.text.push_str(&mark);
        self.text.push_str("\n\n");
        self.html.push(mark);
    }

    /// Parses the document back and hands it out only if it says what was put in, and nothing else.
    ///
    /// # Errors
    /// It does not.
    pub fn finish(self) -> Result<String, DocumentError> {
        let text = format!("{}\n", self.text.trim_end());
        let Seen {
            items,
            headings,
            links,
            html,
            other,
            ..
        } = parse_back(&text);
        compare(&self.items, items)?;
        let level =
            |(level, text): &(u8, String)| format!("{level} {}", text.trim()).trim().to_owned();
        compare(
            &self.headings.iter().map(level).collect::<Vec<_>>(),
            headings.iter().map(level).collect(),
        )?;
        compare(&self.links, links)?;
        compare(&self.html, html)?;
        compare(&self.other, other)?;
        Ok(text)
    }
}

/// Compares what was put in with what comes back.
fn compare(wanted: &[String], found: Vec<String>) -> Result<(), DocumentError> {
    let found: Vec<String> = found
        .iter()
        .map(|text| without_breaks(text).trim().to_owned())
        .collect();
    if wanted == found {
        return Ok(());
    }
    let at = wanted
        .iter()
        .zip(&found)
        .take_while(|(a, b)| a == b)
        .count();
    Err(DocumentError::Unfaithful {
        wanted: shown_at(wanted, at),
        found: shown_at(&found, at),
    })
}

fn shown_at(list: &[String], at: usize) -> String {
    list.get(at)
        .cloned()
        .unwrap_or_else(|| "nothing".to_owned())
}

/// Code without what must not reach a terminal or a page: it may come from sources somebody else
/// wrote.
fn clean_code(code: &str) -> String {
    code.replace("\r\n", "\n")
        .trim_end()
        .chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if is_unwanted(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// A fence that is longer than any run of back-ticks at the beginning of a line.
fn fence_of(code: &str) -> String {
    let longest = code
        .lines()
        .map(|line| line.trim_start().bytes().take_while(|b| *b == b'`').count())
        .max()
        .unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_document_says_what_was_put_in() {
        let mut document = Document::new();
        document.heading(1, &[Part::Text("x 1.0.0 "), Part::Code("a`b")]);
        document.mark("prose");
        document.paragraph(&[Part::Text("Words & <more>.")]);
        document.heading(2, &[Part::Text("List")]);
        document.item(
            0,
            &[
                Part::Strong(&"a`b*:".into()),
                Part::Text(" "),
                Part::Foreign(&"Vec<T>".into()),
            ],
        );
        document.item(1, &[Part::Text("inner")]);
        document.item(
            0,
            &[Part::Link(
                "#1".to_owned(),
                "https://example.com/issues/1".to_owned(),
            )],
        );
        document.code_block("sh", "```\nx");
        let text = document.finish().unwrap();
        assert!(
            text.contains("Vec\\<T>\n  - inner\n- [#1](https://example.com/issues/1)\n"),
            "{text}"
        );
    }

    #[test]
    fn written_items_keep_their_blocks() {
        let mut document = Document::new();
        document.item(0, &[Part::Text("before")]);
        let code = "Call it:\n\n```rust\nfirst();\n\nsecond();\n```";
        document.written_item(code, &[Part::Text(" (#1)")]);
        document.written_item("```sh\nx\n\ny\n```", &[Part::Text(" (#2)")]);
        document.item(0, &[Part::Text("after")]);
        let text = document.finish().unwrap();
        let wanted = "- Call it: (#1)\n\n  ```rust\n  first();\n\n  second();\n  ```\n";
        assert!(text.contains(wanted), "{text}");
        assert!(text.contains("  y\n  ```\n\n  (#2)\n"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn hostile_entries_never_change_a_document(
            scope in any::<String>(), text in any::<String>(), raw in any::<String>(), soup in r"[-`*_\[\]()<>#!|~&\\ a:/.0-9@+=$^'\x22]{0,30}",
        ) {
            let mut document = Document::new();
            let (scope, text, soup) = (Untrusted::new(&scope), Untrusted::new(&text), Untrusted::new(&soup));
            document.heading(2, &[Part::Text("Features")]);
            document.item(0, &[Part::Text(text.visible()), Part::Text(&raw)]);
            for text in [&text, &soup] {
                let mut parts = Vec::new();
                if !scope.is_empty() { parts.extend([Part::Strong(&scope), Part::Text(": ")]); }
                parts.push(Part::Foreign(text));
                parts.extend([Part::Text(" ("), Part::Code("abc"), Part::Text(")")]);
                document.item(0, &parts);
                document.item(1, &[Part::Text("x "), Part::Foreign(&soup)]);
            }
            prop_assert!(document.finish().is_ok());
        }

        #[test]
        fn nor_do_hostile_values(raw in any::<String>(), soup in r"[-`*_<>#!|~&\\ a:/.0-9@+=\r\n\t]{0,30}") {
            for text in [&raw, &soup] {
                let line = Untrusted::new(text);
                // What says nothing gets no line.
                if line.is_empty() { continue; }
                let mut document = Document::new();
                document.heading(2, &[Part::Foreign(&line)]);
                document.item(0, &[Part::Strong(&line), Part::Text(": "), Part::Foreign(&line), Part::Code(text)]);
                document.item(1, &[Part::Text("x "), Part::Text(text)]);
                document.paragraph(&[Part::Foreign(&line)]);
                document.code_block("rust", text);
                document.item(0, &[Part::Text("after")]);
                let text = document.finish();
                prop_assert!(text.is_ok(), "{:?}", text);
                prop_assert!(!text.unwrap_or_default().chars().any(|c| is_unwanted(c) && !matches!(c, '\n' | '\t' | BREAK)));
            }
        }
    }
}
