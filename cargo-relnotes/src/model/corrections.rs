//! What a project says about single commits, after the fact: words that were wrong, and commits that
//! are nobody's business.

use release_gate::git::CommitId;

use super::sections::Section;

/// What becomes of one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    /// The commit's id, or its first digits.
    pub id: String,
    /// It has no line.
    pub skip: bool,
    /// What its subject should have been.
    pub text: Option<String>,
    /// The section it belongs to.
    pub section: Option<Section>,
}

/// All corrections of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections {
    list: Vec<Correction>,
}

impl Corrections {
    /// Takes them in.
    pub fn new(list: Vec<Correction>) -> Self {
        Self { list }
    }

    /// What is said about a commit.
    pub fn for_commit(&self, id: &CommitId) -> Option<&Correction> {
        self.list
            .iter()
            .find(|correction| id.as_str().starts_with(&correction.id))
    }

    /// Ids no commit of a range begins with: they are about other releases, or mistyped.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|correction| correction.id.as_str())
    }
}
