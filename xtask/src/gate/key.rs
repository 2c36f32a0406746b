//! What `cargo xtask gate` signs with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gate::Result;

use crate::workspace::absolute;

/// The variable that `cargo sign` takes a key from.
const VARIABLE: &str = "RELEASE_GATES_SIGNING_KEY";

/// What is signed with.
pub(super) enum Key {
    /// A file.
    Named(PathBuf),
    /// What `cargo sign` reads from its variable.
    Environment,
    /// One that is made for this run, in a folder that goes with it.
    ThrowAway(PathBuf),
}

impl Key {
    /// The key that was named, else the environment's, else one to be made in `scratch`.
    pub(super) fn choose(named: Option<&Path>, scratch: &Path) -> Result<Self> {
        if let Some(path) = named {
            return Ok(Self::Named(absolute(path)?));
        }
        let in_environment = std::env::var_os(VARIABLE).is_some_and(|key| !key.is_empty());
        Ok(if in_environment {
            Self::Environment
        } else {
            Self::ThrowAway(scratch.join("temporary"))
        })
    }

    /// Whether it is made for this run, and so makes no release.
    pub(super) fn is_throw_away(&self) -> bool {
        matches!(self, Self::ThrowAway(_))
    }

    /// The file it is in, where it is in one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Named(path) | Self::ThrowAway(path) => Some(path),
            Self::Environment => None,
        }
    }

    /// The file of its public half, where that lies beside it.
    pub(super) fn public_file(&self) -> Option<PathBuf> {
        let mut public: OsString = self.file()?.as_os_str().to_owned();
        public.push(".pub");
        let public = PathBuf::from(public);
        public.is_file().then_some(public)
    }
}
