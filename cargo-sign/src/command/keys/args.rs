//! The flags of `cargo sign keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command::key_args::KeyArgs;

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) call: Option<KeysCall>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCall {
    /// Begin release-keys/keyring.json with the signing key
    #[command(after_help = "Examples:\n  cargo sign keys init --key ../alice.key --name alice")]
    Init {
        #[command(flatten)]
        key: KeyArgs,
        /// Who holds the signing key
        #[arg(long, default_value = "maintainer")]
        name: String,
    },
    /// Add a public key
    #[command(
        after_help = "Examples:\n  cargo sign keys add --key ../alice.key --name backup ../backup.key.pub"
    )]
    Add {
        #[command(flatten)]
        key: KeyArgs,
        /// Who holds it
        #[arg(long)]
        name: String,
        /// The public key
        #[arg(value_name = "PUB")]
        public: PathBuf,
    },
    /// Add a public key, and retire the one it replaces
    #[command(
        after_help = "Examples:\n  cargo sign keys rotate --key ../alice.key --old alice --name carol --last-version 1.0.0 ../carol.key.pub"
    )]
    Rotate {
        #[command(flatten)]
        key: KeyArgs,
        /// Name or fingerprint of the key that is replaced
        #[arg(long, value_name = "KEY")]
        old: String,
        /// Who holds the new one
        #[arg(long)]
        name: String,
        /// Last version the old key may have signed
        #[arg(long, value_name = "VERSION")]
        last_version: semver::Version,
        /// The new public key
        #[arg(value_name = "PUB")]
        public: PathBuf,
    },
    /// Take a key out of use: it still verifies what it signed, and nothing newer
    #[command(
        after_help = "Examples:\n  cargo sign keys retire --key ../carol.key --last-version 1.0.0 alice"
    )]
    Retire {
        #[command(flatten)]
        key: KeyArgs,
        /// Last version it may have signed
        #[arg(long, value_name = "VERSION")]
        last_version: semver::Version,
        /// Name or fingerprint
        #[arg(value_name = "KEY")]
        which: String,
    },
    /// Say that others may have a key; this cannot be taken back
    #[command(
        after_help = "Examples:\n  cargo sign keys revoke --key ../backup.key --reason \"laptop stolen\" --last-good-version 1.0.0 alice"
    )]
    Revoke {
        #[command(flatten)]
        key: KeyArgs,
        /// Last version whose signature still verifies [default: none]
        #[arg(long, value_name = "VERSION")]
        last_good_version: Option<semver::Version>,
        /// What happened
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Name or fingerprint
        #[arg(value_name = "KEY")]
        which: String,
    },
    /// Set how many different keys have to sign: each release, and each change of the keyring
    #[command(after_help = "Examples:\n  cargo sign keys threshold --key ../alice.key 2")]
    Threshold {
        #[command(flatten)]
        key: KeyArgs,
        /// The first release this is asked of [default: the version in Cargo.toml]
        #[arg(long, value_name = "VERSION")]
        releases_from: Option<semver::Version>,
        /// Only changes of the keyring; for releases it stays as it is
        #[arg(long, conflicts_with = "releases_from")]
        keyring_only: bool,
        /// How many
        #[arg(value_name = "N")]
        threshold: u32,
    },
    /// Add a signature to the newest version, where it needs more than one
    #[command(after_help = "Examples:\n  cargo sign keys sign --key ../bob.key")]
    Sign {
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Forget what `verify` remembers about a project
    #[command(after_help = "Examples:\n  cargo sign keys forget demo")]
    Forget {
        /// Package name
        #[arg(value_name = "PROJECT")]
        project: String,
    },
}
