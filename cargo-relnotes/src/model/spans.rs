//! A line of text as CommonMark cuts it: plain words, and code between back-ticks.
//!
//! Must never: decide how anything is written. It says what is there; `report` renders it.

use super::untrusted::Untrusted;

/// Stands behind `@` (and before `#` of a foreign repository) so that no forge notifies or links
/// anybody.
pub const BREAK: char = '\u{200b}';

/// Removes the characters the renderer itself put in, to compare with what the author wrote.
pub fn without_breaks(text: &str) -> String {
    text.replace(BREAK, "")
}

/// What a reader of the rendered page sees of `text`: the words without the back-ticks of code
/// spans.
pub fn shown(text: &Untrusted) -> String {
    spans(text.visible())
        .map(|span| match span {
            Span::Text(text) => text,
            Span::Code { content, .. } => code_content(content),
        })
        .collect()
}

/// CommonMark §6.1: one space at both ends is stripped unless the content is all spaces.
fn code_content(content: &str) -> &str {
    match content
        .strip_prefix(' ')
        .and_then(|rest| rest.strip_suffix(' '))
    {
        Some(inner) if !content.trim().is_empty() => inner,
        _ => content,
    }
}

/// A piece of a line.
pub(crate) enum Span<'a> {
    /// Plain text.
    Text(&'a str),
    /// Code between runs of `ticks` back-ticks.
    Code { content: &'a str, ticks: usize },
}

/// Cuts a line into plain text and balanced code spans, as CommonMark §6.1 does.
pub(crate) fn spans(line: &str) -> impl Iterator<Item = Span<'_>> {
    let mut rest = line;

    // Lengths of back-tick runs for which no closing run exists in the rest: keeps hostile input
    // linear.
    let mut unclosed: Vec<usize> = Vec::new();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(at) = rest[from..].find('`').map(|at| from + at) {
            let ticks = tick_run(&rest[at..]);
            if unclosed.contains(&ticks) {
                from = at + ticks;
                continue;
            }
            match closing_run(&rest[at + ticks..], ticks) {
                Some(_) if at > 0 => {
                    let (text, tail) = rest.split_at(at);
                    rest = tail;
                    return Some(Span::Text(text));
                }
                Some(length) => {
                    let content = &rest[ticks..ticks + length];
                    rest = &rest[2 * ticks + length..];
                    return Some(Span::Code { content, ticks });
                }
                None => {
                    unclosed.push(ticks);
                    from = at + ticks;
                }
            }
        }
        Some(Span::Text(std::mem::take(&mut rest)))
    })
}

fn tick_run(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b'`').count()
}

fn closing_run(text: &str, ticks: usize) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find('`').map(|at| from + at) {
        let length = tick_run(&text[at..]);
        if length == ticks {
            return Some(at);
        }
        from = at + length;
    }
    None
}
