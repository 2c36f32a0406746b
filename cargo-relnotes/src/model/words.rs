//! What people wrote for a release, as its commit holds it.

use std::collections::BTreeMap;

/// Words of people, read at the released commit: the pull request, CI and the tag see the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What stands between the marks of the notes.
    pub notes: Option<String>,
    /// The migration guide.
    pub migration: Option<String>,
    /// Advisories, by file name.
    pub advisories: BTreeMap<String, String>,
}

impl Words {
    /// The committed advisory of this name, or one that speaks of one of these ids.
    pub fn advisory(&self, name: &str, ids: &[String]) -> Option<&str> {
        let by_name = self.advisories.get(name);
        by_name
            .or_else(|| self.advisory_of_ids(name, ids))
            .map(String::as_str)
    }

    /// A committed advisory in the format of `name` that speaks of one of these ids.
    fn advisory_of_ids(&self, name: &str, ids: &[String]) -> Option<&String> {
        let kind = name.rsplit('.').next();
        self.advisories.iter().find_map(|(other, text)| {
            let upper = text.to_uppercase();
            let is_same_kind = other.rsplit('.').next() == kind;
            (is_same_kind && ids.iter().any(|id| upper.contains(id.as_str()))).then_some(text)
        })
    }
}

/// Where words of people lie in a repository, each relative to its top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordPlaces {
    /// Files with the words for the notes, the first that is there counts.
    pub notes: Vec<String>,
    /// Changelogs whose section of this version may hold them between marks.
    pub changelogs: Vec<String>,
    /// Migration guides, the first that is there counts.
    pub migration: Vec<String>,
    /// Folders of advisories, the first that is there counts.
    pub advisories: Vec<String>,
}
