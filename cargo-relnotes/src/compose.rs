//! From a repository and an artifact folder to one [`Release`]: the only place where reading and modelling meet.
//!
//! Must never: judge or render.

use std::path::Path;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::sha256_bytes;
use release_gate::git::{CommitId, Git, Tag};
use release_gate::project::Project;
use release_gate::report::{Baseline, Subject};
use release_gate::{Error, Result};
use rustsec::cargo_lock::Lockfile;
use semver::Version;

use crate::config::Config;
use crate::model::account::{Accounting, account};
use crate::model::breaking::reconcile;
use crate::model::bump::ReleaseType;
use crate::model::dependencies::DependencyDelta;
use crate::model::facts::{Advisory, Facts};
use crate::model::manifest::{Manifest, ManifestDelta};
use crate::model::people;
use crate::model::range::{self, Predecessor, releases};
use crate::model::release::{Named, Phase, Release};
use crate::model::sections::{Section, Table};
use crate::model::vulnerabilities::{Hit, Shipped, Standing, VulnerabilityDelta};
use crate::read::advisories::Advisories;
use crate::read::facts;
use crate::read::history::{self, Folders};
use crate::read::{lockfile, manifest};

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

/// Where a package lies, relative to the top folder of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The package's folder.
    pub package: String,
    /// The workspace's folder.
    pub workspace: String,
    /// What belongs to the package.
    pub folders: Folders,
}

/// A package at a revision: what will be released.
#[derive(Debug, Clone)]
pub struct Target {
    /// Package name.
    pub package: String,
    /// The manifest at the revision.
    pub manifest: Manifest,
    /// Its version.
    pub version: Version,
    /// The revision.
    pub commit: CommitId,
    /// Where it lies.
    pub place: Place,
    /// Whether the package has a library target.
    pub is_library: bool,
    /// What reports are about.
    pub subject: Subject,
}

/// Finds the package at the revision asked for.
///
/// # Errors
/// No repository, no such revision, no such package there, a version that is none.
pub fn target(
    project: &Project,
    package: &cargo_metadata::Package,
    config: &Config,
    to: Option<&str>,
) -> Result<Target> {
    let git = project.repository()?;
    let commit = match to {
        Some(revision) => git.resolve(revision)?,
        None => git.head()?.ok_or_else(|| {
            Error::judge("there is no commit yet, so there is nothing to release")
                .with_help("commit first: `git commit`")
        })?,
    };
    let place = place(project, package, config);
    let manifest = manifest::at(git, &commit, &place.package, &place.workspace)?.ok_or_else(|| {
        Error::judge(format!(
            "`{}` has no package {} at {}",
            manifest::join(&place.package, "Cargo.toml"),
            package.name,
            commit.short()
        ))
        .with_help("name a revision that has it with --to, or commit the manifest")
    })?;
    let at_head = project.commit.as_ref() == Some(&commit);
    // The version cargo sees counts where nothing else was asked for: an uncommitted raise of it is what will be released.
    let text = if at_head && to.is_none() { package.version.to_string() } else { manifest.version.clone() };
    let version = Version::parse(&text).map_err(|error| {
        Error::judge(format!(
            "the version `{text}` of {} at {} is none: {error}",
            package.name,
            commit.short()
        ))
        .with_help("versions look like 1.2.3: https://semver.org")
    })?;
    let subject = if at_head {
        Subject { version: Some(version.to_string()), ..project.subject(package) }
    } else {
        let lock = git.show(&commit, &manifest::join(&place.workspace, "Cargo.lock"))?;
        Subject {
            commit: Some(commit.clone()),
            dirty: false,
            lock_sha256: lock.map(|bytes| sha256_bytes(&bytes)),
            version: Some(version.to_string()),
            ..project.subject(package)
        }
    };
    let is_library = package.targets.iter().any(|target| target.is_lib() || target.is_proc_macro());
    Ok(Target { package: package.name.to_string(), manifest, version, commit, place, is_library, subject })
}

/// Where a package and the other packages of its workspace lie.
fn place(project: &Project, package: &cargo_metadata::Package, config: &Config) -> Place {
    let folder = |path: &Path| path.parent().and_then(|path| project.relative(path)).unwrap_or_default();
    let of = |package: &cargo_metadata::Package| folder(package.manifest_path.as_std_path());
    let own = of(package);
    let members = project.metadata.workspace_packages();
    // What a binary links in from its own workspace ships with it.
    let shipped = if package.targets.iter().any(|target| target.is_bin()) {
        linked(project, package)
    } else {
        Vec::new()
    };
    let mut inside = vec![own.clone()];
    inside.extend(shipped.iter().map(|name| {
        members.iter().find(|member| member.name == *name).map(|member| of(member)).unwrap_or_default()
    }));
    inside.extend(config.paths.iter().map(|path| path.trim_matches('/').to_owned()));
    inside.sort();
    inside.dedup();
    let mut outside: Vec<String> =
        members.iter().map(|member| of(member)).filter(|other| !inside.contains(other)).collect();
    let below =
        |other: &String, folder: &String| folder.is_empty() || other.starts_with(&format!("{folder}/"));
    outside.retain(|other| inside.iter().any(|folder| below(other, folder)));
    outside.sort();
    Place {
        package: own,
        workspace: project.relative(&project.root).unwrap_or_default(),
        folders: Folders { inside, outside },
    }
}

/// Names of the workspace's packages that a package links in, directly or through others.
fn linked(project: &Project, package: &cargo_metadata::Package) -> Vec<String> {
    let members = project.metadata.workspace_packages();
    let mut found: Vec<String> = Vec::new();
    let mut queue = vec![package];
    while let Some(package) = queue.pop() {
        for dependency in package.dependencies.iter().filter(|dependency| {
            dependency.path.is_some() && dependency.kind != cargo_metadata::DependencyKind::Development
        }) {
            if let Some(member) = members.iter().find(|member| member.name == dependency.name)
                && !found.contains(&dependency.name)
            {
                found.push(dependency.name.clone());
                queue.push(member);
            }
        }
    }
    found
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
    package: &str,
    version: &Version,
    commit: &CommitId,
    config: &Config,
    since: Option<&str>,
) -> Result<Range> {
    let releases = releases(tags, package, &config.tag_patterns);
    let same: Vec<&range::Release> = releases.iter().filter(|release| release.version == *version).collect();
    let (named, tag) = if let Some(here) = same.iter().find(|release| release.commit == *commit) {
        (Named::Tagged, Some(here.tag.clone()))
    } else if let Some(other) = same.first() {
        let past = git.is_ancestor(&other.commit, commit)?;
        (if past { Named::Past } else { Named::Elsewhere }, Some(other.tag.clone()))
    } else {
        (Named::Untagged, None)
    };
    let predecessor = match since {
        Some(since) => {
            let start = git.resolve(since)?;
            let tagged = releases.iter().find(|release| release.tag == since);
            let release = match tagged {
                Some(release) => release.clone(),
                None => range::Release {
                    tag: since.to_owned(),
                    version: releases
                        .iter()
                        .find(|release| release.commit == start)
                        .map_or(Version::new(0, 0, 0), |release| release.version.clone()),
                    time: git.commit_time(&start)?,
                    commit: start,
                },
            };
            Predecessor { release: Some(release), ..Predecessor::default() }
        }
        None => range::predecessor(&releases, version, commit, named == Named::Past, git)?,
    };
    Ok(Range { predecessor, named, tag, releases })
}

/// What changed in manifest, lockfile and advisories since the release before.
struct Deltas {
    manifest: Option<ManifestDelta>,
    dependencies: Result<DependencyDelta, String>,
    vulnerabilities: Result<VulnerabilityDelta, String>,
    issues: Vec<(Standing, Hit)>,
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
    let range = range(
        git,
        &tags,
        &target.package,
        &target.version,
        &target.commit,
        config,
        request.since.as_deref(),
    )?;
    let from = range.predecessor.release.as_ref().map(|release| release.commit.clone());
    let mut commits = history::commits(git, from.as_ref(), &target.commit)?;
    history::mark_touching(git, from.as_ref(), &target.commit, &target.place.folders, &mut commits)?;
    let counted = history::count(git, from.as_ref(), &target.commit)?;
    let facts: Facts = facts::gather(folder, &target.subject);
    let deltas = deltas(git, target, &range, &facts, advisories)?;
    let has_table = deltas.dependencies.as_ref().is_ok_and(|delta| !delta.is_empty());
    let accounting: Accounting = account(&commits, &Table::new(config.sections.clone()), has_table);
    let contributors = contributors(git, &commits, from.as_ref(), config)?;
    let marked: Vec<_> = accounting.section(Section::Breaking).collect();
    let changes = facts.compat.usable().map(|compat| compat.data.changes.clone()).unwrap_or_default();
    let breaking = reconcile(&marked, &changes);
    let before = range.predecessor.release.as_ref().map(|release| &release.version);
    let fixed = deltas.vulnerabilities.as_ref().is_ok_and(|delta| !delta.fixed.is_empty());
    let security = fixed || accounting.section(Section::Security).next().is_some();
    let time = match release_gate::time::source_date_epoch()? {
        Some(seconds) => seconds,
        None => git.commit_time(&target.commit)?,
    };
    Ok(Release {
        package: target.package.clone(),
        version: target.version.clone(),
        named: range.named,
        tag: range.tag,
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

fn deltas(
    git: &Git,
    target: &Target,
    range: &Range,
    facts: &Facts,
    advisories: Option<&Advisories>,
) -> Result<Deltas> {
    let place = &target.place;
    let path = manifest::join(&place.workspace, "Cargo.lock");
    let counting: Option<Vec<Advisory>> = facts.vulns.usable().map(|vulns| vulns.data.counting());
    let judged = counting.as_deref();
    let said =
        || judged.unwrap_or_default().iter().map(|advisory| (Standing::Unknown, Hit::of(advisory))).collect();
    let lock = |commit: &CommitId, name: &str| -> Result<Lockfile, String> {
        match lockfile::at(git, commit, &path) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(format!("{name} has no {path}")),
            Err(error) => Err(error.chain()),
        }
    };
    let new = lock(&target.commit, "this release");
    let Some(before) = &range.predecessor.release else {
        let why = "nothing was released before".to_owned();
        let issues = match (judged, advisories, &new) {
            (None, Some(advisories), Ok(new)) => {
                advisories.hits(new, "").into_iter().map(|hit| (Standing::Introduced, hit)).collect()
            }
            _ => said(),
        };
        return Ok(Deltas {
            manifest: None,
            dependencies: Err(why.clone()),
            vulnerabilities: Err(why),
            issues,
        });
    };
    let old_manifest = manifest::at(git, &before.commit, &place.package, &place.workspace)?;
    let manifest = old_manifest.as_ref().map(|old| ManifestDelta::between(old, &target.manifest));
    let (old, new) = match lock(&before.commit, &before.tag).and_then(|old| Ok((old, new?))) {
        Ok(locks) => locks,
        Err(why) => {
            return Ok(Deltas {
                manifest,
                dependencies: Err(why.clone()),
                vulnerabilities: Err(why),
                issues: said(),
            });
        }
    };
    let mut direct = target.manifest.direct.clone();
    direct.extend(old_manifest.into_iter().flat_map(|manifest| manifest.direct));
    let dependencies =
        DependencyDelta::between(&target.package, &lockfile::locked(&old), &lockfile::locked(&new), &direct);
    let Some(advisories) = advisories else {
        let why = "no advisory database was given (--db)".to_owned();
        return Ok(Deltas {
            manifest,
            dependencies: Ok(dependencies),
            vulnerabilities: Err(why),
            issues: said(),
        });
    };
    let day = release_gate::time::iso_date(before.time);
    let mut delta =
        VulnerabilityDelta::between(advisories.hits(&old, &day), advisories.hits(&new, &day), judged);
    shipped(git, target, range, advisories, &path, &mut delta)?;
    let introduced = delta.introduced.iter().map(|hit| (Standing::Introduced, hit.clone()));
    let issues =
        introduced.chain(delta.present.iter().map(|hit| (Standing::StillPresent, hit.clone()))).collect();
    Ok(Deltas { manifest, dependencies: Ok(dependencies), vulnerabilities: Ok(delta), issues })
}

/// Finds out which of the package's own releases shipped each vulnerable dependency, from the lockfiles of all tags.
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
    let earlier: Vec<&range::Release> =
        range.releases.iter().filter(|release| release.commit != target.commit).collect();
    let commits: Vec<CommitId> = earlier.iter().map(|release| release.commit.clone()).collect();
    let locks = lockfile::many(git, &commits, path)?;
    for hit in delta.all_mut() {
        let was_hit = |lock: &Option<Lockfile>| {
            lock.as_ref().is_some_and(|lock| advisories.is_hit(&hit.id, &hit.package, lock))
        };
        let releases = earlier.iter().zip(&locks).map(|(release, lock)| (&release.version, was_hit(lock)));
        hit.shipped = Shipped::from_releases(releases);
    }
    Ok(())
}

fn contributors(
    git: &Git,
    commits: &[crate::model::commit::Commit],
    from: Option<&CommitId>,
    config: &Config,
) -> Result<Vec<people::Contributor>> {
    let named = people::co_authors(commits);
    let (positions, identities): (Vec<usize>, Vec<_>) = named.into_iter().unzip();
    let co_authors: Vec<_> = positions.into_iter().zip(history::mailmapped(git, &identities)?).collect();
    let known = match from {
        Some(from) if config.first_timers != Some(false) => Some(history::known_authors(git, from)?),
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
