//! Bodies of squash merges: what forges and git make of the commits that were squashed.
//!
//! Must never: take prose for a change. An item counts where it is a header of a known type, or a
//! whole commit as `git merge --squash` writes it down.

use super::footers::{breaking_footers, bullet};
use super::grammar::{Header, conventional, header, without_pull};

/// Whether a subject is the one `git merge --squash` proposes.
pub(super) fn is_title(subject: &str) -> bool {
    subject.starts_with("Squashed commit of the following")
        || subject.starts_with("Squash merge")
        || subject.starts_with("Squash commit")
}

/// A change named in the body of a squash merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Squashed {
    /// Its first line.
    pub header: Header,
    /// Values of its `BREAKING CHANGE` footers.
    pub breaking: Vec<String>,
}

impl Squashed {
    /// Whether it is marked as breaking.
    pub fn is_breaking(&self) -> bool {
        self.header.bang || !self.breaking.is_empty()
    }
}

/// The items of a list that are conventional headers of known types, without a repetition of the
/// subject; with the footers that stand below each of them.
pub(super) fn bullets(
    lines: &[&str],
    subject: &Header,
    known: &dyn Fn(&str) -> bool,
) -> Vec<Squashed> {
    let mut found: Vec<Squashed> = Vec::new();
    for text in lines
        .iter()
        .filter_map(|line| bullet(line))
        .map(|(_, text)| text)
    {
        let Some(header) = conventional(text) else {
            continue;
        };
        let is_known = header.kind.as_deref().is_some_and(known);
        let repeated =
            is_same(subject, &header) || found.iter().any(|other| is_same(&other.header, &header));
        if is_known && !repeated {
            found.push(Squashed {
                header,
                breaking: Vec::new(),
            });
        }
    }
    found
}

fn is_same(one: &Header, other: &Header) -> bool {
    one.kind == other.kind && without_pull(&one.description) == without_pull(&other.description)
}

/// The commits `git merge --squash` lists: `commit <id>`, `Author:`, `Date:`, and the message
/// indented by four.
pub(super) fn commits(lines: &[&str], known: &dyn Fn(&str) -> bool) -> Vec<Squashed> {
    let mut found = Vec::new();
    let mut message: Option<Vec<&str>> = None;
    for line in lines {
        if is_commit_line(line) {
            found.extend(message.take().and_then(|lines| one(&lines, known)));
            message = Some(Vec::new());
        } else if let Some(message) = &mut message {
            if let Some(text) = line.strip_prefix("    ") {
                message.push(text.trim_end());
            } else if line.trim().is_empty() {
                message.push("");
            }
        }
    }
    found.extend(message.and_then(|lines| one(&lines, known)));
    found
}

fn is_commit_line(line: &str) -> bool {
    line.strip_prefix("commit ").is_some_and(|id| {
        let id = id.split(' ').next().unwrap_or_default();
        (7..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// A commit of the list.
fn one(lines: &[&str], known: &dyn Fn(&str) -> bool) -> Option<Squashed> {
    let start = lines.iter().position(|line| !line.is_empty())?;
    Some(Squashed {
        header: header(lines[start], known),
        breaking: breaking_footers(&lines[start + 1..]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_messages_of_their_own() {
        let body = "commit 140e7e40273399cde9e78f6954e00aa0f9661de5\nAuthor: R <r@x>\nDate:   Tue\n\n    feat(processor): new card\n\n    BREAKING CHANGE: old cards are refused\n\ncommit ef9da8b96278\nAuthor: R <r@x>\n\n    fix: a crash\n";
        let lines: Vec<&str> = body.lines().collect();
        let found = commits(&lines, &|_| true);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].breaking, ["old cards are refused"]);
        assert_eq!(found[1].header.description, "a crash");
        assert!(commits(&["commit to it", "    fix: x"], &|_| true).is_empty());
    }
}
