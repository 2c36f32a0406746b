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

/// A text broken at blanks into lines of at most `width` columns, after the first of which each
/// begins with `indent` blanks. `taken` columns of the first line hold something else already. A
/// word that is longer than a line stays whole, and so does code between backticks, so that it can
/// be copied.
///
/// ```
/// use release_gate::text::hanging;
///
/// let broken = hanging("run `cargo test --all` and commit", 7, 30, 4);
/// assert_eq!(broken, "run `cargo test --all`\n    and commit");
/// ```
pub fn hanging(text: &str, taken: usize, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = taken;
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
            column = 0;
        }
        // What is indented by its author stays so.
        let content = line.trim_start_matches(' ');
        let own = line.len() - content.len();
        out.push_str(&line[..own]);
        column += own;

        for (index, word) in words(content).into_iter().enumerate() {
            let length = word.chars().count();
            if index > 0 && column + 1 + length > width {
                out.push('\n');
                out.push_str(&" ".repeat(own + indent));
                column = own + indent;
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}

/// The words of a line: blanks inside backticks divide nothing.
fn words(line: &str) -> Vec<&str> {
    let is_code_whole = line.matches('`').count().is_multiple_of(2);
    let mut is_inside = false;
    line.split(|c| {
        is_inside ^= c == '`' && is_code_whole;
        c == ' ' && !is_inside
    })
    .collect()
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

/// A text with one blank where it has white space: names and titles of others on one line.
///
/// ```
/// assert_eq!(release_gate::text::collapse_white_space(" a\n  b\t"), "a b");
/// ```
pub fn collapse_white_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How lines of cargo begin that say what it does, not what went wrong.
const PROGRESS: &[&str] = &[
    "Adding ",
    "Blocking ",
    "Building ",
    "Checking ",
    "Compiling ",
    "Downloaded ",
    "Downloading ",
    "Fetching ",
    "Finished ",
    "Locking ",
    "Unpacking ",
    "Updating ",
    "warning:",
];

/// What went wrong in one line, of an error of several lines as cargo and rustc write them: its
/// first line, then the first `error:` below it, else the causes that it lists.
///
/// ```
/// use release_gate::text::one_line;
///
/// let error = "cannot build:\n   Compiling demo v1.0.0\nerror[E0308]: mismatched types\n --> a.rs:1";
/// assert_eq!(one_line(error), "cannot build: error[E0308]: mismatched types");
///
/// let error = "failed to parse a file\n\nCaused by:\n  invalid key at line 2\n    |\n  2 | [x\n";
/// assert_eq!(one_line(error), "failed to parse a file: invalid key at line 2");
/// ```
pub fn one_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| is_telling(line));
    let first = lines.next().unwrap_or_default();

    let rest: Vec<&str> = lines.collect();
    let told: Vec<&str> = match rest.iter().find(|line| line.starts_with("error")) {
        Some(error) => vec![error],
        None => rest
            .into_iter()
            .take_while(|line| !is_snippet(line))
            .collect(),
    };
    let parts = std::iter::once(first).chain(told);
    let parts: Vec<&str> = parts.map(|part| part.trim_end_matches(':')).collect();
    parts.join(": ")
}

fn is_telling(line: &str) -> bool {
    let is_progress = PROGRESS.iter().any(|word| line.starts_with(word));
    !line.is_empty() && line != "Caused by:" && !is_progress
}

/// Whether a line shows source code: `|`, `2 | text`, `--> file`.
fn is_snippet(line: &str) -> bool {
    let behind_number = line
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start();
    behind_number.starts_with('|') || line.starts_with("-->")
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
