//! What is judged: the notes, and what was recorded when they were made.

use release_gate_facts::report::relnotes::RelnotesData;

/// Notes to be checked.
#[derive(Debug, Clone)]
pub struct Notes<'a> {
    /// How findings call the file.
    pub path: &'a str,
    /// The part about this release.
    pub text: &'a str,
    /// Sections of the same file about candidates of this release: what they say is said.
    pub candidates: &'a [&'a str],
    /// Headings of the file that name this version, where it holds several releases.
    pub version_headings: usize,
    /// What was recorded when they were generated, if they were.
    pub recorded: Option<&'a RelnotesData>,
    /// Skeletons beside the notes: name and text.
    pub skeletons: &'a [(String, String)],
}
