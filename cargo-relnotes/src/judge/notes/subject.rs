//! What is judged: the notes, and what was recorded when they were made.

use std::collections::BTreeMap;

use release_gate::digest::Sha256Digest;
use release_gate::git::CommitId;

/// What `relnotes.json` said when the notes were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The commit the notes are about.
    pub to: Option<CommitId>,
    /// The commit they start from.
    pub from: Option<CommitId>,
    /// How many commits they account for.
    pub total: u64,
    /// Digest of the generated part.
    pub notes_sha256: Option<Sha256Digest>,
    /// `draft` or `final`.
    pub phase: String,
    /// The facts they were made from: see [`Facts::states`](crate::model::facts::Facts::states).
    pub facts: BTreeMap<String, String>,
}

/// Notes to be checked.
#[derive(Debug, Clone)]
pub struct Notes<'a> {
    /// How findings call the file.
    pub path: &'a str,
    /// The part about this release.
    pub text: &'a str,
    /// Headings of the file that name this version, where it holds several releases.
    pub version_headings: usize,
    /// What was recorded when they were generated, if they were.
    pub recorded: Option<Recorded>,
    /// Skeletons beside the notes: name and text.
    pub skeletons: &'a [(String, String)],
}
