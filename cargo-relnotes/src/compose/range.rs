//! Which release came before, and what the tags around the range say.

use release_gate::Result;
use release_gate::git::{Git, Tag};
use semver::Version;

use super::target::Target;
use crate::model::config::Config;
use crate::model::range::{self, Predecessor, TaggedRelease, releases};
use crate::model::release::{Named, Untagged};
use crate::read::manifest;

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
    pub duplicates: Vec<String>,
    /// Release tags at the commit that name another version than its manifest.
    pub misnamed: Vec<String>,
    /// All releases of the package.
    pub releases: Vec<TaggedRelease>,
}

/// Settles the range.
///
/// # Errors
/// git failed, or `since` names nothing.
pub fn settle_range(
    git: &Git,
    tags: &[Tag],
    target: &Target,
    config: &Config,
    since: Option<&str>,
) -> Result<Range> {
    let (version, commit) = (&target.version, &target.commit);
    let mut releases = releases(tags, &target.package, &config.tag_patterns);
    if config.tag_patterns.is_empty() {
        releases.extend(plain_tags_of(git, tags, target, &releases)?);
        range::sort(&mut releases);
    }
    let same: Vec<&TaggedRelease> = releases
        .iter()
        .filter(|release| release.version == *version)
        .collect();
    let mut duplicates = Vec::new();
    let (named, tag) = if let Some(here) = same.iter().find(|release| release.commit == *commit) {
        let elsewhere = same.iter().filter(|release| release.commit != *commit);
        duplicates.extend(elsewhere.map(|release| release.tag.clone()));
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
            release: Some(start_of(git, &releases, version, since)?),
            ..Predecessor::default()
        },
        None => range::predecessor(&releases, version, commit, named == Named::Past, git)?,
    };
    let misnamed = if named == Named::Tagged {
        Vec::new()
    } else {
        misnamed_tags(git, target, &releases)?
    };
    Ok(Range {
        predecessor,
        named,
        tag,
        duplicates,
        misnamed,
        releases,
    })
}

/// Plain tags beside those that name the package: its own from before there were others, where its
/// manifest had that version there.
fn plain_tags_of(
    git: &Git,
    tags: &[Tag],
    target: &Target,
    known: &[TaggedRelease],
) -> Result<Vec<TaggedRelease>> {
    let mut plain = range::plain(tags, &target.package);
    plain.retain(|one| known.iter().all(|other| other.version != one.version));
    let at: Vec<_> = plain
        .iter()
        .map(|one| (&one.commit, &one.version))
        .collect();
    let mine = manifest::had(git, &target.package, &target.location.package, &at)?;
    Ok(plain
        .into_iter()
        .zip(mine)
        .filter_map(|(one, mine)| mine.then_some(one))
        .collect())
}

/// What `--since` names. A revision without a tag stands for the highest lower version it holds, so
/// that the step from it can be judged.
fn start_of(
    git: &Git,
    releases: &[TaggedRelease],
    version: &Version,
    since: &str,
) -> Result<TaggedRelease> {
    let commit = git.resolve(since)?;
    if let Some(tagged) = releases.iter().find(|release| release.tag == since) {
        return Ok(tagged.clone());
    }
    let at = |release: &&TaggedRelease| release.commit == commit && release.version < *version;
    let known = match releases.iter().rev().find(at) {
        Some(release) => Some(release.version.clone()),
        None => range::predecessor(releases, version, &commit, false, git)?
            .release
            .map(|release| release.version),
    };
    Ok(TaggedRelease {
        tag: since.to_owned(),
        version: known.unwrap_or(Version::new(0, 0, 0)),
        time: git.commit_time(&commit)?,
        commit,
    })
}

/// Release tags at the commit that name another version than its manifest does.
fn misnamed_tags(git: &Git, target: &Target, releases: &[TaggedRelease]) -> Result<Vec<String>> {
    let here: Vec<&TaggedRelease> = releases
        .iter()
        .filter(|release| release.commit == target.commit)
        .filter(|release| release.version.to_string() != target.manifest.version)
        .collect();
    // In a workspace a plain tag may belong to another package.
    let others = if here.is_empty() {
        &[][..]
    } else {
        &target.location.folders.others
    };
    let mut elsewhere = Vec::new();
    for folder in others {
        let other = manifest::at(git, &target.commit, folder, &target.location.workspace)?;
        elsewhere.extend(other.map(|manifest| manifest.version));
    }
    let wrong = here
        .into_iter()
        .filter(|release| !elsewhere.contains(&release.version.to_string()));
    Ok(wrong.map(|release| release.tag.clone()).collect())
}

/// Versions the manifest had inside the range that no tag names: their commits are in these notes
/// too.
pub(super) fn untagged(git: &Git, target: &Target, range: &Range) -> Result<Vec<Untagged>> {
    let from = range.predecessor.release.as_ref();
    let location = &target.location;
    let seen = manifest::versions(
        git,
        from.map(|release| &release.commit),
        &target.commit,
        &location.package,
        &location.workspace,
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
