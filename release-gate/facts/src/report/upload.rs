//! `upload.json`: where the files of a release were sent.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// The data of what `cargo sign upload` prints.
///
/// ```
/// use release_gate_facts::report::upload::UploadData;
/// use release_gate_facts::{Envelope, Fact};
///
/// // Where a file lies now.
/// fn place<'a>(fact: &'a Fact<Envelope<UploadData>>, name: &str) -> Option<&'a str> {
///     let files = &fact.usable()?.data.files;
///     let file = files.iter().find(|file| file.name == name)?;
///     Some(&file.place)
/// }
/// # assert_eq!(place(&Fact::Missing, "checksums.txt"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadData {
    /// The files, in the order in which they were sent: the list is the last.
    pub files: Vec<UploadedFile>,
}

crate::report_data!(UploadData = "upload");

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UploadedFile {
    /// Its name.
    pub name: String,
    /// Host and path of where it lies, without what the URL is signed with.
    pub place: String,
    /// Digest of the file.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
    /// `false`: it lay there already.
    pub sent: bool,
}
