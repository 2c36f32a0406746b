//! What changed between two releases apart from commits: manifest, lockfile, advisories.
//!
//! Must never: drop an advisory because there is nothing to compare with, or take an unreadable
//! lockfile for an empty one.

use release_gate::Result;
use release_gate::git::{CommitId, Git};

use super::{Range, Target};
use crate::model::dependencies::{DependencyDelta, Locked, Side, reachable};
use crate::model::facts::{Advisory, Facts};
use crate::model::manifest::{Manifest, ManifestDelta};
use crate::model::range;
use crate::model::vulnerabilities::{self, Hit, Shipped, Standing, VulnerabilityDelta};
use crate::read::advisories::Advisories;
use crate::read::lockfile::{self, Lock};
use crate::read::manifest;

/// What changed in manifest, lockfile and advisories since the release before.
pub(super) struct Deltas {
    /// Where the package lay in the release before.
    pub(super) folder_before: Option<String>,
    pub(super) manifest: Option<ManifestDelta>,
    pub(super) dependencies: Result<DependencyDelta, String>,
    pub(super) vulnerabilities: Result<VulnerabilityDelta, String>,
    pub(super) issues: Vec<(Standing, Hit)>,
    pub(super) unreadable: Vec<String>,
}

/// Reads both sides and compares.
pub(super) fn between(
    git: &Git,
    target: &Target,
    range: &Range,
    facts: &Facts,
    advisories: Option<&Advisories>,
) -> Result<Deltas> {
    let place = &target.place;
    let path = manifest::join(&place.workspace, "Cargo.lock");
    let judged: Option<&[Advisory]> = facts
        .vulns
        .usable()
        .map(|vulns| vulns.data.advisories.as_slice());
    let mut unreadable = Vec::new();
    let mut lock = |commit: &CommitId, name: &str| -> Result<Lock, String> {
        match lockfile::at(git, commit, &path) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(format!("{name} has no {path}")),
            Err(error) => {
                let why = error.to_string();
                unreadable.push(why.clone());
                Err(why)
            }
        }
    };
    let new = lock(&target.commit, "this release");
    // What hits this release does not depend on there being another one to compare with.
    let alone = |standing: Standing| -> Vec<(Standing, Hit)> {
        let day = release_gate::time::iso_date(target_day(range));
        let found = match (advisories, &new) {
            (Some(advisories), Ok(new)) => {
                let Manifest {
                    direct, tests_only, ..
                } = &target.manifest;
                let side = Side {
                    lock: new,
                    direct,
                    tests_only,
                };
                with_use(
                    advisories.hits(new, &day),
                    &reachable(&target.package, side),
                )
            }
            _ => Vec::new(),
        };
        vulnerabilities::standing_hits(found, judged)
            .into_iter()
            .map(|hit| (standing, hit))
            .collect()
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
        });
    };
    let found = manifest::find(
        git,
        &before.commit,
        &target.package,
        &place.package,
        &place.workspace,
    )?;
    let (folder_before, old_manifest) = found.unzip();
    let manifest = old_manifest
        .as_ref()
        .map(|old| ManifestDelta::between(old, &target.manifest));
    let old = lock(&before.commit, &before.tag);
    let (old, new) = match (&old, &new) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) | (_, Err(why)) => {
            return Ok(Deltas {
                folder_before,
                manifest,
                dependencies: Err(why.clone()),
                vulnerabilities: Err(why.clone()),
                issues: alone(Standing::Unknown),
                unreadable,
            });
        }
    };
    let manifests = [
        old_manifest.as_ref().unwrap_or(&target.manifest),
        &target.manifest,
    ];
    let locks = [old, new];
    let side = |at: usize| Side {
        lock: locks[at],
        direct: &manifests[at].direct,
        tests_only: &manifests[at].tests_only,
    };
    let dependencies = DependencyDelta::between(&target.package, side(0), side(1));
    let Some(advisories) = advisories else {
        return Ok(Deltas {
            folder_before,
            manifest,
            dependencies: Ok(dependencies),
            vulnerabilities: Err("no advisory database was given (--db)".to_owned()),
            issues: alone(Standing::Unknown),
            unreadable,
        });
    };
    let day = release_gate::time::iso_date(before.time);
    let hits = |at: usize, lock: &Lock| {
        with_use(
            advisories.hits(lock, &day),
            &reachable(&target.package, side(at)),
        )
    };
    let mut delta = VulnerabilityDelta::between(hits(0, old), hits(1, new), judged);
    shipped(git, target, range, advisories, &path, &mut delta)?;
    let introduced = delta
        .introduced
        .iter()
        .map(|hit| (Standing::Introduced, hit.clone()));
    let issues = introduced
        .chain(
            delta
                .present
                .iter()
                .map(|hit| (Standing::StillPresent, hit.clone())),
        )
        .collect();
    Ok(Deltas {
        folder_before,
        manifest,
        dependencies: Ok(dependencies),
        vulnerabilities: Ok(delta),
        issues,
        unreadable,
    })
}

/// Marks the hits that nothing the package pulls in uses.
fn with_use(mut hits: Vec<Hit>, used: &[&Locked]) -> Vec<Hit> {
    for hit in &mut hits {
        let is = |one: &&Locked| {
            one.name == hit.package && hit.versions.contains(&one.version.to_string())
        };
        hit.locked_only = !used.iter().any(is);
    }
    hits
}

/// Up to when an advisory counts as public before: the release before, or never.
fn target_day(range: &Range) -> i64 {
    range
        .predecessor
        .release
        .as_ref()
        .map_or(0, |before| before.time)
}

/// Finds out which of the package's own releases shipped each vulnerable dependency, from the
/// lockfiles of all tags.
fn shipped(
    git: &Git,
    target: &Target,
    range: &Range,
    advisories: &Advisories,
    path: &str,
    delta: &mut VulnerabilityDelta,
) -> Result<()> {
    if delta.all_mut().next().is_none() {
        return Ok(());
    }
    // The release being made is not among those that shipped anything yet.
    let earlier: Vec<&range::Release> = range
        .releases
        .iter()
        .filter(|release| release.commit != target.commit)
        .collect();
    let commits: Vec<CommitId> = earlier
        .iter()
        .map(|release| release.commit.clone())
        .collect();
    let locks = lockfile::many(git, &commits, path)?;
    for hit in delta.all_mut() {
        let was_hit = |lock: &Option<Lock>| {
            lock.as_ref()
                .map(|lock| advisories.is_hit(&hit.id, &hit.package, lock))
        };
        let releases = earlier
            .iter()
            .zip(&locks)
            .map(|(release, lock)| (&release.version, was_hit(lock)));
        hit.shipped = Shipped::from_releases(releases);
    }
    Ok(())
}
