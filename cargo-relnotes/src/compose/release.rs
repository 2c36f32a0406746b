//! One release, composed from everything that was read of it.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::artifacts::PackageArtifacts;
use release_gate::git::{CommitId, Git};
use release_gate::report::Baseline;

use super::deltas::{self, Deltas};
use super::range::{settle_range, untagged};
use super::target::Target;
use crate::model::account::{self, Accounting};
use crate::model::breaking::{Breaking, reconcile};
use crate::model::bump::ReleaseType;
use crate::model::commit::Commit;
use crate::model::config::Config;
use crate::model::facts::Facts;
use crate::model::release::{About, Changes, Evidence, Phase, Range, Release, Vulnerabilities};
use crate::model::sections::{Section, Table};
use crate::model::{people, reverts};
use crate::read::advisories::Advisories;
use crate::read::{facts, history, shipped};

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The tag (or revision) to start from instead of the predecessor.
    pub since: Option<String>,
    /// The revision released; `HEAD` without it.
    pub to: Option<String>,
    /// Draft or final.
    pub phase: Phase,
}

/// What a composition reads from.
pub struct Sources<'a> {
    /// The repository.
    pub git: &'a Git,
    /// The artifact folder of the release.
    pub folder: &'a PackageArtifacts,
    /// The advisory database, where there is one.
    pub advisories: Option<&'a Advisories>,
}

/// Composes a release.
///
/// # Errors
/// git failed or something it holds cannot be read.
pub fn compose_release(
    sources: &Sources<'_>,
    target: &Target,
    config: &Config,
    request: &Request,
) -> Result<Release> {
    let git = sources.git;
    let tags = git.tags()?;
    let range = settle_range(git, &tags, target, config, request.since.as_deref())?;
    let before = range.predecessor.release.clone();
    let from = before.as_ref().map(|release| &release.commit);

    let facts = facts::gather(
        sources.folder,
        &target.subject,
        before.as_ref().map(|release| &release.version),
    );
    let deltas = deltas::between(git, target, &range, &facts, sources.advisories)?;
    let commits = read_commits(git, target, from, deltas.folder_before.clone())?;
    let accounting = account_for(git, &commits, config, &deltas)?;
    let breaking = join_breaking(&accounting, &facts);

    let about = About {
        package: target.package.clone(),
        version: target.version.clone(),
        named: range.named,
        tag: range.tag.clone(),
        phase: request.phase,
        time: release_time(git, &target.commit)?,
        commit: target.commit.clone(),
        is_library: target.is_library,
        repository: config.link_base(target.manifest.repository.as_deref()),
    };
    let closes_vulnerability = closes_vulnerability(&accounting, &deltas);
    Ok(Release {
        range: Range {
            release_type: ReleaseType::of(
                before.as_ref().map(|release| &release.version),
                &target.version,
                closes_vulnerability,
            ),
            counted: history::count(git, from, &target.commit)?,
            untagged: untagged(git, target, &range)?,
            uncommitted: target.uncommitted,
            predecessor: range.predecessor,
            duplicates: range.duplicates,
            misnamed: range.misnamed,
        },
        changes: Changes {
            contributors: contributors(git, &commits, from, &target.commit, config)?,
            accounting,
            breaking,
            manifest: deltas.manifest,
            dependencies: deltas.dependencies,
        },
        vulnerabilities: Vulnerabilities {
            compared: deltas.vulnerabilities,
            standing: deltas.issues,
        },
        evidence: Evidence {
            build_before: before.as_ref().and_then(|before| {
                facts::build_before(
                    sources.folder,
                    &target.package,
                    &before.version,
                    &before.commit,
                )
            }),
            facts,
            unreadable: deltas.unreadable,
            keys: shipped::keys_at(git, &target.commit, &target.location.workspace)?,
        },
        about,
    })
}

/// The commits of the range, each marked with whether it touches the package, wherever the package
/// lay on either side.
fn read_commits(
    git: &Git,
    target: &Target,
    from: Option<&CommitId>,
    folder_before: Option<String>,
) -> Result<Vec<Commit>> {
    let mut commits = history::commits(git, from, &target.commit)?;
    let mut location = target.location.clone();
    if let Some(folder) = folder_before {
        location.move_to(folder);
    }
    history::mark_touching(git, from, &target.commit, &location.folders, &mut commits)?;
    Ok(commits)
}

/// Accounts for the commits; what a merge brought that was taken back as a whole is asked of git.
fn account_for(
    git: &Git,
    commits: &[Commit],
    config: &Config,
    deltas: &Deltas,
) -> Result<Accounting> {
    let table = Table::new(config.sections.clone());
    let has_table = deltas
        .dependencies
        .as_ref()
        .is_ok_and(|delta| !delta.is_empty());
    let reverts = account::reverts(commits, &table);
    let mut brought = BTreeMap::new();
    for merge in reverts::merges(commits, &reverts) {
        brought.insert(merge.clone(), history::brought(git, merge)?);
    }
    Ok(account::account(
        commits, &table, has_table, &reverts, &brought,
    ))
}

/// What commits mark as breaking, beside what the API comparison found.
fn join_breaking(accounting: &Accounting, facts: &Facts) -> Vec<Breaking> {
    let marked: Vec<_> = accounting.section(Section::Breaking).collect();
    let detected = facts
        .compat
        .usable()
        .map(|compat| compat.data.changes.as_slice())
        .unwrap_or_default();
    reconcile(&marked, detected)
}

fn closes_vulnerability(accounting: &Accounting, deltas: &Deltas) -> bool {
    let fixed = deltas
        .vulnerabilities
        .as_ref()
        .is_ok_and(|delta| delta.fixed.iter().any(|hit| !hit.locked_only));
    fixed || accounting.section(Section::Security).next().is_some()
}

/// SOURCE_DATE_EPOCH, else the time of the commit.
fn release_time(git: &Git, commit: &CommitId) -> Result<i64> {
    match release_gate::time::source_date_epoch()? {
        Some(seconds) => Ok(seconds),
        None => Ok(git.commit_time(commit)?),
    }
}

fn contributors(
    git: &Git,
    commits: &[Commit],
    from: Option<&CommitId>,
    to: &CommitId,
    config: &Config,
) -> Result<Vec<people::Contributor>> {
    let named = people::co_authors(commits);
    let (positions, identities): (Vec<usize>, Vec<_>) = named.into_iter().unzip();
    let co_authors: Vec<_> = positions
        .into_iter()
        .zip(history::mailmapped(git, &identities, to)?)
        .collect();
    let known = match from {
        Some(from) if config.first_timers != Some(false) => {
            Some(history::known_authors(git, from, to)?)
        }
        _ => None,
    };
    Ok(people::contributors(commits, &co_authors, known.as_ref()))
}

/// The baseline named in reports.
pub fn baseline(range: &Range) -> Option<Baseline> {
    let before = range.before()?;
    Some(Baseline {
        kind: release_gate::report::BaselineKind::Git,
        name: before.tag.clone(),
        version: Some(before.version.to_string()),
        commit: Some(before.commit.clone()),
    })
}
