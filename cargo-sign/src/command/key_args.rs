//! The flags that name a secret key and where its passphrase comes from.

use std::path::PathBuf;

use clap::Args;
use release_gate::Result;

use crate::key::{self, Passphrase, Secret};

/// Where the passphrase of a key comes from.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PassphraseArgs {
    /// The key has no passphrase
    #[arg(long, conflicts_with = "passphrase_fd")]
    no_passphrase: bool,
    /// Read the passphrase from this file descriptor [default: ask at the terminal]
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

impl PassphraseArgs {
    pub(crate) fn source(self) -> Passphrase {
        match (self.no_passphrase, self.passphrase_fd) {
            (true, _) => Passphrase::None,
            (false, Some(number)) => Passphrase::Descriptor(number),
            (false, None) => Passphrase::Ask,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The secret key; ssh-agent:SHA256:… is one that an SSH agent holds [default:
    /// $RELEASE_GATES_SIGNING_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

impl KeyArgs {
    /// Reads the key that was named, or the one of the environment.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(crate) fn load(&self) -> Result<Secret> {
        key::load(self.key.as_deref(), self.passphrase.source())
    }
}
