//! Three grammars of commit messages: Conventional Commits 1.0.0, `area: text`, and free text.
//!
//! Must never: lose a commit. The header decides by itself; an odd body (no blank line, broken
//! footers) can add facts but not take the commit away. <https://www.conventionalcommits.org/en/v1.0.0/#specification>

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
    /// Conventional changes named in the list of a squash body.
    pub squashed: Vec<Header>,
    /// What it takes back, if it is a revert.
    pub revert: Option<Revert>,
    /// `Name <address>` of `Co-authored-by` trailers.
    pub co_authors: Vec<(String, String)>,
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
    let header = header(first, known);
    let lines: Vec<&str> = rest.lines().map(str::trim_end).collect();
    let squashed = squash_list(&lines, &header, known);
    Message {
        breaking: breaking_footers(&lines),
        squashed,
        revert: read_revert(first, &header, &lines),
        co_authors: co_authors(&lines),
        header,
    }
}

/// Reads one line as a header.
pub fn header(line: &str, known: &dyn Fn(&str) -> bool) -> Header {
    if let Some(header) = conventional(line) {
        let kind = header.kind.as_deref().unwrap_or_default();
        // `tokio: fix x` has the form of a conventional header, but its "type" is an area.
        if known(kind) || header.scope.is_some() || header.bang {
            return header;
        }
    }
    area_header(line).unwrap_or_else(|| Header {
        style: Style::Free,
        kind: None,
        scope: None,
        bang: false,
        description: line.trim().to_owned(),
    })
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

/// Every `BREAKING CHANGE` footer; a value ends where the next footer begins.
fn breaking_footers(lines: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines {
        match footer(line) {
            Some(("BREAKING CHANGE", value)) => {
                found.push(value.to_owned());
                open = true;
            }
            Some(_) => open = false,
            None if open => {
                if let Some(value) = found.last_mut() {
                    value.push('\n');
                    value.push_str(line);
                }
            }
            None => {}
        }
    }
    found.iter().map(|value| value.trim().to_owned()).collect()
}

/// The bullets of a squash body that are conventional headers of known types, without a repetition
/// of the subject.
fn squash_list(lines: &[&str], subject: &Header, known: &dyn Fn(&str) -> bool) -> Vec<Header> {
    let mut found: Vec<Header> = Vec::new();
    for line in lines {
        let Some(text) = line.strip_prefix("* ").or_else(|| line.strip_prefix("- ")) else {
            continue;
        };
        let Some(header) = conventional(text) else {
            continue;
        };
        let repeated = |other: &Header| {
            without_pull(&other.description) == without_pull(&header.description)
                && other.kind == header.kind
        };
        if header.kind.as_deref().is_some_and(known)
            && !repeated(subject)
            && !found.iter().any(repeated)
        {
            found.push(header);
        }
    }
    found
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
/// specification suggests.
fn read_revert(first: &str, header: &Header, lines: &[&str]) -> Option<Revert> {
    let conventional = header.kind.as_deref() == Some("revert");
    let said = if conventional {
        header.description.as_str()
    } else {
        first
    };
    let lower = said.trim_start().to_ascii_lowercase();
    let plain = lower.starts_with("revert \"")
        || lower.starts_with("revert ")
        || lower.starts_with("reapply \"");
    if !conventional && !plain {
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
        if let Some(rest) = line.strip_prefix("Reverts ") {
            let number = rest
                .rsplit_once('#')
                .map(|(_, digits)| digits.trim_end_matches('.'));
            revert
                .pulls
                .extend(number.and_then(|digits| digits.parse::<u64>().ok()));
        }
        if let Some((_, value)) =
            footer(line).filter(|(token, _)| conventional && token.eq_ignore_ascii_case("refs"))
        {
            revert.commits.extend(leading_ids(value));
        }
    }
    revert.commits.sort();
    revert.commits.dedup();
    Some(revert)
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

/// What stands between the first and the last quotation mark.
fn quoted_subject(text: &str) -> Option<String> {
    let start = text.find('"')?;
    let end = text.rfind('"')?;
    (end > start + 1).then(|| text[start + 1..end].to_owned())
}

/// A subject without its trailing ` (#123)`.
pub fn without_pull(subject: &str) -> &str {
    split_pull(subject).0
}

/// A subject and the number of the pull request named at its end, as squash merges write it.
pub fn split_pull(subject: &str) -> (&str, Option<u64>) {
    let trimmed = subject.trim_end();
    let cut = trimmed
        .strip_suffix(')')
        .and_then(|text| text.rfind("(#").map(|at| (at, &text[at + 2..])));
    match cut {
        Some((at, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && at > 0 =>
        {
            (trimmed[..at].trim_end(), digits.parse().ok())
        }
        _ => (trimmed, None),
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
        assert!(message.squashed[0].bang);
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
