//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use release_gate::cli::Gate;
use release_gate::report::schema;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::command::Emitter;
#[cfg(feature = "upload")]
use crate::command::upload;
use crate::command::{attest, keygen, keys, pack, sign, verify, verify_source};
use crate::key::Passphrase;

/// Pack, sign and verify releases, so that anybody can check them with tools they already have
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo sign keygen --out release.key              a new key pair (keep release.key secret)
  cargo sign pack --key release.key                archives, checksums and signatures of what `cargo repro build` built
  cargo sign sign --key release.key notes.md       notes.md.sig
  cargo sign verify --key release.key.pub          the project's release
  cargo-sign verify --key ../m.pub demo-1.0.0.zip  one downloaded archive, without the configuration of the folder it lies in")]
pub struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(subcommand)]
    call: Call,
}

#[derive(Debug, Subcommand)]
enum Call {
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

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The secret key; ssh-agent:SHA256:… is one that an SSH agent holds [default:
    /// $RELEASE_GATES_SIGNING_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) call: Option<KeysCall>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCall {
    /// Begin release-keys/keyring.json with the signing key
    Init {
        #[command(flatten)]
        key: KeyArgs,
        /// Who holds the signing key
        #[arg(long, default_value = "maintainer")]
        name: String,
    },
    /// Add a public key
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
    /// Take a key out of use: it vouches for what it signed, and for nothing newer
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
    Revoke {
        #[command(flatten)]
        key: KeyArgs,
        /// Last version whose signature is still to be believed [default: none]
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
    Sign {
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Forget what `verify` remembers about a project
    Forget {
        /// Package name
        #[arg(value_name = "PROJECT")]
        project: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Folder with buildinfo.json, sbom.cdx.json and the artifacts; several, where machines shared
    /// the targets among them [default: the package's artifact folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Vec<PathBuf>,
    /// Pack although another gate refused this release, or its documents were edited
    #[arg(long)]
    pub(crate) despite_refusals: bool,
    /// Also write a zip for targets that are not Windows (which always get one)
    #[arg(long)]
    pub(crate) zip: bool,
    /// Also write a .tar.zst, smaller than the .tar.gz
    #[cfg(feature = "zstd")]
    #[arg(long)]
    pub(crate) zst: bool,
    /// More signatures of the list: `signify` for SHA256.sig, `raw` for checksums.txt.ed25519
    /// [default: `emit` of the configuration]
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) emit: Vec<Emitter>,
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
    /// Also write a verification summary (VSA) of it, which `slsa-verifier verify-vsa` checks
    /// offline
    #[arg(long)]
    pub(crate) vsa: bool,
    /// Make no provenance: verify this Sigstore bundle (GitHub's attestation of the release), and
    /// write the summary of that
    #[arg(long, value_name = "FILE", requires = "vsa")]
    pub(crate) provenance: Option<PathBuf>,
    /// The builder that bundle has to name [default: a workflow of the source itself or of
    /// slsa-github-generator]
    #[arg(long, value_name = "ID", requires = "provenance")]
    pub(crate) builder_id: Option<String>,
    /// The instances of Sigstore whose bundles are believed: trusted_root.json [default:
    /// Sigstore's public one and GitHub's]
    #[arg(long, value_name = "FILE", requires = "provenance")]
    pub(crate) trusted_root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifySourceArgs {
    /// A public key you trust [default: those of release-keys/, unless a GPG key is named]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// A GPG key you trust: the file it was exported to, or the fingerprint of one in
    /// release-keys/ [default: release-keys/*.asc]
    #[arg(long, value_name = "FILE|FINGERPRINT")]
    pub(crate) gpg_key: Vec<String>,
    /// Commits up to this one need no signature: where the project began to sign [default: those
    /// of the release before need none]
    #[arg(long, value_name = "REV")]
    pub(crate) signed_since: Option<String>,
    /// The tag [default: that of the package's version: `v1.2.3`, or `<package>-v1.2.3`]
    #[arg(value_name = "TAG")]
    pub(crate) tag: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A public key you trust, or the fingerprint (SHA256:…) of one beside the download [default:
    /// without FILE, release-keys/ of the project; else the key the project was verified with
    /// before, else release-keys/ of the project --manifest-path names]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// The project's keyring [default: the keyring.json in the folder that is judged]
    #[arg(long, value_name = "FILE")]
    pub(crate) keyring: Option<PathBuf>,
    /// Accept a release that is older than one verified before
    #[arg(long)]
    pub(crate) allow_rollback: bool,
    /// After everything held, unpack the archives there
    #[arg(long, value_name = "DIR")]
    pub(crate) extract: Option<PathBuf>,
    /// Also check this SLSA provenance: what `cargo sign attest` wrote, or a Sigstore bundle
    /// (GitHub's attestations) [default with --source-uri: provenance.intoto.jsonl of the
    /// release]
    #[arg(long, value_name = "FILE", requires = "source_uri")]
    pub(crate) provenance: Option<PathBuf>,
    /// Where the source has to live, as you know it
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag it has to be built from
    #[arg(long, value_name = "TAG", requires = "provenance")]
    pub(crate) source_tag: Option<String>,
    /// The branch it has to be built from
    #[arg(
        long,
        value_name = "BRANCH",
        requires = "provenance",
        conflicts_with = "source_tag"
    )]
    pub(crate) source_branch: Option<String>,
    /// The builder it has to name [default: the maintainer's own; of a Sigstore bundle, a workflow
    /// of the source itself or of slsa-github-generator]
    #[arg(long, value_name = "ID", requires = "provenance")]
    pub(crate) builder_id: Option<String>,
    /// The instances of Sigstore whose bundles are believed: trusted_root.json [default:
    /// Sigstore's public one and GitHub's]
    #[arg(long, value_name = "FILE", requires = "provenance")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Archives, folders, lists or other signed files [default: the package's artifact folder]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,
}

#[cfg(feature = "upload")]
#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// The public key the release is verified with first [default: release-keys/ of the project]
    #[arg(long = "key", value_name = "PUB")]
    pub(crate) verify_with: Vec<PathBuf>,
    /// Where the source lives, to check the provenance [default: `repository` of Cargo.toml]
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// Certificates (PEM) that are trusted instead of the usual authorities
    #[arg(
        long,
        value_name = "FILE",
        env = "CARGO_HTTP_CAINFO",
        hide_env_values = true
    )]
    pub(crate) cacert: Option<PathBuf>,
    /// How often to try again after a failure that may pass
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) retry: u32,
    /// Seconds before the first of them; twice as many before each further one
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    pub(crate) retry_delay: u64,
    /// Also upload what was uploaded before
    #[arg(long)]
    pub(crate) again: bool,
    /// Names of files of the release [default: all of them]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        match &self.call {
            Call::Keygen(_)
            | Call::Keys(_)
            | Call::Sign(_)
            | Call::Attest(_)
            | Call::VerifySource(_) => None,
            #[cfg(feature = "upload")]
            Call::Upload(_) => None,
            Call::Pack(_) => Some("pack"),
            Call::Verify(args) => args.files.is_empty().then_some("verify"),
        }
    }

    /// What a download, or the source that is judged, says about levels is no policy of whoever
    /// judges it.
    fn heeds_found_levels(&self) -> bool {
        match &self.call {
            Call::Verify(args) => args.files.is_empty(),
            Call::VerifySource(_) => false,
            _ => true,
        }
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![
            ("pack", schema::<pack::Data>("pack")),
            ("verify", schema::<verify::Data>("verify")),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            Call::Keygen(args) => keygen::run(cx, &args),
            Call::Keys(args) => keys::run(cx, args),
            #[cfg(feature = "upload")]
            Call::Upload(args) => upload::run(cx, &args),
            Call::Pack(args) => pack::run(cx, &args),
            Call::Sign(args) => sign::run(cx, &args),
            Call::VerifySource(args) => verify_source::run(cx, &args),
            Call::Attest(args) => attest::run(cx, &args),
            Call::Verify(args) => verify::run(cx, &args),
        }
    }
}
