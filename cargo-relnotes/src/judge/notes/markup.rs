//! Markup in notes that can act, hide or mislead.

use std::collections::BTreeSet;

use release_gate::{Finding, Level};

use super::subject::Notes;
use crate::model::spans::BREAK;
use crate::model::untrusted::is_unwanted;
use crate::read::page::Page;
use crate::rules;

/// Elements forges show and that do nothing by themselves.
const HARMLESS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that run, load, or take over the page.
const ACTIVE: &[&str] = &[
    "animate",
    "applet",
    "audio",
    "base",
    "body",
    "button",
    "dialog",
    "embed",
    "form",
    "frame",
    "frameset",
    "head",
    "html",
    "iframe",
    "input",
    "link",
    "marquee",
    "math",
    "meta",
    "noscript",
    "object",
    "option",
    "param",
    "plaintext",
    "portal",
    "script",
    "select",
    "slot",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
    "xmp",
];

/// Attributes that carry an address.
const ADDRESSES: &[&str] = &[
    "action",
    "background",
    "cite",
    "formaction",
    "href",
    "poster",
    "src",
    "srcset",
    "xlink:href",
];

/// Everything of that kind in the notes.
pub(super) fn unsafe_markup(notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let mut wrong: BTreeSet<String> = BTreeSet::new();
    let mut swallowed: BTreeSet<String> = BTreeSet::new();
    let scan = scan_tags(&page.html);
    let mut open_details = 0_i32;
    for tag in &scan.tags {
        let name = tag.name.as_str();
        if ACTIVE.contains(&name) {
            wrong.insert(format!("<{name}>"));
        } else if !HARMLESS.contains(&name) {
            swallowed.insert(tag.written.clone());
        }
        if name == "details" {
            open_details += if tag.closing { -1 } else { 1 };
        }
        for (attribute, value) in &tag.attributes {
            if attribute.starts_with("on") && attribute.len() > 2 {
                wrong.insert("an event handler".to_owned());
            } else if attribute == "style" {
                wrong.insert("a `style` of its own".to_owned());
            } else if ADDRESSES.contains(&attribute.as_str())
                && let Some(scheme) = bad_scheme(&decode_entities(value))
            {
                wrong.insert(format!("a `{scheme}:` address"));
            }
        }
    }
    if scan.unclosed_comment {
        wrong.insert("a comment that is never closed".to_owned());
    }
    if open_details > 0 {
        wrong.insert("a <details> that is never closed and folds away what follows".to_owned());
    }
    wrong.extend(
        page.addresses
            .iter()
            .filter_map(|url| bad_scheme(url))
            .map(|scheme| format!("a `{scheme}:` address")),
    );
    let bad = |c: char| is_unwanted(c) && !matches!(c, '\n' | '\r' | '\t' | BREAK);
    // Written as an entity (`&#x202e;`), it is there only once the page is read.
    let shown = page.blocks.iter().map(|block| &block.text);
    let texts = shown.chain(page.headings.iter().map(|heading| &heading.text));
    let hidden = texts.flat_map(|text| text.chars()).find(|c| bad(*c));
    if let Some(c) = notes.text.chars().find(|c| bad(*c)).or(hidden) {
        wrong.insert(format!("the character U+{:04X}", u32::from(c)));
    }
    let wrong = wrong
        .into_iter()
        .map(|what| finding(notes, format!("the notes hold {what}"), Level::Deny));
    let swallowed = swallowed.into_iter().map(|what| {
        finding(
            notes,
            format!("readers do not see `{what}`: it is taken for an element"),
            Level::Warn,
        )
    });
    wrong.chain(swallowed).collect()
}

fn finding(notes: &Notes<'_>, message: String, level: Level) -> Finding {
    Finding::new(&rules::UNSAFE_MARKUP, message)
        .level(level)
        .at(notes.path, None)
        .help("write it as code (between back-ticks) if it is meant to be shown, or remove it")
}

/// The scheme of an address that should not be in notes. Browsers ignore white space and control
/// characters inside it.
fn bad_scheme(url: &str) -> Option<String> {
    let plain: String = url
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    let (scheme, _) = plain.split_once(':')?;
    let scheme = scheme.to_lowercase();
    matches!(
        scheme.as_str(),
        "javascript" | "data" | "vbscript" | "file" | "blob"
    )
    .then_some(scheme)
}

/// An attribute's value as a browser reads it, as far as addresses are hidden that way.
fn decode_entities(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '#'))
            .unwrap_or(rest.len());
        let entity = rest[..end].to_lowercase();
        let number = entity
            .strip_prefix("#x")
            .map(|hex| u32::from_str_radix(hex, 16))
            .or_else(|| entity.strip_prefix('#').map(str::parse));
        let c = match (number, entity.as_str()) {
            (Some(Ok(number)), _) => char::from_u32(number),
            (_, "colon") => Some(':'),
            (_, "tab" | "newline") => Some('\t'),
            _ => None,
        };
        match c {
            Some(c) => {
                out.push(c);
                rest = rest[end..].strip_prefix(';').unwrap_or(&rest[end..]);
            }
            None => out.push('&'),
        }
    }

    out.push_str(rest);

    out
}

struct TagSeen {
    name: String,
    written: String,
    closing: bool,
    attributes: Vec<(String, String)>,
}

#[derive(Default)]
struct Scan {
    tags: Vec<TagSeen>,
    unclosed_comment: bool,
}

/// The elements in a piece of HTML, comments skipped.
fn scan_tags(html: &str) -> Scan {
    let mut scan = Scan::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            match comment.find("-->") {
                Some(end) => {
                    // The end it found is that of the next comment.
                    scan.unclosed_comment |= comment[..end].contains("<!--");
                    rest = &comment[end + 3..];
                }
                None => {
                    scan.unclosed_comment = true;
                    break;
                }
            }
            continue;
        }
        let start = rest;
        let closing = rest.starts_with("</");
        rest = &rest[if closing { 2 } else { 1 }..];
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        rest = &rest[name.len()..];
        let attributes = read_attributes(&mut rest);
        let written = &start[..start.len() - rest.len()];
        scan.tags.push(TagSeen {
            name: name.to_lowercase(),
            written: written.chars().take(40).collect(),
            closing,
            attributes,
        });
    }

    scan
}

/// The attributes up to the `>` that ends the element.
fn read_attributes(rest: &mut &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        *rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            *rest = after;
            return found;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || "=>/".contains(c))
            .unwrap_or(rest.len());
        if end == 0 {
            let Some(c) = rest.chars().next() else {
                return found;
            };
            *rest = &rest[c.len_utf8()..];
            continue;
        }
        let name = rest[..end].to_lowercase();
        *rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (start, length, skip) = match quote {
                Some(quote) => {
                    let length = after[1..].find(quote).unwrap_or(after.len() - 1);
                    (1, length, (length + 2).min(after.len()))
                }
                None => {
                    let length = after
                        .find(|c: char| c.is_whitespace() || c == '>')
                        .unwrap_or(after.len());
                    (0, length, length)
                }
            };
            value = &after[start..start + length];
            *rest = &after[skip..];
        }
        found.push((name, value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<String> {
        let notes = Notes {
            path: "x",
            text,
            candidates: &[],
            version_headings: 1,
            recorded: None,
            skeletons: &[],
        };
        unsafe_markup(&notes, &Page::read(text))
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn what_acts_hides_or_misleads() {
        for text in [
            "<script>x</script>",
            "<div><img/onerror=alert(1) src=x></div>",
            "<img\nonerror =\n'x'>",
            "<IMG SRC=x OnError=x>",
            "<a href=\"java&#x73;cript:x\">y</a>",
            "<a href=' java\tscript:x'>y</a>",
            "<a href=\"javascript&colon;x\">y</a>",
            "[x](JaVaScRiPt:alert(1))",
            "[x](<java script:alert(1)>)",
            "![x](data:text/html,x)",
            "<svg onload=x>",
            "<p style='position:fixed'>x</p>",
            "<!-- open",
            "<details>\n\nand the rest is gone",
            "a&#x202e;b",
            "a\u{202e}b",
            "use Vec<T> now",
        ] {
            assert!(!found(text).is_empty(), "{text}");
        }

        for text in [
            "<details><summary>x</summary>\n\ntext\n\n</details>",
            "<!-- a comment with <script> -->\n\n`<script>` and `Vec<T>`",
            "<kbd>Ctrl</kbd> <a href=\"https://example.com/?a=1&b=2\">x</a> ![x](https://example.com/x.png)",
            "[x](#anchor) [y](CHANGELOG.md) 1 < 2 > 0",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>(), soup in r#"[<>/!a-c='"& \n#;:-]{0,40}"#) {
            found(&text);
            found(&soup);
            scan_tags(&soup);
            decode_entities(&soup);
        }
    }
}
