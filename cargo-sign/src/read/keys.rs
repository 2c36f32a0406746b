//! Public keys and keyrings, as they lie in files.

use std::path::{Path, PathBuf};

use release_gate::public_key::{self, KeyError, ListedKey, PublicKey};
use release_gate::{Error, Result};

use super::file::read_named;
use crate::format::keyring::MAX_LEN as MAX_KEYRING;

/// Longest file that is read as a public key.
pub(crate) const MAX_PUBLIC: usize = 64 << 10;

const FORMS: &str = "keys are read as minisign, OpenSSH, PEM or raw base64";

/// Reads the Ed25519 keys of key files; a file may hold several. Keys of other algorithms in it sign
/// no release.
///
/// # Errors
/// A file cannot be read, or holds no key that can be used.
pub fn read_public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>> {
    let mut keys = Vec::new();
    for path in paths {
        let listed = read_listed_keys(path)?;
        let found: Vec<_> = listed.iter().filter_map(ed25519).cloned().collect();
        if found.is_empty() {
            // The error names the algorithm.
            read_public_key(path)?;
        }
        keys.extend(found);
    }
    Ok(keys)
}

fn ed25519(key: &ListedKey) -> Option<&PublicKey> {
    match key {
        ListedKey::Ed25519(key) => Some(key),
        ListedKey::OtherSsh { .. } => None,
    }
}

/// Reads every key of a file, whatever its algorithm.
///
/// # Errors
/// It cannot be read, or holds a key that cannot be used as it stands.
pub(crate) fn read_listed_keys(path: &Path) -> Result<Vec<ListedKey>> {
    public_key::read_keys(&read_text(path)?).map_err(|error| unusable(path, error))
}

/// Reads a key file that holds one key.
///
/// # Errors
/// It cannot be read or holds no usable key.
pub fn read_public_key(path: &Path) -> Result<PublicKey> {
    PublicKey::parse(&read_text(path)?).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: KeyError) -> Error {
    Error::judge(format!(
        "the public key `{}` cannot be used",
        path.display()
    ))
    .with_source(error)
    .with_help(FORMS)
}

fn read_text(path: &Path) -> Result<String> {
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
    text.ok_or_else(|| {
        Error::judge(format!(
            "the public key `{name}` cannot be used: it is not text, or longer than any key"
        ))
        .with_help(FORMS)
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
