//! Footers of a message: `Token: value`, and what a break says in them.

use super::grammar::conventional;

/// A footer's token and the beginning of its value: `Token: value`, `Token #value`, `BREAKING
/// CHANGE: value`.
pub(super) fn footer(line: &str) -> Option<(&str, &str)> {
    for breaking in ["BREAKING CHANGE", "BREAKING-CHANGE"] {
        if let Some(rest) = line.strip_prefix(breaking) {
            // The value may start on the next line; `BREAKING CHANGES are…` is prose.
            return rest
                .strip_prefix(": ")
                .or_else(|| rest.strip_prefix(" #"))
                .or_else(|| rest.strip_prefix(':').filter(|rest| rest.trim().is_empty()))
                .map(|value| ("BREAKING CHANGE", value.trim()));
        }
    }
    let token = line
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || *b == b'-')
        .count();
    if token == 0 || !line.as_bytes()[0].is_ascii_alphabetic() {
        return None;
    }
    let (token, rest) = line.split_at(token);
    rest.strip_prefix(": ")
        .or_else(|| rest.strip_prefix(" #"))
        .map(|value| (token, value.trim()))
}

/// What stands below the subject: the body, and each footer with its token. The footers begin with
/// the first paragraph whose first line is one.
pub(super) fn body_and_footers(message: &str) -> (String, Vec<String>) {
    let lines: Vec<&str> = message.trim().lines().skip(1).collect();
    let begins = |at: usize| {
        let is_paragraph = at == 0 || lines[at - 1].trim().is_empty();
        is_paragraph && footer(lines[at]).is_some()
    };
    let start = (0..lines.len()).find(|at| begins(*at));
    let start = start.unwrap_or(lines.len());

    let mut footers: Vec<String> = Vec::new();
    for line in &lines[start..] {
        match footers.last_mut() {
            Some(last) if footer(line).is_none() => {
                last.push('\n');
                last.push_str(line);
            }
            _ => footers.push((*line).to_owned()),
        }
    }
    let footers = footers.iter().map(|footer| footer.trim().to_owned());
    let body = lines[..start].join("\n");

    (body.trim().to_owned(), footers.collect())
}

/// Every `BREAKING CHANGE` footer. A value ends where the next footer begins, and in the list of a
/// squash merge also where its next item does; a list of the footer's own belongs to it, and so does
/// whatever stands in a fence.
pub(super) fn breaking_footers(lines: &[&str]) -> Vec<String> {
    read_footers(lines).values()
}

/// The `BREAKING CHANGE` footers of a body.
#[derive(Default)]
pub(super) struct Footers {
    found: Vec<String>,
    /// Whether an item of the body's list ended one of them.
    pub(super) ended_by_item: bool,
}

impl Footers {
    /// What they say, lines kept.
    pub(super) fn values(&self) -> Vec<String> {
        self.found
            .iter()
            .map(|value| value.trim().to_owned())
            .collect()
    }
}

/// Reads them.
pub(super) fn read_footers(lines: &[&str]) -> Footers {
    let mut footers = Footers::default();
    let mut open = false;
    let mut in_fence = false;

    // The bullet of the list the footer stands in.
    let mut list_bullet: Option<char> = None;
    for line in lines {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_fence = !in_fence;
        }
        let item = bullet(line).filter(|_| !in_fence);
        if let Some((mark, text)) = item {
            if open && (list_bullet == Some(mark) || conventional(text).is_some()) {
                open = false;
                footers.ended_by_item = true;
            }
            if !open {
                list_bullet = Some(mark);
            }
        }
        match footer(line).filter(|_| !in_fence) {
            Some(("BREAKING CHANGE", value)) => {
                footers.found.push(value.to_owned());
                open = true;
            }
            Some((token, _)) if is_trailer(token) => open = false,
            _ if open => {
                if let Some(value) = footers.found.last_mut() {
                    value.push('\n');
                    value.push_str(line);
                }
            }
            _ => {}
        }
    }

    footers
}

/// Whether a token before a colon is that of a trailer: `Signed-off-by`, `Refs`. A sentence that
/// begins with one word and a colon (`Note: …`, `Before: …`) goes on with what was said.
fn is_trailer(token: &str) -> bool {
    const PROSE: &[&str] = &[
        "note",
        "notes",
        "before",
        "after",
        "example",
        "old",
        "new",
        "now",
        "instead",
        "migration",
        "warning",
        "important",
        "reason",
        "why",
        "e",
        "i",
        "http",
        "https",
    ];
    !PROSE.contains(&token.to_lowercase().as_str())
}

/// The mark and the words of an item of a list, not indented.
pub(super) fn bullet(line: &str) -> Option<(char, &str)> {
    let mark = line.chars().next().filter(|c| matches!(c, '*' | '-'))?;
    Some((mark, line[1..].strip_prefix(' ')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footers_stand_behind_the_body() {
        let read = |message: &str| {
            let (body, footers) = body_and_footers(message);
            (body, footers.join("|"))
        };
        let is = |body: &str, footers: &str| (body.to_owned(), footers.to_owned());
        assert_eq!(read("feat: x"), is("", ""));
        assert_eq!(
            read("feat: x\n\nNote: this\nis long\nRefs #3\n"),
            is("", "Note: this\nis long|Refs #3")
        );
        assert_eq!(
            read("feat: x\n\nwhy it is so\nhow: no footer\n\nChangelog: ignore"),
            is("why it is so\nhow: no footer", "Changelog: ignore")
        );
    }
}
