//! Rules that need no notes: they hold for the release itself, whenever notes are made or checked.

use release_gate::{Finding, Level, Status};
use release_gate_facts::ReportData;
use release_gate_facts::report::compat::CompatData;

use crate::model::account::Accounting;
use crate::model::breaking::{Breaking, Source};
use crate::model::bump::step;
use crate::model::facts::{Bump, FactGap, Facts, GapKind};
use crate::model::range::TaggedRelease;
use crate::model::release::{About, Changes, Named, Phase, Range, Release, UnreadTags};
use crate::model::vulnerabilities::{Hit, Standing};
use crate::rules;

/// What is wrong with a clone whose history was cut off; such a clone is not judged any further.
pub fn shallow(is_shallow: bool) -> Option<Finding> {
    is_shallow.then(|| {
        Finding::new(&rules::RANGE_SHALLOW, "history was cut off when this clone was made, so the commits since the last release are not all here")
            .help("run `git fetch --unshallow --tags`; in a CI checkout ask for the whole history (`fetch-depth: 0`)")
    })
}

/// An advisory that could not be read: it may or may not apply.
fn unreadable_advisory(file: &str) -> Finding {
    Finding::new(
        &rules::FACTS_ERROR,
        format!(
            "the advisory {file} of the database cannot be read, so nobody knows whether it applies"
        ),
    )
    .level(Level::Warn)
    .help("update the database and this tool")
    .evidence("file", file)
}

/// Everything wrong with the release, and whether it can be judged at all.
pub fn judge(release: &Release, required: &[String]) -> (Vec<Finding>, Option<Status>) {
    let Release {
        about,
        range,
        changes,
        vulnerabilities,
        evidence,
        ..
    } = release;
    let mut findings = Vec::new();
    findings.extend(tag_findings(about, range));
    findings.extend(ambiguous_tags(about, range));
    findings.extend(unaccounted_commits(range, &changes.accounting));
    findings.extend(unmarked_breaks(&changes.breaking));
    findings.extend(bump_too_small(about, range, changes, &evidence.facts));
    findings.extend(vulnerabilities.standing.iter().map(vulnerable_dependency));
    findings.extend(changed_sources(changes));

    let (gaps, mut status) = fact_gaps(&evidence.facts, about.phase, required);
    findings.extend(gaps);
    findings.extend(mismatched_artifacts(&evidence.facts));
    if about.phase == Phase::Final && !evidence.unreadable.is_empty() {
        status = Some(Status::Error);
    }
    findings.extend(
        evidence
            .unreadable
            .iter()
            .map(|why| unreadable_lock(why, about.phase)),
    );
    findings.extend(
        evidence
            .unreadable_advisories
            .iter()
            .map(|file| unreadable_advisory(file)),
    );
    (findings, status)
}

/// A lockfile that is there and cannot be read: what it holds cannot be compared.
fn unreadable_lock(why: &str, phase: Phase) -> Finding {
    Finding::new(
        &rules::FACTS_ERROR,
        format!("dependencies and advisories cannot be compared: {why}"),
    )
    .level(deny_when_final(phase, Level::Warn))
    .help("fix the lockfile, or name another release with --since")
}

/// A final release is held to what a draft may still mend.
fn deny_when_final(phase: Phase, draft: Level) -> Level {
    match phase {
        Phase::Final => Level::Deny,
        Phase::Draft => draft,
    }
}

fn tag_mismatch(message: String) -> Finding {
    Finding::new(&rules::RANGE_TAG_MISMATCH, message)
}

fn tag_findings(about: &About, range: &Range) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tag = about.tag.as_deref().unwrap_or_default();
    for other in &range.misnamed {
        findings.push(
            tag_mismatch(format!("the tag {other} leads to a commit whose manifest says {}", about.version))
                .help("set the version in Cargo.toml and commit it before the tag is made, or tag another commit")
                .evidence("tag", other.as_str()),
        );
    }

    match about.named {
        Named::Elsewhere => findings.push(
            tag_mismatch(format!(
                "the tag {tag} exists and does not lead to the commit to be released"
            ))
            .help("set another version in Cargo.toml, or move the tag if nobody has fetched it")
            .evidence("tag", tag),
        ),
        Named::Past if range.misnamed.is_empty() => findings.push(
            tag_mismatch(format!(
                "version {} was released as {tag}, and there are commits since",
                about.version
            ))
            .level(deny_when_final(about.phase, Level::Warn))
            .help("set the version of the next release in Cargo.toml")
            .evidence("tag", tag),
        ),
        Named::Past | Named::Tagged | Named::Untagged => {}
    }

    if let Some(higher) = &range.higher {
        findings.push(
            tag_mismatch(format!(
                "version {} is lower than {}, which is a part of its history",
                about.version, higher.tag
            ))
            .help(format!(
                "set a version above {} in Cargo.toml; release older versions from a branch of their own",
                higher.version
            ))
            .evidence("tag", higher.tag.as_str()),
        );
    }

    if range.uncommitted {
        findings.push(
            tag_mismatch(format!("version {} is not committed yet", about.version))
                .level(deny_when_final(about.phase, Level::Note))
                .help("commit Cargo.toml (and Cargo.lock), so that the release is what the commit says"),
        );
    }

    if let Some(before) = range.before().filter(|_| about.named != Named::Past)
        && about.version.cmp_precedence(&before.version).is_le()
    {
        findings.push(
            tag_mismatch(format!(
                "{} is not higher than {}, which came before",
                about.version, before.tag
            ))
            .help("start from a lower version, or set a higher one in Cargo.toml")
            .evidence("tag", before.tag.as_str()),
        );
    }

    findings
}

fn ambiguous_tags(about: &About, range: &Range) -> Vec<Finding> {
    let mut findings = Vec::new();
    let chosen = range.before().map(|before| before.tag.as_str());
    for rival in &range.predecessor.rivals {
        let chosen = chosen.unwrap_or_default();
        findings.push(two_tags(chosen, &rival.tag).help(format!(
            "notes start from {chosen}; name the other one with `--since {}`",
            rival.tag
        )));
    }
    for duplicate in &range.duplicates {
        findings.push(
            two_tags(about.tag.as_deref().unwrap_or_default(), duplicate)
                .help("delete the wrong tag, so that everybody gets the same release"),
        );
    }
    findings.extend(range.lost.iter().map(lost_tag));
    findings.extend(range.aside.iter().map(released_aside));
    findings.extend(range.unread.iter().map(unread_tags));
    findings.extend(untagged_versions(range));
    findings
}

/// A version this line of history had, whose tag is not part of it.
fn lost_tag(lost: &TaggedRelease) -> Finding {
    Finding::new(
        &rules::PREDECESSOR_AMBIGUOUS,
        format!(
            "{} is not part of this history, though its manifest had {}: what can be reached from the tag, or from the commit that set the version, is taken for released",
            lost.tag, lost.version
        ),
    )
    .help("move the tag to the commit that was released if nobody has fetched it, or name the start with `--since`")
    .evidence("tag", lost.tag.as_str())
    .evidence("commit", lost.commit.as_str())
}

/// A release on a branch of its own, whose commits were told there.
fn released_aside((release, commits): &(TaggedRelease, usize)) -> Finding {
    let commits = release_gate::text::counted(*commits, "commit", "commits");
    Finding::new(
        &rules::PREDECESSOR_AMBIGUOUS,
        format!(
            "{} was released from a branch of its own and holds {commits} of this history: these notes leave out what was released there",
            release.tag
        ),
    )
    .help("to tell of them again, name the release to start from with `--since`")
    .evidence("tag", release.tag.as_str())
    .evidence("commit", release.commit.as_str())
}

/// Tags that look like releases and are not read.
fn unread_tags(unread: &UnreadTags) -> Finding {
    Finding::new(
        &rules::PREDECESSOR_AMBIGUOUS,
        format!(
            "tags such as {} hold versions of this package and are not read",
            unread.newest
        ),
    )
    .help(format!(
        "set `tag-patterns = [\"{}\"]` under [relnotes] in release-gates.toml",
        unread.pattern
    ))
    .evidence("tag", unread.newest.as_str())
    .evidence("pattern", unread.pattern.as_str())
}

/// Two tags of one version that lead to different commits.
fn two_tags(chosen: &str, other: &str) -> Finding {
    let message = format!("{chosen} and {other} are one version at different commits");
    Finding::new(&rules::PREDECESSOR_AMBIGUOUS, message)
        .evidence("chosen", chosen)
        .evidence("other", other)
}

/// Versions the manifest had inside the range and no tag names.
fn untagged_versions(range: &Range) -> Option<Finding> {
    let (first, last) = (range.untagged.first()?, range.untagged.last()?);
    let versions = match range.untagged.len() {
        1 => first.version.to_string(),
        number => format!("{number} versions ({} to {})", first.version, last.version),
    };
    let message = if range.before().is_some() {
        format!(
            "{versions} was set inside the range and no tag names it: its commits are in these notes too"
        )
    } else {
        format!(
            "no lower release is tagged, but the manifest had {versions}: these notes cover all of history"
        )
    };
    Some(
        Finding::new(&rules::PREDECESSOR_AMBIGUOUS, message)
            .help("`git fetch --tags` brings missing tags; tag what was released, or name the start with `--since`")
            .evidence("commit", last.commit.as_str())
            .evidence("version", last.version.to_string()),
    )
}

fn unaccounted_commits(range: &Range, accounting: &Accounting) -> Option<Finding> {
    let total = accounting.sums().total;
    (total != range.counted as u64).then(|| {
        Finding::new(
            &rules::COMMIT_UNACCOUNTED,
            format!(
                "the range has {} commits and {total} are accounted for",
                range.counted
            ),
        )
        .help(
            "this is a defect of cargo-relnotes, or the repository changed meanwhile; run it again",
        )
        .evidence("counted", range.counted)
        .evidence("accounted", total)
    })
}

fn unmarked_breaks(items: &[Breaking]) -> Vec<Finding> {
    let marked = items.iter().any(|item| item.source != Source::Detected);
    items
        .iter()
        .filter(|item| item.source == Source::Detected)
        .flat_map(|item| &item.changes)
        .map(|change| {
            let message =
                format!("`{}` breaks ({}) and no commit of the range names it", change.item, change.rule);
            // Where some commits are marked, words that differ from the item's name are more likely than an accident.
            Finding::new(&rules::BREAKING_UNMARKED, message)
                .level(if marked { Level::Warn } else { Level::Deny })
                .help("mark the commit with `!` or a `BREAKING CHANGE:` footer, or take the change back")
                .evidence("item", change.item.as_str())
                .evidence("rule", change.rule.as_str())
        })
        .collect()
}

/// The step the release needs, and what asks for it.
fn required_bump(changes: &Changes, facts: &Facts) -> Option<(Bump, &'static str)> {
    let marked = changes
        .breaking
        .iter()
        .any(|item| item.entry.is_some())
        .then_some((Bump::Major, "a commit marked as breaking"));

    let compat = facts
        .compat
        .usable()
        .map(|compat| (compat.data.required_bump, CompatData::FILE));

    let detected = changes
        .breaking
        .iter()
        .any(|item| !item.changes.is_empty())
        .then_some((Bump::Major, "the API comparison"));

    // Names that begin with an underscore are nobody's business by convention.
    let feature = changes
        .features_removed()
        .any(|feature| !feature.starts_with('_'))
        .then_some((Bump::Major, "a removed feature"));

    [detected, compat, feature, marked]
        .into_iter()
        .flatten()
        .max_by_key(|(bump, _)| *bump)
}

fn bump_too_small(
    about: &About,
    range: &Range,
    changes: &Changes,
    facts: &Facts,
) -> Option<Finding> {
    let before = &range.before()?.version;
    let version = &about.version;
    let lower = version.cmp_precedence(before).is_le();
    if about.named == Named::Past || lower || !version.pre.is_empty() {
        return None;
    }

    let declared = step(before, version);
    let (required, why) = required_bump(changes, facts)?;
    // Before 1.0 there is no place for a minor step: the last number carries it.
    let zero = before.major == 0 && before.minor > 0 && required == Bump::Minor;
    (declared < required && !zero).then(|| {
        let message = format!(
            "{before} → {version} is a {} step and {why} requires a {} one",
            declared.as_str(),
            required.as_str()
        );
        Finding::new(&rules::BUMP_TOO_SMALL, message)
            .help("raise the version in Cargo.toml, or take the breaking change back")
            .evidence("declared", declared.as_str())
            .evidence("required", required.as_str())
    })
}

/// An advisory that hits the release.
fn vulnerable_dependency((standing, hit): &(Standing, Hit)) -> Finding {
    let help = match hit.patched.as_slice() {
        [] => {
            "no version with a repair is known here; say in the notes what users can do".to_owned()
        }
        patched => format!(
            "update it: `cargo update -p {}` (repaired in {})",
            hit.package,
            patched.join(" or ")
        ),
    };

    let (only, level) = if hit.locked_only {
        (
            " (in Cargo.lock, and used by nothing the package pulls in)",
            Level::Warn,
        )
    } else {
        ("", Level::Deny)
    };

    let message = format!(
        "{}{}{} {}{only}",
        hit.id,
        standing.words(),
        hit.package,
        hit.versions.join(", ")
    );

    Finding::new(&rules::VULN_INTRODUCED, message)
        .level(level)
        .help(help)
        .evidence("id", hit.id.as_str())
        .evidence("package", hit.package.as_str())
        .evidence("severity", hit.severity.as_deref().unwrap_or("unknown"))
}

fn changed_sources(changes: &Changes) -> impl Iterator<Item = Finding> {
    changes
        .dependencies
        .iter()
        .flat_map(|delta| &delta.source_changes)
        .map(|change| {
            Finding::new(
                &rules::DEP_SOURCE_CHANGED,
                format!(
                    "`{}` came from {} and comes from {} now",
                    change.name, change.from, change.to
                ),
            )
            .level(if change.leaves_registry {
                Level::Deny
            } else {
                Level::Note
            })
            .help("check who controls the new source; allow the rule if it is meant")
            .evidence("from", change.from.as_str())
            .evidence("to", change.to.as_str())
        })
}

fn fact_gaps(facts: &Facts, phase: Phase, required: &[String]) -> (Vec<Finding>, Option<Status>) {
    let mut findings = Vec::new();
    let mut status = None;
    let mut unknown = Vec::new();
    for FactGap {
        name,
        file,
        kind,
        why,
    } in facts.gaps()
    {
        if kind == GapKind::Missing && phase == Phase::Draft {
            unknown.push(file);
            continue;
        }
        let rule = match kind {
            GapKind::Missing => &rules::FACTS_MISSING,
            GapKind::Stale => &rules::FACTS_STALE,
            GapKind::Error | GapKind::OtherShape => &rules::FACTS_ERROR,
        };
        let is_required = required.iter().any(|fact| fact == name);
        // A report of another shape is no gap that a draft may leave: anyone who wrote it speaks another
        // language, and what it says is not known at all.
        let needed = is_required && (phase == Phase::Final || kind == GapKind::OtherShape);
        // A draft says its gaps; a final release with one is not judged.
        let level = match (phase, needed) {
            (_, true) => Level::Deny,
            (Phase::Draft, false) => Level::Warn,
            (Phase::Final, false) => Level::Note,
        };
        if needed {
            status = Some(Status::Error);
        }
        findings.push(
            Finding::new(rule, format!("{file}: {why}"))
                .level(level)
                .help(next_step(name))
                .evidence("file", file),
        );
    }

    if !unknown.is_empty() {
        let message = format!(
            "the notes cannot say what nobody found out yet: there is no {}",
            unknown.join(", ")
        );
        findings.push(
            Finding::new(&rules::FACTS_MISSING, message)
                .level(Level::Note)
                .help("run the other gates at this commit, then make the notes again")
                .evidence("files", unknown),
        );
    }

    (findings, status)
}

/// Artifacts whose file is not the one that was built.
fn mismatched_artifacts(facts: &Facts) -> impl Iterator<Item = Finding> {
    facts.mismatched.iter().map(|(name, found)| {
        Finding::new(
            &rules::DIGEST_MISMATCH,
            format!("`{name}` is not the file that buildinfo.json describes"),
        )
        .help("build again with `cargo repro build`, then make the notes again")
        .evidence("artifact", name.as_str())
        .evidence("found", found.to_string())
    })
}

fn next_step(fact: &str) -> &'static str {
    match fact {
        "buildinfo" => "run `cargo repro build` at this commit",
        "repro" => "run `cargo repro check` at this commit",
        "sbom" => "run `cargo sbom-lite` at this commit",
        "vulns" => "run `cargo sbom-lite audit` at this commit",
        _ => "run `cargo compat` at this commit",
    }
}
