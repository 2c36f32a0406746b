//! A built side with what programs call things.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use release_gate::facts::report::compat::SourceLocation;
use rustdoc_types::{Attribute, Crate, Id, Item};
use semver::Version;

use crate::model::surface::Surface;
use crate::prove::Library;
use crate::read::side::{Dependency, Side};

/// A side and the names in it.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    pub(super) side: &'a Side,
    pub(super) surface: Surface,
    pub(super) aliases: Aliases,
    base: PathBuf,
}

/// Names of a graph's crates in programs.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    pub(super) by_number: HashMap<u32, String>,
    pub(super) files: BTreeMap<String, PathBuf>,
    pub(super) packages: BTreeMap<String, (String, Version)>,
}

impl<'a> Prepared<'a> {
    /// Reads a side's API. Source paths are shown relative to `base`.
    pub(super) fn new(side: &'a Side, base: &Path) -> Self {
        Self {
            side,
            surface: Surface::of(&side.api),
            aliases: Aliases::of(side),
            base: base.to_owned(),
        }
    }

    /// What programs over this side may name; crates only the other side has are added, so that a
    /// missing one is no error of its own.
    pub(super) fn library(&self, other: Option<&Self>) -> Library {
        let mut externs = other
            .map(|other| other.aliases.files.clone())
            .unwrap_or_default();
        externs.extend(self.aliases.files.clone());
        let mut deps_dirs = self.side.deps_dirs.clone();
        for dir in other.iter().flat_map(|other| &other.side.deps_dirs) {
            if !deps_dirs.contains(dir) {
                deps_dirs.push(dir.clone());
            }
        }
        Library {
            name: self.side.lib_name.clone(),
            artifact: self.side.artifact.clone(),
            deps_dirs,
            no_std: brings_panic_handler(&self.side.api),
            externs,
            identity: OnceLock::new(),
        }
    }

    /// Where the item of an id stands in the sources.
    pub(super) fn location_of(&self, id: Id) -> Option<SourceLocation> {
        let item = self.side.api.index.get(&id)?;
        self.location(item)
    }

    /// Where an item stands in the sources.
    pub(super) fn location(&self, item: &Item) -> Option<SourceLocation> {
        let span = item.span.as_ref()?;
        let path = self.side.root.join(&span.filename);
        let path = path.strip_prefix(&self.base).ok()?;
        let parts: Vec<String> = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        Some(SourceLocation {
            path: parts.join("/"),
            line: u32::try_from(span.begin.0).unwrap_or(u32::MAX),
        })
    }
}

/// Whether a library handles panics itself, as firmware does.
fn brings_panic_handler(api: &Crate) -> bool {
    api.index.values().any(|item| {
        item.crate_id == 0
            && item.attrs.iter().any(
                |attr| matches!(attr, Attribute::Other(text) if text.contains("PanicImpl") || text.contains("panic_handler")),
            )
    })
}

impl Aliases {
    /// A name for each crate: its own, with the version behind it where there are several of that
    /// name.
    fn of(side: &Side) -> Self {
        let mut versions: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
        for krate in side.api.external_crates.values() {
            if let Some(dependency) = dependency_at(side, &krate.path) {
                versions
                    .entry(&dependency.lib)
                    .or_default()
                    .insert(&dependency.version);
            }
        }

        let mut found = Self::default();
        for (number, krate) in &side.api.external_crates {
            let Some(dependency) = dependency_at(side, &krate.path) else {
                found.by_number.insert(*number, krate.name.clone());
                continue;
            };
            let several = versions
                .get(dependency.lib.as_str())
                .is_some_and(|versions| versions.len() > 1);
            let alias = alias_of(dependency, several);
            found.files.insert(alias.clone(), dependency.file.clone());
            let package = (dependency.package.clone(), dependency.version.clone());
            found.packages.insert(alias.clone(), package);
            found.by_number.insert(*number, alias);
        }
        found
    }
}

fn alias_of(dependency: &Dependency, several: bool) -> String {
    let version = &dependency.version;
    match (several, version.major) {
        (false, _) => dependency.lib.clone(),
        (true, 0) => format!("{}_0_{}", dependency.lib, version.minor),
        (true, major) => format!("{}_{major}", dependency.lib),
    }
}

fn dependency_at<'s>(side: &'s Side, path: &Path) -> Option<&'s Dependency> {
    side.crates.get(path.file_name()?.to_str()?)
}
