//! Provenance and trusted roots, as they lie in files.

use std::path::Path;

use release_gate::{Error, Result};

use super::file::read_named;
use crate::format::dsse;
#[cfg(feature = "sigstore")]
use crate::sigstore::Roots;

/// Longest file that is read as a trusted root; Sigstore's has 10 KB.
#[cfg(feature = "sigstore")]
const MAX_ROOT: usize = 8 << 20;

/// Reads provenance of whatever kind.
///
/// # Errors
/// It is not there, or cannot be read.
pub(crate) fn read_provenance(path: &Path) -> Result<Vec<u8>> {
    read_named(path, dsse::MAX_LEN)?.ok_or_else(|| {
        Error::judge(format!("there is no `{}`", path.display()))
            .with_help("get it from where the release was published")
    })
}

/// The trusted roots of Sigstore that bundles are verified with: those of a file, else those this program
/// was built with.
///
/// # Errors
/// The file is not there, or is not a trusted root.
#[cfg(feature = "sigstore")]
pub(crate) fn read_roots(path: Option<&Path>) -> Result<Roots> {
    let Some(path) = path else {
        return Roots::embedded().map_err(|error| {
            Error::judge("the built-in trusted roots cannot be used").with_source(error)
        });
    };
    let bytes =
        read_named(path, MAX_ROOT)?.ok_or_else(|| unusable(path, &"there is no such file"))?;
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() <= MAX_ROOT);
    let text =
        text.ok_or_else(|| unusable(path, &"it is not text, or longer than any trusted root"))?;
    Roots::parse(&text).map_err(|error| unusable(path, &error))
}

#[cfg(feature = "sigstore")]
fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::judge(format!(
        "the trusted root `{}` cannot be used",
        path.display()
    ))
    .with_source(why.to_string())
    .with_help(
        "it is Sigstore's trusted_root.json; `gh attestation trusted-root` prints the newest",
    )
}
