//! Three grammars of commit messages: Conventional Commits 1.0.0, `area: text`, and free text.
//!
//! Must never: lose a commit. The header decides by itself; an odd body (no blank line, broken
//! footers) can add facts but not take the commit away. <https://www.conventionalcommits.org/en/v1.0.0/#specification>

use super::advisories::{advisory_ids, is_repair_of_advisory};
use super::{emoji, squash};

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

/// What a message says about reverting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revert {
    /// Ids (or their first digits) of the commits taken back.
    pub commits: Vec<String>,
    /// Numbers of the pull requests taken back.
    pub pulls: Vec<u64>,
    /// The quoted subject, as in `Revert "…"`.
    pub subject: Option<String>,
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub header: Header,
    /// Values of `BREAKING CHANGE` footers, lines kept.
    pub breaking: Vec<String>,
    /// Changes named in the body of a squash merge.
    pub squashed: Vec<Squashed>,
    /// Whether a footer stands between items of the body's list: the items are whole commits.
    pub is_list_of_commits: bool,
    /// Whether the message is nothing but a list of commits, as `git merge --squash` makes it.
    pub is_squash_list: bool,
    /// Ids of security advisories named anywhere in the message, upper case.
    pub advisories: Vec<String>,
    /// Whether it says that it repairs what an advisory is about.
    pub repairs_advisory: bool,
    /// What a `Changelog:` trailer asks for.
    pub wish: Option<Wish>,
    /// What it takes back, if it is a revert.
    pub revert: Option<Revert>,
    /// `Name <address>` of `Co-authored-by` trailers.
    pub co_authors: Vec<(String, String)>,
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

/// What the trailer `Changelog:` asks for, as GitLab writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// `skip`, `none`, `ignore`: no line.
    Skip,
    /// A category, lower case: `added`, `fixed`, `security`.
    Category(String),
}

impl Message {
    /// Whether it is marked as breaking, by `!` or footer.
    pub fn is_breaking(&self) -> bool {
        self.header.bang || !self.breaking.is_empty()
    }
}

/// Reads a message. `known` says which conventional types the section table has.
pub fn parse(message: &str, known: &dyn Fn(&str) -> bool) -> Message {
    let text = message.trim_start_matches(['\n', '\r', ' ', '\t', '\u{feff}']);
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first = first.trim_end();
    let subject = header(first, known);
    let lines: Vec<&str> = rest.lines().map(str::trim_end).collect();
    let squashed_commits = squash::commits(&lines, known);
    // What is indented below `commit …` are messages of their own.
    let footers = if squashed_commits.is_empty() {
        read_footers(&lines)
    } else {
        Footers::default()
    };
    let mut squashed = squash::bullets(&lines, &subject, known);
    let is_squash_list = !squashed_commits.is_empty() && squash::is_title(first);
    squashed.extend(squashed_commits);
    Message {
        breaking: footers.values(),
        is_list_of_commits: footers.ended_by_item,
        squashed,
        is_squash_list,
        revert: read_revert(first, &subject, &lines),
        co_authors: co_authors(&lines),
        advisories: advisory_ids(text).collect(),
        repairs_advisory: text.lines().any(is_repair_of_advisory),
        wish: wish(&lines),
        header: subject,
    }
}

/// What a `Changelog:` trailer asks for.
fn wish(lines: &[&str]) -> Option<Wish> {
    let (_, value) = lines
        .iter()
        .filter_map(|line| footer(line))
        .find(|(token, _)| token.eq_ignore_ascii_case("changelog"))?;
    let value = value.to_lowercase();
    Some(match value.as_str() {
        "skip" | "none" | "ignore" | "no" => Wish::Skip,
        _ => Wish::Category(value),
    })
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
        .unwrap_or_else(|| Header {
            style: Style::Free,
            kind: None,
            scope: None,
            bang: false,
            description: text.trim().to_owned(),
        })
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
        && !matches!(lower.as_str(), "wip" | "ci" | "draft" | "rfc" | "no ci")
}

/// `type(scope)!: description` to the letter: a noun, an optional scope, an optional `!`, a colon
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

/// `area: text`, as the Linux kernel, tokio and jj write it: words or paths before the colon, at
/// most two for each area.
fn area_header(line: &str) -> Option<Header> {
    let (area, text) = line.split_once(": ")?;
    let (area, bang) = area
        .strip_suffix('!')
        .map_or((area, false), |area| (area, true));
    let word = |c: char| c.is_alphanumeric() || "-_./,+*{}&:`() ".contains(c);
    let plausible = !area.is_empty()
        && area.chars().count() <= 40
        && area.split(',').all(|one| is_area(one.trim()))
        && area.chars().all(word)
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

/// A footer's token and the beginning of its value: `Token: value`, `Token #value`, `BREAKING
/// CHANGE: value`.
pub fn footer(line: &str) -> Option<(&str, &str)> {
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

/// Every `BREAKING CHANGE` footer. A value ends where the next footer begins, and in the list of a
/// squash merge also where its next item does; a list of the footer's own belongs to it, and so does
/// whatever stands in a fence.
pub(super) fn breaking_footers(lines: &[&str]) -> Vec<String> {
    read_footers(lines).values()
}

/// The `BREAKING CHANGE` footers of a body.
#[derive(Default)]
struct Footers {
    found: Vec<String>,
    /// Whether an item of the body's list ended one of them.
    ended_by_item: bool,
}

impl Footers {
    fn values(&self) -> Vec<String> {
        self.found
            .iter()
            .map(|value| value.trim().to_owned())
            .collect()
    }
}

fn read_footers(lines: &[&str]) -> Footers {
    let mut footers = Footers::default();
    let mut open = false;
    let mut in_fence = false;
    // The bullet of the list the footer stands in.
    let mut list_bullet: Option<char> = None;
    for line in lines {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_fence = !in_fence;
        }
        let bullet = squash::bullet(line).filter(|_| !in_fence);
        if let Some((mark, text)) = bullet {
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

fn co_authors(lines: &[&str]) -> Vec<(String, String)> {
    lines
        .iter()
        .filter_map(|line| footer(line.trim_start()))
        .filter(|(token, _)| token.eq_ignore_ascii_case("co-authored-by"))
        .map(|(_, value)| match value.split_once('<') {
            Some((name, rest)) => (
                name.trim().to_owned(),
                rest.split('>').next().unwrap_or("").trim().to_owned(),
            ),
            None => (value.to_owned(), String::new()),
        })
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// What a revert takes back: git's own sentence, GitHub's `Reverts #1`, or the `Refs:` footer the
/// specification suggests. Anything else (`Revert part of …`) is news like any other change.
fn read_revert(first: &str, header: &Header, lines: &[&str]) -> Option<Revert> {
    let conventional = header.kind.as_deref() == Some("revert");
    let said = if conventional {
        header.description.as_str()
    } else {
        first
    };
    let lower = said.trim_start().to_ascii_lowercase();
    let plain = lower.starts_with("revert ") || lower.starts_with("reapply ");
    let partly = lower.split_whitespace().any(|word| {
        matches!(
            word.trim_matches(|c: char| !c.is_alphanumeric()),
            "part" | "parts" | "partial" | "partially" | "partly"
        )
    });
    if (!conventional && !plain) || partly {
        return None;
    }

    let mut revert = Revert {
        subject: quoted_subject(said),
        ..Revert::default()
    };
    if revert.subject.is_none() && conventional {
        revert.subject = Some(without_pull(said).to_owned());
    }
    // git writes a second form for `Revert "Revert "x""`: `Reapply "x"`.
    if let Some(inner) = revert
        .subject
        .as_ref()
        .filter(|_| lower.starts_with("reapply "))
    {
        revert.subject = Some(format!("Revert \"{inner}\""));
    }
    let body = lines.join(" ");
    for sentence in [
        "This reverts commits ",
        "This reverts commit ",
        "this reverts commit ",
    ] {
        for (at, _) in body.match_indices(sentence) {
            revert
                .commits
                .extend(leading_ids(&body[at + sentence.len()..]));
        }
    }
    for line in lines {
        revert.pulls.extend(reverted_pull(line));
        if let Some((_, value)) =
            footer(line).filter(|(token, _)| conventional && token.eq_ignore_ascii_case("refs"))
        {
            revert.commits.extend(leading_ids(value));
        }
    }
    revert.commits.sort();
    revert.commits.dedup();
    let says_what =
        revert.subject.is_some() || !revert.commits.is_empty() || !revert.pulls.is_empty();
    says_what.then_some(revert)
}

/// `Reverts owner/repo#12`, `Reverts #12.`.
fn reverted_pull(line: &str) -> Option<u64> {
    let (_, digits) = line.strip_prefix("Reverts ")?.rsplit_once('#')?;
    digits.trim_end_matches('.').parse().ok()
}

/// Commit ids at the beginning of a text, separated by commas, spaces and `and`.
fn leading_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for word in text.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
        let trimmed = word.trim_end_matches(['.', ';', ')']);
        let is_id =
            (7..=64).contains(&trimmed.len()) && trimmed.bytes().all(|b| b.is_ascii_hexdigit());
        if is_id {
            ids.push(trimmed.to_ascii_lowercase());
        } else if word != "and" && word != "&" {
            break;
        }
        if is_id && word.ends_with('.') {
            break;
        }
    }
    ids
}

/// The subject in `Revert "subject"` and `Reapply "subject" (#12)`; nothing may stand around it.
fn quoted_subject(text: &str) -> Option<String> {
    let text = without_pull(text.trim());
    let start = text.find('"')?;
    let before = text[..start].trim().to_ascii_lowercase();
    let inner = text[start + 1..].strip_suffix('"')?;
    (matches!(before.as_str(), "revert" | "reapply" | "") && !inner.is_empty())
        .then(|| inner.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPES: &[&str] = &["feat", "fix", "docs", "revert", "chore", "perf"];

    fn read(message: &str) -> Message {
        parse(message, &|kind| TYPES.contains(&kind))
    }

    #[test]
    fn the_specifications_own_examples() {
        let message = read(
            "feat: allow provided config object to extend other configs\n\nBREAKING CHANGE: `extends` key in config file is now used for extending other config files",
        );
        assert_eq!(message.header.kind.as_deref(), Some("feat"));
        assert_eq!(message.breaking.len(), 1);
        assert!(
            read("feat!: send an email to the customer when a product is shipped").is_breaking()
        );
        let message = read("feat(api)!: send an email");
        assert_eq!(
            (message.header.scope.as_deref(), message.header.bang),
            (Some("api"), true)
        );
        let message = read(
            "chore!: drop support for Node 6\n\nBREAKING CHANGE: use JavaScript features not available in Node 6.",
        );
        assert!(message.is_breaking());
        let message = read(
            "fix: prevent racing of requests\n\nIntroduce a request id.\n\nReviewed-by: Z\nRefs: #123",
        );
        assert!(!message.is_breaking());
        let message = read(
            "revert: let us never again speak of the noodle incident\n\nRefs: 676104e, a215868",
        );
        assert_eq!(message.revert.unwrap().commits, ["676104e", "a215868"]);
    }

    #[test]
    fn case_colon_and_space() {
        assert_eq!(read("FEAT: x").header.kind.as_deref(), Some("feat"));
        assert_eq!(read("feat:no space").header.style, Style::Free);
        assert_ne!(
            read("feat(): x").header.style,
            Style::Conventional,
            "an empty scope is none"
        );
        assert!(!read("feat: x\n\nbreaking change: no").is_breaking());
        assert!(read("feat: x\n\nBREAKING-CHANGE: yes").is_breaking());
        assert!(read("Implement rewrite (#350)\n\nBREAKING CHANGE: all of it").is_breaking());
    }

    #[test]
    fn an_odd_body_never_loses_the_commit() {
        let message = read(
            "fix: header\nbody without a blank line\nBREAKING CHANGE: here\nhttps://example.com/a",
        );
        assert_eq!(message.header.description, "header");
        assert_eq!(message.breaking, ["here\nhttps://example.com/a"]);
        let crlf =
            read("feat: x\r\n\r\nbody\r\n\r\nBREAKING CHANGE: y\r\nSigned-off-by: A <a@b>\r\n");
        assert_eq!(crlf.breaking, ["y"]);
        assert_eq!(crlf.header.description, "x");
    }

    #[test]
    fn areas_and_free_text() {
        let header = read("rt, net: fix a race").header;
        assert_eq!(
            (header.style, header.scope.as_deref()),
            (Style::Area, Some("rt, net"))
        );
        assert_eq!(read("tokio: fix x").header.style, Style::Area);
        assert_eq!(
            read("Merge the thing: it was a long story for us: x")
                .header
                .style,
            Style::Free
        );
        assert_eq!(read("Add test: `x`").header.style, Style::Free);
        assert_eq!(read("Update README.md").header.style, Style::Free);
        assert_eq!(read("").header.description, "");
    }

    #[test]
    fn squash_bodies_are_read() {
        let message = read(
            "feat: all of it (#9)\n\n* feat: all of it\n\n* fix!: a break\n\n* wip\n\nCo-authored-by: A B <a@b.c>",
        );
        assert_eq!(message.squashed.len(), 1);
        assert!(message.squashed[0].header.bang);
        assert_eq!(message.co_authors, [("A B".to_owned(), "a@b.c".to_owned())]);
    }

    #[test]
    fn reverts() {
        let revert = read("Revert \"feat: x\"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567, reversing\nchanges made to fedcba9876543210.").revert.unwrap();
        assert_eq!(revert.commits, ["0123456789abcdef0123456789abcdef01234567"]);
        assert_eq!(revert.subject.as_deref(), Some("feat: x"));
        let revert = read("Revert \"x (#3)\" (#4)\n\nReverts owner/repo#3")
            .revert
            .unwrap();
        assert_eq!(
            (revert.pulls, revert.subject.as_deref()),
            (vec![3], Some("x (#3)"))
        );
        let revert = read("Revert a and b\n\nThis reverts commits abcdef1, abcdef2 and abcdef3.")
            .revert
            .unwrap();
        assert_eq!(revert.commits.len(), 3);
        assert_eq!(
            read("Reapply \"x\"").revert.unwrap().subject.as_deref(),
            Some("Revert \"x\"")
        );
        assert!(
            read("fix: y\n\nThis reverts commit abcdef1.")
                .revert
                .is_none()
        );
    }

    #[test]
    fn footers_are_not_addresses() {
        assert_eq!(footer("https://example.com"), None);
        assert_eq!(footer("Closes #3"), Some(("Closes", "3")));
        assert_eq!(footer("BREAKING CHANGES are many"), None);
    }

    #[test]
    fn pull_numbers() {
        assert_eq!(split_pull("x (#12)"), ("x", Some(12)));
        assert_eq!(split_pull("(#12)"), ("(#12)", None));
        assert_eq!(split_pull("x (#a)"), ("x (#a)", None));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_lost(text in any::<String>()) {
            let message = read(&text);
            let first = text.trim_start_matches(['\n', '\r', ' ', '\t', '\u{feff}']).split('\n').next().unwrap_or("");
            prop_assert!(first.contains(&message.header.description));
            prop_assert_eq!(message.header.description.trim().is_empty(), first.trim().is_empty());
        }

        /// git-conventional is the oracle wherever it accepts a message, but for its three known deviations.
        #[test]
        fn agrees_with_git_conventional(
            kind in "[a-zA-Z]{1,8}", scope in proptest::option::of("[a-z]{1,8}"), bang in any::<bool>(),
            text in "[a-z][a-z ]{0,20}", body in proptest::option::of("[a-z]{1,10}[a-z \n]{0,20}"),
            breaking in proptest::option::of("[a-z]{1,10}"), crlf in any::<bool>(),
        ) {
            let mut raw = format!("{kind}{}{}: {text}", scope.as_ref().map(|s| format!("({s})")).unwrap_or_default(), if bang { "!" } else { "" });
            if let Some(body) = &body { raw.push_str("\n\n"); raw.push_str(body.trim()); }
            if let Some(breaking) = &breaking { raw.push_str("\n\nBREAKING CHANGE: "); raw.push_str(breaking); }
            if crlf { raw = raw.replace('\n', "\r\n"); }
            let ours = parse(&raw, &|_| true);
            let theirs = git_conventional::Commit::parse(&raw).unwrap();
            prop_assert_eq!(ours.header.kind.as_deref().unwrap_or_default().to_owned(), theirs.type_().as_str().to_ascii_lowercase());
            prop_assert_eq!(ours.header.scope.as_deref(), theirs.scope().map(|s| s.as_str()));
            prop_assert_eq!(ours.header.description.as_str(), theirs.description().trim());
            prop_assert_eq!(ours.is_breaking(), theirs.breaking());
        }
    }
}
