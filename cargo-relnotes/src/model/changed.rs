//! Which files each commit of a range changed, and which of them belong to a package.
//!
//! Must never: ask git. One walk names the files of every commit; what a package, a section or a
//! folder of fragments has to do with them is worked out here.

use super::folders::Folders;

/// A file that a commit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Position of its path in the list of all paths.
    pub path: u32,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// The files that the commits of a range changed, in the order of the commits. Merges change none.
#[derive(Debug, Clone, Default)]
pub struct ChangedFiles {
    /// Every path once, relative to the top folder.
    pub paths: Vec<String>,
    /// The changes of each commit.
    pub by_commit: Vec<Box<[Change]>>,
}

impl ChangedFiles {
    /// Whether each commit changed a file of the set.
    pub fn touching(&self, set: &PathSet) -> Vec<bool> {
        let held: Vec<bool> = self.paths.iter().map(|path| set.holds(path)).collect();
        let is_held = |change: &Change| held.get(change.path as usize) == Some(&true);
        self.by_commit
            .iter()
            .map(|changes| changes.iter().any(is_held))
            .collect()
    }

    /// Whether each commit touches a package's folders; `None` where the whole repository is the
    /// package.
    pub fn touching_package(&self, folders: &Folders) -> Option<Vec<bool>> {
        if folders.is_everything() {
            return None;
        }
        let mut own = self.touching(&PathSet::new(&folders.inside, &folders.outside));
        if folders.shared.is_empty() {
            return Some(own);
        }

        // A file that speaks for all packages is a change of this one, unless the commit touches
        // another one's folder as well.
        let shared = self.touching(&PathSet::new(&folders.shared, &[]));
        let mine: Vec<String> = folders
            .shared
            .iter()
            .chain(&folders.inside)
            .filter(|path| !path.is_empty())
            .cloned()
            .collect();
        let elsewhere = if folders.others.is_empty() {
            vec![false; own.len()]
        } else {
            self.touching(&PathSet::new(&folders.others, &mine))
        };
        for (own, (shared, elsewhere)) in own.iter_mut().zip(shared.into_iter().zip(elsewhere)) {
            *own |= shared && !elsewhere;
        }
        Some(own)
    }

    /// The files that were added below a folder: the position of the commit and the path, newest
    /// commit first.
    pub fn added_below(&self, folder: &str) -> Vec<(usize, &str)> {
        let below = format!("{folder}/");
        let mut found = Vec::new();
        for (position, changes) in self.by_commit.iter().enumerate() {
            for change in changes.iter().filter(|change| change.is_new) {
                let path = self.paths.get(change.path as usize);
                found.extend(
                    path.filter(|path| path.starts_with(&below))
                        .map(|path| (position, path.as_str())),
                );
            }
        }
        found
    }
}

/// Files and folders named exactly, less others.
#[derive(Debug, Clone, Default)]
pub struct PathSet {
    inside: Vec<Place>,
    outside: Vec<Place>,
}

/// A file or a folder, relative to the top folder; the top itself is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    path: String,
    /// `path` with a slash behind it.
    below: String,
    /// Whether it was named as a folder, `docs/`.
    only_below: bool,
}

impl Place {
    fn new(named: &str) -> Self {
        let parts = named.split('/').filter(|part| !matches!(*part, "" | "."));
        let path = parts.collect::<Vec<_>>().join("/");
        Self {
            below: format!("{path}/"),
            only_below: named.ends_with('/'),
            path,
        }
    }

    fn holds(&self, path: &str) -> bool {
        self.path.is_empty()
            || path.starts_with(&self.below)
            || (!self.only_below && path == self.path)
    }
}

impl PathSet {
    /// What lies in some places and in none of others. No place at all is everywhere.
    pub fn new(inside: &[String], outside: &[String]) -> Self {
        let places = |names: &[String]| names.iter().map(|name| Place::new(name)).collect();
        Self {
            inside: places(inside),
            outside: places(outside),
        }
    }

    /// Whether a path is one of the set's.
    pub fn holds(&self, path: &str) -> bool {
        let is_inside = self.inside.is_empty() || self.inside.iter().any(|place| place.holds(path));
        is_inside && !self.outside.iter().any(|place| place.holds(path))
    }
}

/// Whether a path leads out of the folder that it is relative to.
pub fn leads_out(path: &str) -> bool {
    path.starts_with('/') || path.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Commits by the files they changed; `+` stands before a new one.
    fn changed(commits: &[&[&str]]) -> ChangedFiles {
        let mut files = ChangedFiles::default();
        for names in commits {
            let mut changes = Vec::new();
            for name in *names {
                changes.push(Change {
                    path: u32::try_from(files.paths.len()).unwrap(),
                    is_new: name.starts_with('+'),
                });
                files.paths.push(name.trim_start_matches('+').to_owned());
            }
            files.by_commit.push(changes.into());
        }
        files
    }

    #[test]
    fn a_folder_holds_what_lies_below_it_and_nothing_that_only_begins_like_it() {
        let set = PathSet::new(
            &strings(&["crates/a", "./docs//book/"]),
            &strings(&["crates/a/b"]),
        );
        for path in ["crates/a", "crates/a/src/lib.rs", "docs/book/x.md"] {
            assert!(set.holds(path), "{path}");
        }
        for path in [
            "crates/ab/lib.rs",
            "crates",
            "crates/a/b/lib.rs",
            "docs/book",
            "a",
        ] {
            assert!(!set.holds(path), "{path}");
        }
        assert!(PathSet::new(&strings(&[""]), &[]).holds("anything"));
        assert!(PathSet::new(&[], &strings(&["a"])).holds("b"));
        assert!(!PathSet::new(&[], &strings(&["a"])).holds("a/b"));
        assert!(leads_out("../a") && leads_out("a/../../b") && leads_out("/a"));
        assert!(!leads_out("a/..b/c"));
    }

    #[test]
    fn what_speaks_for_all_packages_is_ones_own_where_no_other_is_touched() {
        let files = changed(&[
            &["crates/a/lib.rs"],
            &["Cargo.toml"],
            &["Cargo.toml", "crates/b/lib.rs"],
            &["Cargo.toml", "crates/b/lib.rs", "crates/a/lib.rs"],
            &["README.md"],
            &[],
        ]);
        let folders = Folders {
            inside: strings(&["crates/a"]),
            outside: Vec::new(),
            shared: strings(&["Cargo.toml"]),
            others: strings(&["crates/b"]),
        };
        let touching = files.touching_package(&folders).unwrap();
        assert_eq!(touching, [true, true, false, true, false, false]);
        assert_eq!(files.touching_package(&Folders::default()), None);

        // The package at the top, with another one below it.
        let top = Folders {
            inside: strings(&[""]),
            outside: strings(&["crates/b"]),
            shared: strings(&["Cargo.toml"]),
            others: strings(&["crates/b"]),
        };
        let touching = files.touching_package(&top).unwrap();
        assert_eq!(touching, [true, true, true, true, true, false]);
    }

    #[test]
    fn only_new_files_are_added() {
        let files = changed(&[&["changes/a.md"], &["+changes/b.md", "+changesets/c.md"]]);
        assert_eq!(files.added_below("changes"), [(1, "changes/b.md")]);
    }
}
