//! Holds ranges, accounting and escaping against real histories: `cargo run --example histories --
//! REPOSITORY…`.
//!
//! For every version tag of every family of tags: the predecessor must be the one that `git
//! for-each-ref --merged` knows, the commits must be exactly those of `git rev-list`, and the
//! buckets must add up. Every distinct subject must come back from a Markdown parser as it went in.
//! Any difference is printed and ends with exit code 1.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use cargo_relnotes::model::account::{Policy, account, reverts};
use cargo_relnotes::model::corrections::Corrections;
use cargo_relnotes::model::range::{Span, TaggedRelease, predecessor, releases};
use cargo_relnotes::model::reverts::Known;
use cargo_relnotes::model::sections::Table;
use cargo_relnotes::model::spans::{shown, without_breaks};
use cargo_relnotes::model::untrusted::Untrusted;
use cargo_relnotes::read::history;
use cargo_relnotes::report::markdown::{escape, parse_back};
use release_gate::git::{Git, Tag};
use release_gate::process::Runner;

fn main() -> ExitCode {
    let (mut wrong, mut tags, mut commits) = (0, 0, 0);
    let mut subjects = BTreeSet::new();
    for folder in std::env::args().skip(1) {
        let runner = Runner::new();
        let Ok(Some(git)) = Git::discover(Path::new(&folder), &runner) else {
            say(&format!("{folder}: no repository with a work tree"));
            return ExitCode::FAILURE;
        };
        match repository(&git, &mut subjects) {
            Ok(result) => {
                say(&format!(
                    "{folder}: {} tags, {} commits in ranges, {} differences",
                    result.tags,
                    result.commits,
                    result.wrong.len()
                ));
                result
                    .wrong
                    .iter()
                    .for_each(|line| say(&format!("  {line}")));
                wrong += result.wrong.len();
                tags += result.tags;
                commits += result.commits;
            }
            Err(error) => {
                say(&format!("{folder}: {}", error.chain()));
                return ExitCode::FAILURE;
            }
        }
    }

    let (leaks, altered) = escaping(&subjects);
    say(&format!(
        "total: {tags} tags, {commits} commits in ranges, {wrong} differences"
    ));
    say(&format!(
        "{} distinct subjects: {leaks} leaks, {altered} altered",
        subjects.len()
    ));

    if wrong + leaks + altered == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(
    clippy::print_stdout,
    reason = "an example of its own, outside the suite's terminal"
)]
fn say(line: &str) {
    println!("{line}");
}

#[derive(Default)]
struct Result {
    tags: usize,
    commits: usize,
    wrong: Vec<String>,
}

fn repository(git: &Git, subjects: &mut BTreeSet<String>) -> release_gate::Result<Result> {
    let mut result = Result::default();
    let tags = git.tags()?;
    let table = Table::default();
    for family in families(&tags) {
        for release in &family {
            let ours = predecessor(&family, &release.version, &release.commit, false, git)?;
            let truth = merged_predecessor(git, &family, release)?;
            result.tags += 1;
            let name = |release: &Option<TaggedRelease>| {
                release
                    .as_ref()
                    .map_or("none".to_owned(), |release| release.tag.clone())
            };
            if ours.release.as_ref().map(|r| &r.version) != truth.as_ref().map(|r| &r.version) {
                result.wrong.push(format!(
                    "{}: predecessor {} instead of {}",
                    release.tag,
                    name(&ours.release),
                    name(&truth)
                ));
                continue;
            }
            let from = ours.release.as_ref().map(|release| &release.commit);
            let span = Span {
                also: Vec::new(),
                to: release.commit.clone(),
                without: from.into_iter().cloned().collect(),
            };
            let commits = history::commits(git, &span)?;
            let listed: BTreeSet<String> =
                commits.iter().map(|commit| commit.id.to_string()).collect();
            let mut args = vec!["rev-list".to_owned(), release.commit.to_string()];
            args.extend(truth.iter().map(|truth| format!("^{}", truth.commit)));
            let expected: BTreeSet<String> = String::from_utf8_lossy(&git.plumbing(args)?)
                .lines()
                .map(str::to_owned)
                .collect();
            let policy = Policy {
                fragments: &cargo_relnotes::model::fragments::Fragments::new(),
                table: &table,
                rows: Some(&BTreeSet::new()),
                corrections: &Corrections::default(),
            };
            let taken_back = reverts(&commits, &table);
            let sums = account(&commits, policy, &taken_back, &Known::default()).sums();
            let total = sums.listed
                + sums.folded
                + sums.merge
                + sums.cancelled
                + sums.hidden.values().sum::<u64>();
            if listed != expected
                || commits.len() != expected.len()
                || total != expected.len() as u64
            {
                result.wrong.push(format!(
                    "{}: {} commits and {total} accounted for instead of {}",
                    release.tag,
                    commits.len(),
                    expected.len()
                ));
            }
            result.commits += commits.len();
            subjects.extend(commits.iter().map(|commit| commit.subject().to_owned()));
        }
    }

    Ok(result)
}

/// Tags by what stands before the version: each family is one line of releases.
fn families(tags: &[Tag]) -> Vec<Vec<TaggedRelease>> {
    let mut prefixes: BTreeMap<String, usize> = BTreeMap::new();
    for tag in tags {
        if let Some(at) = tag
            .name
            .char_indices()
            .find(|(at, c)| c.is_ascii_digit() && semver::Version::parse(&tag.name[*at..]).is_ok())
        {
            *prefixes.entry(tag.name[..at.0].to_owned()).or_default() += 1;
        }
    }
    prefixes
        .keys()
        .map(|prefix| releases(tags, "", &[format!("{prefix}{{version}}")]))
        .collect()
}

/// The truth by other means: of all tags git itself says are merged into this one, the highest
/// lower version.
fn merged_predecessor(
    git: &Git,
    family: &[TaggedRelease],
    release: &TaggedRelease,
) -> release_gate::Result<Option<TaggedRelease>> {
    let bytes = git.plumbing([
        "for-each-ref",
        "--format=%(refname:strip=2)",
        &format!("--merged={}", release.commit),
        "refs/tags",
    ])?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let merged: BTreeSet<&str> = text.lines().collect();
    let candidates = family
        .iter()
        .filter(|other| merged.contains(other.tag.as_str()));
    let candidates =
        candidates.filter(|other| other.version.cmp_precedence(&release.version).is_lt());
    Ok(candidates
        .filter(|other| !release.version.pre.is_empty() || other.version.pre.is_empty())
        .max_by(|a, b| a.version.cmp_precedence(&b.version))
        .cloned())
}

fn escaping(subjects: &BTreeSet<String>) -> (usize, usize) {
    let (mut leaks, mut altered) = (0, 0);
    for subject in subjects {
        let text = Untrusted::new(subject);
        let seen = parse_back(&format!("- {}\n", escape(&text)));
        if !(seen.html.is_empty() && seen.links.is_empty() && seen.other.is_empty())
            || seen.items.len() != 1
        {
            leaks += 1;
            say(&format!("leak: {subject:?}"));
        }
        if linked_by_forges(&escape(&text)) {
            leaks += 1;
            say(&format!("linked by a forge: {subject:?}"));
        }
        if without_breaks(&seen.items.concat()).trim() != shown(&text).trim() {
            altered += 1;
            say(&format!("altered: {subject:?}"));
        }
    }
    (leaks, altered)
}

/// What GitHub links behind CommonMark's back: mentions, bare addresses, numbers of other
/// repositories. Code is left alone by it.
fn linked_by_forges(markdown: &str) -> bool {
    let mut plain = String::new();
    let mut rest = markdown;
    while let Some(at) = rest.find('`') {
        let escaped = rest[..at].chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
        plain.push_str(&rest[..at]);
        let ticks = rest[at..].bytes().take_while(|b| *b == b'`').count();
        let fence = "`".repeat(ticks);
        rest = &rest[at + ticks..];
        if !escaped && let Some(end) = rest.find(&fence) {
            rest = &rest[end + ticks..];
        }
    }

    plain.push_str(rest);
    let bytes = plain.as_bytes();
    let after = |at: usize| bytes.get(at).copied().unwrap_or(b' ');
    let mention = bytes
        .iter()
        .enumerate()
        .any(|(at, b)| *b == b'@' && after(at + 1).is_ascii_alphanumeric());

    let address = ["http://", "https://", "ftp://", "mailto:"]
        .iter()
        .any(|scheme| plain.to_ascii_lowercase().contains(scheme));
    let web = plain.to_ascii_lowercase().contains("www.");
    let elsewhere = plain.match_indices("\\#").any(|(at, _)| {
        at > 0
            && (after(at - 1).is_ascii_alphanumeric()
                || matches!(after(at - 1), b'-' | b'_' | b'.'))
            && after(at + 2).is_ascii_digit()
    });

    mention || address || web || elsewhere
}
