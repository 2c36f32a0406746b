//! Text for people: safe to show, and with the right plurals.

use std::fmt::Display;

/// A number with the word that fits it: `1 file`, `2 files`.
///
/// ```
/// use release_gate::text::counted;
///
/// assert_eq!(counted(1, "file", "files"), "1 file");
/// assert_eq!(counted(0, "dependency", "dependencies"), "0 dependencies");
/// ```
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

/// Replaces control and bidirectional-override characters, which a terminal, a log or a browser
/// would obey: text from commits, lock files, archives and other programs is untrusted. Newlines
/// stay.
pub fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{061c}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Text as the content of an element or attribute of HTML or XML 1.0, made [`visible`] first.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no place for these, not even escaped.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
