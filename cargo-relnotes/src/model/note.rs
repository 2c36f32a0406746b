//! What an author says about a break: paragraphs, lists and code, as they were written in a footer.
//!
//! Must never: run them together. A list read as a sentence, or code without its lines, is no
//! advice.

use super::untrusted::Untrusted;

/// A block of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Untrusted),
    /// An item of a list.
    Item(Untrusted),
    /// Code, with the word behind the fence.
    Code {
        /// The language; empty where none is said.
        language: String,
        /// The lines.
        code: String,
    },
}

impl Block {
    /// Its words, to be searched.
    pub fn words(&self) -> &str {
        match self {
            Self::Paragraph(text) | Self::Item(text) => text.visible(),
            Self::Code { code, .. } => code,
        }
    }
}

/// The longest code that is kept of one block, in bytes.
const LONGEST_CODE: usize = 20_000;

/// Takes the value of a footer apart.
pub fn blocks(value: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for line in value.lines() {
        reader.line(line);
    }
    reader.end();
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Vec<Block>,
    /// The words of the open paragraph or item.
    open: Option<(bool, String)>,
    /// The fence that is open: its mark, its language, its lines.
    fence: Option<(String, String, Vec<String>)>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if let Some((mark, _, lines)) = &mut self.fence {
            if trimmed.starts_with(mark.as_str()) && trimmed.trim_matches(['`', '~']).is_empty() {
                self.end();
            } else {
                lines.push(line.to_owned());
            }
            return;
        }

        if let Some(mark) = fence_mark(trimmed) {
            self.end();
            let language: String = trimmed[mark.len()..]
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+'))
                .collect();
            self.fence = Some((mark.to_owned(), language, Vec::new()));
        } else if trimmed.is_empty() {
            self.end();
        } else if let Some(item) = item_text(trimmed) {
            self.end();
            self.open = Some((true, item.to_owned()));
        } else if let Some((_, text)) = &mut self.open {
            text.push(' ');
            text.push_str(trimmed);
        } else {
            self.open = Some((false, trimmed.to_owned()));
        }
    }

    /// Ends whatever is open.
    fn end(&mut self) {
        if let Some((_, language, lines)) = self.fence.take() {
            let mut code = without_indent(&lines);
            code.truncate(code.floor_char_boundary(LONGEST_CODE));
            if !code.trim().is_empty() {
                self.found.push(Block::Code { language, code });
            }
        }
        if let Some((is_item, text)) = self.open.take() {
            let text = Untrusted::new(&text);
            if !text.is_empty() {
                self.found.push(if is_item {
                    Block::Item(text)
                } else {
                    Block::Paragraph(text)
                });
            }
        }
    }
}

/// The back-ticks or tildes that open a fence.
fn fence_mark(line: &str) -> Option<&str> {
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    (length >= 3 && !line[length..].contains(mark)).then(|| &line[..length])
}

/// The words of an item of a list.
fn item_text(line: &str) -> Option<&str> {
    if let Some(text) = ["- ", "* ", "+ ", "• "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
    {
        return Some(text.trim());
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line[digits..].strip_prefix(['.', ')'])?;
    (1..=3).contains(&digits).then(|| rest.strip_prefix(' '))?
}

/// Lines without the indentation all of them share.
fn without_indent(lines: &[String]) -> String {
    let shared = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let cut: Vec<&str> = lines
        .iter()
        .map(|line| line.get(shared..).unwrap_or_default())
        .collect();
    cut.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paragraphs_lists_and_fences_stay() {
        let found = blocks(
            "call sum\ninstead:\n\n```diff\n- add(1, 2)\n+ sum(1, 2)\n```\n\n- one\n- two\n  goes on\n1. three",
        );
        assert_eq!(
            found,
            [
                Block::Paragraph("call sum instead:".into()),
                Block::Code {
                    language: "diff".to_owned(),
                    code: "- add(1, 2)\n+ sum(1, 2)".to_owned()
                },
                Block::Item("one".into()),
                Block::Item("two goes on".into()),
                Block::Item("three".into()),
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>(), soup in "[-*`~ 1.a\n]{0,40}") {
            blocks(&text);
            blocks(&soup);
        }
    }
}
