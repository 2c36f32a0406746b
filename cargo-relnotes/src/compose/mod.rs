//! From a repository and an artifact folder to one [`Release`]: the only place where reading and
//! modelling meet.
//!
//! Must never: judge or render.

mod deltas;
mod target;

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::artifacts::PackageArtifacts;
use release_gate::git::{CommitId, Git, Tag};
use release_gate::report::Baseline;
use semver::Version;

pub use self::target::{Place, Target, target};
use crate::config::Config;
use crate::model::account::{self, Accounting};
use crate::model::breaking::reconcile;
use crate::model::bump::ReleaseType;
use crate::model::commit::Commit;
use crate::model::facts::Facts;
use crate::model::range::{self, Predecessor, releases};
use crate::model::release::{Named, Phase, Release, Untagged};
use crate::model::sections::{Section, Table};
use crate::model::{people, reverts};
use crate::read::advisories::Advisories;
use crate::read::{facts, history, manifest, shipped};

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

/// What the range of a release is, before anything is read of it.
#[derive(Debug, Clone)]
pub struct Range {
    /// The release before.
    pub predecessor: Predecessor,
    /// What the version stands on.
    pub named: Named,
    /// The tag of this version.
    pub tag: Option<String>,
    /// Tags of this version that lead to other commits, where one leads to the right one.
    pub twins: Vec<String>,
    /// Release tags at the commit that name another version than its manifest.
    pub misnamed: Vec<String>,
    /// All releases of the package.
    pub releases: Vec<range::Release>,
}

/// Settles the range.
///
/// # Errors
/// git failed, or `since` names nothing.
pub fn range(
    git: &Git,
    tags: &[Tag],
    target: &Target,
    config: &Config,
    since: Option<&str>,
) -> Result<Range> {
    let (version, commit) = (&target.version, &target.commit);
    let mut releases = releases(tags, &target.package, &config.tag_patterns);
    if config.tag_patterns.is_empty() {
        releases.extend(plain(git, tags, target, &releases)?);
        range::sort(&mut releases);
    }
    let same: Vec<&range::Release> = releases
        .iter()
        .filter(|release| release.version == *version)
        .collect();
    let mut twins = Vec::new();
    let (named, tag) = if let Some(here) = same.iter().find(|release| release.commit == *commit) {
        let elsewhere = same.iter().filter(|release| release.commit != *commit);
        twins.extend(elsewhere.map(|release| release.tag.clone()));
        (Named::Tagged, Some(here.tag.clone()))
    } else if let Some(other) = same.first() {
        let past = git.is_ancestor(&other.commit, commit)?;
        (
            if past { Named::Past } else { Named::Elsewhere },
            Some(other.tag.clone()),
        )
    } else {
        (Named::Untagged, None)
    };
    let predecessor = match since {
        Some(since) => Predecessor {
            release: Some(start(git, &releases, version, since)?),
            ..Predecessor::default()
        },
        None => range::predecessor(&releases, version, commit, named == Named::Past, git)?,
    };
    let misnamed = if named == Named::Tagged {
        Vec::new()
    } else {
        misnamed(git, target, &releases)?
    };
    Ok(Range {
        predecessor,
        named,
        tag,
        twins,
        misnamed,
        releases,
    })
}

/// Plain tags beside those that name the package: its own from before there were others, where its
/// manifest had that version there.
fn plain(
    git: &Git,
    tags: &[Tag],
    target: &Target,
    known: &[range::Release],
) -> Result<Vec<range::Release>> {
    let mut plain = range::plain(tags, &target.package);
    plain.retain(|one| known.iter().all(|other| other.version != one.version));
    let at: Vec<_> = plain
        .iter()
        .map(|one| (&one.commit, &one.version))
        .collect();
    let mine = manifest::had(git, &target.package, &target.place.package, &at)?;
    Ok(plain
        .into_iter()
        .zip(mine)
        .filter_map(|(one, mine)| mine.then_some(one))
        .collect())
}

/// What `--since` names. A revision without a tag stands for the highest lower version it holds, so
/// that the step from it can be judged.
fn start(
    git: &Git,
    releases: &[range::Release],
    version: &Version,
    since: &str,
) -> Result<range::Release> {
    let commit = git.resolve(since)?;
    if let Some(tagged) = releases.iter().find(|release| release.tag == since) {
        return Ok(tagged.clone());
    }
    let at = |release: &&range::Release| release.commit == commit && release.version < *version;
    let known = match releases.iter().rev().find(at) {
        Some(release) => Some(release.version.clone()),
        None => range::predecessor(releases, version, &commit, false, git)?
            .release
            .map(|release| release.version),
    };
    Ok(range::Release {
        tag: since.to_owned(),
        version: known.unwrap_or(Version::new(0, 0, 0)),
        time: git.commit_time(&commit)?,
        commit,
    })
}

/// Release tags at the commit that name another version than its manifest does.
fn misnamed(git: &Git, target: &Target, releases: &[range::Release]) -> Result<Vec<String>> {
    let here: Vec<&range::Release> = releases
        .iter()
        .filter(|release| release.commit == target.commit)
        .filter(|release| release.version.to_string() != target.manifest.version)
        .collect();
    // In a workspace a plain tag may belong to another package.
    let others = if here.is_empty() {
        &[][..]
    } else {
        &target.place.folders.others
    };
    let mut elsewhere = Vec::new();
    for folder in others {
        let other = manifest::at(git, &target.commit, folder, &target.place.workspace)?;
        elsewhere.extend(other.map(|manifest| manifest.version));
    }
    let wrong = here
        .into_iter()
        .filter(|release| !elsewhere.contains(&release.version.to_string()));
    Ok(wrong.map(|release| release.tag.clone()).collect())
}

/// Versions the manifest had inside the range that no tag names: their commits are in these notes
/// too.
fn untagged(git: &Git, target: &Target, range: &Range) -> Result<Vec<Untagged>> {
    let from = range.predecessor.release.as_ref();
    let place = &target.place;
    let seen = manifest::versions(
        git,
        from.map(|release| &release.commit),
        &target.commit,
        &place.package,
        &place.workspace,
    )?;
    let mut found: Vec<Untagged> = Vec::new();
    for (commit, version) in seen.into_iter().rev() {
        let between = version.pre.is_empty()
            && version < target.version
            && from.is_none_or(|from| from.version < version)
            && version > Version::new(0, 0, 0);
        let known = range
            .releases
            .iter()
            .any(|release| release.version == version)
            || found.iter().any(|other| other.version == version);
        if between && !known {
            found.push(Untagged { version, commit });
        }
    }
    found.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(found)
}

/// Composes a release.
///
/// # Errors
/// git failed or something it holds cannot be read.
pub fn release(
    git: &Git,
    target: &Target,
    config: &Config,
    request: &Request,
    folder: &PackageArtifacts,
    advisories: Option<&Advisories>,
) -> Result<Release> {
    let tags = git.tags()?;
    let range = range(git, &tags, target, config, request.since.as_deref())?;
    let from = range
        .predecessor
        .release
        .as_ref()
        .map(|release| release.commit.clone());
    let mut commits = history::commits(git, from.as_ref(), &target.commit)?;
    let counted = history::count(git, from.as_ref(), &target.commit)?;
    let before = range
        .predecessor
        .release
        .as_ref()
        .map(|release| &release.version);
    let facts: Facts = facts::gather(folder, &target.subject, before);
    let deltas = deltas::between(git, target, &range, &facts, advisories)?;
    let mut place = target.place.clone();
    deltas
        .folder_before
        .into_iter()
        .for_each(|folder| place.move_to(folder));
    history::mark_touching(
        git,
        from.as_ref(),
        &target.commit,
        &place.folders,
        &mut commits,
    )?;
    let has_table = deltas
        .dependencies
        .as_ref()
        .is_ok_and(|delta| !delta.is_empty());
    let accounting = accounting(
        git,
        &commits,
        &Table::new(config.sections.clone()),
        has_table,
    )?;
    let contributors = contributors(git, &commits, from.as_ref(), &target.commit, config)?;
    let marked: Vec<_> = accounting.section(Section::Breaking).collect();
    let changes = facts
        .compat
        .usable()
        .map(|compat| compat.data.changes.clone())
        .unwrap_or_default();
    let breaking = reconcile(&marked, &changes);
    let before = range
        .predecessor
        .release
        .as_ref()
        .map(|release| &release.version);
    let fixed = deltas
        .vulnerabilities
        .as_ref()
        .is_ok_and(|delta| delta.fixed.iter().any(|hit| !hit.locked_only));
    let security = fixed || accounting.section(Section::Security).next().is_some();
    let time = match release_gate::time::source_date_epoch()? {
        Some(seconds) => seconds,
        None => git.commit_time(&target.commit)?,
    };
    let untagged = untagged(git, target, &range)?;
    let build_before = range.predecessor.release.as_ref().and_then(|before| {
        facts::build_before(folder, &target.package, &before.version, &before.commit)
    });
    Ok(Release {
        build_before,
        unreadable: deltas.unreadable,
        keys: shipped::keys_at(git, &target.commit, &target.place.workspace)?,
        package: target.package.clone(),
        version: target.version.clone(),
        named: range.named,
        tag: range.tag,
        twins: range.twins,
        misnamed: range.misnamed,
        uncommitted: target.uncommitted,
        untagged,
        phase: request.phase,
        time,
        to: target.commit.clone(),
        release_type: ReleaseType::of(before, &target.version, security),
        predecessor: range.predecessor,
        counted,
        breaking,
        accounting,
        manifest: deltas.manifest,
        dependencies: deltas.dependencies,
        vulnerabilities: deltas.vulnerabilities,
        issues: deltas.issues,
        is_library: target.is_library,
        contributors,
        facts,
        repository: config.link_base(target.manifest.repository.as_deref()),
    })
}

/// Accounts for the commits; what a merge brought that was taken back as a whole is asked of git.
fn accounting(git: &Git, commits: &[Commit], table: &Table, has_table: bool) -> Result<Accounting> {
    let reverts = account::reverts(commits, table);
    let mut brought = BTreeMap::new();
    for merge in reverts::merges(commits, &reverts) {
        brought.insert(merge.clone(), history::brought(git, merge)?);
    }
    Ok(account::account(
        commits, table, has_table, &reverts, &brought,
    ))
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
pub fn baseline(release: &Release) -> Option<Baseline> {
    let before = release.predecessor.release.as_ref()?;
    Some(Baseline {
        kind: release_gate::report::BaselineKind::Git,
        name: before.tag.clone(),
        version: Some(before.version.to_string()),
        commit: Some(before.commit.clone()),
    })
}
