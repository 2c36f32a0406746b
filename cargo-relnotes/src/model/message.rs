//! A whole message: its header, its footers, what it squashes and what it takes back.
//!
//! Must never: lose a commit. The header decides by itself; an odd body (no blank line, broken
//! footers) can add facts but not take the commit away.

use super::advisories::{advisory_ids, is_repair_of_advisory};
use super::footers::{Footers, footer, read_footers};
use super::grammar::{Header, header, without_pull};
use super::pulls;
use super::squash::{self, Squashed};

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
    /// The merge request a squash of GitLab's came from.
    pub request: Option<u64>,
    /// Issues it says it closes.
    pub closes: Vec<u64>,
    /// Whether it says that it repairs what an advisory is about.
    pub repairs_advisory: bool,
    /// What a `Changelog:` trailer asks for.
    pub wish: Option<Wish>,
    /// What it takes back, if it is a revert.
    pub revert: Option<Revert>,
    /// `Name <address>` of `Co-authored-by` trailers.
    pub co_authors: Vec<(String, String)>,
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
        request: lines.iter().find_map(|line| merge_request(line)),
        closes: closed_issues(text),
        repairs_advisory: text.lines().any(is_repair_of_advisory),
        wish: wish(&lines),
        header: subject,
    }
}

/// `See merge request group/project!12`.
fn merge_request(line: &str) -> Option<u64> {
    let (_, digits) = line
        .trim()
        .strip_prefix("See merge request ")?
        .rsplit_once('!')?;
    digits.parse().ok()
}

/// Issues of the project's own that forges close with a message: `Closes #12, #13`, `This fixes #14`.
fn closed_issues(text: &str) -> Vec<u64> {
    const KEYWORDS: &[&str] = &[
        "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
    ];
    let mut found = Vec::new();
    for line in text.lines() {
        let mut is_closing = false;
        for word in line.split_whitespace() {
            let bare = word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '#'));
            let number = bare
                .strip_prefix('#')
                .and_then(|digits| digits.parse().ok());
            match number {
                Some(number) if is_closing => {
                    if !found.contains(&number) {
                        found.push(number);
                    }
                }
                _ if matches!(bare, "and" | "") => {}
                _ => is_closing = KEYWORDS.contains(&bare.to_lowercase().as_str()),
            }
        }
    }

    found
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
    // `Revert "Merge pull request #12 from …"`: the number says which.
    let merge = revert.subject.as_deref().and_then(pulls::read);
    revert.pulls.extend(
        merge
            .filter(|pull| pull.title.is_empty())
            .and_then(|pull| pull.number),
    );
    let body = lines.join(" ");
    for sentence in [
        "This reverts commits ",
        "This reverts commit ",
        "this reverts commit ",
        "Reverted commit ",
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

/// `Reverts owner/repo#12`, `Reverts #12.`, GitLab's `This reverts merge request !12`.
fn reverted_pull(line: &str) -> Option<u64> {
    let digits = match line.strip_prefix("This reverts merge request ") {
        Some(request) => request.rsplit_once('!')?.1,
        None => line.strip_prefix("Reverts ")?.rsplit_once(['#', '!'])?.1,
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::grammar::{Style, split_pull};
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
    fn issues_that_are_closed() {
        let closes = |text: &str| read(text).closes;
        assert_eq!(closes("fix: x\n\nCloses #12, #13 and #14."), [12, 13, 14]);
        assert_eq!(closes("x (fixes #3)\n\nFixes: #3\nResolves #4"), [3, 4]);
        assert!(closes("x\n\nSee #5. Towards #6. Fixes other/repo#7, unlike #8").is_empty());
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
