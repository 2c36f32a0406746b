//! Where a package lies in its repository, and which folders belong to it.

/// Where a package lies, relative to the top folder of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    /// The package's folder.
    pub package: String,
    /// The workspace's folder.
    pub workspace: String,
    /// What belongs to the package.
    pub folders: Folders,
}

impl Location {
    /// The package lay in another folder at the revision. What belonged to it there is its own too.
    pub fn move_to(&mut self, folder: String) {
        if folder != self.package {
            self.folders.add(&folder);
            self.package = folder;
        }
    }
}

/// Folders that belong to a package, and folders below them that belong to others; relative to the
/// top folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// Inside; an empty name is the top folder, an empty list the whole repository.
    pub inside: Vec<String>,
    /// Outside again.
    pub outside: Vec<String>,
    /// Files of the workspace that speak for all its packages: a commit that touches one of them
    /// and no other package's folder belongs to this package too.
    pub shared: Vec<String>,
    /// Folders of the workspace's other packages.
    pub others: Vec<String>,
}

impl Folders {
    /// One folder more, in which the package lay once.
    pub fn add(&mut self, folder: &str) {
        if !self.inside.iter().any(|other| other == folder) {
            self.inside.push(folder.to_owned());
            self.inside.sort();
        }
        if folder.is_empty() {
            self.outside = self
                .others
                .iter()
                .filter(|other| !other.is_empty())
                .cloned()
                .collect();
        }
        self.outside.retain(|other| other != folder);
    }

    /// Whether everything in the repository belongs to the package.
    pub fn is_everything(&self) -> bool {
        self.outside.is_empty() && self.inside.iter().all(String::is_empty)
    }
}
