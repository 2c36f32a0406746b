//! Who may read a secret key, where the system has no mode that says so.

use std::path::{Path, PathBuf};

use release_gate::{Error, Result};

/// Refuses a plain secret key in a place where other users of a Windows machine read it.
///
/// A file for Windows has no mode: it is readable to whom its folder is. The user's profile is open
/// to the user and to administrators alone; a folder elsewhere is open to all users by default
/// ([Access control overview]). A key that is encrypted may lie anywhere.
///
/// [Access control overview]: https://learn.microsoft.com/windows/security/identity-protection/access-control/access-control
///
/// # Errors
/// The key lies outside of the profile, and this is Windows.
pub fn refuse_open_place(key: &Path) -> Result<()> {
    if !cfg!(windows) || is_below(key, user_profile().as_deref()) {
        return Ok(());
    }
    Err(Error::judge(format!(
        "the signing key `{}` can be read by other users of this machine",
        key.display()
    ))
    .with_help("move it below your user profile, or encrypt it: `cargo sign keygen --import FILE` asks for a passphrase")
    .with_help(format!("a key of CI belongs into {}", super::ENV)))
}

/// The folder that Windows keeps for this user.
fn user_profile() -> Option<PathBuf> {
    std::env::var_os("USERPROFILE").map(PathBuf::from)
}

/// Whether a file lies below a folder, links resolved. A file that is not there yet lies where its
/// folder does.
fn is_below(file: &Path, folder: Option<&Path>) -> bool {
    let Some(folder) = folder.and_then(|folder| folder.canonicalize().ok()) else {
        return false;
    };
    let Ok(file) = std::path::absolute(file) else {
        return false;
    };
    let existing = file.ancestors().find_map(|part| part.canonicalize().ok());
    existing.is_some_and(|existing| existing.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_the_profile_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let profile = dir.path().join("ada");
        std::fs::create_dir_all(profile.join("keys")).unwrap();
        std::fs::create_dir_all(dir.path().join("ada-2")).unwrap();
        std::fs::write(profile.join("keys/release.key"), "x").unwrap();

        let below = |name: &str| is_below(&dir.path().join(name), Some(&profile));
        assert!(below("ada/keys/release.key"));
        assert!(below("ada/keys/new.key"), "its folder is there");
        assert!(below("ada/new/folder/release.key"));
        assert!(!below("ada-2/release.key"));
        assert!(!below("release.key"));
        assert!(!below("ada/../release.key"));
        assert!(!is_below(&profile.join("keys/release.key"), None));
    }

    /// The rule of Windows, tried where the tests run by wine.
    #[test]
    fn elsewhere_than_on_windows_the_mode_decides() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().ancestors().last().unwrap().join("release.key");
        assert_eq!(refuse_open_place(&outside).is_err(), cfg!(windows));
    }
}
