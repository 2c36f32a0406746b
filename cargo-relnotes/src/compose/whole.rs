//! All releases of a package at once, for a changelog of all of history.
//!
//! Must never: ask git for each release. The history is read once; the commits of a release are what
//! its tag reaches and no lower version does, as for a single release.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use release_gate::Result;
use release_gate::git::{CommitId, Git};
use semver::Version;

use super::range::settle_range;
use super::release::{ReadHistory, account_for, part_of_history};
use super::target::Target;
use crate::model::account::Policy;
use crate::model::breaking::reconcile;
use crate::model::changed::ChangedFiles;
use crate::model::commit::Commit;
use crate::model::config::Config;
use crate::model::dependencies::{DependencyDelta, Side};
use crate::model::folders::Folders;
use crate::model::manifest::{Manifest, ManifestDelta};
use crate::model::range::{Span, TaggedRelease};
use crate::model::release::{Changes, Mentioned, Named, PastRelease};
use crate::model::sections::Section;
use crate::model::words::WordPlaces;
use crate::model::{reverts, updates};
use crate::read::lockfile::{self, Lock};
use crate::read::{manifest, words};

/// A release and where it stands.
#[derive(Debug, Clone)]
struct Point {
    version: Version,
    tag: Option<String>,
    commit: CommitId,
    time: i64,
}

/// What is known of a release beside its commits.
struct Known {
    manifest: Option<(String, Manifest)>,
    lock: Option<Lock>,
}

/// Composes every release up to the one of `target`, newest first.
///
/// # Errors
/// git failed or something it holds cannot be read.
pub fn compose_all(git: &Git, target: &Target, config: &Config) -> Result<Vec<PastRelease>> {
    let tags = git.tags()?;
    let range = settle_range(git, &tags, target, config, None)?;
    let mut points = points_of(&range.releases, target);
    if matches!(range.named, Named::Untagged | Named::Elsewhere) {
        points.push(Point {
            version: target.version.clone(),
            tag: None,
            commit: target.commit.clone(),
            time: super::release::release_time(git, &target.commit)?,
        });
    }
    let Some(newest) = points.last() else {
        return Ok(Vec::new());
    };

    let span = Span {
        to: newest.commit.clone(),
        also: points.iter().map(|point| point.commit.clone()).collect(),
        without: Vec::new(),
    };
    let history = ReadHistory::read(git, &span, &target.location, config, true)?;
    let known = read_known(git, target, &points)?;
    let places = places_of_words(&points, target, config);
    let mut all_words = words::of_releases(git, &target.commit, &places)?;

    let table = history.section_table(config)?.for_package(&target.package);
    let corrections = config.corrections()?;
    let fragments = history.fragments(git, &span, target, &table)?;
    let mut past = History::of(history.commits, &points);
    past.mark_touching(&history.files, target, &known);
    let links = config.links(target.manifest.repository.as_deref());
    let mut releases = Vec::with_capacity(points.len());
    for (at, point) in points.iter().enumerate() {
        let own = past.share(at);
        let before = before_of(&points, at);
        let deltas = before.map(|before| (&known[before], &known[at]));
        let dependencies = deltas
            .and_then(|(old, new)| dependency_delta(&target.package, old, new))
            .ok_or_else(|| "no lock file on both sides".to_owned());
        let rows = dependencies.as_ref().ok().map(updates::rows);
        let policy = Policy {
            table: &table,
            rows: rows.as_ref(),
            corrections: &corrections,
            fragments: &fragments,
        };
        let accounting = account_for(git, &own, policy, |ids| {
            past.released(git, ids, &point.commit)
        })?;
        let marked: Vec<_> = accounting.section(Section::Breaking).collect();
        let breaking = reconcile(&marked, &[]);
        let manifest = deltas.and_then(|(old, new)| {
            let (_, old) = old.manifest.as_ref()?;
            let (_, new) = new.manifest.as_ref()?;
            Some(ManifestDelta::between(old, new))
        });
        releases.push(PastRelease {
            package: target.package.clone(),
            version: point.version.clone(),
            tag: point.tag.clone(),
            time: point.time,
            before: before.map(|before| tagged(&points[before])),
            links: links.clone(),
            words: all_words.remove(&point.version),
            changes: Changes {
                accounting,
                breaking,
                manifest,
                dependencies,
                contributors: Vec::new(),
                mentioned: Mentioned::default(),
            },
        });
    }
    releases.reverse();
    Ok(releases)
}

/// Where people's words about each release may lie.
fn places_of_words(
    points: &[Point],
    target: &Target,
    config: &Config,
) -> Vec<(Version, WordPlaces)> {
    let mut all = Vec::new();
    for point in points {
        let version = point.version.clone();
        let places = words::places(config, &target.location, &target.package, &version);
        all.push((version, places));
    }
    all
}

/// The releases to be told of, lowest version first: candidates of a release that was made are told
/// of with it.
fn points_of(known: &[TaggedRelease], target: &Target) -> Vec<Point> {
    let highest_final = known
        .iter()
        .map(|release| &release.version)
        .chain([&target.version])
        .filter(|version| version.pre.is_empty() && **version <= target.version)
        .max();

    let mut points: Vec<Point> = Vec::new();
    for release in known {
        let is_told = release.version.pre.is_empty()
            || highest_final.is_none_or(|highest| release.version > *highest);
        let is_new = points
            .last()
            .is_none_or(|last| last.version.cmp_precedence(&release.version).is_ne());
        if is_told && is_new && release.version <= target.version {
            points.push(Point {
                version: release.version.clone(),
                tag: Some(release.tag.clone()),
                commit: release.commit.clone(),
                time: release.time,
            });
        }
    }

    points
}

fn tagged(point: &Point) -> TaggedRelease {
    TaggedRelease {
        tag: point.tag.clone().unwrap_or_default(),
        version: point.version.clone(),
        commit: point.commit.clone(),
        time: point.time,
    }
}

/// The release before one: the highest lower version, which a final release looks for past
/// candidates.
fn before_of(points: &[Point], at: usize) -> Option<usize> {
    let is_final = points[at].version.pre.is_empty();
    (0..at)
        .rev()
        .find(|before| !is_final || points[*before].version.pre.is_empty())
}

/// All commits, each with the lowest version that reaches it.
struct History {
    commits: Vec<Commit>,
    /// Positions of releases, beside the commits.
    shares: Vec<Option<usize>>,
    positions: HashMap<CommitId, usize>,
}

impl History {
    fn of(commits: Vec<Commit>, points: &[Point]) -> Self {
        let positions: HashMap<CommitId, usize> = commits
            .iter()
            .enumerate()
            .map(|(at, commit)| (commit.id.clone(), at))
            .collect();
        let mut shares: Vec<Option<usize>> = vec![None; commits.len()];
        for (release, point) in points.iter().enumerate() {
            let start = positions.get(&point.commit).copied();
            let mut stack: Vec<usize> = start.into_iter().collect();
            while let Some(at) = stack.pop() {
                if shares[at].is_some() {
                    continue;
                }
                shares[at] = Some(release);
                let parents = commits[at].inside.iter().map(|parent| *parent as usize);
                stack.extend(parents.filter(|parent| *parent < commits.len()));
            }
        }
        Self {
            commits,
            shares,
            positions,
        }
    }

    /// The commits of one release, with the positions of their parents among them.
    fn share(&self, release: usize) -> Vec<Commit> {
        let own: Vec<usize> = (0..self.commits.len())
            .filter(|at| self.shares[*at] == Some(release))
            .collect();
        let positions: HashMap<u32, u32> = (0_u32..)
            .zip(&own)
            .filter_map(|(to, from)| Some((u32::try_from(*from).ok()?, to)))
            .collect();
        own.into_iter()
            .map(|at| {
                let inside = self.commits[at].inside.iter();
                Commit {
                    inside: inside
                        .map(|parent| positions.get(parent).copied().unwrap_or(u32::MAX))
                        .collect(),
                    ..self.commits[at].clone()
                }
            })
            .collect()
    }

    /// Which of these ids name commits that are a part of a release's history.
    fn released(&self, git: &Git, ids: &[&String], release: &CommitId) -> Result<BTreeSet<String>> {
        let is_whole = |id: &&&String| id.len() == release.as_str().len();
        let (whole, begun): (Vec<&String>, Vec<&String>) = ids.iter().partition(is_whole);
        // The first digits of an id may be those of a commit elsewhere.
        let mut found = part_of_history(git, &begun, release)?;
        let start = self.positions.get(release);
        if let Some(start) = start.filter(|_| !whole.is_empty()) {
            let reached = reverts::reached(&self.commits, *start, &[]);
            let position = |id: &String| self.positions.get(&id.parse::<CommitId>().ok()?);
            let is_inside = |id: &&&String| position(id).is_some_and(|at| reached[*at]);
            found.extend(whole.iter().filter(is_inside).map(|id| (*id).clone()));
        }
        Ok(found)
    }

    /// Marks the commits that touch the package, wherever it lay in the release they belong to.
    fn mark_touching(&mut self, files: &ChangedFiles, target: &Target, known: &[Known]) {
        if target.location.folders.is_everything() {
            return;
        }
        let mut by_folder: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (release, known) in known.iter().enumerate() {
            let folder = match &known.manifest {
                Some((folder, _)) => folder.as_str(),
                None => target.location.package.as_str(),
            };
            by_folder.entry(folder).or_default().insert(release);
        }

        for (folder, releases) in by_folder {
            let mut folders: Folders = target.location.folders.clone();
            folders.add(folder);
            let Some(touching) = files.touching_package(&folders) else {
                continue;
            };
            let commits = self.commits.iter_mut().zip(&self.shares).zip(touching);
            for ((commit, share), touches) in commits {
                if share.is_some_and(|release| releases.contains(&release)) {
                    commit.touches_package = touches;
                }
            }
        }
    }
}

/// Manifests and lock files of all releases.
fn read_known(git: &Git, target: &Target, points: &[Point]) -> Result<Vec<Known>> {
    let location = &target.location;
    let commits: Vec<CommitId> = points.iter().map(|point| point.commit.clone()).collect();
    let manifests = manifest::many(
        git,
        &commits,
        &target.package,
        &location.package,
        &location.workspace,
    )?;
    let path = manifest::join(&location.workspace, "Cargo.lock");
    let locks = lockfile::many(git, &commits, &path)?;
    Ok(manifests
        .into_iter()
        .zip(locks)
        .map(|(manifest, lock)| Known { manifest, lock })
        .collect())
}

fn dependency_delta(package: &str, old: &Known, new: &Known) -> Option<DependencyDelta> {
    fn side(known: &Known) -> Option<Side<'_>> {
        let (_, manifest) = known.manifest.as_ref()?;
        Some(Side {
            lock: known.lock.as_ref()?,
            direct: &manifest.direct,
            tests_only: &manifest.tests_only,
        })
    }
    Some(DependencyDelta::between(package, side(old)?, side(new)?))
}
