//! Rules about what notes claim: Rust versions, dates, advisories, pull requests.
//!
//! Must never: fail notes for what cannot be known. A number that is in no commit may be that of an
//! issue, which is said and no more.

use std::collections::BTreeSet;

use release_gate::time::iso_date;
use release_gate::{Finding, Level};

use super::content::{RUST, is_about, short_version, versions_in};
use super::subject::Notes;
use crate::model::advisories::advisory_ids;
use crate::model::release::{Named, Release, numbers_in};
use crate::read::page::Page;
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
    let is_claim = |text: &str| {
        let lower = text.to_lowercase();
        lower.contains("msrv")
            || lower.contains("rust-version")
            || (lower.contains("minimum") && lower.contains("rust"))
    };
    page.blocks
        .iter()
        .filter(|block| is_claim(&block.text) && is_about(page, block, RUST))
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

/// A date in the section's heading that is not that of the release.
fn date(release: &Release, notes: &Notes<'_>, page: &Page) -> Option<Finding> {
    const DAY: i64 = 86_400;
    let heading = page.headings.first()?;
    let said = heading
        .text
        .split(|c: char| !(c.is_ascii_digit() || c == '-'))
        .find_map(|word| Some((word, seconds_of(word)?)))?;
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
        .filter(|number| !known.contains(number))
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
    }
}
