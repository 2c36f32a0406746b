//! Public keys and keyrings, as they lie in files.

use std::path::{Path, PathBuf};

use release_gate::public_key::PublicKey;
use release_gate::{Error, Result};

use super::file::read_named;
use crate::format::keyring::MAX_LEN as MAX_KEYRING;

/// Longest file that is read as a public key.
pub(crate) const MAX_PUBLIC: usize = 64 << 10;

/// Reads key files.
///
/// # Errors
/// A file cannot be read or holds no usable key.
pub fn read_public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>> {
    paths.iter().map(|path| read_public_key(path)).collect()
}

/// Reads one key file.
///
/// # Errors
/// It cannot be read or holds no usable key.
pub fn read_public_key(path: &Path) -> Result<PublicKey> {
    let name = path.display();
    // Not without end: `/dev/zero` can be named too.
    let bytes = read_named(path, MAX_PUBLIC)?.ok_or_else(|| {
        Error::judge(format!(
            "cannot read the public key `{name}`: there is no such file"
        ))
    })?;
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|text| text.len() <= MAX_PUBLIC);
    let text = text.ok_or_else(|| {
        Error::judge(format!(
            "the public key `{name}` cannot be used: it is no text, or longer than any key"
        ))
        .with_help("keys are read as minisign, OpenSSH, PEM or raw base64")
    })?;
    PublicKey::parse(&text).map_err(|error| {
        Error::judge(format!("the public key `{name}` cannot be used"))
            .with_source(error)
            .with_help("keys are read as minisign, OpenSSH, PEM or raw base64")
    })
}

/// Reads a keyring that was named.
///
/// # Errors
/// It is not there, or cannot be read.
pub(crate) fn read_keyring(path: &Path) -> Result<Vec<u8>> {
    read_named(path, MAX_KEYRING)?
        .ok_or_else(|| Error::judge(format!("there is no `{}`", path.display())))
}
