//! What lies in a folder and is in no list.

use std::collections::BTreeSet;

use release_gate::Finding;

use super::verdict::shown;
use crate::format::checksums::List;
use crate::model::companion::{Companion, LIST};
use crate::rules;

/// How much beside a list belongs to the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent<'a> {
    /// Only what is listed; other files in the folder are not looked at (`cargo sign verify
    /// checksums.txt`).
    Listed,
    /// The whole folder: what is not listed is refused.
    Folder,
    /// What was downloaded of the list: what is missing was left out by anyone who downloads, and the
    /// list vouches for archives without a signature of their own. `folder`: what is not listed is
    /// refused.
    Downloaded {
        /// Whether the whole folder is judged.
        folder: bool,
    },
    /// One listed file, for which the list vouches.
    One(&'a str),
}

impl Extent<'_> {
    /// Whether files that are not listed are refused.
    pub(crate) fn is_folder(self) -> bool {
        matches!(self, Self::Folder | Self::Downloaded { folder: true })
    }

    /// Whether an archive without a signature of its own is refused.
    pub(crate) fn needs_signatures(self) -> bool {
        matches!(self, Self::Listed | Self::Folder)
    }

    /// Whether this file of the list is judged.
    pub(crate) fn covers(self, name: &str) -> bool {
        match self {
            Self::One(only) => only == name,
            _ => true,
        }
    }
}

/// Names everything in the folder that is not listed and was not judged as evidence.
pub(crate) fn check_unlisted(
    found: &BTreeSet<String>,
    list: &List,
    evidence: &BTreeSet<String>,
) -> Vec<Finding> {
    found
        .iter()
        .filter(|name| {
            !(list.contains_key(*name)
                || *name == LIST
                || evidence.contains(*name)
                || vouches(name, found, list))
        })
        .map(|name| {
            let text = format!("`{}` is not listed", shown(name));
            Finding::new(&rules::FILE_UNLISTED, text)
                .help("remove it; it is not part of the release")
                .evidence("file", name.clone())
        })
        .collect()
}

/// Whether a file vouches for the list or for a listed file, and was judged for that.
fn vouches(name: &str, found: &BTreeSet<String>, list: &List) -> bool {
    match Companion::of(name) {
        Some(Companion::First(of)) => of == LIST || list.contains_key(of),
        // Only beside a first signature, which has to have been judged as one and not as a listed
        // file.
        Some(Companion::Further(of, _)) => {
            let first = format!("{of}.sig");
            let judged = of == LIST || list.contains_key(of) && !list.contains_key(&first);
            judged && found.contains(&first)
        }
        Some(Companion::Emitted) => true,
        None => false,
    }
}
