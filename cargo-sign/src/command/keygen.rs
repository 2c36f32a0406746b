//! `cargo sign keygen`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Outcome, Result};

use crate::cli::KeygenArgs;
use crate::key::{self, Passphrase};

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
            .minisign(&format!(
                "minisign public key {}",
                crate::format::minisign::hex(&public.id)
            ))
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
        super::COMMITTED_KEY
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
