//! What changed between two releases apart from commits: manifest, lockfile, advisories.
//!
//! Must never: drop an advisory because there is nothing to compare with, or take an unreadable
//! lockfile for an empty one.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::advisories::Advisories;
use release_gate::git::{CommitId, Git};

use super::range::Range;
use super::target::Target;
use crate::model::dependencies::{DependencyDelta, Locked, Side, reachable};
use crate::model::facts::{Facts, FoundAdvisory};
use crate::model::manifest::{Manifest, ManifestDelta};
use crate::model::range::TaggedRelease;
use crate::model::vulnerabilities::{self, Hit, Shipped, Standing, VulnerabilityDelta};
use crate::read::lockfile::{self, Lock};
use crate::read::{advisories as database, manifest};

/// What changed in manifest, lockfile and advisories since the previous release.
pub(super) struct Deltas {
    /// Where the package lay in the previous release.
    pub(super) folder_before: Option<String>,
    pub(super) manifest: Option<ManifestDelta>,
    pub(super) dependencies: Result<DependencyDelta, String>,
    pub(super) vulnerabilities: Result<VulnerabilityDelta, String>,
    pub(super) issues: Vec<(Standing, Hit)>,
    pub(super) unreadable: Vec<String>,
    /// Versions of everything this release locks, by name.
    pub(super) locked: Option<BTreeMap<String, Vec<String>>>,
    /// Files of the advisory database that may be about what is locked and cannot be read.
    pub(super) unreadable_advisories: Vec<String>,
}

/// Reads both sides and compares.
pub(super) fn between(
    git: &Git,
    target: &Target,
    range: &Range,
    facts: &Facts,
    advisories: Option<&Advisories>,
) -> Result<Deltas> {
    let judged: Option<&[FoundAdvisory]> = facts
        .vulns
        .usable()
        .map(|vulns| vulns.data.advisories.as_slice());
    let path = manifest::join(&target.location.workspace, "Cargo.lock");
    let mut unreadable = Vec::new();
    let new = read_lock(git, &target.commit, &path, "this release", &mut unreadable);
    let locked = new.as_ref().ok().map(versions_by_name);
    let unreadable_advisories = match (advisories, &new) {
        (Some(advisories), Ok(lock)) => database::unreadable(advisories, lock),
        _ => Vec::new(),
    };
    let alone = |standing: Standing| {
        standing_alone(target, range, advisories, &new, judged)
            .into_iter()
            .map(|hit| (standing, hit))
            .collect::<Vec<_>>()
    };

    let Some(before) = &range.predecessor.release else {
        let why = "nothing was released before".to_owned();
        return Ok(Deltas {
            folder_before: None,
            manifest: None,
            dependencies: Err(new.as_ref().err().unwrap_or(&why).clone()),
            vulnerabilities: Err(why),
            issues: alone(Standing::Introduced),
            unreadable,
            locked,
            unreadable_advisories,
        });
    };
    let (folder_before, old_manifest) = manifest_before(git, target, &before.commit)?.unzip();
    let old = read_lock(git, &before.commit, &path, &before.tag, &mut unreadable);
    let mut deltas = Deltas {
        folder_before,
        manifest: old_manifest
            .as_ref()
            .map(|old| ManifestDelta::between(old, &target.manifest)),
        dependencies: Err(String::new()),
        vulnerabilities: Err(String::new()),
        issues: Vec::new(),
        unreadable,
        locked,
        unreadable_advisories,
    };

    let (old, new) = match (&old, &new) {
        (Ok(old), Ok(new)) => (old, new),
        // What hits this release does not depend on there being another one to compare with.
        (Err(why), _) | (_, Err(why)) => {
            deltas.dependencies = Err(why.clone());
            deltas.vulnerabilities = Err(why.clone());
            deltas.issues = alone(Standing::Unknown);
            return Ok(deltas);
        }
    };
    let before_side = side_of(old, old_manifest.as_ref().unwrap_or(&target.manifest));
    let after_side = side_of(new, &target.manifest);
    deltas.dependencies = Ok(DependencyDelta::between(
        &target.package,
        before_side,
        after_side,
    ));

    let Some(advisories) = advisories else {
        deltas.vulnerabilities = Err("no advisory database was given with --db".to_owned());
        deltas.issues = alone(Standing::Unknown);
        return Ok(deltas);
    };
    let day = release_gate::time::iso_date(before.time);
    let mut compared = VulnerabilityDelta::between(
        hits_of(advisories, &target.package, before_side, &day),
        hits_of(advisories, &target.package, after_side, &day),
        judged,
    );
    find_shipped(git, target, range, advisories, &mut compared)?;
    deltas.issues = compared.standing();
    deltas.vulnerabilities = Ok(compared);
    Ok(deltas)
}

/// The folder and the manifest that the package had at a commit.
fn manifest_before(
    git: &Git,
    target: &Target,
    commit: &CommitId,
) -> Result<Option<(String, Manifest)>> {
    manifest::find(
        git,
        commit,
        &target.package,
        &target.location.package,
        &target.location.workspace,
    )
}

fn versions_by_name(lock: &Lock) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in lock {
        let versions = found.entry(package.name.clone()).or_default();
        versions.push(package.version.to_string());
    }
    found
}

/// The lockfile of a release, or why there is none to compare; what is there and cannot be read is
/// also noted in `unreadable`.
fn read_lock(
    git: &Git,
    commit: &CommitId,
    path: &str,
    release: &str,
    unreadable: &mut Vec<String>,
) -> Result<Lock, String> {
    match lockfile::at(git, commit, path) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(format!("{release} has no {path}")),
        Err(error) => {
            // What the parser shows of the file is not part of a sentence.
            let why = error.to_string();
            let why = why.lines().next().unwrap_or_default().to_owned();
            unreadable.push(why.clone());
            Err(why)
        }
    }
}

/// What hits this release, without another one to compare with.
fn standing_alone(
    target: &Target,
    range: &Range,
    advisories: Option<&Advisories>,
    lock: &Result<Lock, String>,
    judged: Option<&[FoundAdvisory]>,
) -> Vec<Hit> {
    let day = release_gate::time::iso_date(public_before(range));
    let found = match (advisories, lock) {
        (Some(advisories), Ok(lock)) => hits_of(
            advisories,
            &target.package,
            side_of(lock, &target.manifest),
            &day,
        ),
        _ => Vec::new(),
    };
    vulnerabilities::standing_hits(found, judged)
}

fn side_of<'a>(lock: &'a Lock, manifest: &'a Manifest) -> Side<'a> {
    Side {
        lock,
        direct: &manifest.direct,
        tests_only: &manifest.tests_only,
    }
}

/// Every advisory that hits a lockfile, with whether the package pulls in what it hits.
fn hits_of(advisories: &Advisories, package: &str, side: Side<'_>, day: &str) -> Vec<Hit> {
    mark_unused(
        database::hits(advisories, side.lock, day),
        &reachable(package, side),
    )
}

/// Marks the hits that nothing the package pulls in uses.
fn mark_unused(mut hits: Vec<Hit>, used: &[&Locked]) -> Vec<Hit> {
    for hit in &mut hits {
        hit.locked_only = !used
            .iter()
            .any(|one| one.name == hit.package && hit.versions.contains(&one.version.to_string()));
    }
    hits
}

/// Up to when an advisory counts as public before: the previous release, or never.
fn public_before(range: &Range) -> i64 {
    range
        .predecessor
        .release
        .as_ref()
        .map_or(0, |before| before.time)
}

/// Finds out which of the package's own releases shipped each vulnerable dependency, from the
/// lockfiles of all tags.
fn find_shipped(
    git: &Git,
    target: &Target,
    range: &Range,
    advisories: &Advisories,
    delta: &mut VulnerabilityDelta,
) -> Result<()> {
    if delta.all_mut().next().is_none() {
        return Ok(());
    }

    // The release being made is not among those that shipped anything yet.
    let earlier: Vec<&TaggedRelease> = range
        .releases
        .iter()
        .filter(|release| release.commit != target.commit)
        .collect();

    let commits: Vec<CommitId> = earlier
        .iter()
        .map(|release| release.commit.clone())
        .collect();

    let path = manifest::join(&target.location.workspace, "Cargo.lock");
    let locks = lockfile::many(git, &commits, &path)?;
    for hit in delta.all_mut() {
        let releases = earlier.iter().zip(&locks).map(|(release, lock)| {
            let lock = lock.as_ref();
            let was_hit =
                lock.map(|lock| database::is_hit(advisories, &hit.id, &hit.package, lock));
            (&release.version, was_hit)
        });
        hit.shipped = Shipped::from_releases(releases);
    }

    Ok(())
}
