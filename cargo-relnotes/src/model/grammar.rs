//! Three grammars of one line: Conventional Commits 1.0.0, `area: text`, and free text.
//!
//! Must never: refuse a line. What has no form is free text.
//! <https://www.conventionalcommits.org/en/v1.0.0/#specification>

use super::emoji;

/// The first line of a message, or one line of a squash body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Which grammar it follows.
    pub style: Style,
    /// The type in lower case (conventional), or `None`.
    pub kind: Option<String>,
    /// The scope (conventional) or area.
    pub scope: Option<String>,
    /// Whether `!` stands before the colon.
    pub bang: bool,
    /// What is said, without type and scope.
    pub description: String,
}

impl Header {
    /// The line again: `fix(cli)!: text`.
    pub fn subject(&self) -> String {
        let bang = if self.bang { "!" } else { "" };
        match (&self.kind, &self.scope) {
            (Some(kind), Some(scope)) => format!("{kind}({scope}){bang}: {}", self.description),
            (Some(kind), None) => format!("{kind}{bang}: {}", self.description),
            (None, Some(scope)) => format!("{scope}{bang}: {}", self.description),
            (None, None) => self.description.clone(),
        }
    }
}

/// The grammar a header follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// `type(scope)!: description`
    Conventional,
    /// `area: text`
    Area,
    /// Anything else.
    Free,
}

/// Reads one line as a header.
pub fn header(line: &str, known: &dyn Fn(&str) -> bool) -> Header {
    let (emoji, text) = emoji::leading(line);
    if let Some(header) = conventional(text) {
        let kind = header.kind.as_deref().unwrap_or_default();
        // `tokio: fix x` has the form of a conventional header, but its "type" is an area.
        if known(kind) || header.scope.is_some() || header.bang {
            return header;
        }
    }
    // The type of a gitmoji is said by the picture.
    if let Some((kind, bang)) = emoji.and_then(emoji::kind).filter(|_| !text.is_empty()) {
        return Header {
            style: Style::Conventional,
            kind: Some(kind.to_owned()),
            scope: None,
            bang,
            description: text.to_owned(),
        };
    }
    bracketed(text, known)
        .or_else(|| area_header(text))
        .unwrap_or_else(|| free(text))
}

/// A line in free text.
pub(super) fn free(text: &str) -> Header {
    Header {
        style: Style::Free,
        kind: None,
        scope: None,
        bang: false,
        description: text.trim().to_owned(),
    }
}

/// `[area] text`, `[area][area] text`, `[type] text`.
fn bracketed(line: &str, known: &dyn Fn(&str) -> bool) -> Option<Header> {
    let mut names: Vec<&str> = Vec::new();
    let mut rest = line.trim_start();
    while let Some(inner) = rest.strip_prefix('[') {
        let (name, after) = inner.split_once(']')?;
        names.push(name.trim());
        rest = after.trim_start();
    }

    let rest = rest.strip_prefix(": ").unwrap_or(rest).trim();
    let [first, ..] = names[..] else {
        return None;
    };
    if rest.is_empty() || !names.iter().all(|name| is_area_name(name)) {
        return None;
    }
    let kind = first.to_ascii_lowercase();
    let is_kind = names.len() == 1 && known(&kind);

    Some(Header {
        style: if is_kind {
            Style::Conventional
        } else {
            Style::Area
        },
        scope: (!is_kind).then(|| names.join(", ")),
        kind: is_kind.then_some(kind),
        bang: false,
        description: rest.to_owned(),
    })
}

/// A name of a part of the project: no version (`[1.x]`), no ticket (`[ABC-12]`), no order to a
/// machine (`[skip ci]`, `[WIP]`).
fn is_area_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let plain = name
        .chars()
        .all(|c| c.is_alphanumeric() || "-_./,+*: ".contains(c));
    let is_ticket = name
        .rsplit_once('-')
        .is_some_and(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()));
    plain
        && name.starts_with(char::is_alphabetic)
        && name.chars().count() <= 40
        && !is_ticket
        && !lower.contains("skip")
        && !lower.starts_with("backport")
        && !matches!(lower.as_str(), "wip" | "draft" | "rfc" | "no ci")
}

/// `type(scope)!: description` exactly: a noun, an optional scope, an optional `!`, a colon
/// **and a space**.
pub fn conventional(line: &str) -> Option<Header> {
    let noun = line
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        .count();

    if noun == 0 || !line.as_bytes()[0].is_ascii_alphabetic() {
        return None;
    }
    let (kind, mut rest) = line.split_at(noun);
    let mut scope = None;
    if let Some(inner) = rest.strip_prefix('(') {
        let end = inner.find([')', '('])?;
        if !inner[end..].starts_with(')') || inner[..end].trim().is_empty() {
            return None;
        }
        scope = Some(inner[..end].trim().to_owned());
        rest = &inner[end + 1..];
    }

    let bang = rest.starts_with('!');
    let description = rest[usize::from(bang)..].strip_prefix(": ")?.trim();
    if description.is_empty() {
        return None;
    }

    Some(Header {
        style: Style::Conventional,
        kind: Some(kind.to_ascii_lowercase()),
        scope,
        bang,
        description: description.to_owned(),
    })
}

/// What areas are written with.
fn may_name_area(c: char) -> bool {
    c.is_alphanumeric() || "-_./,+*{}&:`() ".contains(c)
}

/// `area: text`, as the Linux kernel, tokio and jj write it: words or paths before the colon, at
/// most two for each area.
fn area_header(line: &str) -> Option<Header> {
    let (area, text) = line.split_once(": ")?;
    let (area, bang) = area
        .strip_suffix('!')
        .map_or((area, false), |area| (area, true));
    let plausible = !area.is_empty()
        && area.chars().count() <= 40
        && area.split(',').all(|one| is_area(one.trim()))
        && area.chars().all(may_name_area)
        && area.starts_with(|c: char| c.is_alphanumeric() || "`./_".contains(c))
        && !area.ends_with(' ');
    if !plausible || text.trim().is_empty() {
        return None;
    }
    Some(Header {
        style: Style::Area,
        kind: None,
        scope: Some(area.to_owned()),
        bang,
        description: text.trim().to_owned(),
    })
}

/// One word, or two in lower case that do not begin a sentence (`io driver`, not `Add test`).
fn is_area(text: &str) -> bool {
    let mut words = text.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some(_), None, _) => true,
        (Some(first), Some(_), None) => {
            first.starts_with(char::is_lowercase)
                && !["add", "fix", "remove", "update", "note", "use"].contains(&first)
        }
        _ => false,
    }
}

/// A subject without its trailing ` (#123)`.
pub fn without_pull(subject: &str) -> &str {
    split_pull(subject).0
}

/// A subject and the number of the pull request named at its end, as squash merges write it:
/// `(#12)`, GitLab's `(!12)`.
pub fn split_pull(subject: &str) -> (&str, Option<u64>) {
    let trimmed = subject.trim_end();
    let cut = trimmed.strip_suffix(')').and_then(|text| {
        let at = text.rfind("(#").or_else(|| text.rfind("(!"))?;
        Some((at, &text[at + 2..]))
    });
    match cut {
        Some((at, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && at > 0 =>
        {
            (trimmed[..at].trim_end(), digits.parse().ok())
        }
        _ => (trimmed, None),
    }
}

/// A subject without what names pull requests and backports around it, and the numbers of all of
/// them: `[1.x] fix a crash (backport #12) (#15)` is `fix a crash`, 12 and 15.
pub fn split_pulls(subject: &str) -> (&str, Vec<u64>) {
    let mut pulls = Vec::new();
    let mut text = without_backport_prefix(subject);
    loop {
        if let (rest, Some(number)) = split_pull(text) {
            pulls.push(number);
            text = rest;
        } else if let Some((rest, number)) = split_backport(text) {
            pulls.push(number);
            text = rest;
        } else {
            pulls.reverse();
            return (text.trim_end(), pulls);
        }
    }
}

/// ` (backport #12)`, ` (backport of #12)`, ` (bp #12)` at the end.
fn split_backport(text: &str) -> Option<(&str, u64)> {
    let inner = text.trim_end().strip_suffix(')')?;
    let at = inner.rfind('(')?;
    let (word, digits) = inner[at + 1..].rsplit_once('#')?;
    let word = word.trim().to_ascii_lowercase();
    let is_backport = matches!(
        word.as_str(),
        "backport" | "backport of" | "bp" | "cherry-pick" | "cherry-pick of" | "cherry picked from"
    );
    (is_backport && at > 0).then(|| Some((inner[..at].trim_end(), digits.parse().ok()?)))?
}

/// `[backport 1.x] `, `[1.x] `, `[v1.2] ` at the beginning.
fn without_backport_prefix(subject: &str) -> &str {
    let named = subject
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'));
    match named {
        Some((name, rest)) if !rest.trim().is_empty() => {
            let lower = name.to_ascii_lowercase();
            let branch = lower.strip_prefix("backport").unwrap_or(&lower).trim();
            let branch = branch.trim_start_matches(['v', ' ', ':']);
            let is_branch =
                branch.starts_with(|c: char| c.is_ascii_digit()) && branch.contains('.');
            if is_branch || lower.starts_with("backport") {
                rest.trim_start()
            } else {
                subject
            }
        }
        _ => subject,
    }
}
