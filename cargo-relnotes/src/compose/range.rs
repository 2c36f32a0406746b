//! Which release came before, and what the tags around the range say.

use std::collections::BTreeMap;

use release_gate::git::{CommitId, Git, Tag};
use release_gate::{Error, Result};
use semver::Version;

use super::target::Target;
use crate::model::config::Config;
use crate::model::range::{self, Predecessor, Span, TaggedRelease, releases};
use crate::model::release::{Named, UnreadTags, Untagged};
use crate::read::{history, manifest};

/// What the range of a release is, before anything is read of it.
#[derive(Debug, Clone)]
pub struct Range {
    /// The previous release.
    pub predecessor: Predecessor,
    /// What the version stands on.
    pub named: Named,
    /// The tag of this version.
    pub tag: Option<String>,
    /// The commits of the release.
    pub span: Span,
    /// Tags of this version that lead to other commits, where one leads to the right one.
    pub duplicates: Vec<String>,
    /// Release tags at the commit that name another version than its manifest.
    pub misnamed: Vec<String>,
    /// Tags of versions this line of history had, at commits that are no longer a part of it.
    pub lost: Vec<TaggedRelease>,
    /// A release of a higher version that is a part of this one's history.
    pub higher: Option<TaggedRelease>,
    /// The highest lower release that was made on a branch of its own and holds commits of this
    /// history, and how many: they are left out.
    pub aside: Option<(TaggedRelease, usize)>,
    /// Tags that look like releases in a form nobody told us to read.
    pub unread: Vec<UnreadTags>,
    /// Versions inside the range that no tag names, lowest first.
    pub untagged: Vec<Untagged>,
    /// All releases of the package.
    pub releases: Vec<TaggedRelease>,
}

/// What the tags of a repository mean to a package.
struct TagState {
    named: Named,
    tag: Option<String>,
    duplicates: Vec<String>,
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
    let version = &target.version;
    let commit = &target.commit;
    let known = known_releases(git, tags, target, config)?;
    let TagState {
        named,
        tag,
        duplicates,
    } = tag_state(git, &known, target)?;
    let mut predecessor = match since {
        Some(since) => Predecessor {
            release: Some(start_of(git, &known, version, since)?),
            ..Predecessor::default()
        },
        None => range::predecessor(&known, version, commit, named == Named::Past, git)?,
    };

    let seen = versions_inside(git, target, predecessor.release.as_ref())?;
    let lost = match since {
        Some(_) => Vec::new(),
        None => lost_tags(&seen, &known, &predecessor, version),
    };
    let mut untagged = untagged_versions(&seen, &known);
    let mut without: Vec<CommitId> = Vec::new();
    without.extend(
        predecessor
            .release
            .iter()
            .map(|before| before.commit.clone()),
    );
    for (release, set_by) in &lost {
        without.extend([release.commit.clone(), set_by.clone()]);
    }
    let lost: Vec<TaggedRelease> = lost.into_iter().map(|(release, _)| release).collect();
    let mut span = Span {
        to: commit.clone(),
        also: Vec::new(),
        without,
    };
    // What was released under a lost tag is still what users have.
    if let Some(highest) = lost.iter().max_by(|a, b| a.version.cmp(&b.version)) {
        predecessor.release = Some(highest.clone());
    }
    let aside = match since {
        Some(_) => None,
        None => released_aside(git, &span, &predecessor)?,
    };
    if let Some((release, _)) = &aside {
        let elsewhere = predecessor.elsewhere.iter();
        span.without.extend(elsewhere.map(|one| one.commit.clone()));
        let before = predecessor.release.as_ref();
        if before.is_none_or(|before| before.version < release.version) {
            untagged.retain(|one| one.version > release.version);
            predecessor.release = Some(release.clone());
        }
    }

    let misnamed = if named == Named::Tagged {
        Vec::new()
    } else {
        misnamed_tags(git, target, &known)?
    };
    Ok(Range {
        higher: higher_ancestor(git, &known, target)?,
        unread: unread_tags(git, tags, target, &known)?,
        span,
        aside,
        predecessor,
        named,
        tag,
        duplicates,
        misnamed,
        lost,
        untagged,
        releases: known,
    })
}

/// All releases of the package, lowest version first.
fn known_releases(
    git: &Git,
    tags: &[Tag],
    target: &Target,
    config: &Config,
) -> Result<Vec<TaggedRelease>> {
    let mut patterns = config.tag_patterns.iter();
    if let Some(bad) = patterns.find(|pattern| !range::is_pattern(pattern)) {
        return Err(Error::usage(format!(
            "`{bad}` under `tag-patterns` does not say where the version stands"
        ))
        .with_help("write `{version}` into it once, or `{major}`, `{minor}` and `{patch}`"));
    }
    let mut known = releases(tags, &target.package, &config.tag_patterns);
    if config.tag_patterns.is_empty() {
        let plain = range::plain(tags, &target.package);
        known.extend(own_releases(git, plain, target, &known)?);
        let short = range::short(tags, &target.package, &known);
        known.extend(own_releases(git, short, target, &known)?);
        range::sort(&mut known);
    }
    Ok(known)
}

/// What the tags of this version say about the commit.
fn tag_state(git: &Git, known: &[TaggedRelease], target: &Target) -> Result<TagState> {
    let commit = &target.commit;
    let same: Vec<&TaggedRelease> = known
        .iter()
        .filter(|release| release.version == target.version)
        .collect();

    if let Some(here) = same.iter().find(|release| release.commit == *commit) {
        let elsewhere = same.iter().filter(|release| release.commit != *commit);
        return Ok(TagState {
            named: Named::Tagged,
            tag: Some(here.tag.clone()),
            duplicates: elsewhere.map(|release| release.tag.clone()).collect(),
        });
    }

    let Some(other) = same.first() else {
        return Ok(TagState {
            named: Named::Untagged,
            tag: None,
            duplicates: Vec::new(),
        });
    };

    let past = git.is_ancestor(&other.commit, commit)?;

    Ok(TagState {
        named: if past { Named::Past } else { Named::Elsewhere },
        tag: Some(other.tag.clone()),
        duplicates: Vec::new(),
    })
}

/// Final versions the manifest had between the previous release and this one, newest commit first.
fn versions_inside(
    git: &Git,
    target: &Target,
    from: Option<&TaggedRelease>,
) -> Result<Vec<(CommitId, Version)>> {
    let location = &target.location;
    let mut seen = manifest::versions(
        git,
        from.map(|release| &release.commit),
        &target.commit,
        &location.package,
        &location.workspace,
    )?;
    seen.retain(|(_, version)| {
        version < &target.version
            && from.is_none_or(|from| from.version < *version)
            && *version > Version::new(0, 0, 0)
    });
    Ok(seen)
}

/// Releases whose version this line of history had, and whose tag leads to a commit that is not a
/// part of it: rebased, moved, or made on a branch of its own. With each goes the commit of this
/// line that set the version first.
///
/// A release of another line (a branch for long-term support) is none of these: its version was
/// never in this line's manifest.
fn lost_tags(
    seen: &[(CommitId, Version)],
    known: &[TaggedRelease],
    predecessor: &Predecessor,
    version: &Version,
) -> Vec<(TaggedRelease, CommitId)> {
    let elsewhere = predecessor.elsewhere.iter();
    elsewhere
        .filter(|release| release.version < *version && known.contains(release))
        .filter_map(|release| {
            // The oldest commit comes last.
            let set_by = seen
                .iter()
                .rev()
                .find(|(_, version)| *version == release.version)?;
            Some((release.clone(), set_by.0.clone()))
        })
        .collect()
}

/// The highest lower release of another line that holds commits of this range, and how many all of
/// them hold: they were released there. A line for long-term support that began at a release holds
/// none.
fn released_aside(
    git: &Git,
    span: &Span,
    predecessor: &Predecessor,
) -> Result<Option<(TaggedRelease, usize)>> {
    let before = predecessor.release.as_ref();
    let is_rival = |release: &TaggedRelease| {
        before.is_some_and(|before| before.version.cmp_precedence(&release.version).is_eq())
    };
    let elsewhere: Vec<&TaggedRelease> = predecessor
        .elsewhere
        .iter()
        .filter(|release| !is_rival(release) && !span.without.contains(&release.commit))
        .collect();
    if elsewhere.is_empty() {
        return Ok(None);
    }

    let all = history::count(git, span)?;
    let held_by = |releases: &[&TaggedRelease]| {
        let mut rest = span.clone();
        let commits = releases.iter().map(|release| release.commit.clone());
        rest.without.extend(commits);
        history::count(git, &rest).map(|rest| all.saturating_sub(rest))
    };
    let held = held_by(&elsewhere)?;
    if held == 0 {
        return Ok(None);
    }
    // The highest one comes first.
    for release in elsewhere {
        if held_by(&[release])? > 0 {
            return Ok(Some((release.clone(), held)));
        }
    }
    Ok(None)
}

/// Versions the manifest had inside the range that no tag names: their commits are in these notes
/// too.
fn untagged_versions(seen: &[(CommitId, Version)], known: &[TaggedRelease]) -> Vec<Untagged> {
    let mut found: Vec<Untagged> = Vec::new();
    for (commit, version) in seen.iter().rev() {
        let is_known = known.iter().any(|release| release.version == *version)
            || found.iter().any(|other| other.version == *version);
        if version.pre.is_empty() && !is_known {
            found.push(Untagged {
                version: version.clone(),
                commit: commit.clone(),
            });
        }
    }
    found.sort_by(|a, b| a.version.cmp(&b.version));
    found
}

/// The highest release above this version that is a part of its history: the version goes
/// backwards.
fn higher_ancestor(
    git: &Git,
    known: &[TaggedRelease],
    target: &Target,
) -> Result<Option<TaggedRelease>> {
    let higher: Vec<&TaggedRelease> = known
        .iter()
        .filter(|release| release.version.cmp_precedence(&target.version).is_gt())
        .collect();
    if higher.is_empty() {
        return Ok(None);
    }
    let commits: Vec<&CommitId> = higher.iter().map(|release| &release.commit).collect();
    let outside = history::outside(git, &commits, &target.commit)?;
    Ok(higher
        .into_iter()
        .rev()
        .find(|release| !outside.contains(&release.commit) && release.commit != target.commit)
        .cloned())
}

/// Forms of tags that hold versions this package had, and that nobody told us to read.
fn unread_tags(
    git: &Git,
    tags: &[Tag],
    target: &Target,
    known: &[TaggedRelease],
) -> Result<Vec<UnreadTags>> {
    let mut candidates = range::near_misses(tags, known);
    candidates.retain(|(_, release)| release.version <= target.version);
    let at: Vec<_> = candidates
        .iter()
        .map(|(_, release)| (&release.commit, &release.version))
        .collect();

    let mine = manifest::had(git, &target.package, &target.location.package, &at)?;
    let mut found: BTreeMap<String, TaggedRelease> = BTreeMap::new();
    for ((pattern, release), mine) in candidates.into_iter().zip(mine) {
        if !mine {
            continue;
        }
        let newest = found.entry(pattern).or_insert_with(|| release.clone());
        if newest.version < release.version {
            *newest = release;
        }
    }

    Ok(found
        .into_iter()
        .map(|(pattern, newest)| UnreadTags {
            pattern,
            newest: newest.tag,
        })
        .collect())
}

/// Tags that do not say enough: plain ones beside those that name the package, and such with two
/// numbers. They are releases where the package's manifest had that version there.
fn own_releases(
    git: &Git,
    mut plain: Vec<TaggedRelease>,
    target: &Target,
    known: &[TaggedRelease],
) -> Result<Vec<TaggedRelease>> {
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
