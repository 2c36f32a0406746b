//! One release, composed from everything that was read of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use release_gate::advisories::Advisories;
use release_gate::artifacts::PackageArtifacts;
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::git::{CommitId, Git};
use release_gate::report::Baseline;
use release_gate::{Error, Result};

use super::deltas::{self, Deltas};
use super::range::settle_range;
use super::target::Target;
use crate::model::account::{self, Accounting, Policy};
use crate::model::breaking::{Breaking, reconcile};
use crate::model::changed::{ChangedFiles, PathSet, leads_out};
use crate::model::commit::Commit;
use crate::model::config::Config;
use crate::model::facts::Facts;
use crate::model::folders::Location;
use crate::model::fragments::{Fragments, read};
use crate::model::people::{EarlierPeople, Handles};
use crate::model::range::{Span, TaggedRelease};
use crate::model::release::{
    About, Changes, Evidence, Mentioned, Phase, Range, Release, Vulnerabilities,
};
use crate::model::sections::{Section, Table};
use crate::model::words::Words;
use crate::model::{bump, people, reverts, updates};
use crate::read::history::Asked;
use crate::read::{blobs, facts, fragments, history, manifest, shipped, words};

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
    /// Where what is slow to find out is remembered; nowhere without it.
    pub cache: Option<&'a Path>,
}

/// What the notes are about.
fn about_release(
    git: &Git,
    target: &Target,
    config: &Config,
    phase: Phase,
    range: &super::range::Range,
) -> Result<About> {
    Ok(About {
        package: target.package.clone(),
        version: target.version.clone(),
        named: range.named,
        tag: range.tag.clone(),
        phase,
        time: release_time(git, &target.commit)?,
        commit: target.commit.clone(),
        is_library: target.is_library,
        rust_version: target.manifest.rust_version.clone(),
        features: target.manifest.features.keys().cloned().collect(),
        links: config.links(target.manifest.repository.as_deref()),
    })
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

    let facts = facts::gather(
        sources.folder,
        &target.subject,
        before.as_ref().map(|release| &release.version),
    );
    let deltas = deltas::between(git, target, &range, &facts, sources.advisories)?;
    let location = location_in_range(target, deltas.folder_before.clone());
    let history = read_history(git, &range.span, &location, config)?;
    let table = history.section_table(config)?.for_package(&target.package);
    let rows = deltas.dependencies.as_ref().ok().map(updates::rows);
    let fragments = history.fragments(git, &range.span, target, &table)?;
    let commits = history.commits;
    let policy = Policy {
        table: &table,
        rows: rows.as_ref(),
        corrections: &config.corrections()?,
        fragments: &fragments,
    };
    let accounting = account_for(git, &commits, policy, |ids| {
        part_of_history(git, ids, &target.commit)
    })?;
    let breaking = join_breaking(&accounting, &facts);

    let handles = read_project_handles(git, target, config, &range.span.to)?;
    let known = known_people(sources, &range.span, &location, config)?;
    let to = &range.span.to;
    let people = contributors(git, &commits, to, known.as_ref(), &handles)?;

    let about = about_release(git, target, config, request.phase, &range)?;
    let is_security = closes_vulnerability(&accounting, &deltas);
    Ok(Release {
        range: Range {
            release_type: bump::release_type(
                before.as_ref().map(|release| &release.version),
                &target.version,
                is_security,
            ),
            counted: history::count(git, &range.span)?,
            untagged: range.untagged,
            lost: range.lost,
            higher: range.higher,
            aside: range.aside,
            unread: range.unread,
            uncommitted: target.uncommitted,
            predecessor: range.predecessor,
            duplicates: range.duplicates,
            misnamed: range.misnamed,
        },
        changes: Changes {
            contributors: people,
            mentioned: Mentioned::in_messages(commits.iter().map(|commit| commit.message.as_str())),
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
            build_before: before
                .as_ref()
                .and_then(|before| build_of(sources, target, before)),
            facts,
            locked: deltas.locked,
            unreadable: deltas.unreadable,
            unreadable_advisories: deltas.unreadable_advisories,
            keys: shipped::keys_at(git, &target.commit, &target.location.workspace)?,
        },
        words: words_of_people(git, target, config)?,
        about,
    })
}

/// What people wrote about the release in the repository.
fn words_of_people(git: &Git, target: &Target, config: &Config) -> Result<Words> {
    let (package, version) = (&target.package, &target.version);
    let places = words::places(config, &target.location, package, version);
    words::at(git, &target.commit, &places, package, version)
}

/// What was built of an earlier release, where its record is still there.
fn build_of(sources: &Sources<'_>, target: &Target, release: &TaggedRelease) -> Option<BuildInfo> {
    facts::build_before(
        sources.folder,
        &target.package,
        &release.version,
        &release.commit,
    )
}

/// The logins of people at the project's own forge, as far as the project lists them.
fn read_project_handles(
    git: &Git,
    target: &Target,
    config: &Config,
    to: &CommitId,
) -> Result<Handles> {
    let handles = match &config.contributors {
        Some(path) => read_handles(git, to, path)?,
        None => Handles::default(),
    };
    let links = config.links(target.manifest.repository.as_deref());
    Ok(handles.at_forge(links.as_ref()))
}

/// Where the package lies, and lay in the previous release.
fn location_in_range(target: &Target, folder_before: Option<String>) -> Location {
    let mut location = target.location.clone();
    if let Some(folder) = folder_before {
        location.move_to(folder);
    }
    location
}

/// The commits of the range, each marked with whether it touches the package.
fn read_history(
    git: &Git,
    span: &Span,
    location: &Location,
    config: &Config,
) -> Result<ReadHistory> {
    let mut history = ReadHistory::read(git, span, location, config, false)?;
    if let Some(own) = history.files.touching_package(&location.folders) {
        for (commit, own) in history.commits.iter_mut().zip(own) {
            commit.touches_package = own;
        }
    }
    Ok(history)
}

/// Everything one walk of history says about a range.
pub(super) struct ReadHistory {
    pub(super) commits: Vec<Commit>,
    /// Empty where nobody asks what a commit changed.
    pub(super) files: ChangedFiles,
    /// Folders of fragments that are there.
    fragments: Vec<String>,
}

impl ReadHistory {
    /// Walks a range once. The files of its commits are asked for where something depends on them.
    pub(super) fn read(
        git: &Git,
        span: &Span,
        location: &Location,
        config: &Config,
        parents: bool,
    ) -> Result<Self> {
        let sections = config.section.iter().flat_map(|section| &section.paths);
        refuse_leading_out(sections.clone().chain(&location.folders.inside))?;

        let name = config.fragments_folder.as_deref().unwrap_or("changes");
        let mut folders = vec![
            manifest::join(&location.package, name),
            manifest::join(&location.workspace, name),
        ];
        folders.dedup();
        let mut fragments = Vec::new();
        for folder in folders {
            if fragments::is_there(git, span, &folder)? {
                fragments.push(folder);
            }
        }

        let is_whole = location.folders.is_everything();
        let has_paths = sections.clone().next().is_some();
        let asked = Asked {
            parents,
            files: !is_whole || has_paths || !fragments.is_empty(),
        };
        let (mut commits, files) = history::log(git, span, asked)?;
        for (pattern, replace) in config.rewrites()? {
            for commit in &mut commits {
                let message = pattern.replace_all(&commit.message, replace);
                if let Cow::Owned(message) = message {
                    commit.message = message;
                }
            }
        }
        Ok(Self {
            commits,
            files,
            fragments,
        })
    }

    /// The table of sections, with the commits that touch the paths of the project's own ones.
    pub(super) fn section_table(&self, config: &Config) -> Result<Table> {
        let mut own = config.own_sections()?;
        for (_, section, selector) in &mut own {
            let has_paths = !section.paths.is_empty();
            if !has_paths && !selector.asks_of_commits() {
                continue;
            }
            let touching = match has_paths {
                true => self.files.touching(&PathSet::new(&section.paths, &[])),
                false => vec![true; self.commits.len()],
            };
            let commits = self.commits.iter().zip(touching);
            let fitting = commits.filter(|(commit, own)| *own && selector.fits(commit));
            selector.commits = Some(fitting.map(|(commit, _)| commit.id.clone()).collect());
        }
        Ok(config.table(own))
    }

    /// What people wrote about their changes, into files of their own.
    pub(super) fn fragments(
        &self,
        git: &Git,
        span: &Span,
        target: &Target,
        table: &Table,
    ) -> Result<Fragments> {
        let mut found = Fragments::new();
        for folder in &self.fragments {
            for (commit, files) in fragments::added(git, span, &self.commits, &self.files, folder)?
            {
                let read = files
                    .iter()
                    .filter_map(|(name, text)| read(name, text, &target.package, table.layout()));
                found.entry(commit).or_default().extend(read);
            }
        }
        found.retain(|_, fragments| !fragments.is_empty());
        Ok(found)
    }
}

/// Refuses paths of the configuration that leave the repository.
fn refuse_leading_out<'a>(mut paths: impl Iterator<Item = &'a String>) -> Result<()> {
    match paths.find(|path| leads_out(path)) {
        Some(path) => Err(Error::usage(format!(
            "`{path}` under [relnotes] leads out of the repository"
        ))
        .with_help("name paths relative to the top folder of the repository")),
        None => Ok(()),
    }
}

/// Accounts for the commits of a release. `released` says which ids of commits that reverts name were
/// released before.
pub(super) fn account_for(
    git: &Git,
    commits: &[Commit],
    policy: Policy<'_>,
    released: impl FnOnce(&[&String]) -> Result<BTreeSet<String>>,
) -> Result<Accounting> {
    let taken_back = account::reverts(commits, policy.table);
    let mut known = reverts::Known {
        released: released(&reverts::ids_outside(commits, &taken_back))?,
        ..reverts::Known::default()
    };
    for at in reverts::merges(commits, &taken_back) {
        let merge = &commits[at].id;
        let brought = match reverts::brought(commits, at) {
            Some(brought) => brought,
            None => history::brought(git, merge)?,
        };
        known.brought.insert(merge.clone(), brought);
    }
    Ok(account::account(commits, policy, &taken_back, &known))
}

/// Which of these ids, whole or their first digits, name commits that are a part of a history.
pub(super) fn part_of_history(
    git: &Git,
    ids: &[&String],
    to: &CommitId,
) -> Result<BTreeSet<String>> {
    let names: Vec<String> = ids.iter().map(|id| format!("{id}^{{commit}}")).collect();
    let mut named: Vec<(&String, CommitId)> = Vec::new();
    for (id, object) in ids.iter().zip(git.objects(&names)?) {
        let commit = object.and_then(|object| object.id.parse().ok());
        named.extend(commit.map(|commit| (*id, commit)));
    }
    if named.is_empty() {
        return Ok(BTreeSet::new());
    }
    let commits: Vec<&CommitId> = named.iter().map(|(_, commit)| commit).collect();
    let outside = history::outside(git, &commits, to)?;
    let inside = named.iter().filter(|(_, commit)| !outside.contains(commit));
    Ok(inside.map(|(id, _)| (*id).clone()).collect())
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
pub(super) fn release_time(git: &Git, commit: &CommitId) -> Result<i64> {
    match release_gate::time::source_date_epoch()? {
        Some(seconds) => Ok(seconds),
        None => Ok(git.commit_time(commit)?),
    }
}

/// Who took part in the package. People of other packages of the workspace have notes of their own.
fn contributors(
    git: &Git,
    commits: &[Commit],
    to: &CommitId,
    known: Option<&EarlierPeople>,
    handles: &Handles,
) -> Result<Vec<people::Contributor>> {
    let own: Vec<Commit> = commits
        .iter()
        .filter(|commit| commit.touches_package)
        .cloned()
        .collect();
    let (positions, identities): (Vec<usize>, Vec<_>) =
        people::co_authors(&own).into_iter().unzip();
    let co_authors: Vec<_> = positions
        .into_iter()
        .zip(history::mailmapped(git, &identities, to)?)
        .collect();
    Ok(people::contributors(&own, &co_authors, known, handles))
}

/// Who took part before; `None` where nobody asks, or there is no before.
fn known_people(
    sources: &Sources<'_>,
    span: &Span,
    location: &Location,
    config: &Config,
) -> Result<Option<EarlierPeople>> {
    if span.without.is_empty() || config.first_timers == Some(false) {
        return Ok(None);
    }
    Ok(Some(history::earlier_people(
        sources.git,
        &span.without,
        &location.folders,
        &span.to,
        sources.cache,
    )?))
}

/// Logins from the project's file of contributors, at the released commit.
fn read_handles(git: &Git, commit: &CommitId, path: &str) -> Result<Handles> {
    let bytes = blobs::file(git, commit, path)?.ok_or_else(|| {
        Error::usage(format!(
            "`contributors` under [relnotes] names `{path}`, which {} does not have",
            commit.short()
        ))
        .with_help("commit the file, or take the key out")
    })?;
    Ok(Handles::parse(&String::from_utf8_lossy(&bytes)))
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
