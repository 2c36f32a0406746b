//! Rules that need no notes: they hold for the release itself, whenever notes are made or checked.

use release_gate::{Finding, Level, Status};

use crate::model::bump::step;
use crate::model::facts::{Bump, Gap};
use crate::model::release::{Named, Phase, Release};
use crate::rules;

/// What is wrong with a clone whose history was cut off; such a clone is not judged any further.
pub fn shallow(is_shallow: bool) -> Option<Finding> {
    is_shallow.then(|| {
        Finding::new(&rules::RANGE_SHALLOW, "history was cut off when this clone was made, so the commits since the last release are not all here")
            .help("run `git fetch --unshallow --tags`; in a CI checkout ask for the whole history (`fetch-depth: 0`)")
    })
}

/// An advisory that could not be read: it may or may not apply.
pub fn unreadable_advisory(file: &str) -> Finding {
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
    let mut findings = Vec::new();
    findings.extend(tags(release));
    findings.extend(unaccounted(release));
    findings.extend(breaking(release));
    findings.extend(bump(release));
    findings.extend(vulnerable(release));
    findings.extend(sources(release));
    let (gaps, mut status) = facts(release, required);
    findings.extend(gaps);
    for why in &release.unreadable {
        let is_final = release.phase == Phase::Final;
        if is_final {
            status = Some(Status::Error);
        }
        findings.push(
            Finding::new(
                &rules::FACTS_ERROR,
                format!("dependencies and advisories cannot be compared: {why}"),
            )
            .level(if is_final { Level::Deny } else { Level::Warn })
            .help("mend the lockfile, or name another release with --since"),
        );
    }
    (findings, status)
}

fn tags(release: &Release) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tag = release.tag.as_deref().unwrap_or_default();
    let mismatch = |message: String| Finding::new(&rules::RANGE_TAG_MISMATCH, message);
    for other in &release.misnamed {
        findings.push(
            mismatch(format!("the tag {other} leads to a commit whose manifest says {}", release.version))
                .help("set the version in Cargo.toml and commit it before the tag is made, or tag another commit")
                .evidence("tag", other.as_str()),
        );
    }
    match release.named {
        Named::Elsewhere => findings.push(
            mismatch(format!(
                "the tag {tag} exists and does not lead to the commit to be released"
            ))
            .help("set another version in Cargo.toml, or move the tag if nobody has fetched it")
            .evidence("tag", tag),
        ),
        Named::Past if release.misnamed.is_empty() => findings.push(
            mismatch(format!(
                "version {} was released as {tag}, and there are commits since",
                release.version
            ))
            .level(if release.phase == Phase::Final {
                Level::Deny
            } else {
                Level::Warn
            })
            .help("set the version of the next release in Cargo.toml")
            .evidence("tag", tag),
        ),
        Named::Past | Named::Tagged | Named::Untagged => {}
    }
    if release.uncommitted {
        findings.push(
            mismatch(format!("version {} is not committed yet", release.version))
                .level(if release.phase == Phase::Final { Level::Deny } else { Level::Note })
                .help("commit Cargo.toml (and Cargo.lock), so that the release is what the commit says"),
        );
    }
    let before = release.predecessor.release.as_ref();
    if let Some(before) = before.filter(|_| release.named != Named::Past)
        && release.version.cmp_precedence(&before.version).is_le()
    {
        findings.push(
            mismatch(format!(
                "{} is not higher than {}, which came before",
                release.version, before.tag
            ))
            .help("start from a lower version, or set a higher one in Cargo.toml")
            .evidence("tag", before.tag.as_str()),
        );
    }
    findings.extend(ambiguous(release));
    findings
}

fn ambiguous(release: &Release) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rival in &release.predecessor.rivals {
        let chosen = release
            .predecessor
            .release
            .as_ref()
            .map(|release| release.tag.as_str())
            .unwrap_or_default();
        findings.push(
            Finding::new(
                &rules::PREDECESSOR_AMBIGUOUS,
                format!(
                    "{chosen} and {} are one version at different commits",
                    rival.tag
                ),
            )
            .help(format!(
                "notes start from {chosen}; name the other one with `--since {}`",
                rival.tag
            ))
            .evidence("chosen", chosen)
            .evidence("other", rival.tag.as_str()),
        );
    }
    for twin in &release.twins {
        let tag = release.tag.as_deref().unwrap_or_default();
        findings.push(
            Finding::new(
                &rules::PREDECESSOR_AMBIGUOUS,
                format!("{tag} and {twin} are one version at different commits"),
            )
            .help("delete the wrong tag, so that everybody gets the same release")
            .evidence("chosen", tag)
            .evidence("other", twin.as_str()),
        );
    }
    if let (Some(first), Some(last)) = (release.untagged.first(), release.untagged.last()) {
        let versions = match release.untagged.len() {
            1 => first.version.to_string(),
            number => format!("{number} versions ({} to {})", first.version, last.version),
        };
        let message = if release.predecessor.release.is_some() {
            format!(
                "{versions} was set inside the range and no tag names it: its commits are in these notes too"
            )
        } else {
            format!(
                "no lower release is tagged, but the manifest had {versions}: these notes cover all of history"
            )
        };
        findings.push(
            Finding::new(&rules::PREDECESSOR_AMBIGUOUS, message)
                .help("`git fetch --tags` brings missing tags; tag what was released, or name the start with `--since`")
                .evidence("commit", last.commit.as_str())
                .evidence("version", last.version.to_string()),
        );
    }
    findings
}

fn unaccounted(release: &Release) -> Option<Finding> {
    let total = release.accounting.sums().total;
    (total != release.counted).then(|| {
        Finding::new(
            &rules::COMMIT_UNACCOUNTED,
            format!(
                "the range has {} commits and {total} are accounted for",
                release.counted
            ),
        )
        .help(
            "this is a defect of cargo-relnotes, or the repository changed meanwhile; run it again",
        )
        .evidence("counted", release.counted)
        .evidence("accounted", total)
    })
}

fn breaking(release: &Release) -> Vec<Finding> {
    use crate::model::breaking::Source;
    let marked = release
        .breaking
        .iter()
        .any(|item| item.source != Source::Detected);
    release
        .breaking
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
pub fn required_bump(release: &Release) -> Option<(Bump, &'static str)> {
    let marked = release
        .breaking
        .iter()
        .any(|item| item.entry.is_some())
        .then_some((Bump::Major, "a commit marked as breaking"));
    let compat = release
        .facts
        .compat
        .usable()
        .and_then(|compat| compat.data.required_bump)
        .map(|bump| (bump, "compat.json"));
    let detected = release
        .breaking
        .iter()
        .any(|item| !item.changes.is_empty())
        .then_some((Bump::Major, "the API comparison"));
    // Names that begin with an underscore are nobody's business by convention.
    let mut removed = release
        .manifest
        .iter()
        .flat_map(|delta| &delta.features_removed);
    let feature = removed
        .any(|feature| !feature.starts_with('_'))
        .then_some((Bump::Major, "a removed feature"));
    [detected, compat, feature, marked]
        .into_iter()
        .flatten()
        .max_by_key(|(bump, _)| *bump)
}

fn bump(release: &Release) -> Option<Finding> {
    let before = release.predecessor.release.as_ref()?;
    let lower = release.version.cmp_precedence(&before.version).is_le();
    if release.named == Named::Past || lower || !release.version.pre.is_empty() {
        return None;
    }
    let declared = step(&before.version, &release.version);
    let (required, why) = required_bump(release)?;
    // Before 1.0 there is no place for a minor step: the last number carries it.
    let zero = before.version.major == 0 && before.version.minor > 0 && required == Bump::Minor;
    (declared < required && !zero).then(|| {
        let message = format!(
            "{} → {} is a {} step and {why} requires a {} one",
            before.version,
            release.version,
            declared.as_str(),
            required.as_str()
        );
        Finding::new(&rules::BUMP_TOO_SMALL, message)
            .help("raise the version in Cargo.toml, or take the breaking change back")
            .evidence("declared", declared.as_str())
            .evidence("required", required.as_str())
    })
}

fn vulnerable(release: &Release) -> impl Iterator<Item = Finding> {
    release.issues.iter().map(|(standing, hit)| {
        let message = format!(
            "{}{}{} {}",
            hit.id,
            standing.words(),
            hit.package,
            hit.versions.join(", ")
        );
        let help = match hit.patched.as_slice() {
            [] => "no version with a repair is known here; say in the notes what users can do"
                .to_owned(),
            patched => {
                format!(
                    "update it: `cargo update -p {}` (repaired in {})",
                    hit.package,
                    patched.join(" or ")
                )
            }
        };
        let only = if hit.locked_only {
            " (in Cargo.lock, and used by nothing the package pulls in)"
        } else {
            ""
        };
        Finding::new(&rules::VULN_INTRODUCED, format!("{message}{only}"))
            .level(if hit.locked_only {
                Level::Warn
            } else {
                Level::Deny
            })
            .help(help)
            .evidence("id", hit.id.as_str())
            .evidence("package", hit.package.as_str())
            .evidence("severity", hit.severity.as_deref().unwrap_or("unknown"))
    })
}

fn sources(release: &Release) -> impl Iterator<Item = Finding> {
    release
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

fn facts(release: &Release, required: &[String]) -> (Vec<Finding>, Option<Status>) {
    let mut findings = Vec::new();
    let mut status = None;
    let mut unknown = Vec::new();
    for (name, file, gap, why) in release.facts.gaps() {
        if gap == Gap::Missing && release.phase == Phase::Draft {
            unknown.push(file);
            continue;
        }
        let rule = match gap {
            Gap::Missing => &rules::FACTS_MISSING,
            Gap::Stale => &rules::FACTS_STALE,
            Gap::Error => &rules::FACTS_ERROR,
        };
        let needed = release.phase == Phase::Final && required.iter().any(|fact| fact == name);
        // A draft says its gaps; a final release with one is not judged.
        let level = match (release.phase, needed) {
            (Phase::Final, true) => Level::Deny,
            (Phase::Draft, _) => Level::Warn,
            _ => Level::Note,
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
    for (name, found) in &release.facts.mismatched {
        findings.push(
            Finding::new(
                &rules::DIGEST_MISMATCH,
                format!("`{name}` is not the file that buildinfo.json describes"),
            )
            .help("build again with `cargo repro build`, then make the notes again")
            .evidence("artifact", name.as_str())
            .evidence("found", found.to_string()),
        );
    }
    (findings, status)
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
