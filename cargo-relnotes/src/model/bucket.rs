//! Where one commit of a range went, and what a line of the notes holds.
//!
//! Must never: decide anything. These are plain values.

use release_gate::git::CommitId;

use super::note::Block;
use super::sections::Section;
use super::untrusted::Untrusted;

/// Where one commit went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bucket {
    /// It has a line in a section.
    Listed {
        /// Which.
        section: Section,
    },
    /// It shares the line of another commit, or is covered by the dependency table (`into` is
    /// `null`).
    Folded {
        /// The commit whose line it shares.
        into: Option<CommitId>,
    },
    /// A merge: what it brought is accounted for by its own commits.
    Merge,
    /// It and others of the range took each other back.
    Cancelled {
        /// The others.
        with: Vec<CommitId>,
    },
    /// Not listed, by a rule with a name.
    Hidden {
        /// The rule.
        rule: String,
    },
}

/// One line of the notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its section.
    pub section: Section,
    /// The section it would have if it did not break anything.
    pub kind: Section,
    /// Scope or area.
    pub scope: Option<Untrusted>,
    /// What is said.
    pub text: Untrusted,
    /// The same as people wrote it into a fragment: Markdown.
    pub fragment: Option<String>,
    /// Numbers of the pull requests behind it.
    pub pulls: Vec<u64>,
    /// Issues the commits say they close.
    pub closes: Vec<u64>,
    /// What the author says about the break: each `BREAKING CHANGE` footer.
    pub breaking: Vec<Block>,
    /// Security advisories the messages name and the line does not.
    pub advisories: Vec<String>,
    /// The commits behind it, newest first.
    pub commits: Vec<CommitId>,
}

impl Bucket {
    /// The bucket of what a rule hides.
    pub(super) fn hidden(rule: &str) -> Self {
        Self::Hidden {
            rule: rule.to_owned(),
        }
    }
}
