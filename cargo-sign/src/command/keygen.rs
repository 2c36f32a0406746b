//! `cargo sign keygen`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use release_gate::fs::write_atomic;
use release_gate::public_key::hex;
use release_gate::{Context, Error, Outcome, Result};

use super::key_args::PassphraseArgs;
use crate::key::{self, Passphrase};
use crate::model::config::COMMITTED_KEY;

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// Where the secret key goes
    #[arg(long, value_name = "FILE", default_value = "release.key")]
    pub(crate) out: PathBuf,
    /// Take over this secret key (minisign, rsign2, OpenSSH, PKCS#8 or base64 of the seed) instead
    /// of making one
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Option<PathBuf>,
    /// Read the passphrase of the imported key from this file descriptor [default: ask at the
    /// terminal]
    #[arg(
        long,
        value_name = "N",
        requires = "import",
        conflicts_with = "import_no_passphrase"
    )]
    pub(crate) import_passphrase_fd: Option<u32>,
    /// The imported key's passphrase is empty (`rsign generate -W`)
    #[arg(long, requires = "import")]
    pub(crate) import_no_passphrase: bool,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

pub(crate) fn run(cx: &mut Context, args: &KeygenArgs) -> Result<Outcome> {
    let beside = |suffix: &str| {
        let mut name = args.out.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (public_path, signers, pem) = (beside(".pub"), beside(".allowed_signers"), beside(".pem"));
    for path in [&args.out, &public_path] {
        if path.exists() {
            return Err(Error::usage(format!("`{}` is there already", path.display())).with_help(
                "a key is never overwritten: choose another name with --out, or move the old one away",
            ));
        }
    }
    if cx.args().dry_run {
        cx.terminal.status(
            "Would write",
            format!("{} and {}", args.out.display(), public_path.display()),
        );
        return Ok(Outcome::Done);
    }
    let key = match &args.import {
        None => key::generate()?,
        Some(file) => {
            let passphrase = match (args.import_passphrase_fd, args.import_no_passphrase) {
                (Some(number), _) => Passphrase::Descriptor(number),
                (None, true) => Passphrase::None,
                (None, false) => Passphrase::Ask,
            };
            key::load(Some(file), passphrase)?
        }
    };
    let text = key::to_openssh(&key, "release key", args.passphrase.source())?;
    write_secret(&args.out, text.as_bytes())?;
    let public = key.public();
    let wrong = |error| Error::judge("the public key cannot be written as PEM").with_source(error);
    write_atomic(
        &public_path,
        public
            .minisign(&format!("minisign public key {}", hex(&public.id)))
            .as_bytes(),
    )?;
    write_atomic(&signers, public.allowed_signers("maintainer").as_bytes())?;
    write_atomic(&pem, public.pem().map_err(wrong)?.as_bytes())?;
    cx.terminal.status(
        "Wrote",
        format!("{} (secret), {}", args.out.display(), public_path.display()),
    );
    cx.terminal.status("Fingerprint", public.fingerprint());
    cx.terminal.note(format!(
        "commit the public key as {} so that users can pin it",
        COMMITTED_KEY
    ));
    Ok(Outcome::Done)
}

/// A secret is never readable by others, not even for a moment, and never replaces a file.
fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .inspect_err(|_| {
                // Half a key is no key.
                let _ = std::fs::remove_file(path);
            })
    });
    written.map_err(|error| {
        Error::judge(format!("cannot write `{}`", path.display())).with_source(error)
    })
}
