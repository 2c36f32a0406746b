//! The command line.

use clap::{Parser, Subcommand};
use release_gate::SharedArgs;

use crate::command::attest::AttestArgs;
use crate::command::keygen::KeygenArgs;
use crate::command::keys::KeysArgs;
use crate::command::pack::PackArgs;
use crate::command::sign::SignArgs;
#[cfg(feature = "upload")]
use crate::command::upload::UploadArgs;
use crate::command::verify::VerifyArgs;
use crate::command::verify_source::VerifySourceArgs;

/// Pack, sign and verify releases, so that anybody can check them with tools they already have
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo sign keygen --out ../release.key           a new key pair (keep release.key secret)
  cargo sign keys                                  the project's keys, and its keyring
  cargo sign pack --key ../release.key             signed archives of what `cargo repro build` built
  cargo sign sign --key ../release.key notes.md    notes.md.sig
  cargo sign attest --key ../release.key --source-uri https://example.org/demo
                                                   signed provenance of the packed release
  cargo sign verify-source                         the signatures of the checked-out tag and its commits
  cargo sign upload --dry-run                      what would be sent where
  cargo sign verify                                the project's release
  cargo-sign verify --key ../m.pub demo-1.0.0.zip  one archive that you downloaded")]
pub struct Cli {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(subcommand)]
    pub(crate) call: Call,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Call {
    /// Make a new key pair, or import one: FILE (secret) and FILE.pub
    Keygen(KeygenArgs),
    /// List the project's keys, or change its keyring; without a command, the list
    Keys(KeysArgs),
    /// Put the build's artifacts into signed archives
    Pack(PackArgs),
    /// Write FILE.sig beside each file, or FILE.<key id>.sig where the keyring asks for several
    /// keys and another has signed
    Sign(SignArgs),
    /// Write SLSA provenance of the packed release, signed (Build L1, self-attested)
    Attest(AttestArgs),
    /// Check the release's signed tag, and every commit since the release before it
    VerifySource(VerifySourceArgs),
    /// Put the verified release to presigned URLs: RELEASE_GATES_UPLOAD_URL_<FILE> in the
    /// environment, one a file
    #[cfg(feature = "upload")]
    Upload(UploadArgs),
    /// Re-hash everything, check structure, signatures and meaning, and print OK
    Verify(Box<VerifyArgs>),
}
