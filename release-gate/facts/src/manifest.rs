//! The manifest: the index of a package's artifact folder.

use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::envelope::schema_id;

/// The name in a manifest's `schema`.
const NAME: &str = "manifest";

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ManifestFile {
    /// Path relative to the folder, with `/` between its parts.
    pub path: String,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
    /// `schema` of a report, `null` for other files.
    #[serde(deserialize_with = "crate::nullable")]
    pub schema: Option<String>,
    /// Which tool wrote it, `cargo-compat 0.1.0`.
    pub tool: String,
}

/// The index of a package's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// `release-gate/manifest/v1`.
    pub schema: String,
    /// The files, sorted by path.
    pub files: Vec<ManifestFile>,
}

impl Manifest {
    /// A manifest of these files, which are sorted by path.
    pub fn new(mut files: Vec<ManifestFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));

        Self {
            schema: schema_id(NAME),
            files,
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// It is no manifest, or one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(bytes)?;

        if manifest.schema == schema_id(NAME) {
            Ok(manifest)
        } else {
            Err(ManifestError::Schema(manifest.schema))
        }
    }

    /// The entry of the file at `path`.
    pub fn file(&self, path: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// Why bytes are no manifest that can be relied on.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// They are not JSON of a manifest's shape.
    #[error("it is not a manifest")]
    Malformed(#[from] serde_json::Error),
    /// The manifest is of another kind or version.
    #[error("its schema is `{0}` where `{expected}` is needed", expected = schema_id(NAME))]
    Schema(String),
}
