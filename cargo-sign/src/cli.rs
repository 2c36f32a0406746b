//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use release_gate::cli::Gate;
use release_gate::report::schema;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::command::{attest, keygen, pack, sign, verify, verify_source};
use crate::key::Passphrase;

/// Pack, sign and verify releases, so that anybody can check them with tools they already have
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo sign keygen --out release.key              a new key pair (keep release.key secret)
  cargo sign pack --key release.key                archives, checksums and signatures of what `cargo repro build` built
  cargo sign sign --key release.key notes.md       notes.md.sig
  cargo sign verify --key release.key.pub          the project's release
  cargo sign verify --key m.pub demo-1.0.0.tar.gz  one downloaded archive")]
pub struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(subcommand)]
    call: Call,
}

#[derive(Debug, Subcommand)]
enum Call {
    /// Make a new key pair: FILE (secret) and FILE.pub
    Keygen(KeygenArgs),
    /// Put the build's artifacts into signed archives
    Pack(PackArgs),
    /// Write FILE.sig beside each file
    Sign(SignArgs),
    /// Write SLSA provenance of the packed release, signed (Build L1, self-attested)
    Attest(AttestArgs),
    /// Check the release's signed tag, and every commit since the release before it
    VerifySource(VerifySourceArgs),
    /// Re-hash everything, check structure, signatures and meaning, and print OK
    Verify(VerifyArgs),
}

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
pub(crate) struct KeygenArgs {
    /// Where the secret key goes
    #[arg(long, value_name = "FILE", default_value = "release.key")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The secret key [default: $RELEASE_GATES_SIGNING_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Folder with buildinfo.json, sbom.cdx.json and the artifacts [default: the package's artifact folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    /// Also write a zip for targets that are not Windows (which always get one)
    #[arg(long)]
    pub(crate) zip: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Files to sign
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AttestArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Where the source lives [default: `repository` of Cargo.toml]
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag that was built; it has to name the commit
    #[arg(long, value_name = "TAG")]
    pub(crate) source_tag: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifySourceArgs {
    /// A public key you trust [default: release-keys/maintainer.ed25519.pub of the project]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// The tag [default: `v` and the package's version]
    #[arg(value_name = "TAG")]
    pub(crate) tag: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A public key you trust [default: release-keys/maintainer.ed25519.pub of the project]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// After everything held, unpack the archives there
    #[arg(long, value_name = "DIR")]
    pub(crate) extract: Option<PathBuf>,
    /// Also check this SLSA provenance
    #[arg(long, value_name = "FILE", requires = "source_uri")]
    pub(crate) provenance: Option<PathBuf>,
    /// Where the source has to live, as you know it
    #[arg(long, value_name = "URI", requires = "provenance")]
    pub(crate) source_uri: Option<String>,
    /// The tag it has to be built from
    #[arg(long, value_name = "TAG", requires = "provenance")]
    pub(crate) source_tag: Option<String>,
    /// The builder it has to name [default: the maintainer's own]
    #[arg(long, value_name = "ID", requires = "provenance")]
    pub(crate) builder_id: Option<String>,
    /// Archives, folders, lists or other signed files [default: the package's artifact folder]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,
}

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        match &self.call {
            Call::Keygen(_) | Call::Sign(_) | Call::Attest(_) | Call::VerifySource(_) => None,
            Call::Pack(_) => Some("pack"),
            Call::Verify(args) => args.files.is_empty().then_some("verify"),
        }
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![("pack", schema::<pack::Data>("pack")), ("verify", schema::<verify::Data>("verify"))]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            Call::Keygen(args) => keygen::run(cx, &args),
            Call::Pack(args) => pack::run(cx, &args),
            Call::Sign(args) => sign::run(cx, &args),
            Call::VerifySource(args) => verify_source::run(cx, &args),
            Call::Attest(args) => attest::run(cx, &args),
            Call::Verify(args) => verify::run(cx, &args),
        }
    }
}
