//! Rules about what notes claim: Rust versions, dates, advisories, pull requests, features, packages.
//!
//! Must never: fail notes for what cannot be known. A number that is in no commit may be that of an
//! issue, and a feature that of another package, which is said and no more.

use std::collections::BTreeSet;

use release_gate::time::iso_date;
use release_gate::{Finding, Level};

use super::content::{RUST, is_about, short_version, versions_in};
use super::subject::Notes;
use crate::model::advisories::advisory_ids;
use crate::model::release::{Named, Release, numbers_in};
use crate::read::page::{Block, Page};
use crate::rules;

/// Everything the notes claim and the facts deny. Generated notes claim what they were made from.
pub(super) fn false_claims(release: &Release, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    if notes.recorded.is_some() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    findings.extend(rust_versions(release, notes, page));
    findings.extend(date(release, notes, page));
    findings.extend(advisories(release, notes, page));
    findings.extend(numbers(release, notes, page));
    findings.extend(features(release, notes, page));
    findings.extend(packages(release, notes, page));
    findings
}

fn false_claim(notes: &Notes<'_>, message: String) -> Finding {
    Finding::new(&rules::CLAIM_FALSE, message)
        .at(notes.path, None)
        .help("correct the notes, or what they are about")
}

/// A minimum Rust version that is not the manifest's.
fn rust_versions(release: &Release, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let Some(rust_version) = &release.about.rust_version else {
        return Vec::new();
    };
    let wanted = short_version(rust_version);
    let before = release
        .changes
        .manifest
        .iter()
        .filter_map(|delta| delta.rust_version.as_ref()?.before.as_deref())
        .map(short_version)
        .next();

    page.blocks
        .iter()
        .filter(|block| claims_rust_version(&block.text) && is_about(page, block, RUST))
        .filter_map(|block| {
            let said: BTreeSet<String> = versions_in(&block.text)
                .into_iter()
                .filter(|version| version.starts_with("1."))
                .collect();
            let known = |version: &String| {
                short_version(version) == wanted || Some(short_version(version)) == before
            };
            let false_one = said.iter().find(|version| !known(version))?;
            (!said.iter().any(|version| short_version(version) == wanted)).then(|| {
                false_claim(
                    notes,
                    format!("the notes say Rust {false_one}, and the manifest says {rust_version}"),
                )
                .evidence("rust_version", rust_version.as_str())
            })
        })
        .collect()
}

/// Whether a sentence says which Rust is needed.
fn claims_rust_version(text: &str) -> bool {
    let lower = text.to_lowercase();
    let at_least = ["or newer", "or later", "or above", "or higher", "at least"]
        .iter()
        .any(|words| lower.contains(words));
    lower.contains("msrv")
        || lower.contains("rust-version")
        || (lower.contains("minimum") && lower.contains("rust"))
        || lower.contains("requires rust")
        || lower.contains("supported rust version")
        || (lower.contains("rust 1.") && at_least)
}

/// A date in the section's heading that is not that of the release.
fn date(release: &Release, notes: &Notes<'_>, page: &Page) -> Option<Finding> {
    const DAY: i64 = 86_400;
    let heading = page.headings.first()?;
    let said = heading
        .text
        .split(|c: char| !(c.is_ascii_digit() || c == '-' || c == '/'))
        .find_map(|word| Some((word.to_owned(), seconds_of(&word.replace('/', "-"))?)))
        .or_else(|| day_in_words(&heading.text))?;
    // Before there is a tag, the day of the release is not known yet.
    let days = (said.1 - release.about.time).abs() / DAY;
    let slack = if release.about.named == Named::Tagged {
        3
    } else {
        30
    };
    (days > slack).then(|| {
        let message = format!(
            "the notes say {}, and the release is of {}",
            said.0,
            iso_date(release.about.time)
        );
        false_claim(notes, message).level(if days > 180 { Level::Deny } else { Level::Warn })
    })
}

/// A day as `March 7th, 2025` or `7 Mar 2025` says it, and its seconds since 1970.
fn day_in_words(text: &str) -> Option<(String, i64)> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let month_of = |word: &str| {
        let is_month = |month: &&str| *month == word || month[..3] == *word;
        Some(1 + MONTHS.iter().position(is_month)?)
    };
    let day_of = |word: &str| {
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        digits
            .parse::<u8>()
            .ok()
            .filter(|day| (1..=31).contains(day))
    };
    let found = words.windows(3).find_map(|three| {
        let [a, b, year] = three else { return None };
        let year: u16 = year.parse().ok().filter(|year| *year >= 1970)?;
        let (month, day) = match (month_of(a), month_of(b)) {
            (Some(month), _) => (month, day_of(b)?),
            (_, Some(month)) => (month, day_of(a)?),
            _ => return None,
        };
        Some(format!("{year}-{month:02}-{day:02}"))
    })?;
    let seconds = seconds_of(&found)?;
    Some((found, seconds))
}

/// Seconds since 1970 of a day, `2026-11-21`. <https://howardhinnant.github.io/date_algorithms.html>
fn seconds_of(day: &str) -> Option<i64> {
    let parts: Vec<i64> = day
        .split('-')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let [year, month, date] = parts[..] else {
        return None;
    };
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return None;
    }
    // Years begin in March, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400)
}

/// An advisory nobody else speaks of.
fn advisories(release: &Release, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let known = &release.changes.mentioned.advisories;
    let hits = release
        .vulnerabilities
        .compared
        .iter()
        .flat_map(|delta| {
            delta
                .fixed
                .iter()
                .chain(&delta.present)
                .chain(&delta.introduced)
        })
        .chain(release.vulnerabilities.standing.iter().map(|(_, hit)| hit));

    let mut of_facts: BTreeSet<String> = hits
        .flat_map(|hit| std::iter::once(&hit.id).chain(&hit.aliases))
        .map(|id| id.to_uppercase())
        .collect();

    let found = release.evidence.facts.vulns.usable();
    for advisory in found.iter().flat_map(|vulns| &vulns.data.advisories) {
        of_facts.insert(advisory.id.to_uppercase());
        of_facts.extend(advisory.aliases.iter().map(|id| id.to_uppercase()));
    }

    let said: BTreeSet<String> = page
        .blocks
        .iter()
        .flat_map(|block| advisory_ids(&block.text))
        .collect();

    said.into_iter()
        .filter(|id| !known.contains(id) && !of_facts.contains(id))
        .map(|id| {
            false_claim(
                notes,
                format!("the notes name {id}, which is in no commit of the range and in no fact"),
            )
            .evidence("id", id)
        })
        .collect()
}

/// Numbers that are in no commit of the range.
fn numbers(release: &Release, notes: &Notes<'_>, page: &Page) -> Option<Finding> {
    let known = &release.changes.mentioned.numbers;
    let said: BTreeSet<u64> = page
        .blocks
        .iter()
        .flat_map(|block| numbers_in(&block.text))
        .collect();
    let unknown: Vec<String> = said
        .iter()
        .filter(|number| **number > 0 && !known.contains(number))
        .map(|number| format!("#{number}"))
        .collect();
    // Where commits name no numbers, none can be looked for.
    (!unknown.is_empty() && !known.is_empty()).then(|| {
        false_claim(
            notes,
            format!("no commit of the range names {}", unknown.join(", ")),
        )
        .level(Level::Warn)
        .help("look whether the numbers are right; those of issues may be")
    })
}

/// Features the manifest does not have, and features that are said to be gone and are there.
fn features(release: &Release, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let known = &release.about.features;
    let removed: BTreeSet<&String> = release.changes.features_removed().collect();
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for block in &page.blocks {
        for name in named_features(block) {
            if !seen.insert(name.clone()) {
                continue;
            }
            let is_known = known.contains(&name);
            let lower = block.prose.to_lowercase();
            let is_said_gone = [
                " removed", " gone", "remove ", "removed ", "dropped", "drop ",
            ]
            .iter()
            .any(|word| lower.contains(word));
            let message = if !is_known && !removed.contains(&name) {
                format!("the notes name the feature `{name}`, which the manifest does not have")
            } else if is_known && is_said_gone && is_about_one(block) {
                format!(
                    "the notes seem to say that the feature `{name}` is gone, and the manifest has it"
                )
            } else {
                continue;
            };
            let help = "look whether the name is right; that of another package's feature may be";
            findings.push(
                false_claim(notes, message)
                    .level(Level::Warn)
                    .help(help)
                    .evidence("feature", name),
            );
        }
    }

    findings
}

/// Whether a block sets one thing as code, so that what it says is said of that.
fn is_about_one(block: &Block) -> bool {
    block.code.len() == 1
}

/// Names that a block calls a feature of cargo: code beside the word.
fn named_features(block: &Block) -> Vec<String> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };

    block
        .code
        .iter()
        .filter(|code| is_name(code))
        .filter(|code| {
            let text = &block.text;
            text.match_indices(code.as_str()).any(|(at, _)| {
                let before = text[..at].trim_end().to_lowercase();
                let after = text[at + code.len()..].trim_start().to_lowercase();
                let follows = [
                    "feature ",
                    "feature.",
                    "feature,",
                    "feature:",
                    "cargo feature",
                ]
                .iter()
                .any(|word| after.starts_with(word) || after == word.trim_end());
                let precedes = before.ends_with(" feature") || before.ends_with("cargo feature");
                follows || precedes
            })
        })
        .cloned()
        .collect()
}

/// Updates of packages that Cargo.lock does not have at that version.
fn packages(release: &Release, notes: &Notes<'_>, page: &Page) -> Vec<Finding> {
    let Some(locked) = &release.evidence.locked else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for block in &page.blocks {
        let Some((name, version)) = update_in(&block.text) else {
            continue;
        };
        let is_code = block.code.contains(&name);
        let message = match locked.get(&name) {
            Some(versions) if versions.iter().any(|one| is_version_of(one, &version)) => continue,
            Some(versions) => format!(
                "the notes say {name} {version}, and Cargo.lock has {}",
                versions.join(", ")
            ),
            None if is_code => {
                format!("the notes name the package {name}, which Cargo.lock does not have")
            }
            None => continue,
        };
        findings.push(
            false_claim(notes, message)
                .level(Level::Warn)
                .evidence("package", name),
        );
    }

    findings
}

/// `Updated serde from 1.0.1 to 1.0.2`: the package, and its version now.
fn update_in(text: &str) -> Option<(String, String)> {
    const VERBS: &[&str] = &[
        "bump", "bumped", "bumps", "update", "updated", "updates", "upgrade", "upgraded",
        "upgrades",
    ];

    let words: Vec<&str> = text.split_whitespace().collect();
    let at = words.iter().position(|word| {
        let lower = word.to_lowercase();
        VERBS.contains(&lower.trim_end_matches([':', ',']))
    })?;

    let name = words
        .get(at + 1)?
        .trim_matches(|c: char| !c.is_alphanumeric());
    let to = words
        .iter()
        .skip(at + 2)
        .take(4)
        .position(|word| word.eq_ignore_ascii_case("to"))?;

    let version = words.get(at + 2 + to + 1)?;
    let version = version
        .trim_start_matches('v')
        .trim_end_matches(|c: char| !c.is_ascii_digit());
    let is_version = version.contains('.') && version.starts_with(|c: char| c.is_ascii_digit());

    is_version.then(|| (name.to_owned(), version.to_owned()))
}

/// Whether a locked version is the one that is said: `1.2` is said of `1.2.3`.
fn is_version_of(locked: &str, said: &str) -> bool {
    locked == said
        || locked
            .strip_prefix(said)
            .is_some_and(|rest| rest.starts_with(['.', '-', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_suite_shows_them() {
        for day in ["1970-01-01", "2000-02-29", "2026-11-30", "1999-12-31"] {
            assert_eq!(iso_date(seconds_of(day).unwrap()), day);
        }
        assert_eq!(seconds_of("2026-13-01"), None);
        assert_eq!(seconds_of("1.2.3"), None);
        for text in ["1.44.0 (March 7th, 2025)", "1.44.0 - 7 Mar 2025"] {
            let (day, _) = day_in_words(text).unwrap();
            assert_eq!(day, "2025-03-07", "{text}");
        }
        assert_eq!(day_in_words("1.0.0 maybe 2 2025"), None);
    }

    #[test]
    fn updates_and_features_are_told_from_other_words() {
        let update = |text: &str| update_in(text);
        assert_eq!(
            update("Updated serde from 1.0.1 to v1.0.2."),
            Some(("serde".to_owned(), "1.0.2".to_owned()))
        );
        assert_eq!(update("Bump the timeout to 30 seconds"), None);
        let page = Page::read(
            "- New cargo feature `turbo`\n- the `fast` feature is quick\n- `x` features a new look\n",
        );
        let named: Vec<String> = page.blocks.iter().flat_map(named_features).collect();
        assert_eq!(named, ["turbo", "fast"]);
    }
}
