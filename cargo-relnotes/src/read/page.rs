//! A page of Markdown as its readers see it: blocks of words below headings.
//!
//! Must never: fail. Whatever somebody wrote is a page of some kind.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::model::spans::without_breaks;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its words.
    pub text: String,
    /// Where it starts in the source.
    pub offset: usize,
    /// Whether anything that shows stands between it and the next heading.
    pub filled: bool,
}

/// A paragraph, an item of a list, a row of a table, or a line of code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// Its words.
    pub text: String,
    /// Its words without those set as code.
    pub prose: String,
    /// What it sets as code.
    pub code: Vec<String>,
    /// Position of the heading it stands below.
    pub below: Option<usize>,
    /// The words that introduce it: a paragraph before it that ends with a colon or is set in bold
    /// as a whole.
    pub lead: String,
    /// Whether it is such a paragraph itself.
    pub leads: bool,
    /// Where it starts in the source.
    pub offset: usize,
}

/// The whole page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Its headings, in order.
    pub headings: Vec<Heading>,
    /// Its blocks, in order; headings are not among them.
    pub blocks: Vec<Block>,
    /// Destinations of links and images.
    pub addresses: Vec<String>,
    /// All raw HTML, in order.
    pub html: String,
}

/// A page while it is being read.
#[derive(Default)]
struct Reader {
    page: Page,
    /// The heading that is open.
    heading: Option<Heading>,
    /// The block that is open.
    block: Block,
    /// How many elements set the words here in bold.
    bold: usize,
    /// How many bytes of the open block are set in bold.
    strong: usize,
    /// The block of HTML that is open.
    raw: String,
    /// How many items and quotes are open: a heading inside one is none of the page's.
    nested: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, start: usize) {
        match event {
            Event::Start(tag) => self.start_of(tag, start),
            Event::End(tag) => self.end_of(tag, start),
            Event::Text(text) => self.text(&text, start),
            Event::Code(text) => match &mut self.heading {
                Some(heading) => heading.text.push_str(&text),
                None => {
                    self.block.text.push_str(&text);
                    self.block.prose.push(' ');
                    self.block.code.push(text.into_string());
                }
            },
            Event::SoftBreak | Event::HardBreak => self.space(),
            Event::InlineHtml(html) => {
                self.fill_with_image(&html);
                self.page.html.push_str(&html);
            }
            Event::Html(html) => {
                self.fill_with_image(&html);
                self.page.html.push_str(&html);
                self.raw.push_str(&html);
            }
            _ => {}
        }
    }

    fn start_of(&mut self, tag: Tag<'_>, start: usize) {
        match tag {
            Tag::Heading { .. } if self.nested > 0 => {
                self.close();
                self.block.offset = start;
            }
            Tag::Heading { level, .. } => {
                self.close();
                self.heading = Some(Heading {
                    level: level as u8,
                    text: String::new(),
                    offset: start,
                    filled: false,
                });
            }
            Tag::BlockQuote(_) => {
                self.close();
                self.nested += 1;
            }
            Tag::Item => {
                self.close();
                self.block.offset = start;
                self.nested += 1;
            }
            Tag::Paragraph | Tag::TableRow | Tag::TableHead | Tag::CodeBlock(_) => {
                self.close();
                self.block.offset = start;
            }
            Tag::Strong => self.bold += 1,
            Tag::Image { dest_url, .. } => {
                self.fill();
                self.page.addresses.push(dest_url.into_string());
            }
            Tag::Link { dest_url, .. } => self.page.addresses.push(dest_url.into_string()),
            _ => {}
        }
    }

    fn end_of(&mut self, tag: TagEnd, start: usize) {
        match tag {
            TagEnd::Heading(_) => match self.heading.take() {
                Some(heading) => self.page.headings.push(heading),
                None => self.close(),
            },
            TagEnd::Item | TagEnd::BlockQuote(_) => {
                self.close();
                self.nested = self.nested.saturating_sub(1);
            }
            TagEnd::Paragraph | TagEnd::TableRow | TagEnd::TableHead | TagEnd::CodeBlock => {
                self.close()
            }
            TagEnd::Strong => self.bold = self.bold.saturating_sub(1),
            TagEnd::TableCell => self.space(),
            TagEnd::HtmlBlock => {
                self.close();
                for line in words_of(&std::mem::take(&mut self.raw)).lines() {
                    self.block.offset = start;
                    self.block.text.push_str(line);
                    self.block.prose.push_str(line);
                    self.close();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, start: usize) {
        if let Some(heading) = &mut self.heading {
            heading.text.push_str(text);
            return;
        }
        if self.bold > 0 {
            self.strong += text.trim().len();
        }
        for (at, line) in text.split('\n').enumerate() {
            // Text of several lines is a block of code.
            if at > 0 {
                self.close();
                self.block.offset = start;
            }
            self.block.text.push_str(line);
            self.block.prose.push_str(line);
        }
    }

    fn space(&mut self) {
        self.block.text.push(' ');
        self.block.prose.push(' ');
    }

    fn fill(&mut self) {
        if let Some(heading) = self.page.headings.last_mut() {
            heading.filled = true;
        }
    }

    /// A picture shows something without words.
    fn fill_with_image(&mut self, html: &str) {
        if html.to_lowercase().contains("<img") {
            self.fill();
        }
    }

    /// Ends the open block.
    fn close(&mut self) {
        let mut done = std::mem::take(&mut self.block);
        let bold = std::mem::take(&mut self.strong);
        done.text = without_breaks(done.text.trim());
        done.prose = without_breaks(done.prose.trim());
        if done.text.is_empty() {
            return;
        }
        self.fill();
        let short = done.text.chars().count() <= 80;
        done.leads = short && (done.text.ends_with(':') || bold + 2 >= done.text.len());
        done.below = self.page.headings.len().checked_sub(1);
        let before = self
            .page
            .blocks
            .last()
            .filter(|last| last.below == done.below);
        done.lead = match before {
            Some(last) if last.leads => last.text.clone(),
            Some(last) => last.lead.clone(),
            None => String::new(),
        };
        self.page.blocks.push(done);
    }
}

impl Page {
    /// Reads a page.
    pub fn read(markdown: &str) -> Self {
        let mut reader = Reader::default();
        for (event, range) in Parser::new_ext(markdown, options()).into_offset_iter() {
            reader.event(event, range.start);
        }
        reader.close();
        reader.page
    }

    /// Adds another page behind this one.
    pub fn append(&mut self, other: Self) {
        let shift = self.headings.len();
        self.headings.extend(other.headings);
        self.blocks
            .extend(other.blocks.into_iter().map(|block| Block {
                below: block.below.map(|at| at + shift),
                ..block
            }));
        self.addresses.extend(other.addresses);
        self.html.push_str(&other.html);
    }

    /// The heading a block stands below, and what introduces the block.
    pub fn context<'a>(&'a self, block: &'a Block) -> [&'a str; 2] {
        let heading = block.below.and_then(|at| self.headings.get(at));
        [
            heading.map_or("", |heading| heading.text.as_str()),
            block.lead.as_str(),
        ]
    }
}

/// Everything a forge may understand beyond CommonMark.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
        | Options::ENABLE_SUPERSCRIPT
        | Options::ENABLE_SUBSCRIPT
}

/// What a block of HTML shows: its text without elements and comments.
fn words_of(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let (end, skip) = if rest[at..].starts_with("<!--") {
            ("-->", 3)
        } else {
            (">", 1)
        };
        match rest[at..].find(end) {
            Some(length) => rest = &rest[at + length + skip..],
            // Never closed: nothing of the rest shows.
            None => return text,
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_html() {
        let page = Page::read(
            "# A\n\n<details>\n<summary>Breaking</summary>\n\n- x\n\n</details>\n\n# B\n\n<!-- gone --> here\n\n# C\n\n<!-- a\nb -->\n",
        );
        let texts: Vec<&str> = page
            .blocks
            .iter()
            .map(|block| block.text.as_str())
            .collect();
        assert_eq!(texts, ["Breaking", "x", "here"]);
        assert_eq!(
            page.headings
                .iter()
                .map(|heading| heading.filled)
                .collect::<Vec<_>>(),
            [true, true, false]
        );
    }

    #[test]
    fn blocks_below_headings() {
        let page = Page::read(
            "intro\n\n# One\n\nBREAKING:\n\n- a `b`\n  - c\n- d\n\n## Two\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n```sh\nl1\nl2\n```\n\n## Three\n\n-\n\n## Four\n\n**Bold**\n\ntext\n",
        );
        let texts: Vec<&str> = page
            .blocks
            .iter()
            .map(|block| block.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "intro",
                "BREAKING:",
                "a b",
                "c",
                "d",
                "x y",
                "1 2",
                "l1",
                "l2",
                "Bold",
                "text"
            ]
        );
        assert_eq!(page.context(&page.blocks[3]), ["One", "BREAKING:"]);
        assert_eq!(page.blocks[2].prose, "a");
        assert_eq!(page.context(&page.blocks[10]), ["Four", "Bold"]);
        let filled: Vec<bool> = page.headings.iter().map(|heading| heading.filled).collect();
        assert_eq!(filled, [true, true, false, true]);
    }
}
