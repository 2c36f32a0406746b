//! What people wrote for a release, from the commit that is released.
//!
//! Must never: read the work tree. What is not committed is in nobody's release.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::git::{CommitId, Git};
use semver::Version;

use super::blobs;
use super::changelog::{self, Held};
use super::manifest::join;
use crate::model::config::Config;
use crate::model::folders::Location;
use crate::model::prose::prose;
use crate::model::words::{WordPlaces, Words};

/// Where words for a release of a package may lie.
pub fn places(
    config: &Config,
    location: &Location,
    package: &str,
    version: &Version,
) -> WordPlaces {
    let folder = config.notes_folder.as_deref().unwrap_or("release-notes");
    let guide = config
        .migration_guide
        .as_deref()
        .unwrap_or(release_gate_facts::files::MIGRATION);

    let advisories = config.advisories_folder.as_deref().unwrap_or("advisories");
    let own = &location.package;
    let top = &location.workspace;
    let mut notes = vec![
        join(own, &format!("{folder}/{version}.md")),
        join(top, &format!("{folder}/{package}-{version}.md")),
    ];

    let mut migration = vec![join(own, guide)];
    let mut folders = vec![join(own, advisories)];
    let mut changelogs = vec![join(own, "CHANGELOG.md")];

    // In a workspace of many packages, the file at the top is nobody's in particular.
    if location.folders.others.is_empty() && own != top {
        notes.push(join(top, &format!("{folder}/{version}.md")));
        migration.push(join(top, guide));
        folders.push(join(top, advisories));
        changelogs.push(join(top, "CHANGELOG.md"));
    }

    WordPlaces {
        notes,
        changelogs,
        migration,
        advisories: folders,
    }
}

/// Reads them at a commit.
///
/// # Errors
/// git failed.
pub fn at(
    git: &Git,
    commit: &CommitId,
    places: &WordPlaces,
    package: &str,
    version: &Version,
) -> Result<Words> {
    let notes = match first_file(git, commit, &places.notes)? {
        Some(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        None => from_changelog(git, commit, places, package, version)?,
    };
    Ok(Words {
        notes,
        migration: first_file(git, commit, &places.migration)?,
        advisories: read_advisories(git, commit, places)?,
    })
}

/// Words of people for many releases of a package, as the released commit holds them.
///
/// # Errors
/// git failed.
pub fn of_releases(
    git: &Git,
    commit: &CommitId,
    places: &[(Version, WordPlaces)],
) -> Result<BTreeMap<Version, String>> {
    let names: Vec<String> = places
        .iter()
        .flat_map(|(_, places)| &places.notes)
        .map(|path| format!("{commit}:{path}"))
        .collect();
    let mut blobs = blobs::read(git, &names)?.into_iter();
    let mut found = BTreeMap::new();
    for (version, places) in places {
        let held: Vec<_> = blobs.by_ref().take(places.notes.len()).collect();
        let text = held.into_iter().flatten().next();
        let words = text.map(|blob| text_of(&blob.bytes).trim().to_owned());
        found.extend(
            words
                .filter(|words| !words.is_empty())
                .map(|words| (version.clone(), words)),
        );
    }
    Ok(found)
}

fn first_file(git: &Git, commit: &CommitId, paths: &[String]) -> Result<Option<String>> {
    for path in paths {
        if let Some(bytes) = blobs::file(git, commit, path)? {
            return Ok(Some(text_of(&bytes)));
        }
    }
    Ok(None)
}

fn text_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()
}

/// What stands between the marks for people in the changelog's section of this version.
fn from_changelog(
    git: &Git,
    commit: &CommitId,
    places: &WordPlaces,
    package: &str,
    version: &Version,
) -> Result<Option<String>> {
    let Some(text) = first_file(git, commit, &places.changelogs)? else {
        return Ok(None);
    };
    Ok(match changelog::part(&text, version, package) {
        Held::Part { text, .. } => prose(text).map(str::to_owned),
        _ => None,
    })
}

fn read_advisories(
    git: &Git,
    commit: &CommitId,
    places: &WordPlaces,
) -> Result<BTreeMap<String, String>> {
    for folder in &places.advisories {
        let listed = blobs::names_in(git, commit, folder)?;
        let listed: Vec<String> = listed
            .into_iter()
            .filter(|name| name.ends_with(".md") || name.ends_with(".json"))
            .collect();
        if listed.is_empty() {
            continue;
        }
        let names: Vec<String> = listed
            .iter()
            .map(|name| format!("{commit}:{}", join(folder, name)))
            .collect();
        let blobs = blobs::read(git, &names)?;
        let found = listed
            .into_iter()
            .zip(blobs)
            .filter_map(|(name, blob)| Some((name, text_of(&blob?.bytes))));
        return Ok(found.collect());
    }

    Ok(BTreeMap::new())
}
